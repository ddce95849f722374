//! Whether the configuration is understood: the command line's own sections, and a service's as a whole.

use std::process::Stdio;

use tokio::process::Command;
use tokio::time::timeout;

use super::finding::Finding;
use super::{Round, ServiceName};

/// What was read, and what a service's binary says of it.
pub(super) async fn look(round: &Round<'_>) -> Vec<Finding> {
    let context = round.context;
    let named: Vec<_> = [&context.config, &context.secrets].into_iter().flatten().collect();
    let named: Vec<_> = named.iter().map(|path| path.to_string_lossy()).collect();
    let from = if named.is_empty() { "the environment".to_owned() } else { named.join(" and ") };
    let seen = format!(
        "from {from}: Kafka at {}, topics {}*",
        context.kafka.bootstrap_servers, context.topic_settings.prefix
    );
    let ours = match context.topics() {
        Ok(_) => Finding::ok("configuration", seen),
        Err(error) => Finding::failed("configuration", format!("{error:#}"), "see docs/configuration.md"),
    };
    let mut findings = vec![ours];
    if let Some(service) = round.service {
        findings.push(check(round, service).await);
    }
    findings
}

/// Asks the service's own binary, which stands beside this one.
async fn check(round: &Round<'_>, service: ServiceName) -> Finding {
    let (name, binary) =
        (format!("configuration of {}", service.name()), format!("postbode-{}", service.name()));
    let beside = std::env::current_exe().ok().and_then(|own| Some(own.parent()?.join(&binary)));
    let Some(path) = beside.filter(|path| path.is_file()) else {
        return Finding::unchecked(name, format!("{binary} is not beside this binary"))
            .or_else(format!("{binary} --check-config"));
    };
    let mut command = Command::new(path);
    command.arg("--check-config").stdin(Stdio::null()).kill_on_drop(true);
    if let Some(config) = &round.context.config {
        command.arg("--config").arg(config);
    }
    if let Some(secrets) = &round.context.secrets {
        command.arg("--secrets").arg(secrets);
    }
    match timeout(round.patience, command.output()).await {
        Ok(Ok(output)) if output.status.success() => Finding::ok(name, format!("{binary} takes it")),
        Ok(Ok(output)) => {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            Finding::failed(name, said, "docs/configuration.md has every key")
        }
        Ok(Err(error)) => Finding::unchecked(name, error.to_string()),
        Err(_) => Finding::unchecked(name, "no answer in time"),
    }
}
