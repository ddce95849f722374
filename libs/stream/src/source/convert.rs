//! From the client's messages and offsets to ours.

use std::sync::Arc;

use bytes::Bytes;
use domain::{Offset, Partition, Timestamp};
use rdkafka::Offset as KafkaOffset;
use rdkafka::message::{BorrowedMessage, Headers as _, Message};
use rdkafka::topic_partition_list::TopicPartitionListElem;
use wire::{HeaderName, Headers, Record};

/// Copies a message out of the client's buffers: key, value and header values into one allocation.
pub(crate) fn record(topic: &Arc<str>, message: &BorrowedMessage<'_>) -> Record {
    let headers = message.headers();
    let header_bytes: usize = headers.map_or(0, |h| h.iter().map(|h| h.value.map_or(0, <[u8]>::len)).sum());
    let size = message.key_len() + message.payload_len() + header_bytes;
    let mut packed = Vec::with_capacity(size);
    let mut pack = |part: Option<&[u8]>| {
        part.map(|part| {
            let start = packed.len();
            packed.extend_from_slice(part);
            start..packed.len()
        })
    };
    let (key, value) = (pack(message.key()), pack(message.payload()));
    let spans: Vec<_> = headers
        .into_iter()
        .flat_map(|headers| headers.iter())
        .map(|header| (name(header.key), pack(header.value).unwrap_or(0..0)))
        .collect();
    let packed = Bytes::from(packed);
    let headers: Headers = spans.into_iter().map(|(name, span)| (name, packed.slice(span))).collect();
    Record {
        topic: Arc::clone(topic),
        partition: Partition(message.partition()),
        offset: Offset(message.offset()),
        timestamp: Timestamp::from_millis(message.timestamp().to_millis().unwrap_or(0)),
        key: key.map(|span| packed.slice(span)),
        value: value.map(|span| packed.slice(span)),
        headers,
    }
}

/// The offset in an element, where there is one; of committed offsets, none where nobody ever committed.
pub(crate) fn committed_at(element: &TopicPartitionListElem<'_>) -> Option<Offset> {
    match element.offset() {
        KafkaOffset::Offset(offset) => Some(Offset(offset)),
        KafkaOffset::Beginning
        | KafkaOffset::End
        | KafkaOffset::Stored
        | KafkaOffset::Invalid
        | KafkaOffset::OffsetTail(_) => None,
    }
}

fn name(text: &str) -> HeaderName {
    wire::names::known(text).map_or_else(|| HeaderName::Owned(text.to_owned()), HeaderName::Borrowed)
}
