//! The receiver: a server that takes calls.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use domain::Clock as _;
use http::{HeaderMap, Method, StatusCode, Uri};
use tokio::sync::Notify;

use super::ListenArgs;
use super::answer::Failure;
use super::forward::{Forward, Forwarded};
use super::print::{Call, Printer};
use super::proof::{Proofs, Verdict};
use super::verifier::Verifier;
use crate::context::Context;
use crate::error::usage;
use crate::signals::Interrupts;

/// Listens until it is interrupted, or has seen enough.
pub(super) async fn run(
    args: &ListenArgs,
    forward: Option<Forward>,
    context: &Context,
) -> anyhow::Result<()> {
    let proofs = proofs(args).await?;
    let files = read_files(&args.verification)?;
    let mut interrupts = Interrupts::listen()?;
    let listener = tokio::net::TcpListener::bind(args.addr)
        .await
        .with_context(|| format!("cannot listen on {}", args.addr))?;
    let printer = Printer::new(context.json);
    printer.started(listener.local_addr()?, files.keys());

    let desk = Arc::new(Desk {
        proofs,
        files,
        forward,
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

async fn proofs(args: &ListenArgs) -> anyhow::Result<Proofs> {
    let secrets = args.secret.iter().map(String::as_str);
    let verifier = Verifier::new(secrets).map_err(|error| usage(format!("--secret: {error}")))?;
    let standard = (!args.secret.is_empty()).then_some(verifier);
    Ok(Proofs { standard, platform: args.platform.platform().await? })
}

struct Desk {
    proofs: Proofs,
    files: HashMap<String, Bytes>,
    forward: Option<Forward>,
    fail: Option<Failure>,
    delay: Duration,
    until: Option<u64>,
    calls: AtomicU64,
    accepted: AtomicU64,
    enough: Notify,
    printer: Printer,
    clock: process::SystemClock,
}

/// What a call is answered, and what the local application had to do with it.
struct Answer {
    status: StatusCode,
    text: String,
    forwarded: Option<Forwarded>,
}

async fn receive(
    State(desk): State<Arc<Desk>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if (method == Method::GET || method == Method::HEAD) && !desk.passes_on(&uri) {
        return desk.file(&uri);
    }
    let now = desk.clock.now();
    let verdict = desk.proofs.check(&uri, &headers, &body, now).await;
    tokio::time::sleep(desk.delay).await;
    let answer = desk.answer(&verdict, &method, &uri, &headers, &body).await;
    desk.printer.call(&Call {
        at: now,
        method: &method,
        uri: &uri,
        headers: &headers,
        body: &body,
        verdict: &verdict,
        forwarded: answer.forwarded.as_ref(),
        status: answer.status,
    });
    if answer.status.is_success() {
        desk.count_accepted();
    }
    match answer.forwarded {
        Some(forwarded) => forwarded.into_response(),
        None => (answer.status, answer.text).into_response(),
    }
}

impl Desk {
    /// Whether what is no call of Postbode's is the local application's all the same: nobody asks for proofs, and it is
    /// none of our files.
    fn passes_on(&self, uri: &Uri) -> bool {
        self.forward.is_some() && self.proofs.are_none() && !self.files.contains_key(file_name(uri))
    }

    fn file(&self, uri: &Uri) -> Response {
        let found = self.files.get(file_name(uri));
        self.printer.file(uri, found.is_some());
        match found {
            Some(content) => ([("content-type", "text/plain")], content.clone()).into_response(),
            None => StatusCode::NOT_FOUND.into_response(),
        }
    }

    /// Failing on demand comes first; then what is not genuine is turned down; the rest is passed on.
    async fn answer(
        &self,
        verdict: &Verdict,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Answer {
        let earlier = self.calls.fetch_add(1, Ordering::Relaxed);
        if let Some(status) = self.fail.and_then(|fail| fail.of_call(earlier)) {
            return Answer { status, text: String::new(), forwarded: None };
        }
        if let Some(problem) = verdict.problem() {
            return Answer {
                status: StatusCode::UNAUTHORIZED,
                text: format!("{problem}\n"),
                forwarded: None,
            };
        }
        let Some(forward) = &self.forward else {
            return Answer { status: StatusCode::NO_CONTENT, text: String::new(), forwarded: None };
        };
        let forwarded = forward.pass(method, uri, headers, body.clone()).await;
        Answer { status: forwarded.status(), text: String::new(), forwarded: Some(forwarded) }
    }

    fn count_accepted(&self) {
        let accepted = self.accepted.fetch_add(1, Ordering::Relaxed) + 1;
        if self.until.is_some_and(|until| accepted >= until) {
            self.enough.notify_one();
        }
    }
}

fn file_name(uri: &Uri) -> &str {
    uri.path().rsplit('/').next().unwrap_or_default()
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
