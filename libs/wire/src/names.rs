//! Header names. All values are UTF-8 text, numbers too, so that every Kafka tool can show them.

/// CloudEvents attributes begin with this in binary mode.
pub const CE_PREFIX: &str = "ce_";
/// CloudEvents version.
pub const CE_SPECVERSION: &str = "ce_specversion";
/// The event's id.
pub const CE_ID: &str = "ce_id";
/// The event's source.
pub const CE_SOURCE: &str = "ce_source";
/// The event's type.
pub const CE_TYPE: &str = "ce_type";
/// When it happened, RFC 3339.
pub const CE_TIME: &str = "ce_time";
/// Whose mail it was (extension).
pub const CE_ACCOUNT: &str = "ce_account";
/// What the partition is chosen by (extension).
pub const CE_PARTITIONKEY: &str = "ce_partitionkey";
/// The value's media type.
pub const CONTENT_TYPE: &str = "content-type";
/// W3C trace context.
pub const TRACEPARENT: &str = "traceparent";
/// W3C trace state.
pub const TRACESTATE: &str = "tracestate";

/// The webhook's id.
pub const WEBHOOK: &str = "postbode-webhook";
/// The delivery's id.
pub const DELIVERY: &str = "postbode-delivery";
/// Where the event stands: `<partition>-<offset>` in `events`.
pub const ORIGIN: &str = "postbode-origin";
/// The offset of the webhook's record that fan-out used.
pub const REGISTRY: &str = "postbode-registry";
/// Attempts spent.
pub const ATTEMPT: &str = "postbode-attempt";
/// Times deferred.
pub const DEFERRALS: &str = "postbode-deferrals";
/// Deferred since, milliseconds since the epoch.
pub const WAITING_SINCE: &str = "postbode-waiting-since";
/// When the first attempt began, milliseconds since the epoch.
pub const FIRST_ATTEMPT_AT: &str = "postbode-first-attempt-at";
/// Which part of a batch it was when that failed last: `<id>/<index>/<size>`.
pub const BATCH: &str = "postbode-batch";
/// When a tier may let the record go, milliseconds since the epoch.
pub const DUE_AT: &str = "postbode-due-at";
/// Times taken out of the dead letters.
pub const REPLAY: &str = "postbode-replay";
/// The backfill that made the delivery, where fan-out did not.
pub const BACKFILL: &str = "postbode-backfill";

/// Why a record is a dead letter.
pub const REASON: &str = "postbode-reason";
/// The last HTTP status.
pub const LAST_STATUS: &str = "postbode-last-status";
/// The last error, at most 512 bytes, no secret.
pub const LAST_ERROR: &str = "postbode-last-error";
/// `true` where the value did not fit.
pub const VALUE_OMITTED: &str = "postbode-value-omitted";
/// The source record's own timestamp, milliseconds since the epoch.
pub const SOURCE_TIMESTAMP: &str = "postbode-source-timestamp";

/// Who took a disposition back.
pub const BY: &str = "postbode-by";
/// Why, in their words.
pub const NOTE: &str = "postbode-note";

/// Kafka's own names for a dead letter's coordinates (KIP-1191).
pub const DLQ_TOPIC: &str = "__dlq.errors.topic";
/// The source partition.
pub const DLQ_PARTITION: &str = "__dlq.errors.partition";
/// The source offset.
pub const DLQ_OFFSET: &str = "__dlq.errors.offset";
/// The consumer group that gave up.
pub const DLQ_GROUP: &str = "__dlq.errors.group";
/// How often it was tried.
pub const DLQ_COUNT: &str = "__dlq.errors.delivery.count";
/// What went wrong, in words.
pub const DLQ_MESSAGE: &str = "__dlq.errors.message";

/// The names above, for one comparison instead of a copy of the text.
pub fn known(name: &str) -> Option<&'static str> {
    ALL.iter().copied().find(|known| *known == name)
}

/// Every name but the prefix.
#[cfg(all(test, feature = "schema"))]
pub(crate) fn all() -> impl Iterator<Item = &'static str> {
    ALL.into_iter()
}

/// Every name but the prefix; the most frequent first.
const ALL: [&str; 34] = [
    CE_SPECVERSION,
    CE_ID,
    CE_SOURCE,
    CE_TYPE,
    CE_TIME,
    CE_ACCOUNT,
    CE_PARTITIONKEY,
    CONTENT_TYPE,
    TRACEPARENT,
    TRACESTATE,
    WEBHOOK,
    DELIVERY,
    ORIGIN,
    REGISTRY,
    ATTEMPT,
    DEFERRALS,
    WAITING_SINCE,
    FIRST_ATTEMPT_AT,
    DUE_AT,
    REPLAY,
    BACKFILL,
    REASON,
    LAST_STATUS,
    LAST_ERROR,
    VALUE_OMITTED,
    SOURCE_TIMESTAMP,
    BY,
    NOTE,
    DLQ_TOPIC,
    DLQ_PARTITION,
    DLQ_OFFSET,
    DLQ_GROUP,
    DLQ_COUNT,
    DLQ_MESSAGE,
];
