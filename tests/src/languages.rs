//! Other languages, which the tests run too.

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
