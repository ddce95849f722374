//! The schemas that the document names: of requests as they are read, of answers as they are written.

use schemars::SchemaGenerator;
use serde_json::{Map, Value};
use wire::schema::{settings, tidy};

use crate::api::operation::SchemaOf;

/// Collects schemas, each under its type's name.
pub(super) struct Schemas {
    taken: SchemaGenerator,
    given: SchemaGenerator,
    others: Map<String, Value>,
}

impl Schemas {
    pub(super) fn new() -> Self {
        Self {
            taken: settings().for_deserialize().into_generator(),
            given: settings().for_serialize().into_generator(),
            others: Map::new(),
        }
    }

    /// Of what is read.
    pub(super) fn taken(&mut self, schema: SchemaOf) -> Value {
        tidy(schema(&mut self.taken).to_value())
    }

    /// Of what is written.
    pub(super) fn given(&mut self, schema: SchemaOf) -> Value {
        tidy(schema(&mut self.given).to_value())
    }

    /// Another one: says how to refer to it.
    pub(super) fn add(&mut self, name: String, schema: Value) -> Value {
        let reference = serde_json::json!({"$ref": format!("#/components/schemas/{name}")});
        self.others.insert(name, schema);
        reference
    }

    /// The members of a query, which is no schema by itself: name and schema of each.
    pub(super) fn members(&mut self, query: SchemaOf) -> Vec<(String, Value)> {
        let reference = schema_name(&query(&mut self.taken).to_value());
        let query = reference.and_then(|name| self.taken.definitions_mut().remove(&name));
        let members = query.as_ref().and_then(|query| query["properties"].as_object()).cloned();
        members.unwrap_or_default().into_iter().map(|(name, schema)| (name, tidy(schema))).collect()
    }

    /// All of them by name. A type that is both read and written looks the same both ways.
    pub(super) fn finish(mut self) -> Map<String, Value> {
        let mut all = self.others;
        for definitions in [self.taken.take_definitions(true), self.given.take_definitions(true)] {
            all.extend(definitions.into_iter().map(|(name, schema)| (name, tidy(schema))));
        }
        all
    }
}

#[cfg(test)]
impl Schemas {
    /// Types that do not look the same when they are read as when they are written.
    pub(super) fn differences(self) -> Vec<String> {
        let (taken, given) = (self.taken.definitions(), self.given.definitions());
        let differ =
            |(name, schema): &(&String, &Value)| given.get(*name).is_some_and(|other| other != *schema);
        taken.iter().filter(differ).map(|(name, _)| name.clone()).collect()
    }
}

/// The name of the schema that this refers to.
fn schema_name(schema: &Value) -> Option<String> {
    schema["$ref"].as_str()?.rsplit('/').next().map(str::to_owned)
}
