//! A dead letter's record: the bytes that died, whatever they are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::Scope;
use wire::api::DeadLetterRecord;
use wire::disposition::Place;

use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::world::{Console, World};

/// How much of a value is shown.
const SHOWN: usize = 65_536;

impl<W: World> Console<W> {
    /// The record of a dead letter, for operators: whose it is it says itself, and of an event that nobody could read that
    /// is no proof.
    ///
    /// # Errors
    /// When who asks is no operator, Kafka does not hold it any more, or does not answer.
    pub async fn dead_letter_record(&self, actor: &Actor, id: &str) -> Result<DeadLetterRecord, Refusal> {
        actor.require(Scope::Operator)?;
        let topics = [&self.topics.dead_events, &self.topics.dead_deliveries];
        let place = Place::parse(id).filter(|place| topics.contains(&&place.topic));
        let place = place.ok_or(Refusal::NoSuch("dead-letter"))?;
        let record = self.world.record(&place).await.map_err(Refusal::no_events)?;
        let record = record.ok_or(Refusal::NoSuch("dead-letter"))?;
        let value = record.value.unwrap_or_default();
        let shown = &value[..value.len().min(SHOWN)];
        let header =
            |(name, value): (&str, &Bytes)| (name.to_owned(), String::from_utf8_lossy(value).into_owned());
        Ok(DeadLetterRecord {
            id: place.to_string(),
            headers: record.headers.iter().map(header).collect(),
            bytes: value.len() as u64,
            value: STANDARD.encode(shown),
            text: readable(shown).map(str::to_owned),
        })
    }
}

/// A text, but for a character that the end cuts through.
fn readable(bytes: &[u8]) -> Option<&str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        Err(error) if error.error_len().is_none() => std::str::from_utf8(&bytes[..error.valid_up_to()]).ok(),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_cut_is_a_text_and_bytes_are_none() {
        assert_eq!(readable("caf\u{e9}".as_bytes()), Some("caf\u{e9}"));
        assert_eq!(readable(&"caf\u{e9}".as_bytes()[..4]), Some("caf"));
        assert_eq!(readable(&[0xff, b'a']), None);
    }
}
