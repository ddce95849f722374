//! Other languages, which the tests run too.

use std::path::PathBuf;
use std::process::Stdio;

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::broker::root;

/// Names a language that is not on this machine, and goes on without it: unless the environment says that all have to be
/// there, which is how a change is checked before it lands.
///
/// # Panics
/// Where `POSTBODE_ALL_LANGUAGES` is 1.
pub fn goes_without(language: &str, why: &str) {
    assert!(!all_wanted(), "{language} is missing, and POSTBODE_ALL_LANGUAGES=1 wants it: {why}");
    eprintln!("{language} is missing, what is tested in it is left out: {why}");
}

#[expect(clippy::disallowed_methods, reason = "tests are told how strict they are by the environment alone")]
fn all_wanted() -> bool {
    std::env::var("POSTBODE_ALL_LANGUAGES").is_ok_and(|value| value == "1")
}

/// A folder below `tests/languages`, made ready to run.
pub struct Language {
    folder: PathBuf,
}

impl Language {
    /// Fetches the libraries that the language's programs use, and builds what has to be built; once. None where the language
    /// or its libraries cannot be had, which was said then.
    pub async fn prepare(name: &str) -> Option<Self> {
        let prepared = Command::new(root().join("scripts/languages")).arg(name).output().await.unwrap();
        if prepared.status.success() {
            return Some(Self { folder: root().join("target/languages").join(name) });
        }
        goes_without(name, String::from_utf8_lossy(&prepared.stderr).trim());
        None
    }

    /// One of its files, once it is ready.
    pub fn file(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// Runs one of its programs to its end, and returns what it wrote.
    ///
    /// # Panics
    /// When it fails.
    pub async fn run(&self, command: &[&str], environment: &[(&str, &str)], input: &[u8]) -> String {
        let (program, arguments) = command.split_first().unwrap();
        let mut run = Command::new(program);
        run.args(arguments).current_dir(&self.folder).envs(environment.iter().copied());
        run.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut process = run.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut stdin = process.stdin.take().unwrap();
        stdin.write_all(input).await.unwrap();
        drop(stdin);
        let output = process.wait_with_output().await.unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
        said
    }
}
