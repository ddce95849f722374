//! How far a file was imported, in a file beside it.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::output::hex;

/// A file that grew goes on where it was; another one under the same name begins anew, and so does another account.
pub(super) struct Journal {
    path: PathBuf,
    state: State,
}

#[derive(Serialize, Deserialize, PartialEq, Eq, Default)]
struct State {
    /// Of the file's beginning, so far as it was there.
    begins: String,
    begin_bytes: usize,
    account: Option<String>,
    records: u64,
}

/// How much of a file tells it from another.
pub(super) const BEGIN: usize = 4096;

impl Journal {
    /// Reads what is remembered of the file that begins so; nothing, if it is of another one.
    pub(super) fn open(file: &Path, directory: Option<&Path>, begins: &[u8], account: Option<&str>) -> Self {
        let name = format!("{}.imported", file.file_name().unwrap_or_default().to_string_lossy());
        let path = directory.map_or_else(|| file.with_file_name(&name), |directory| directory.join(&name));
        let begin = |length: usize| begins.get(..length).map(|begin| hex(&Sha256::digest(begin)));
        let found = std::fs::read(&path).ok().and_then(|text| serde_json::from_slice::<State>(&text).ok());
        let found = found.filter(|state| {
            state.account.as_deref() == account && begin(state.begin_bytes).as_ref() == Some(&state.begins)
        });
        let begin_bytes = begins.len().min(BEGIN);
        let fresh = State {
            begins: begin(begin_bytes).unwrap_or_default(),
            begin_bytes,
            account: account.map(str::to_owned),
            records: 0,
        };
        Self { path, state: found.unwrap_or(fresh) }
    }

    /// Records that were taken or found unreadable.
    pub(super) fn records(&self) -> u64 {
        self.state.records
    }

    /// Remembers that all records up to this one were taken.
    pub(super) fn took(&mut self, records: u64) -> anyhow::Result<()> {
        self.state.records = records;
        let text = serde_json::to_vec(&self.state)?;
        // Never half of it: a run may end at any moment.
        let new = self.path.with_extension("imported.new");
        std::fs::write(&new, text)
            .and_then(|()| std::fs::rename(&new, &self.path))
            .with_context(|| format!("cannot write {}: see --state", self.path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_grew_goes_on_and_another_one_begins_anew() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("clicks.2026-11-24.log");
        let open = |bytes: &[u8], account| Journal::open(&file, None, bytes, account);
        open(b"one\n", Some("acme")).took(1).unwrap();
        assert_eq!(open(b"one\ntwo\n", Some("acme")).records(), 1);
        assert_eq!(open(b"other\n", Some("acme")).records(), 0);
        assert_eq!(open(b"on", Some("acme")).records(), 0, "it was cut");
        assert_eq!(open(b"one\n", None).records(), 0);
        let elsewhere = directory.path().join("none");
        assert!(Journal::open(&file, Some(&elsewhere), b"one\n", None).took(1).is_err());
    }
}
