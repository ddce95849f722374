//! The services as child processes: started, watched, and stopped by their own ids.

use std::fs::File;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Command;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

/// All children of a command.
pub(crate) struct Children {
    running: Vec<Running>,
    ends: mpsc::UnboundedReceiver<End>,
    tell_end: mpsc::UnboundedSender<End>,
}

struct Running {
    name: Arc<str>,
    pid: Pid,
    ended: Arc<AtomicBool>,
    log: PathBuf,
}

/// A child ended.
#[derive(Debug)]
struct End {
    name: Arc<str>,
    status: std::io::Result<ExitStatus>,
}

/// How many lines of a dead child's log are shown.
const TAIL: usize = 20;

impl Children {
    /// None yet.
    pub(crate) fn new() -> Self {
        let (tell_end, ends) = mpsc::unbounded_channel();
        Self { running: Vec::new(), ends, tell_end }
    }

    /// Starts one, and says its id. It gets a process group of its own: Ctrl-C is for the command alone, which stops it in its time.
    pub(crate) fn start(
        &mut self,
        name: &str,
        binary: &PathBuf,
        config: &PathBuf,
        log: PathBuf,
    ) -> anyhow::Result<Pid> {
        let name: Arc<str> = name.into();
        let out = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let mut child = Command::new(binary)
            .arg("--config")
            .arg(config)
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot run {}", binary.display()))?;
        let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let pid = pid.with_context(|| format!("{name} ended at once"))?;
        let ended = Arc::new(AtomicBool::new(false));
        let (over, tell_end, named) = (Arc::clone(&ended), self.tell_end.clone(), Arc::clone(&name));
        tokio::spawn(async move {
            let status = child.wait().await;
            over.store(true, Ordering::SeqCst);
            let _ = tell_end.send(End { name: named, status });
        });
        self.running.push(Running { name, pid, ended, log });
        Ok(pid)
    }

    /// Resolves when one ends by itself: what it was, how it ended, and the last it said.
    pub(crate) async fn died(&mut self) -> anyhow::Error {
        let Some(End { name, status }) = self.ends.recv().await else {
            return std::future::pending().await;
        };
        let how = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        let log = self.running.iter().find(|child| child.name == name).map(|child| child.log.clone());
        let log = log.unwrap_or_default();
        let text = std::fs::read_to_string(&log).unwrap_or_default();
        anyhow::anyhow!("{name} died ({how}); the end of {}:\n{}", log.display(), tail(&text, TAIL))
    }

    /// Asks all to end, waits, and ends those that don't. Says which did not end well.
    pub(crate) async fn stop(&mut self, grace: Duration) -> Vec<String> {
        self.signal(Signal::TERM);
        let until = Instant::now() + grace;
        while self.alive() && Instant::now() < until {
            sleep(Duration::from_millis(20)).await;
        }
        self.signal(Signal::KILL);
        while self.alive() {
            sleep(Duration::from_millis(20)).await;
        }
        let mut complaints = Vec::new();
        while let Ok(End { name, status }) = self.ends.try_recv() {
            match status {
                Ok(status) if status.success() => {}
                Ok(status) => complaints.push(format!("{name} ended with {status}")),
                Err(error) => complaints.push(format!("{name}: {error}")),
            }
        }
        complaints
    }

    fn alive(&self) -> bool {
        self.running.iter().any(|child| !child.ended.load(Ordering::SeqCst))
    }

    fn signal(&self, signal: Signal) {
        for child in self.running.iter().filter(|child| !child.ended.load(Ordering::SeqCst)) {
            // One that ended meanwhile needs no signal.
            let _ = kill_process(child.pid, signal);
        }
    }
}

fn tail(text: &str, lines: usize) -> String {
    let all: Vec<_> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// While another test forks, a script just written can be busy for a moment.
    fn start(children: &mut Children, binary: &PathBuf, log: &std::path::Path) {
        while let Err(error) = children.start("service", binary, &"unused".into(), log.to_owned()) {
            assert!(format!("{error:#}").contains("Text file busy"), "{error:#}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn child(script: &str) -> (tempfile::TempDir, Children) {
        let directory = tempfile::tempdir().unwrap();
        let binary = directory.path().join("service");
        std::fs::write(&binary, format!("#!/bin/sh\n{script}\n")).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
        std::fs::set_permissions(&binary, mode).unwrap();
        let mut children = Children::new();
        start(&mut children, &binary, &directory.path().join("log"));
        (directory, children)
    }

    #[tokio::test]
    async fn a_child_that_dies_is_named_with_its_last_words() {
        let (_directory, mut children) = child("echo first; echo cannot reach Kafka >&2; exit 3");
        let error = children.died().await.to_string();
        assert!(
            error.contains("service died (exit status: 3)") && error.ends_with("first\ncannot reach Kafka")
        );
    }

    #[tokio::test]
    async fn a_child_is_asked_to_end_and_then_made_to() {
        let (_directory, mut polite) = child("trap 'exit 0' TERM; while :; do sleep 0.05; done");
        sleep(Duration::from_millis(200)).await;
        assert_eq!(polite.stop(Duration::from_secs(10)).await, Vec::<String>::new());
        let (_directory, mut stubborn) = child("trap '' TERM; while :; do sleep 0.05; done");
        sleep(Duration::from_millis(200)).await;
        let complaints = stubborn.stop(Duration::from_millis(200)).await;
        assert!(complaints[0].contains("signal: 9"), "{complaints:?}");
    }

    #[test]
    fn a_tail_is_the_last_lines() {
        assert_eq!(tail("a\nb\nc\n", 2), "b\nc");
        assert_eq!(tail("a", 2), "a");
    }
}
