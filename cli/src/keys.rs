//! `postbode keys`: the platform's own signing keys, in a directory of files.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use httpsig::{PlatformKey, PublicKey, Ring};
use outbound::{LookupError, SystemResolver};
use serde_json::{Value, json};

use crate::context::Context;
use crate::local::write_private;
use crate::output::{line, style};

/// The arguments of `keys`.
#[derive(Args, Debug)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Subcommand, Debug)]
enum KeysCommand {
    /// Make a key, and print the DNS record that publishes it. It signs nothing yet, unless it is the only one
    Generate {
        /// The DNS name under which it is published: the `keyId` of its signatures
        name: String,
        #[command(flatten)]
        ring: RingArgs,
        /// Its size: 2048, 3072 or 4096
        #[arg(long, value_name = "NUMBER", default_value = "2048")]
        bits: u32,
    },
    /// Print the DNS record of every key, and which one signs
    Dns {
        #[command(flatten)]
        ring: RingArgs,
    },
    /// Let another key sign, once DNS publishes it
    Rotate {
        /// Which
        name: String,
        #[command(flatten)]
        ring: RingArgs,
        /// Do not ask DNS: receivers refuse what they cannot look up
        #[arg(long)]
        unchecked: bool,
    },
}

#[derive(Args, Debug)]
struct RingArgs {
    /// The directory of the keys: the setting `signing.directory` of the console and delivery
    #[arg(long = "directory", short = 'd', value_name = "DIRECTORY")]
    directory: PathBuf,
}

/// Runs one of them.
pub(crate) async fn run(args: KeysArgs, context: &Context) -> anyhow::Result<()> {
    match args.command {
        KeysCommand::Generate { name, ring, bits } => generate(&name, &ring.directory, bits, context.json),
        KeysCommand::Dns { ring } => dns(&ring.directory, context.json),
        KeysCommand::Rotate { name, ring, unchecked } => {
            rotate(&name, &ring.directory, unchecked, context.json).await
        }
    }
}

fn generate(name: &str, directory: &Path, bits: u32, as_json: bool) -> anyhow::Result<()> {
    std::fs::create_dir_all(directory).with_context(|| format!("cannot make {}", directory.display()))?;
    let path = Ring::file_of(directory, name);
    if path.exists() {
        bail!("{}: is there already; a new key has a new name", path.display());
    }
    let first = Ring::keys_in(directory)?.into_keys().next();
    let key = PlatformKey::generate(name, bits)?;
    // With a second key somebody has to say which one signs: the one that did.
    if let Some(first) = first
        && Ring::said_active(directory)?.is_none()
    {
        Ring::activate(directory, &first)?;
    }
    write_private(&path, &key.to_pem()?)?;
    let public = key.public()?;
    if as_json {
        line(told(&public, Ring::said_active(directory)?.is_none_or(|it| it == name)));
    } else {
        line(format!("{} holds the private key. Publish its public half:", path.display()));
        line(format!("\n{}\n", public.zone_line()));
        line(style::dim(&format!(
            "then let it sign: postbode keys rotate {name} -d {}",
            directory.display()
        )));
    }
    Ok(())
}

fn dns(directory: &Path, as_json: bool) -> anyhow::Result<()> {
    let keys = Ring::keys_in(directory)?;
    if keys.is_empty() {
        bail!("{}: holds no key; `postbode keys generate` makes one", directory.display());
    }
    let signs = Ring::signer(directory, &keys)?;
    for (name, key) in &keys {
        let (public, active) = (key.public()?, signs.as_ref() == Some(name));
        if as_json {
            line(told(&public, active));
        } else {
            let what = if active { style::good("signs") } else { style::dim("published only") };
            line(format!("; {what}\n{}", public.zone_line()));
        }
    }
    Ok(())
}

async fn rotate(name: &str, directory: &Path, unchecked: bool, as_json: bool) -> anyhow::Result<()> {
    let keys = Ring::keys_in(directory)?;
    let key = keys.get(name).with_context(|| {
        format!(
            "{}: there is no such key; `postbode keys dns` lists them",
            Ring::file_of(directory, name).display()
        )
    })?;
    if !unchecked {
        check_published(&key.public()?).await?;
    }
    let before = Ring::said_active(directory)?.filter(|before| before != name);
    Ring::activate(directory, name)?;
    if as_json {
        line(json!({ "active": name, "before": before }));
    } else {
        line(format!("{name} signs, from the next start of delivery on"));
        if let Some(before) = before {
            line(style::dim(&format!(
                "keep the record of {before} for a day: calls on their way are verified with it"
            )));
        }
    }
    Ok(())
}

/// Receivers look the key up at every call: what DNS does not publish is refused by all of them.
async fn check_published(key: &PublicKey) -> anyhow::Result<()> {
    let resolver = SystemResolver::new().map_err(anyhow::Error::msg)?;
    let published = match resolver.texts(&key.name).await {
        Ok(texts) => texts,
        Err(LookupError::NotFound) => Vec::new(),
        Err(error) => bail!("{}: {error}; --unchecked does not ask", key.name),
    };
    let bare = |text: &str| text.replace(' ', "");
    if !published.iter().any(|text| bare(text) == key.txt()) {
        bail!(
            "{}: DNS does not publish this key. Put there, and wait until it is known everywhere:\n\n{}",
            key.name,
            key.zone_line()
        );
    }
    Ok(())
}

fn told(key: &PublicKey, active: bool) -> Value {
    json!({ "name": key.name, "active": active, "txt": key.txt(), "zone": key.zone_line() })
}
