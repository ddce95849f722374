//! Follows the dead letters, so that the books know of them.

use std::sync::Arc;

use anyhow::Context as _;
use stream::{Scan, ScanOptions};
use wire::names;

use super::books::Books;
use crate::context::Context;

/// Books every delivery that dies, for as long as it is polled.
///
/// # Errors
/// When the topic can't be read.
pub(super) async fn follow(context: &Context, books: Arc<Books>) -> anyhow::Result<()> {
    let topics = context.topics()?;
    let all = ScanOptions::all(topics.dead_deliveries.clone(), topics.delivery_record_bytes());
    let mut scan =
        Scan::start(&context.kafka, ScanOptions { follow: true, ..all }).context("section kafka")?;
    while let Some(record) = scan.next().await {
        let record = record?;
        if let Some(id) = record.headers.text(names::DELIVERY) {
            books.dead(id);
        }
    }
    anyhow::bail!("the dead letters cannot be read any more")
}
