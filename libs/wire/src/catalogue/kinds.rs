//! The table of types, after SMTPeter's documentation.
//!
//! Required is only what a receiver cannot do without: whom it is about, and what the type is there to tell. Real
//! producers always send time and tags as well; refusing an event for their absence would help nobody.

use super::FieldType::{Identifier, Integer, ListOrMap, Map, Text, Texts};
use super::{EventKind, Field, FieldType};

const fn required(name: &'static str, kind: FieldType, meaning: &'static str) -> Field {
    Field { name, kind, required: true, meaning }
}

const fn optional(name: &'static str, kind: FieldType, meaning: &'static str) -> Field {
    Field { name, kind, required: false, meaning }
}

const ID: Field = required("id", Identifier, "The message's id: the same in all events of one message");
const RECIPIENT: Field = required("recipient", Text, "The address that the message was sent to");
const TIMESTAMP: Field = optional("timestamp", Text, "When it happened, in UTC: YYYY-MM-DD HH:MM:SS");
const TIME: Field = optional("time", Integer, "When it happened, in seconds since the Unix epoch");
const TAGS: Field = optional("tags", Texts, "The tags that the message was sent with");
const CODE: Field = optional("code", Identifier, "The SMTP status code that the receiving server answered");
const EXTENDED: Field = optional("extended", Text, "The enhanced status code (RFC 3463)");
const DESCRIPTION: Field = optional("description", Text, "The receiving server's own words");
const ENVELOPE: Field = optional("envelope", Text, "The envelope address that it came back to");
const MIME: Field = optional("mime", Text, "The whole message that came in, headers included");
const IP: Field = optional("ip", Text, "The address that the request came from");
const USERAGENT: Field = optional("useragent", Text, "What the mail program or browser calls itself");
const REFERER: Field = optional("referer", Text, "The page that the request came from");
const TEMPLATE: Field = optional("templateid", Identifier, "The template that the message was made from");

const PROFILE: Field = required("profile", Identifier, "The profile's id");
const DATABASE: Field = required("database", Identifier, "The database that the profile belongs to");
const SUBPROFILE: Field = optional("subprofile", Identifier, "The subprofile's id, if it is about one");
const COLLECTION: Field = optional("collection", Identifier, "The subprofile's collection");
const CALLER: Field =
    optional("caller", Text, "The application that caused it, as Postbode's condition callers names it");
const CREATED: Field = optional("created", Text, "When the profile was created: YYYY-MM-DD HH:MM:SS");
const MODIFIED: Field = optional("modified", Text, "When the profile was changed last: YYYY-MM-DD HH:MM:SS");
const FIELDS: Field = optional("fields", Map, "All fields of the profile, after the change");
const INTERESTS: Field =
    optional("interests", ListOrMap, "The profile's interests: a list, or each with 0 or 1");

pub(super) const KINDS: &[EventKind] = &[
    EventKind {
        name: "delivery",
        summary: "A message was accepted by the receiving mail server",
        sent: true,
        fields: &[ID, TIMESTAMP, TIME, RECIPIENT, CODE, EXTENDED, DESCRIPTION, TAGS],
    },
    EventKind {
        name: "bounce",
        summary: "Something came back to the envelope address: a bounce, an out-of-office answer, anything",
        sent: true,
        fields: &[ID, TIMESTAMP, TIME, RECIPIENT, ENVELOPE, MIME, TAGS],
    },
    EventKind {
        name: "failure",
        summary: "A message could not be delivered: refused at once, or reported by a bounce later",
        sent: true,
        fields: &[
            ID,
            TIMESTAMP,
            TIME,
            RECIPIENT,
            optional("action", Text, "What became of the message: failure or failed"),
            optional("state", Text, "Where in the SMTP session it failed; bounce when it was reported later"),
            CODE,
            EXTENDED,
            DESCRIPTION,
            TAGS,
        ],
    },
    EventKind {
        name: "open",
        summary: "A message was opened: its tracking image was loaded",
        sent: true,
        fields: &[ID, TIMESTAMP, TIME, RECIPIENT, IP, USERAGENT, REFERER, TAGS],
    },
    EventKind {
        name: "click",
        summary: "A link in a message was followed",
        sent: true,
        fields: &[
            ID,
            TIMESTAMP,
            TIME,
            RECIPIENT,
            IP,
            required("original", Text, "The address that the link leads to"),
            USERAGENT,
            REFERER,
            TAGS,
        ],
    },
    EventKind {
        name: "abuse",
        summary: "A recipient complained about a message as spam",
        sent: true,
        fields: &[ID, optional("emailfrom", Text, "The address that the complaint came from"), MIME],
    },
    EventKind { name: "create", summary: "A profile or subprofile was created", sent: true, fields: CREATE },
    EventKind { name: "update", summary: "A profile or subprofile was changed", sent: true, fields: UPDATE },
    EventKind {
        name: "delete",
        summary: "A profile or subprofile was removed",
        sent: true,
        fields: &[TIMESTAMP, TIME, PROFILE, SUBPROFILE, COLLECTION, DATABASE, CALLER, FIELDS],
    },
    EventKind {
        name: "unsubscribe",
        summary: "A recipient unsubscribed",
        sent: true,
        fields: &[
            TIMESTAMP,
            TIME,
            DATABASE,
            PROFILE,
            optional("mailing", Identifier, "The mailing that was unsubscribed from"),
            CALLER,
        ],
    },
    EventKind {
        name: "attempt",
        summary: "A delivery of a message was tried (log files only)",
        sent: false,
        fields: &[
            ID,
            TIME,
            ENVELOPE,
            RECIPIENT,
            optional("properties", Map, "The message's own properties"),
            TAGS,
            TEMPLATE,
        ],
    },
    EventKind {
        name: "response",
        summary: "Someone answered a message (log files only)",
        sent: false,
        fields: &[ID, TIME, ENVELOPE, RECIPIENT, MIME, TAGS, TEMPLATE],
    },
];

/// What Postbode itself tells an account.
pub(super) const OPERATIONAL: &[EventKind] = &[EventKind {
    name: crate::operational::WEBHOOK_DISABLED,
    summary: "A webhook was disabled: its endpoint is gone, or failed for five days",
    sent: true,
    fields: &[
        required("webhook", Text, "The webhook's id"),
        required("name", Text, "What people call it"),
        required("url", Text, "The URL that was called"),
        required("reason", Text, "gone: it answered 410; failing: nothing but failures for days"),
        optional("failing_since", Text, "Since when there were nothing but failures, RFC 3339"),
        required("revision", Integer, "Which revision of the webhook it is about"),
    ],
}];

const CREATE: &[Field] = &[
    optional("parameters", Map, "The fields that were set"),
    TIMESTAMP,
    TIME,
    PROFILE,
    SUBPROFILE,
    COLLECTION,
    DATABASE,
    CALLER,
    CREATED,
    MODIFIED,
    FIELDS,
    INTERESTS,
];

const UPDATE: &[Field] = &[
    required("parameters", Map, "The fields that were changed, with their new values"),
    TIMESTAMP,
    TIME,
    PROFILE,
    SUBPROFILE,
    COLLECTION,
    DATABASE,
    CALLER,
    CREATED,
    MODIFIED,
    FIELDS,
    INTERESTS,
];
