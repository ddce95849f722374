//! `postbode registry export`.

use std::fs::{self, OpenOptions};
use std::io::BufWriter;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;
use domain::Clock as _;
use serde_json::json;

use super::{file, held::Held};
use crate::context::Context;
use crate::output::line;

/// Writes what the registry holds.
pub(crate) async fn run(path: &Path, context: &Context) -> anyhow::Result<()> {
    let topic = context.topics()?.webhooks;
    let now = process::SystemClock.now();
    let records = Held::read(context).await?.in_order();
    if path == Path::new("-") {
        file::write(std::io::stdout().lock(), &topic, now, &records)?;
        eprintln!("{} records of {topic}", records.len());
        return Ok(());
    }
    // Under its name there is the one before, or all of the new one.
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let write = || {
        let mut options = OpenOptions::new();
        let to = options.write(true).create(true).truncate(true).mode(0o600).open(&partial)?;
        file::write(BufWriter::new(&to), &topic, now, &records)?;
        to.sync_all()?;
        fs::rename(&partial, path)
    };
    write().with_context(|| format!("cannot write {}", path.display()))?;
    let count = records.len();
    if context.json {
        line(json!({"topic": &*topic, "file": path, "records": count}));
    } else {
        line(format!("{}: {count} records of {topic}", path.display()));
    }
    Ok(())
}
