//! Structured logs to standard error: one JSON object a line, or lines for people on a terminal.

use std::io::{self, IsTerminal as _};

use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use crate::settings::{LogFormat, LogSettings};
use crate::trace;

/// Installs the process's subscriber, with spans to the exporter if there is one.
///
/// # Errors
/// When a subscriber is installed already.
pub(crate) fn install(
    settings: &LogSettings,
    filter: EnvFilter,
    exporter: Option<&SdkTracerProvider>,
) -> Result<(), TryInitError> {
    let lines = lines(settings.format).with_filter(filter);
    tracing_subscriber::registry().with(lines).with(exporter.map(trace::layer)).try_init()
}

/// Reads the filter's directives.
///
/// # Errors
/// A text that says which directive is wrong.
pub(crate) fn filter(settings: &LogSettings) -> Result<EnvFilter, String> {
    EnvFilter::try_new(&settings.filter)
        .map_err(|error| format!("log.filter: '{}': {error}", settings.filter))
}

fn lines(format: LogFormat) -> Box<dyn Layer<Registry> + Send + Sync> {
    let human = match format {
        LogFormat::Human => true,
        LogFormat::Json => false,
        LogFormat::Auto => io::stderr().is_terminal(),
    };
    let lines = fmt::layer().with_writer(io::stderr);
    if human {
        return lines.with_ansi(io::stderr().is_terminal()).boxed();
    }
    lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_filter_is_named() {
        assert!(filter(&LogSettings::default()).is_ok());
        let wrong = LogSettings { filter: "info,delivery=loud".to_owned(), ..LogSettings::default() };
        assert!(filter(&wrong).unwrap_err().starts_with("log.filter: 'info,delivery=loud': "));
    }
}
