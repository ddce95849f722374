//! The topics as an AsyncAPI 3 document: keys, headers, values, and which service writes or reads them.

mod headers;
mod messages;

use serde_json::{Map, Value, json};

use crate::topics::{TopicSettings, TopicSpec, Topics};

/// The document, for topics as they are by default.
///
/// # Errors
/// When the default settings name no topics.
pub fn document() -> Result<Value, domain::InvalidTiers> {
    let topics = Topics::new(&TopicSettings::default())?;
    let (messages, schemas) = messages::all();
    Ok(json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Postbode",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache 2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels(&topics),
        "operations": operations(),
        "components": {"messages": messages, "schemas": schemas},
    }))
}

const ABOUT: &str = "\
The topics by which Postbode's services meet. Their names begin with a prefix, `postbode.` unless configured otherwise; \
`postbode topics create` makes them.\n\n\
All header values are UTF-8 text, numbers too. Keys are placed by `murmur2_random`, as Java's clients do. Only `events` is \
for others to write; what is on the other topics may be read, and may get more headers and members.";

/// A channel: its name here, what it is, what its records are keyed by, and its messages.
struct Channel {
    name: &'static str,
    about: &'static str,
    key: &'static str,
    messages: Vec<String>,
}

/// In the order of an event's way. The tiers are one channel.
fn described() -> Vec<Channel> {
    let one = |name: &str| vec![name.to_owned()];
    vec![
        Channel {
            name: "events",
            about: "What happened: CloudEvents 1.0 in their Kafka binding, binary or structured",
            key: "`ce_partitionkey` if set, else the message's id, else the profile's, else the event's: one message's events keep their order",
            messages: messages::events(),
        },
        Channel {
            name: "webhooks",
            about: "The registry: what is configured. Compacted; a record without a value deletes. Only consoles write it, but for health and filter",
            key: "`webhook/<id>`, `account/<id>`, `key/<SHA-256 of the key in hex>`, `health/<webhook id>` or `filter/<webhook id>`",
            messages: messages::registry(),
        },
        Channel {
            name: "deliveries",
            about: "One record for each event and webhook that wants it",
            key: "The webhook's id: one process owns an endpoint's limits",
            messages: one("delivery"),
        },
        Channel {
            name: "retry",
            about: "Deliveries that wait for their next try, in tiers by delay",
            key: "The webhook's id",
            messages: one("waitingDelivery"),
        },
        Channel {
            name: "dead-letters.events",
            about: "Events that nobody could understand: the operator's problem",
            key: "The source record's",
            messages: one("deadEvent"),
        },
        Channel {
            name: "dead-letters.deliveries",
            about: "Deliveries that failed for good: the customer's problem",
            key: "The webhook's id",
            messages: one("deadDelivery"),
        },
        Channel {
            name: "dead-letters.dispositions",
            about: "What became of dead letters. Compacted; a record without a value takes it back",
            key: "Where the letter stands: `<topic>-<partition>-<offset>`",
            messages: one("disposition"),
        },
        Channel {
            name: "attempts",
            about: "What was tried, and what came of it; best effort, and without secrets",
            key: "The webhook's id",
            messages: one("attempt"),
        },
        Channel {
            name: "audit",
            about: "What somebody did in the console",
            key: "The account's id, where it is an account's",
            messages: one("audit"),
        },
    ]
}

fn channels(topics: &Topics) -> Map<String, Value> {
    let each = described().into_iter().map(|channel| (channel.name.to_owned(), shown(&channel, topics)));
    each.collect()
}

fn shown(channel: &Channel, topics: &Topics) -> Value {
    let messages: Map<_, _> = channel
        .messages
        .iter()
        .map(|name| (name.clone(), json!({"$ref": format!("#/components/messages/{name}")})))
        .collect();
    let prefix = topics.events.strip_suffix("events").unwrap_or_default();
    let mut shown =
        json!({"description": format!("{}. Key: {}.", channel.about, channel.key), "messages": messages});
    if channel.name == "retry" {
        let delays: Vec<_> = topics.tiers().iter().map(|tier| tier.name()).collect();
        shown["address"] = format!("{prefix}retry.{{delay}}").into();
        shown["parameters"] = json!({"delay": {"description": "How long a record waits", "enum": delays}});
        return shown;
    }
    let address = format!("{prefix}{}", channel.name);
    if let Some(spec) = topics.spec(&address) {
        shown["bindings"] = json!({"kafka": binding(&spec)});
    }
    shown["address"] = address.into();
    shown
}

