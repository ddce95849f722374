//! One thread of a process, stopped as a debugger does it: the others go on.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A thread that stands still. It goes on when this is dropped.
pub(crate) struct Stopped(Child);

impl Stopped {
    /// Stops the thread of a process that has this name.
    pub(crate) fn named(process: u32, name: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts/stop-thread");
        let mut command = Command::new(script);
        command.arg(process.to_string()).arg(name).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = String::new();
        let read = BufReader::new(child.stdout.take().unwrap()).read_line(&mut said);
        let it = Self(child);
        assert!(read.is_ok() && said == "stopped\n", "{name} of process {process} does not stop");
        it
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}
