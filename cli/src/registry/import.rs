//! `postbode registry import`.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context as _, ensure};
use bytes::Bytes;
use serde_json::json;
use stream::{JournalOptions, Restore};

use super::{file, held::Held};
use crate::context::Context;
use crate::output::line;

/// Writes an export into the registry.
pub(crate) async fn run(path: &Path, merge: bool, dry_run: bool, context: &Context) -> anyhow::Result<()> {
    let records = read(path).with_context(|| format!("cannot read {}", path.display()))?;
    if dry_run {
        let missing = missing(records, &Held::read(context).await?, merge)?;
        tell("would write", missing.len(), context);
        return Ok(());
    }
    let options = JournalOptions::new(&context.topic_settings.prefix, context.topics()?.webhooks);
    // First the writers are shut out, then it is looked what they wrote.
    let restore = Restore::begin(&context.kafka, &options).await?;
    let missing = missing(records, &Held::read(context).await?, merge)?;
    let written = restore.write(missing).await.context(
        "say the same command again with --merge, and see that no console runs meanwhile: what is written stays",
    )?;
    tell("wrote", written, context);
    Ok(())
}

fn read(path: &Path) -> anyhow::Result<Vec<(Bytes, Bytes)>> {
    if path == Path::new("-") {
        file::read(std::io::stdin().lock())
    } else {
        file::read(BufReader::new(File::open(path)?))
    }
}

/// What is to be written.
fn missing(records: Vec<(Bytes, Bytes)>, held: &Held, merge: bool) -> anyhow::Result<Vec<(Bytes, Bytes)>> {
    ensure!(
        merge || held.len() == 0,
        "the registry holds {} records: nothing was written. --merge adds what it lacks, and leaves what is there",
        held.len()
    );
    Ok(records.into_iter().filter(|(key, _)| !held.has(key)).collect())
}

fn tell(what: &str, count: usize, context: &Context) {
    if context.json {
        line(json!({"did": what, "records": count}));
    } else {
        line(format!("{what} {count} records"));
    }
}
