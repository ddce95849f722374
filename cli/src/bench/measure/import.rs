//! A day's log, and a tenth of it, brought to ingest by `postbode events import`: how fast that is, and whether the memory it
//! takes grows with the file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::bench::finding::Finding;
use crate::bench::room::{FEW_TIERS, Room};
use crate::bench::seed::Population;
use crate::bench::services::Start;
use crate::bench::usage;

/// How often the importing process is looked at.
const LOOK: Duration = Duration::from_millis(50);
const DAY: u64 = 86_400;

/// Lines per second of the whole log, and the most memory that either took.
pub(super) async fn measure(room: &mut Room<'_>) -> anyhow::Result<Finding> {
    let customers = Population { name: "one", accounts: 1, each: 1, word: "ok" };
    let hooks = room.open(FEW_TIERS, &[customers]).await?;
    room.start(&[Start::one("ingest")]).await?;
    let account = hooks.first().context("there is no account")?.account.to_string();
    let lines = room.bench.sizes.import;
    let tenth = import(room, &account, lines / 10).await?;
    let whole = import(room, &account, lines).await?;
    let mut finding = Finding::of("import_lines_per_s", lines as f64 / whole.seconds)
        .and("import_rss_mb.tenth", tenth.peak as f64 / 1e6)
        .and("import_rss_mb.whole", whole.peak as f64 / 1e6)
        .and("import_rss_mb.growth", whole.peak as f64 / tenth.peak.max(1) as f64);
    finding.cores.push(("import_lines_per_s".to_owned(), whole.cores));
    Ok(finding)
}

/// What an import took.
struct Took {
    seconds: f64,
    /// The most bytes of memory at once.
    peak: u64,
    cores: BTreeMap<String, f64>,
}

async fn import(room: &Room<'_>, account: &str, lines: u64) -> anyhow::Result<Took> {
    let directory = room.bench.place.work.join("run");
    let file = directory.join(format!("deliveries.{lines}.log"));
    write(&file, lines).with_context(|| format!("cannot write {}", file.display()))?;
    let ingest = format!("http://{}", room.service("ingest")?.api.as_deref().unwrap_or_default());
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["events", "import", "--json", "--account", account, "--ingest-url", &ingest]).arg(&file);
    command.env("POSTBODE_KEY", room.bench.operator_key.expose()).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let began = Instant::now();
    let child = command.spawn()?;
    let pid = i32::try_from(child.id().context("it ended at once")?)?;
    let meter = room.meter_with(Some(("import", pid)));
    let (mut peak, mut cores) = (0, BTreeMap::new());
    let mut ends = std::pin::pin!(child.wait_with_output());
    let output = loop {
        tokio::select! {
            output = &mut ends => break output?,
            () = sleep(LOOK) => {
                peak = usage::most_memory(pid).unwrap_or(peak);
                cores = meter.cores();
            }
        }
    };
    let seconds = began.elapsed().as_secs_f64();
    std::fs::remove_file(&file)?;
    let said: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let complaint = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(said["sent"] == lines, "of {lines} lines were sent: {said}; {complaint}");
    Ok(Took { seconds, peak, cores })
}

/// A day of deliveries, evenly.
fn write(file: &Path, lines: u64) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(file)?);
    for n in 0..lines {
        let second = n * DAY / lines;
        let (hours, minutes, seconds) = (second / 3600, second / 60 % 60, second % 60);
        writeln!(
            file,
            "m{n:015x},2026-11-24 {hours:02}:{minutes:02}:{seconds:02},bounce-{n}@mail.example.com,somebody{n}@example.com,\
             192.0.2.17,198.51.100.4,1,newsletter;november,1742"
        )?;
    }
    file.flush()
}
