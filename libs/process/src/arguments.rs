//! What a service's binary understands on its command line.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, Command, value_parser};

/// The arguments, read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// The configuration file, if one is named.
    pub(crate) config: Option<PathBuf>,
    /// The directory of secrets, if one is named.
    pub(crate) secrets: Option<PathBuf>,
    /// Only check the configuration.
    pub(crate) check_config: bool,
}

/// Reads the arguments.
///
/// # Errors
/// A usage error, or a request for `--help` or `--version`: clap's error knows how to print either.
pub(crate) fn parse(
    name: &'static str,
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Arguments, clap::Error> {
    let matches = command(name).try_get_matches_from(arguments)?;
    Ok(Arguments {
        config: matches.get_one::<PathBuf>("config").cloned(),
        secrets: matches.get_one::<PathBuf>("secrets").cloned(),
        check_config: matches.get_flag("check-config"),
    })
}

fn command(name: &'static str) -> Command {
    let config = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .env("POSTBODE_CONFIG")
        .value_parser(value_parser!(PathBuf))
        .help("Configuration file: TOML or YAML, by its ending");
    let secrets = Arg::new("secrets")
        .long("secrets")
        .value_name("DIR")
        .env("POSTBODE_SECRETS")
        .value_parser(value_parser!(PathBuf))
        .help("Directory with a file for each secret setting, named as it: seal.keys, kafka.properties.sasl.password");
    let check = Arg::new("check-config")
        .long("check-config")
        .action(ArgAction::SetTrue)
        .help("Read the configuration, say whether it is valid, and exit with 0 or 2");
    Command::new(name)
        .version(env!("CARGO_PKG_VERSION"))
        .after_help(
            "Every setting can also come from the environment, which wins over both:\n\
             POSTBODE__SECTION__KEY=value. Double underscores nest, lists are separated by commas.\n\
             When a secret changes, the service takes it without ending: see the section reload.\n\n\
             Exit codes: 0 clean stop, 1 failure, 2 configuration or usage error, 3 drain deadline exceeded.",
        )
        .args([config, secrets, check])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(arguments: &[&str]) -> Result<Arguments, clap::Error> {
        parse("postbode-test", std::iter::once(&"postbode-test").chain(arguments).map(OsString::from))
    }

    #[test]
    fn a_file_a_directory_of_secrets_and_a_check_are_understood() {
        let expected =
            Arguments { config: Some("a.toml".into()), secrets: Some("/s".into()), check_config: true };
        let given = ["--config", "a.toml", "--secrets", "/s", "--check-config"];
        assert_eq!(parsed(&given).unwrap(), expected);
    }

    #[test]
    fn help_and_version_are_no_usage_errors_and_the_unknown_is() {
        assert_eq!(parsed(&["--help"]).unwrap_err().exit_code(), 0);
        let version = parsed(&["--version"]).unwrap_err();
        assert_eq!(version.exit_code(), 0);
        assert!(version.to_string().starts_with("postbode-test "), "{version}");
        assert_eq!(parsed(&["--what"]).unwrap_err().exit_code(), 2);
    }
}
