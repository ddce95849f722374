//! Lists in pages, from behind a cursor: in the order of ids, or newest first.

use std::ops::RangeInclusive;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::Timestamp;
use wire::api::Page;

use crate::problem::Refusal;
use crate::rules::fields;
use crate::words::{Sentence, sentence};

/// Which page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paging {
    after: Option<String>,
    limit: usize,
}

impl Paging {
    /// Reads `?cursor=` and `?limit=`.
    ///
    /// # Errors
    /// When the cursor is none of ours, or the limit not 1 to 200.
    pub fn parse(cursor: Option<&str>, limit: Option<&str>) -> Result<Self, Refusal> {
        let limit = self::limit(limit)?;
        let after = cursor.map(|text| decode(text).ok_or_else(|| Refusal::field("cursor", strange())));
        Ok(Self { after: after.transpose()?, limit })
    }

    /// The page of these things, which may come in any order. Something that vanishes between two pages hides no other.
    pub fn page<T>(&self, things: impl Iterator<Item = T>, id: impl Fn(&T) -> &str) -> Page<T> {
        let behind = |thing: &T| self.after.as_deref().is_none_or(|after| id(thing) > after);
        let mut items: Vec<T> = things.filter(behind).collect();
        items.sort_by(|a, b| id(a).cmp(id(b)));
        let more = items.len() > self.limit;
        items.truncate(self.limit);
        let next = items.last().filter(|_| more).map(|last| URL_SAFE_NO_PAD.encode(id(last)));
        Page { items, next }
    }

    /// Of a list that is newest first: the time and the id behind which this page begins.
    ///
    /// # Errors
    /// When the cursor is another list's.
    pub fn behind(&self) -> Result<Option<(Timestamp, String)>, Refusal> {
        let Some(after) = &self.after else { return Ok(None) };
        let parts = after.split_once(' ');
        let read = parts.and_then(|(at, id)| Some((Timestamp::from_millis(at.parse().ok()?), id.to_owned())));
        read.map(Some).ok_or_else(|| Refusal::field("cursor", strange()))
    }

    /// How many to look up for a page: one more, to see whether there are more.
    pub fn enough(&self) -> u32 {
        u32::try_from(self.limit).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The page of what was looked up, newest first.
    pub fn timed<T>(&self, mut items: Vec<T>, place: impl Fn(&T) -> (Timestamp, &str)) -> Page<T> {
        let more = items.len() > self.limit;
        items.truncate(self.limit);
        let cursor = |last: &T| {
            let (at, id) = place(last);
            URL_SAFE_NO_PAD.encode(format!("{} {id}", at.as_millis()))
        };
        let next = items.last().filter(|_| more).map(cursor);
        Page { items, next }
    }
}

/// Reads `?limit=`.
///
/// # Errors
/// When it is not 1 to 200.
pub fn limit(limit: Option<&str>) -> Result<usize, Refusal> {
    let limit = limit.map_or(Some(DEFAULT), |text| text.parse().ok().filter(|n| ALLOWED.contains(n)));
    limit.ok_or_else(|| Refusal::field("limit", fields::range(&ALLOWED)))
}

const DEFAULT: usize = 50;
const ALLOWED: RangeInclusive<usize> = 1..=200;

fn strange() -> Sentence {
    sentence!("cursor-strange")
}

fn decode(cursor: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}
