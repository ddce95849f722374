//! A PostgreSQL that stories share.

/// Where it answers, and its database. Installations have topics of their own, so what each of them keeps there is its own.
#[expect(clippy::disallowed_methods, reason = "where the tests' server is, is no setting of the program's")]
pub fn postgres() -> String {
    std::env::var("POSTBODE_TEST_POSTGRES").expect(
        "these stories need a PostgreSQL: run them by `make test`, or by scripts/with-postgres cargo test …",
    )
}
