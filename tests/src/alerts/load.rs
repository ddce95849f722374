//! The traffic while alerts are made to fire: a producer that never gives up, and events for the receivers that can be made ill.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use harness::OPERATOR_KEY;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// Whose events they are.
pub(crate) const ACCOUNT: &str = "acme";
/// Taken by a receiver that is always well.
pub(crate) const WELL: &str = "click";
/// Refused the first time.
pub(crate) const MOODY: &str = "open";
/// For the receivers that can be made ill.
pub(crate) const ILL: &str = "bounce";

const TICK: Duration = Duration::from_millis(200);
const PER_TICK: [(&str, usize); 2] = [(WELL, 2), (MOODY, 1)];

/// A producer. It ends when dropped.
pub(crate) struct Load {
    door: Arc<Mutex<String>>,
    ill_per_second: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Load {
    /// Posts to ingest's address from now on.
    pub(crate) fn start(door: String) -> Self {
        let door = Arc::new(Mutex::new(door));
        let ill_per_second = Arc::new(AtomicUsize::new(0));
        let task = tokio::spawn(produce(Arc::clone(&door), Arc::clone(&ill_per_second)));
        Self { door, ill_per_second, task }
    }

    /// So many events per second for the receivers that can be made ill.
    pub(crate) fn ill(&self, per_second: usize) {
        self.ill_per_second.store(per_second, Ordering::Relaxed);
    }

    /// Posts what is no event.
    pub(crate) async fn nonsense(&self) {
        let door = self.door.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let request = http.post(format!("{door}/v1/events")).bearer_auth(OPERATOR_KEY);
        let _refused = request.header("content-type", "application/json").body("nonsense").send().await;
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn produce(door: Arc<Mutex<String>>, ill_per_second: Arc<AtomicUsize>) {
    let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(15)).build().unwrap();
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut due = 0;
    loop {
        ticks.tick().await;
        due += ill_per_second.load(Ordering::Relaxed);
        let ill = due / 5;
        due %= 5;
        let events: Vec<Value> =
            PER_TICK.iter().chain(&[(ILL, ill)]).flat_map(|(kind, n)| some(kind, *n)).collect();
        let door = door.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let request = http.post(format!("{door}/v1/events")).bearer_auth(OPERATOR_KEY);
        let request = request.header("content-type", "application/cloudevents-batch+json");
        let request = request.body(Value::Array(events).to_string());
        // Open: a slow answer does not slow the producer down, and what was not taken is not missed.
        tokio::spawn(async move { drop(request.send().await) });
    }
}

/// Some events of a type.
pub(crate) fn some(kind: &str, count: usize) -> Vec<Value> {
    let event = |n: usize| {
        let data: Value = serde_json::from_str(&wire::catalogue::sample(kind, n as u64)).unwrap_or_default();
        json!({"specversion": "1.0", "id": uuid::Uuid::now_v7().to_string(), "source": "/alerts", "type": kind,
               "account": ACCOUNT, "datacontenttype": "application/json", "data": data})
    };
    (0..count).map(event).collect()
}
