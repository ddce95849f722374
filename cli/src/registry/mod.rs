//! `postbode registry`: a copy of accounts, keys and webhooks in a file, and back from there.
//!
//! The registry's topic is the only truth about them. docs/operations/disaster.md says when to do what.

mod export;
mod file;
mod held;
mod import;

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::context::Context;

/// The arguments of `registry`.
#[derive(Args, Debug)]
pub(crate) struct RegistryArgs {
    #[command(subcommand)]
    command: RegistryCommand,
}

#[derive(Subcommand, Debug)]
enum RegistryCommand {
    /// Write what the registry holds now to a file: secrets stay sealed, keys are hashes
    Export {
        /// Where to; `-` is standard output
        file: PathBuf,
    },
    /// Write an export into the registry, which must be empty. Stop the consoles meanwhile
    Import {
        /// Where from; `-` is standard input
        file: PathBuf,
        /// Where the registry holds something already, add what it lacks: what is there stays as it is
        #[arg(long)]
        merge: bool,
        /// Only say how many records it would write
        #[arg(long)]
        dry_run: bool,
    },
}

/// Runs one of them.
pub(crate) async fn run(args: RegistryArgs, context: &Context) -> anyhow::Result<()> {
    match args.command {
        RegistryCommand::Export { file } => export::run(&file, context).await,
        RegistryCommand::Import { file, merge, dry_run } => import::run(&file, merge, dry_run, context).await,
    }
}
