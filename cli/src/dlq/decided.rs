//! What became of dead letters so far, kept up to date while a command runs: others may be at work too.

use std::collections::{BTreeMap, HashMap};

use anyhow::Context as _;
use domain::{Offset, Partition};
use stream::{Scan, ScanOptions, Span};
use wire::Record;
use wire::disposition::{Disposition, Place};
use wire::topics::Topics;

use crate::context::Context;

/// Every disposition that was read.
pub(crate) struct Decided {
    known: HashMap<Place, Disposition>,
    /// What is written from now on.
    news: Scan,
}

/// The topic of dispositions has one partition, so that all read them in one order.
const PARTITION: Partition = Partition(0);
const MAX_BYTES: usize = 1024 * 1024;

impl Decided {
    /// Reads all there is, and goes on following in the background.
    pub(crate) async fn read(context: &Context, topics: &Topics) -> anyhow::Result<Self> {
        let all = ScanOptions::all(topics.dispositions.clone(), MAX_BYTES);
        let mut scan = Scan::start(&context.kafka, all.clone()).context("section kafka")?;
        let mut known = HashMap::new();
        let mut next = Offset(0);
        while let Some(record) = scan.next().await {
            let record = record?;
            next = Offset(record.offset.0 + 1);
            note(&mut known, &record);
        }
        let spans = BTreeMap::from([(PARTITION, Span { from: next, to: None })]);
        let options = ScanOptions { spans: Some(spans), follow: true, ..all };
        let news = Scan::start(&context.kafka, options).context("section kafka")?;
        Ok(Self { known, news })
    }

    /// Takes in what was decided meanwhile, without waiting.
    pub(crate) fn refresh(&mut self) -> anyhow::Result<()> {
        while let Some(record) = self.news.try_next()? {
            note(&mut self.known, &record);
        }
        Ok(())
    }

    /// What became of a letter; none while it is open.
    pub(crate) fn of(&self, record: &Record) -> Option<&Disposition> {
        self.known.get(&Place::of(record)).filter(|decided| decided.is_of(record.timestamp))
    }
}

/// What cannot be read is passed over: it may be a later version's.
fn note(known: &mut HashMap<Place, Disposition>, record: &Record) {
    match Disposition::read(record) {
        Ok((place, Some(disposition))) => {
            known.insert(place, disposition);
        }
        Ok((place, None)) => {
            known.remove(&place);
        }
        Err(error) => {
            tracing::warn!(kafka.offset = record.offset.0, %error, "a disposition cannot be read");
        }
    }
}
