//! Noticing that files behind the configuration have changed, and reading it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;

use crate::Metrics;
use crate::settings::ReloadSettings;

/// What is looked at: no more of a file, no more files, and no deeper, whatever somebody puts there.
const MAX_BYTES: u64 = 4 * 1024 * 1024;
const MAX_FILES: usize = 1_000;
const MAX_DEPTH: usize = 8;

/// Looks at directories, and knows what was there when the configuration was read last.
#[derive(Debug)]
pub(crate) struct Watch {
    directories: Vec<PathBuf>,
    every: Duration,
    spread: Duration,
    /// By lot, from 0 to 1.
    chance: fn() -> f64,
    seen: Seen,
    told: Told,
}

/// A hash of each file's content. Two that differ tell which files do, and nothing of what stands in them.
type Seen = BTreeMap<PathBuf, u64>;

/// What a process tells of it, whichever generation runs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    taken: Counter,
    failed: Gauge,
}

impl Told {
    pub(crate) fn register(&self, metrics: &Metrics) {
        let taken = "Changed configurations that were taken";
        metrics.register("config_reloads", taken, self.taken.clone());
        let failed = "1 while the configuration has changed to one that will not do, else 0";
        metrics.register("config_reload_failed", failed, self.failed.clone());
    }
}

impl Watch {
    /// Looks for the first time: before the configuration is read, so that no change falls between.
    pub(crate) fn start(directories: Vec<PathBuf>) -> Self {
        let seen = look(&directories);
        let usual = ReloadSettings::default();
        let (every, spread) = (usual.every.0, usual.spread.0);
        Self { directories, every, spread, chance: rand::random, seen, told: Told::default() }
    }

    /// Goes by the settings from now on. Directories that they name are looked at for the first time.
    pub(crate) fn configure(&mut self, settings: &ReloadSettings) {
        (self.every, self.spread) = (settings.every.0, settings.spread.0);
        self.seen.extend(look(&settings.watch));
        self.directories.extend(settings.watch.iter().cloned());
    }

    /// What it tells.
    pub(crate) fn told(&self) -> Told {
        self.told.clone()
    }

    /// Resolves when something has changed and the configuration, read anew, will do. One that will not is said aloud, and
    /// all stays as it is until the next change.
    pub(crate) async fn next<T>(&mut self, read: impl Fn() -> Result<T, String>) -> T {
        loop {
            self.changed().await;
            match read() {
                Ok(configuration) => {
                    self.told.taken.inc();
                    self.told.failed.set(0);
                    return configuration;
                }
                Err(error) => {
                    self.told.failed.set(1);
                    tracing::error!(
                        error,
                        "the changed configuration will not do: going on with the one before"
                    );
                }
            }
        }
    }

    /// Resolves when something has changed, and this process's turn has come.
    async fn changed(&mut self) {
        if self.directories.is_empty() {
            std::future::pending::<()>().await;
        }
        loop {
            tokio::time::sleep(self.every).await;
            if self.look().await == self.seen {
                continue;
            }
            tokio::time::sleep(self.spread.mul_f64((self.chance)().clamp(0.0, 1.0))).await;
            // What has changed meanwhile is taken with it.
            let now = self.look().await;
            let files = differing(&self.seen, &now);
            self.seen = now;
            if !files.is_empty() {
                tracing::info!(files = files.join(", "), "files behind the configuration have changed");
                return;
            }
        }
    }

    async fn look(&self) -> Seen {
        let directories = self.directories.clone();
        let looked = tokio::task::spawn_blocking(move || look(&directories)).await;
        // Only at the end of the process is there nobody to look.
        looked.unwrap_or_else(|_| self.seen.clone())
    }
}

fn differing(before: &Seen, now: &Seen) -> Vec<String> {
    let files: BTreeSet<_> = before.keys().chain(now.keys()).collect();
    let differs = |file: &&&PathBuf| before.get(**file) != now.get(**file);
    files.iter().filter(differs).map(|file| file.display().to_string()).collect()
}

/// Every file of these directories, and of those inside, with links followed.
fn look(directories: &[PathBuf]) -> Seen {
    let mut seen = Seen::new();
    for directory in directories {
        walk(directory, MAX_DEPTH, &mut seen);
    }
    seen
}

/// Whatever cannot be read is as if it were not there: when that changes, it is looked at anew.
fn walk(directory: &Path, depth: usize, seen: &mut Seen) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    let mut paths: Vec<_> =
        entries.flatten().map(|entry| entry.path()).filter(|path| !is_hidden(path)).collect();
    paths.sort();
    for path in paths {
        if seen.len() >= MAX_FILES {
            return;
        }
        if path.is_dir() {
            if depth > 0 {
                walk(&path, depth - 1, seen);
            }
        } else if let Some(hash) = hash(&path) {
            seen.insert(path, hash);
        }
    }
}

/// Kubernetes keeps what it mounts in hidden directories, and links to it from beside them.
fn is_hidden(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}

