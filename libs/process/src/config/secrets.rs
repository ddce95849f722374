//! A directory of secrets as a source of configuration: one file for each setting, as Kubernetes mounts Secrets.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use config::{ConfigError, Map, Source, Value, ValueKind};

/// How the origin of such a value begins.
const ORIGIN: &str = "secrets file ";

/// No setting is longer, and Kubernetes takes no longer Secret.
const MAX_BYTES: u64 = 1024 * 1024;

/// A section, a key, and the key below that: `kafka.properties.sasl.password` is one of librdkafka's settings.
const DEPTH: usize = 3;

#[derive(Clone, Debug)]
pub(super) struct Secrets(PathBuf);

/// Whether the value came from a file of secrets, so that nothing may be told of it but where it stands.
pub(super) fn gave(origin: &str) -> bool {
    origin.starts_with(ORIGIN)
}

impl Secrets {
    /// The settings whose names files of this directory bear.
    pub(super) fn new(directory: &Path) -> Self {
        Self(directory.to_owned())
    }

    fn files(&self) -> io::Result<Vec<(String, PathBuf)>> {
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            // Kubernetes keeps what it projects in hidden directories, and links to it from here.
            if !name.starts_with('.') && path.is_file() {
                files.push((name, path));
            }
        }
        files.sort();
        Ok(files)
    }
}

impl Source for Secrets {
    fn clone_into_box(&self) -> Box<dyn Source + Send + Sync> {
        Box::new(self.clone())
    }

    fn collect(&self) -> Result<Map<String, Value>, ConfigError> {
        let failed = |error: io::Error| {
            ConfigError::Message(format!("secrets directory {}: {error}", self.0.display()))
        };
        let mut root = Map::new();
        for (name, path) in self.files().map_err(failed)? {
            let origin = format!("{ORIGIN}{}", path.display());
            let text = read(&path).map_err(|error| ConfigError::Message(format!("{origin}: {error}")))?;
            let text = without_newline(&text);
            // As an empty variable does.
            if !text.is_empty() {
                let leaf = Value::new(Some(&origin), ValueKind::String(text.to_owned()));
                let segments: Vec<_> = name.splitn(DEPTH, '.').collect();
                super::insert(&mut root, &segments, leaf, &origin);
            }
        }
        Ok(root)
    }
}

fn read(path: &Path) -> io::Result<String> {
    if fs::metadata(path)?.len() > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("is larger than {MAX_BYTES} bytes")));
    }
    let bytes = fs::read(path)?;
    // The error that comes with it has the bytes.
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "is not UTF-8"))
}

/// Editors and `echo` end a file with one; no setting does.
fn without_newline(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}
