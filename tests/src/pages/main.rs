//! How quickly the console's pages answer once a lot has happened.
//!
//! `make pages` writes a million attempts to Kafka, waits until a console has them in its database, asks for each page a hundred
//! times, and prints what 95 of them took at most. `docs/benchmarks.md` has the figures.
#![expect(clippy::unwrap_used, reason = "a run that cannot go on has failed, and says where")]

mod past;

use std::time::Duration;

use clap::Parser;
use harness::{Kind, OPERATOR_KEY, World, WorldOptions};
use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::redirect::Policy;
use serde_json::Value;
use tokio::time::Instant;

use self::past::Past;

/// Measures the console's pages with a long history.
#[derive(Clone, Debug, Parser)]
struct Options {
    /// How many attempts there were
    #[arg(long, default_value_t = 1_000_000)]
    attempts: u64,
    /// How often each page is asked for
    #[arg(long, default_value_t = 100)]
    asked: usize,
    /// The database; a new file unless given
    #[arg(long)]
    database: Option<String>,
}

#[tokio::main]
async fn main() {
    let options = Options::parse();
    let environment = options.database.iter().map(|url| ("POSTBODE__HISTORY__URL", url.clone())).collect();
    let services = Some(vec![Kind::Console, Kind::Ingest]);
    let world = World::with("pages", WorldOptions { services, environment, ..WorldOptions::default() }).await;
    let past = Past::write(&world, options.attempts).await;
    indexed(&world, options.attempts).await;

    let api = world.service(Kind::Console).api();
    let readers = [Reader::signed_in(&api, OPERATOR_KEY).await, Reader::signed_in(&api, past.key()).await];
    println!("\n{:<52} {:>9} {:>9} {:>9}", "95 of 100 answers within", "operator", "account", "size");
    for page in past.pages() {
        let mut told = Vec::new();
        let mut size = 0;
        for reader in &readers {
            let (took, bytes) = reader.times(&page, options.asked).await;
            told.push(took.map_or("-".to_owned(), |took| format!("{:.1} ms", took.as_secs_f64() * 1e3)));
            size = size.max(bytes);
        }
        println!("{page:<52} {:>9} {:>9} {:>6} KB", told[0], told[1], size / 1024);
    }
    world.close().await;
}

/// Waits until the console's database has all of them, and says how fast that went.
async fn indexed(world: &World, attempts: u64) {
    let (began, mut said) = (Instant::now(), Instant::now());
    loop {
        let seen = world.service(Kind::Console).metric("postbode_console_history_lag_records").await;
        let answer = world.console(reqwest::Method::GET, "/v1/overview", None).await;
        let overview: Value = answer.json().await.unwrap();
        let counts = overview["accounts"].as_array().unwrap().iter();
        let counted: u64 = counts.filter_map(|account| account["attempts"].as_u64()).sum();
        if counted >= attempts && seen == 0.0 {
            break;
        }
        if said.elapsed() > Duration::from_secs(10) {
            said = Instant::now();
            eprintln!("pages: {counted} of {attempts} attempts are in the database");
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let rate = attempts as f64 / began.elapsed().as_secs_f64();
    println!("{attempts} attempts were read and written into the database, {rate:.0} a second in the end");
}

/// Somebody with a browser.
struct Reader {
    http: reqwest::Client,
    api: String,
    cookie: String,
}

impl Reader {
    async fn signed_in(api: &str, key: &str) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(Policy::none()).build().unwrap();
        let form = [("key", key), ("next", "")];
        let body = form.map(|(name, value)| format!("{name}={value}")).join("&");
        let answer = http
            .post(format!("{api}/sign-in"))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .send()
            .await
            .unwrap();
        let cookie = answer.headers()[SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Self { http, api: api.to_owned(), cookie }
    }

    /// What 95 of 100 answers took at most, and the largest one's bytes; no time for a page that is not theirs.
    async fn times(&self, page: &str, asked: usize) -> (Option<Duration>, usize) {
        let mut times = Vec::with_capacity(asked);
        let mut most = 0;
        for _ in 0..asked {
            let began = Instant::now();
            let request = self.http.get(format!("{}{page}", self.api)).header(COOKIE, &self.cookie);
            let answer = request.send().await.unwrap();
            let status = answer.status();
            let bytes = answer.bytes().await.unwrap().len();
            if status.as_u16() == 403 || status.is_redirection() {
                return (None, 0);
            }
            assert!(status.is_success(), "{page}: {status}");
            times.push(began.elapsed());
            most = most.max(bytes);
        }
        times.sort();
        (Some(times[asked * 95 / 100]), most)
    }
}
