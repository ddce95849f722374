//! `postbode listen`: a receiver for one's own desk. It checks signatures, prints what comes in, and fails on demand.

mod answer;
mod print;
pub mod verifier;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use clap::Args;
use domain::Clock as _;
use http::{HeaderMap, Method, StatusCode, Uri};
use tokio::sync::Notify;

use self::answer::Failure;
use self::print::{Call, Printer};
use self::verifier::Verifier;
use crate::context::Context;
use crate::error::usage;
use crate::signals::Interrupts;

/// The arguments of `listen`.
#[derive(Args, Debug)]
pub(crate) struct ListenArgs {
    /// Where to listen; port 0 lets the system choose one
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS:PORT")]
    addr: SocketAddr,
    /// Secret to check signatures with (whsec_…); twice during a rotation. Without one nothing is checked
    #[arg(long, env = "POSTBODE_LISTEN_SECRET", hide_env_values = true, value_name = "SECRET")]
    secret: Vec<String>,
    /// Answer with this status instead: each time (503), or the first so many times (503:3)
    #[arg(long, value_name = "STATUS[:TIMES]")]
    fail: Option<Failure>,
    /// Wait so long before answering
    #[arg(long, value_parser = domain::duration::parse, value_name = "DURATION")]
    delay: Option<Duration>,
    /// Verification files to serve, in any folder, under their own names
    #[arg(long, num_args = 1.., value_name = "FILE")]
    verification: Vec<PathBuf>,
    /// End after so many calls that were answered with success
    #[arg(long, value_name = "CALLS")]
    until: Option<u64>,
}

/// Listens until it is interrupted, or has seen enough.
pub(crate) async fn run(args: ListenArgs, context: &Context) -> anyhow::Result<()> {
    let secrets = args.secret.iter().map(String::as_str);
    let verifier = Verifier::new(secrets).map_err(|error| usage(format!("--secret: {error}")))?;
    let files = read_files(&args.verification)?;
    let mut interrupts = Interrupts::listen()?;
    let listener = tokio::net::TcpListener::bind(args.addr)
        .await
        .with_context(|| format!("cannot listen on {}", args.addr))?;
    let printer = Printer::new(context.json);
    printer.started(listener.local_addr()?, files.keys());

    let desk = Arc::new(Desk {
        verifier: (!args.secret.is_empty()).then_some(verifier),
        files,
        fail: args.fail,
        delay: args.delay.unwrap_or_default(),
        until: args.until,
        calls: AtomicU64::new(0),
        accepted: AtomicU64::new(0),
        enough: Notify::new(),
        printer,
        clock: process::SystemClock,
    });
    let router =
        Router::new().fallback(receive).layer(DefaultBodyLimit::max(MAX_BODY)).with_state(Arc::clone(&desk));
    let stop = async move {
        tokio::select! {
            () = interrupts.next() => {}
            () = desk.enough.notified() => {}
        }
    };
    axum::serve(listener, router).with_graceful_shutdown(stop).await?;
    Ok(())
}

/// Events may be 1 MiB, and come escaped or in batches.
const MAX_BODY: usize = 16 * 1024 * 1024;

struct Desk {
    verifier: Option<Verifier>,
    files: HashMap<String, Bytes>,
    fail: Option<Failure>,
    delay: Duration,
    until: Option<u64>,
    calls: AtomicU64,
    accepted: AtomicU64,
    enough: Notify,
    printer: Printer,
    clock: process::SystemClock,
}

async fn receive(
    State(desk): State<Arc<Desk>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if method == Method::GET || method == Method::HEAD {
        return desk.file(&uri);
    }
    let now = desk.clock.now();
    let genuine = desk.verifier.as_ref().map(|verifier| verifier.check(&headers, &body, now.as_secs()));
    tokio::time::sleep(desk.delay).await;
    let status = desk.status(genuine.is_none_or(|genuine| genuine.is_ok()));
    desk.printer.call(&Call {
        at: now,
        method: &method,
        uri: &uri,
        headers: &headers,
        body: &body,
        genuine,
        status,
    });
    if status.is_success() {
        desk.count_accepted();
    }
    status.into_response()
}

impl Desk {
    fn file(&self, uri: &Uri) -> Response {
        let name = uri.path().rsplit('/').next().unwrap_or_default();
        let found = self.files.get(name);
        self.printer.file(uri, found.is_some());
        match found {
            Some(content) => ([("content-type", "text/plain")], content.clone()).into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        }
    }

    fn status(&self, genuine: bool) -> StatusCode {
        let earlier = self.calls.fetch_add(1, Ordering::Relaxed);
        let failure = self.fail.and_then(|fail| fail.of_call(earlier));
        failure.unwrap_or(if genuine { StatusCode::NO_CONTENT } else { StatusCode::UNAUTHORIZED })
    }

    fn count_accepted(&self) {
        let accepted = self.accepted.fetch_add(1, Ordering::Relaxed) + 1;
        if self.until.is_some_and(|until| accepted >= until) {
            self.enough.notify_one();
        }
    }
}

fn read_files(paths: &[PathBuf]) -> anyhow::Result<HashMap<String, Bytes>> {
    let read = |path: &PathBuf| {
        let content = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.ok_or_else(|| usage(format!("{} has no name to serve it under", path.display())))?;
        Ok((name.to_owned(), Bytes::from(content)))
    };
    paths.iter().map(read).collect()
}
