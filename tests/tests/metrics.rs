//! docs/metrics.md is what running services tell.

use std::path::Path;
use std::time::Duration;

use harness::metrics::Table;
use harness::{Kind, Receiver, World, WorldOptions, eventually};
use serde_json::json;

const HEAD: &str = "# Metrics

Every service answers at `/metrics` of its management port (`http.listen`) with OpenMetrics text. Names begin with `postbode_`; a histogram
has `_bucket`, `_sum` and `_count` behind its name. Labels take few values: services, topics, groups, reasons, classes and routes that the
code or the configuration names, never an event, a webhook or an account. The one exception is asked for: with
`delivery.webhook_metrics: 20` each delivery process tells of the twenty webhooks that it calls most (`postbode_delivery_webhook_…`), where an
attempt counts for half after ten minutes. Of all others the console tells.

Counters begin at zero with each process. What several processes tell of the same thing is summed; what every console tells of the whole
(`postbode_backlog_…`, `postbode_oldest_unconsumed_ratio`, `postbode_topic_problems`, `postbode_history_lag_…`) is taken once: `max`.
Consoles look at backlogs each five seconds, and at ages, what is due and topics each minute (`console.look_closely`).

Where traces are exported (`trace.endpoint`), `postbode_delivery_attempt_seconds` has exemplars: the `trace_id` of an attempt's event.
Prometheus keeps them with `--enable-feature=exemplar-storage`.

Alerts on these are in [rules.yaml](../helm/postbode/files/rules.yaml), each with a [runbook](runbooks/README.md); dashboards are in
[dashboards](../helm/postbode/files/dashboards). This table is made from running services: `make documents` makes it anew.

";

/// What is told only after something has happened: a request, a look at the groups, a database that was prepared.
const LATE: [&str; 3] =
    ["postbode_console_requests_total", "postbode_oldest_unconsumed_ratio", "postbode_poll_age"];

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "whoever runs a test can only tell it so")]
async fn the_table_of_metrics_is_what_the_services_tell() {
    let everything = vec![("POSTBODE__DELIVERY__WEBHOOK_METRICS", "1".to_owned())];
    let world =
        World::with("metrics", WorldOptions { environment: everything, ..WorldOptions::default() }).await;
    world.account("acme").await;
    let receiver = Receiver::start().await;
    world.hook("acme", &receiver, &["click"], json!({})).await;
    world.clicks("acme", 3).await;
    receiver.until_accepted(3).await;
    eventually(Duration::from_secs(30), "the console has looked", || async {
        let text = world.service(Kind::Console).metrics().await.unwrap_or_default();
        let missing = LATE.iter().find(|name| !text.contains(*name));
        missing.map_or(Ok(()), |name| Err(format!("no {name} yet")))
    })
    .await;
    let mut table = Table::default();
    for service in &world.services {
        table.add(service.kind.name(), &service.metrics().await.unwrap());
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/metrics.md");
    let made = format!("{HEAD}{}", table.markdown());
    if std::env::var("POSTBODE_DOCUMENTS").is_ok_and(|value| value == "write") {
        std::fs::write(&path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    let differ =
        |a: &str, b: &str| a.lines().filter(|line| !b.contains(line)).map(str::to_owned).collect::<Vec<_>>();
    assert!(
        made == committed,
        "docs/metrics.md is old: run make documents\nnew: {:#?}\ngone: {:#?}",
        differ(&made, &committed),
        differ(&committed, &made)
    );
    world.close().await;
}