/// How the topic is made.
fn binding(spec: &TopicSpec) -> Value {
    let mut settings = Map::new();
    for (name, value) in &spec.config {
        let shown = match *name {
            "cleanup.policy" => json!([value]),
            "retention.ms" | "max.message.bytes" => value.parse::<u64>().map(Value::from).unwrap_or_default(),
            // The binding knows no other settings.
            _ => continue,
        };
        settings.insert((*name).to_owned(), shown);
    }
    json!({"partitions": spec.partitions, "topicConfiguration": settings, "bindingVersion": "0.5.0"})
}

/// Which service, whether it writes or reads, which channel.
const OPERATIONS: [(&str, &str, &str); 27] = [
    ("ingest", "send", "events"),
    ("ingest", "receive", "webhooks"),
    ("fanout", "receive", "events"),
    ("fanout", "receive", "webhooks"),
    ("fanout", "send", "deliveries"),
    ("fanout", "send", "dead-letters.events"),
    ("fanout", "send", "webhooks"),
    ("delivery", "receive", "deliveries"),
    ("delivery", "receive", "webhooks"),
    ("delivery", "send", "webhooks"),
    ("delivery", "send", "retry"),
    ("delivery", "send", "dead-letters.deliveries"),
    ("delivery", "send", "attempts"),
    ("delivery", "send", "events"),
    ("retry", "receive", "retry"),
    ("retry", "send", "deliveries"),
    ("console", "send", "webhooks"),
    ("console", "receive", "webhooks"),
    ("console", "receive", "events"),
    ("console", "receive", "attempts"),
    ("console", "receive", "dead-letters.events"),
    ("console", "receive", "dead-letters.deliveries"),
    ("console", "receive", "dead-letters.dispositions"),
    ("console", "send", "dead-letters.dispositions"),
    ("console", "send", "deliveries"),
    ("console", "send", "audit"),
    ("console", "receive", "audit"),
];

fn operations() -> Map<String, Value> {
    let named = |(service, action, channel): &(&str, &str, &str)| {
        let does = if *action == "send" { "writes" } else { "reads" };
        let shown = json!({
            "action": action,
            "channel": {"$ref": format!("#/channels/{channel}")},
            "summary": format!("{service} {does} {channel}"),
            "tags": [{"name": service}],
        });
        (format!("{service}.{action}.{channel}"), shown)
    };
    OPERATIONS.iter().map(named).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_topic_has_a_channel_and_every_channel_a_topic() {
        let (document, topics) = (document().unwrap(), Topics::new(&TopicSettings::default()).unwrap());
        let mut addresses = BTreeSet::new();
        for channel in document["channels"].as_object().unwrap().values() {
            let address = channel["address"].as_str().unwrap();
            match channel["parameters"]["delay"]["enum"].as_array() {
                Some(delays) => {
                    let each = delays.iter().map(|it| address.replace("{delay}", it.as_str().unwrap()));
                    addresses.extend(each);
                }
                None => {
                    addresses.insert(address.to_owned());
                }
            }
        }
        assert_eq!(addresses, topics.specs().iter().map(|spec| spec.name.to_string()).collect());
    }

    #[test]
    fn every_channel_is_read_or_written_and_every_reference_leads_somewhere() {
        let document = document().unwrap();
        let used: BTreeSet<_> = OPERATIONS.iter().map(|it| it.2).collect();
        let channels: BTreeSet<_> =
            document["channels"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(used, channels);
        let text = document.to_string();
        for reference in text.split("\"$ref\":\"#").skip(1) {
            let pointer = reference.split('"').next().unwrap();
            assert!(document.pointer(pointer).is_some(), "{pointer}");
        }
    }

    #[test]
    fn every_header_that_there_is_stands_in_it() {
        let text = document().unwrap().to_string();
        for name in crate::names::all() {
            assert!(text.contains(&format!("\"{name}\":")), "{name}");
        }
    }
}
