//! Where a command that runs the services finds what it needs, and where it puts what it makes.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use toml::{Table, Value};

/// A command's directories. While this is held no other run of it uses them.
pub(crate) struct Place {
    /// The workspace: where `scripts/kafka` is. None when the binary stands alone.
    pub(crate) root: Option<PathBuf>,
    /// Where the services' binaries are.
    pub(crate) binaries: PathBuf,
    /// `target/<command>`.
    pub(crate) work: PathBuf,
    _lock: File,
}

impl Place {
    /// Looks for the workspace above the current directory, then above the binary.
    pub(crate) fn find(command: &str) -> anyhow::Result<Self> {
        let here = std::env::current_dir().context("there is no current directory")?;
        let binary = std::env::current_exe().context("this binary cannot be found")?;
        let binaries = binary.parent().unwrap_or(Path::new("/")).to_owned();
        let root = workspace_above(&here).or_else(|| workspace_above(&binaries));
        let work = root.as_ref().unwrap_or(&here).join("target").join(command);
        fs::create_dir_all(&work).with_context(|| format!("cannot make {}", work.display()))?;
        let lock = lock(command, &work.join("lock"))?;
        for name in ["logs", "config", "run", "verification"] {
            empty(&work.join(name))?;
        }
        Ok(Self { root, binaries, work, _lock: lock })
    }

    /// The binary of a service.
    pub(crate) fn binary(&self, service: &str) -> anyhow::Result<PathBuf> {
        let path = self.binaries.join(service);
        if path.is_file() {
            return Ok(path);
        }
        bail!("{} is missing: build everything with 'cargo build --workspace --bins'", path.display())
    }

    /// Where a service's log goes.
    pub(crate) fn log(&self, service: &str) -> PathBuf {
        self.work.join(format!("logs/{service}.log"))
    }

    /// Where a service says at which address it listens.
    pub(crate) fn address_file(&self, service: &str, role: &str) -> PathBuf {
        self.work.join(format!("run/{service}.{role}"))
    }

    /// Settings by which a console has a history of its own, which begins anew with each run.
    pub(crate) fn history(&self, service: &str) -> Value {
        let url = format!("sqlite:{}", self.work.join(format!("run/{service}.db")).display());
        Table::from_iter([("url".to_owned(), url.into())]).into()
    }
}

fn workspace_above(start: &Path) -> Option<PathBuf> {
    start.ancestors().find(|place| place.join("scripts/kafka").is_file()).map(Path::to_owned)
}

fn lock(command: &str, path: &Path) -> anyhow::Result<File> {
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => bail!("a {command} runs already (it holds {})", path.display()),
        Err(fs::TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

/// A new, empty directory: what an earlier demo left would mislead.
fn empty(directory: &Path) -> anyhow::Result<()> {
    let made = || {
        if directory.exists() {
            fs::remove_dir_all(directory)?;
        }
        fs::create_dir_all(directory)
    };
    made().with_context(|| format!("cannot empty {}", directory.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_is_found_from_anywhere_inside() {
        let inside = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/local");
        let root = workspace_above(&inside).unwrap();
        assert_eq!(root, Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap());
        assert_eq!(workspace_above(Path::new("/")), None);
    }

    #[test]
    fn two_demos_do_not_share_a_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let held = lock("demo", &path).unwrap();
        assert!(lock("demo", &path).unwrap_err().to_string().contains("a demo runs already"));
        drop(held);
        assert!(lock("demo", &path).is_ok());
    }
}
