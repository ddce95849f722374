//! The order of a run: healthy for a while, then one fault after the other. While one alert goes out, the next is made to fire.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::time::Instant;

use crate::causes::{Act, Cause};
use crate::report::{Report, Row};
use crate::rules::Rules;
use crate::stage::Stage;

/// How long the dashboards may take to fill while all is well.
const HEALTHY: Duration = Duration::from_secs(40);
/// How long an alert may take to fire.
const FIRE: Duration = Duration::from_secs(60);
/// How long it may take to go out again.
const OUT: Duration = Duration::from_secs(120);
/// What a fault set off besides may still begin this long after it is mended.
const AFTERMATH: Duration = Duration::from_secs(10);

/// Causes everything that was chosen.
pub(crate) async fn all(rules: &Rules, causes: &[Cause], complete: bool) -> Report {
    let began = Instant::now();
    let mut stage = Stage::start(rules).await;
    let mut report = Report::default();
    let filled = stage.until(HEALTHY, |watch| watch.silent(false).is_empty()).await;
    let fires = stage.watch.firing();
    if !filled {
        let silent = stage.watch.silent(false);
        report.broken.extend(silent.into_iter().map(|it| format!("gives nothing while all is well: {it}")));
    }
    report.broken.extend(fires.iter().map(|alert| format!("{alert} fires while all is well")));
    eprintln!(
        "alerts: all is well after {} s, {} queries asked",
        began.elapsed().as_secs(),
        stage.watch.queries()
    );
    let mut pending: Vec<Pending<'_>> = Vec::new();
    for cause in causes {
        let caused = Pending::cause(&mut stage, cause, &mut pending, rules).await;
        pending.push(caused);
    }
    let end = Instant::now() + OUT;
    while pending.iter().any(|it| !it.is_over) && Instant::now() < end {
        settle(&stage, &mut pending);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    report.rows = pending.into_iter().flat_map(|it| it.rows).collect();
    report.broken.extend(stage.watch.surprises());
    report.queries = stage.watch.queries();
    if complete {
        let silent = stage.watch.silent(true);
        report.broken.extend(silent.into_iter().map(|it| format!("never gave anything: {it}")));
    }
    // A service that does not stop in good order after all that is told of, and hides nothing else.
    if let Err(panic) = AssertUnwindSafe(stage.end()).catch_unwind().await {
        report.broken.push(format!("could not be ended: {}", words(&*panic)));
    }
    report.seconds = began.elapsed().as_secs();
    report
}

/// A fault that is mended, while its alerts go out.
struct Pending<'c> {
    cause: &'c Cause,
    rows: Vec<Row>,
    mended: Instant,
    is_over: bool,
}

impl<'c> Pending<'c> {
    /// Causes a fault, waits until all of its alerts have fired, and mends it.
    async fn cause(stage: &mut Stage, cause: &'c Cause, pending: &mut [Pending<'_>], rules: &Rules) -> Self {
        let quiet = until(stage, pending, OUT, |stage| !stage.watch.any_fires(cause.alerts)).await;
        let mut failure = (!quiet).then(|| "fires before its cause".to_owned());
        let failed = attempt(stage, cause.prepare).await;
        failure = failure.or(failed);
        stage.watch.explain(cause.alerts);
        stage.watch.explain(cause.may);
        let began = Instant::now();
        let failed = attempt(stage, cause.act).await;
        failure = failure.or(failed);
        until(stage, pending, FIRE, |stage| {
            cause.alerts.iter().all(|alert| stage.watch.fired(alert, began).is_some())
        })
        .await;
        let failed = attempt(stage, cause.mend).await;
        failure = failure.or(failed);
        let mut besides = stage.watch.fired_since(began);
        besides.retain(|alert| !cause.alerts.contains(&alert.as_str()));
        let mut rows = Vec::new();
        for alert in cause.alerts {
            let fired = stage.watch.fired(alert, began).map(|at| at.duration_since(began));
            let said = fired.map_or("DID NOT FIRE".to_owned(), |fired| {
                format!("fired after {:.1} s", fired.as_secs_f64())
            });
            eprintln!("alerts: {alert} {said}: {}", cause.what);
            rows.push(Row {
                alert,
                is_critical: rules.is_critical(alert),
                what: cause.what,
                fired,
                out: None,
                failure: failure.clone(),
            });
        }
        if !besides.is_empty() {
            eprintln!("alerts:     besides it fired: {}", Vec::from_iter(besides).join(", "));
        }
        if let Some(failure) = failure {
            eprintln!("alerts:     {failure}");
        }
        Self { cause, rows, mended: Instant::now(), is_over: false }
    }
}

/// Waits for something, and notes meanwhile which alerts go out.
async fn until(
    stage: &Stage,
    pending: &mut [Pending<'_>],
    limit: Duration,
    holds: impl Fn(&Stage) -> bool,
) -> bool {
    stage
        .until(limit, |_| {
            settle(stage, pending);
            holds(stage)
        })
        .await
}

fn settle(stage: &Stage, pending: &mut [Pending<'_>]) {
    for it in pending.iter_mut().filter(|it| !it.is_over) {
        for row in it.rows.iter_mut().filter(|row| row.fired.is_some() && row.out.is_none()) {
            if let Some(at) = stage.watch.out(row.alert) {
                let out = at.saturating_duration_since(it.mended);
                eprintln!("alerts: {} went out after {:.1} s", row.alert, out.as_secs_f64());
                row.out = Some(out);
            }
        }
        let gone = it.rows.iter().all(|row| row.fired.is_none() || row.out.is_some());
        if gone && it.mended.elapsed() >= AFTERMATH && !stage.watch.any_fires(it.cause.may) {
            stage.watch.explain_no_more(it.cause.alerts);
            stage.watch.explain_no_more(it.cause.may);
            it.is_over = true;
        }
    }
}

/// What went wrong, if it did.
async fn attempt(stage: &mut Stage, act: Act) -> Option<String> {
    let tried = AssertUnwindSafe(async { act(stage).await }).catch_unwind().await;
    tried.err().map(|panic| words(&*panic))
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}