fn hash(path: &Path) -> Option<u64> {
    // Not of pipes and sockets, whose readers wait.
    if !path.is_file() {
        return None;
    }
    let mut content = Vec::new();
    fs::File::open(path).ok()?.take(MAX_BYTES).read_to_end(&mut content).ok()?;
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    Some(hasher.finish())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::os::unix::fs::symlink;

    use tokio::time::Instant;
    use wire::HumanDuration;

    use super::*;

    /// As Kubernetes mounts a Secret: links to links to a directory that is replaced whole.
    struct Mount(tempfile::TempDir);

    impl Mount {
        fn new(generation: u32, text: &str) -> Self {
            let mount = Self(tempfile::tempdir().unwrap());
            mount.fill(generation, text);
            symlink("..data/seal.keys", mount.0.path().join("seal.keys")).unwrap();
            mount
        }

        fn fill(&self, generation: u32, text: &str) {
            let name = format!("..{generation}");
            let (folder, draft) = (self.0.path().join(&name), self.0.path().join("..data_tmp"));
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("seal.keys"), text).unwrap();
            symlink(&name, &draft).unwrap();
            fs::rename(draft, self.0.path().join("..data")).unwrap();
        }

        fn watch(&self) -> Watch {
            let mut watch = Watch::start(vec![self.0.path().to_owned()]);
            watch.configure(&settings());
            Watch { chance: || 0.5, ..watch }
        }

        fn read(&self) -> Result<String, String> {
            let text = fs::read_to_string(self.0.path().join("seal.keys")).unwrap();
            if text == "nonsense" { Err("seal.keys: is nonsense".to_owned()) } else { Ok(text) }
        }
    }

    fn settings() -> ReloadSettings {
        let seconds = |count| HumanDuration(Duration::from_secs(count));
        ReloadSettings { watch: Vec::new(), every: seconds(10), spread: seconds(30) }
    }

    /// What `/metrics` says.
    fn told(watch: &Watch) -> (u64, i64) {
        (watch.told.taken.get(), watch.told.failed.get())
    }

    #[tokio::test(start_paused = true)]
    async fn a_change_is_taken_at_the_next_look_and_after_a_wait_by_lot() {
        let mount = Mount::new(1, "old");
        let mut watch = mount.watch();
        let waited = tokio::time::timeout(Duration::from_secs(3600), watch.next(|| mount.read())).await;
        assert!(waited.is_err(), "nothing changed");
        mount.fill(2, "new");
        let begin = Instant::now();
        assert_eq!(watch.next(|| mount.read()).await, "new");
        assert_eq!(begin.elapsed().as_secs(), 10 + 15);
        assert_eq!(told(&watch), (1, 0));
        let waited = tokio::time::timeout(Duration::from_secs(3600), watch.next(|| mount.read())).await;
        assert!(waited.is_err(), "it is taken once");
    }

    #[tokio::test(start_paused = true)]
    async fn what_will_not_do_is_left_until_it_does() {
        let mount = Mount::new(1, "old");
        let mut watch = mount.watch();
        mount.fill(2, "nonsense");
        let reads = RefCell::new(0);
        let read = || {
            *reads.borrow_mut() += 1;
            mount.read()
        };
        assert!(tokio::time::timeout(Duration::from_secs(3600), watch.next(read)).await.is_err());
        assert_eq!(*reads.borrow(), 1, "said once");
        assert_eq!(told(&watch), (0, 1));
        mount.fill(3, "better");
        assert_eq!(watch.next(read).await, "better");
        assert_eq!(told(&watch), (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn what_changes_back_before_its_turn_has_not_changed() {
        let mount = Mount::new(1, "old");
        let mut watch = mount.watch();
        mount.fill(2, "new");
        let change_back = async {
            tokio::time::sleep(Duration::from_secs(15)).await;
            mount.fill(3, "old");
            tokio::time::sleep(Duration::from_secs(3600)).await;
        };
        tokio::select! {
            taken = watch.next(|| mount.read()) => panic!("took {taken}"),
            () = change_back => {}
        }
    }

    #[test]
    fn files_that_come_go_and_change_are_told_and_hidden_ones_are_not_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        let look = || super::look(&[folder.path().to_owned(), place("gone")]);
        fs::create_dir_all(place("a/b")).unwrap();
        // Links in a circle end somewhere.
        symlink(folder.path(), place("a/b/round")).unwrap();
        for name in ["a/b/stays", "goes", "changes", ".hidden"] {
            fs::write(place(name), "1").unwrap();
        }
        let before = look();
        assert_eq!(before, look());
        fs::write(place(".hidden"), "2").unwrap();
        assert_eq!(before, look());
        fs::remove_file(place("goes")).unwrap();
        fs::write(place("comes"), "1").unwrap();
        fs::write(place("changes"), "2").unwrap();
        let files = differing(&before, &look());
        let direct = files.iter().filter(|file| !file.contains("round"));
        let direct: Vec<_> =
            direct.map(|file| Path::new(file).file_name().unwrap().to_str().unwrap()).collect();
        assert_eq!(direct, ["changes", "comes", "goes"]);
    }
}
