//! What the process itself tells `/metrics`: build, age, memory, open files.

use std::fmt;
use std::fs;

use domain::{Clock as _, Timestamp};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Unit;

use crate::{Metrics, SystemClock};

/// Registers the process's own metrics.
pub(crate) fn register(metrics: &Metrics, service: &'static str, started: Timestamp) {
    let build = vec![("service", service), ("version", env!("CARGO_PKG_VERSION"))];
    metrics.register("build", "What runs here", Info::new(build));
    metrics.register_collector(Resources { started });
}

#[derive(Debug)]
struct Resources {
    started: Timestamp,
}

impl Collector for Resources {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let mut gauge = |name: &str, help: &str, unit: Option<Unit>, value: f64| {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, unit.as_ref(), gauge.metric_type())?)
        };
        let seconds = Some(Unit::Seconds);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit the 53 bits")]
        gauge(
            "start_time",
            "When the process started, since the epoch.",
            seconds.clone(),
            self.started.as_millis() as f64 / 1e3,
        )?;
        gauge(
            "uptime",
            "How long the process has run.",
            seconds,
            SystemClock.now().since(self.started).as_secs_f64(),
        )?;
        if let Some(bytes) = resident_bytes() {
            gauge("resident_memory", "Memory held by the process.", Some(Unit::Bytes), bytes)?;
        }
        if let Some(files) = open_files() {
            gauge("open_files", "Open files and sockets.", None, files)?;
        }
        Ok(())
    }
}

/// From `/proc/self/status`, which counts in kB whatever the page size. None where there is no such file.
fn resident_bytes() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024.0)
}

fn open_files() -> Option<f64> {
    let count = fs::read_dir("/proc/self/fd").ok()?.count();
    u32::try_from(count).ok().map(f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_tells_what_it_is_and_how_long_it_has_run() {
        let metrics = Metrics::new();
        register(&metrics, "postbode-test", SystemClock.now());
        let text = metrics.encode().unwrap();
        assert!(text.contains("postbode_build_info{service=\"postbode-test\",version=\""), "{text}");
        assert!(
            text.contains("postbode_uptime_seconds ") && text.contains("postbode_start_time_seconds "),
            "{text}"
        );
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn on_linux_memory_and_files_are_told() {
        assert!(resident_bytes().unwrap() > 1e6);
        assert!(open_files().unwrap() > 2.0);
    }
}
