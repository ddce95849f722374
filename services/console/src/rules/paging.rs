//! Lists in pages: in the order of ids, from behind a cursor.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use wire::api::Page;

use crate::problem::Refusal;

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
        let after = cursor.map(|text| decode(text).ok_or_else(|| Refusal::field("cursor", CURSOR)));
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
}

/// Reads `?limit=`.
///
/// # Errors
/// When it is not 1 to 200.
pub fn limit(limit: Option<&str>) -> Result<usize, Refusal> {
    let limit = limit.map_or(Some(DEFAULT), |text| text.parse().ok().filter(|n| (1..=MAX).contains(n)));
    limit.ok_or_else(|| Refusal::field("limit", format!("must be 1 to {MAX}")))
}

const DEFAULT: usize = 50;
const MAX: usize = 200;
const CURSOR: &str = "is not one that a page's next gave: leave it out to begin anew";

fn decode(cursor: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()
}
