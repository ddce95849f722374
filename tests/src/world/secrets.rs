//! Secrets in files, as Kubernetes mounts them, that change under running services.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::World;
use crate::Kind;

/// Variables that are secrets, and the settings that they are.
const SECRETS: [(&str, &str); 5] = [
    ("POSTBODE__SEAL__KEYS", "seal.keys"),
    ("POSTBODE__CONSOLE__OPERATOR_KEY", "console.operator_key"),
    ("POSTBODE__KAFKA__PROPERTIES__sasl.password", "kafka.properties.sasl.password"),
    (
        "POSTBODE__KAFKA__PROPERTIES__sasl.oauthbearer.client.id",
        "kafka.properties.sasl.oauthbearer.client.id",
    ),
    (
        "POSTBODE__KAFKA__PROPERTIES__sasl.oauthbearer.client.secret",
        "kafka.properties.sasl.oauthbearer.client.secret",
    ),
];

impl World {
    /// Gives a service's running processes another text for a secret.
    pub fn change_secret(&self, kind: Kind, setting: &str, text: &str) {
        put(&self.secrets_of(kind), setting, text);
    }

    /// Moves secrets from variables to files, and has the service look at them often.
    pub(super) fn move_secrets(&self, kind: Kind, environment: &mut BTreeMap<String, String>) {
        let folder = self.secrets_of(kind);
        fs::create_dir_all(&folder).unwrap();
        for (variable, setting) in SECRETS {
            if let Some(text) = environment.remove(variable) {
                put(&folder, setting, &text);
            }
        }
        for (name, value) in [
            ("POSTBODE_SECRETS", &*folder.display().to_string()),
            ("POSTBODE__RELOAD__EVERY", "100ms"),
            ("POSTBODE__RELOAD__SPREAD", "0s"),
        ] {
            environment.insert(name.to_owned(), value.to_owned());
        }
    }

    fn secrets_of(&self, kind: Kind) -> PathBuf {
        self.folder.join(format!("{}-secrets", kind.name()))
    }
}

/// Readers see the old text or the new one.
fn put(folder: &Path, setting: &str, text: &str) {
    let draft = folder.join(".draft");
    fs::write(&draft, format!("{text}\n")).unwrap();
    fs::rename(draft, folder.join(setting)).unwrap();
}
