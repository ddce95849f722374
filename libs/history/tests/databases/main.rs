//! Stories on SQLite and on PostgreSQL.

mod audit;
mod erase;
mod jobs;
mod notices;
mod records;
mod retention;
mod search;
mod sessions;
mod support;
mod tables;
mod turns;
