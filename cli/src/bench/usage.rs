//! What processes cost: CPU time and memory, from `/proc`.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use tokio::time::Instant;

/// Linux counts CPU time for user space in hundredths of a second, on every architecture that we run on.
const TICK: Duration = Duration::from_millis(10);

/// CPU time that a process has used so far, all threads.
pub(super) fn cpu(pid: i32) -> anyhow::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("no /proc/<pid>/stat")?;
    cpu_in(&stat).context("/proc/<pid>/stat is not understood")
}

/// Resident memory of a process, in bytes.
pub(super) fn memory(pid: i32) -> anyhow::Result<u64> {
    of_status(pid, "VmRSS:")
}

/// The most resident memory that a process had so far, in bytes.
pub(super) fn most_memory(pid: i32) -> anyhow::Result<u64> {
    of_status(pid, "VmHWM:")
}

fn of_status(pid: i32, name: &str) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("no /proc/<pid>/status")?;
    memory_in(&status, name).with_context(|| format!("/proc/<pid>/status tells no {name}"))
}

fn cpu_in(stat: &str) -> Option<Duration> {
    // A command's name may hold anything; what follows its parenthesis does not.
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let ticks: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    Some(TICK * (ticks + system))
}

fn memory_in(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// CPU time that everything on the machine has used so far.
fn machine() -> Option<Duration> {
    machine_in(&std::fs::read_to_string("/proc/stat").ok()?)
}

fn machine_in(stat: &str) -> Option<Duration> {
    let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
    let fields: Vec<u32> = line.split_ascii_whitespace().map_while(|field| field.parse().ok()).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal.
    let busy = [0, 1, 2, 5, 6, 7].into_iter().filter_map(|field| fields.get(field));
    Some(TICK * busy.sum::<u32>())
}

/// What [`Meter::cores`] calls all processes that are not measured: on a quiet machine it is next to nothing.
pub(super) const OTHERS: &str = "others";

/// CPU time of several processes over a while.
pub(super) struct Meter {
    since: Instant,
    began: BTreeMap<String, (i32, Duration)>,
    machine: Option<Duration>,
}

impl Meter {
    /// Begins to measure. A process that is gone is left out.
    pub(super) fn start<'a>(processes: impl IntoIterator<Item = (&'a str, i32)>) -> Self {
        let began = processes
            .into_iter()
            .filter_map(|(name, pid)| Some((name.to_owned(), (pid, cpu(pid).ok()?))))
            .collect();
        Self { since: Instant::now(), began, machine: machine() }
    }

    /// How many cores each has used on average since then.
    pub(super) fn cores(&self) -> BTreeMap<String, f64> {
        let seconds = self.since.elapsed().as_secs_f64().max(1e-3);
        let used = |pid: i32, began: Duration| Some(cpu(pid).ok()?.saturating_sub(began).as_secs_f64());
        let each = self.began.iter();
        let mut cores: BTreeMap<_, _> = each
            .filter_map(|(name, (pid, began))| Some((name.clone(), used(*pid, *began)? / seconds)))
            .collect();
        if let Some((before, now)) = self.machine.zip(machine()) {
            let all = now.saturating_sub(before).as_secs_f64() / seconds;
            let others = (all - cores.values().sum::<f64>()).max(0.0);
            cores.insert(OTHERS.to_owned(), others);
        }
        cores
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_tables_are_read() {
        let stat = "42 (a (b) c) S 1 42 42 0 -1 4194304 1 2 3 4 150 50 0 0 20 0 9 0 12345 1000 200";
        assert_eq!(cpu_in(stat), Some(Duration::from_secs(2)));
        assert_eq!(memory_in("Name:\tx\nVmRSS:\t    2048 kB\n", "VmRSS:"), Some(2 * 1024 * 1024));
        let machine = "cpu  100 50 25 9000 9000 10 10 5 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n";
        assert_eq!(machine_in(machine), Some(Duration::from_secs(2)));
        assert_eq!((cpu_in("42 (x) S"), memory_in("Name: x", "VmRSS:")), (None, None));
    }

    #[test]
    fn this_process_has_used_something() {
        let pid = i32::try_from(std::process::id()).unwrap();
        assert!(cpu(pid).is_ok() && memory(pid).unwrap() > 100_000);
    }
}
