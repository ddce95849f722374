//! Typed values from the merged tree. Beside what `config` does itself: errors carry the key's path and source, no key is
//! passed over, and a text, which is all that the environment can give, becomes the number, flag or list that is wanted.

use std::str::FromStr;

use config::{Map, Value, ValueKind};
use serde::de::value::StringDeserializer;
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess,
    SeqAccess, Unexpected, VariantAccess, Visitor,
};

use super::error::UNKNOWN;
use super::{ConfigError, secrets};

/// Reads a value of a type from a tree.
pub(super) fn read<T: DeserializeOwned>(tree: Value) -> Result<T, ConfigError> {
    T::deserialize(Node(tree))
}

struct Node(Value);

impl Node {
    /// The parsed text, or the value as it is.
    fn scalar<'de, T, V>(
        self,
        visitor: V,
        visit: impl FnOnce(V, T) -> Result<V::Value, ConfigError>,
    ) -> Result<V::Value, ConfigError>
    where
        T: FromStr,
        V: Visitor<'de>,
    {
        let ValueKind::String(text) = self.0.kind else {
            return any(self.0.kind, visitor);
        };
        match text.trim().parse() {
            Ok(value) => visit(visitor, value),
            Err(_) => Err(de::Error::invalid_type(Unexpected::Str(&text), &visitor)),
        }
    }
}

fn any<'de, V: Visitor<'de>>(kind: ValueKind, visitor: V) -> Result<V::Value, ConfigError> {
    match kind {
        ValueKind::Nil => visitor.visit_unit(),
        ValueKind::Boolean(value) => visitor.visit_bool(value),
        ValueKind::I64(value) => visitor.visit_i64(value),
        ValueKind::I128(value) => visitor.visit_i128(value),
        ValueKind::U64(value) => visitor.visit_u64(value),
        ValueKind::U128(value) => visitor.visit_u128(value),
        ValueKind::Float(value) => visitor.visit_f64(value),
        ValueKind::String(text) => visitor.visit_string(text),
        ValueKind::Table(table) => visitor.visit_map(Entries::new(table)),
        ValueKind::Array(items) => visitor.visit_seq(Items { items: items.into_iter(), next: 0 }),
    }
}

macro_rules! parsed {
    ($($method:ident $type:ty, $visit:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
            self.scalar(visitor, |visitor, value: $type| visitor.$visit(value))
        }
    )*};
}

impl<'de> Deserializer<'de> for Node {
    type Error = ConfigError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        any(self.0.kind, visitor)
    }

    parsed! {
        deserialize_bool bool, visit_bool;
        deserialize_i8 i64, visit_i64;
        deserialize_i16 i64, visit_i64;
        deserialize_i32 i64, visit_i64;
        deserialize_i64 i64, visit_i64;
        deserialize_u8 u64, visit_u64;
        deserialize_u16 u64, visit_u64;
        deserialize_u32 u64, visit_u64;
        deserialize_u64 u64, visit_u64;
        deserialize_f32 f64, visit_f64;
        deserialize_f64 f64, visit_f64;
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        if matches!(self.0.kind, ValueKind::Nil) {
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ConfigError> {
        let ValueKind::String(text) = self.0.kind else {
            return any(self.0.kind, visitor);
        };
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let items: Vec<Value> = parts.map(Value::from).collect();
        visitor.visit_seq(Items { items: items.into_iter(), next: 0 })
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, ConfigError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        if let ValueKind::String(variant) = self.0.kind {
            known(&variant, variants)?;
            return visitor.visit_enum(IntoDeserializer::<ConfigError>::into_deserializer(variant));
        }
        let ValueKind::Table(table) = self.0.kind else {
            return any(self.0.kind, visitor);
        };
        let mut entries = table.into_iter();
        let (Some((variant, value)), None) = (entries.next(), entries.next()) else {
            return Err(ConfigError::new(format_args!("expected exactly one of {}", variants.join(", "))));
        };
        known(&variant, variants)?;
        visitor.visit_enum(Variant { variant, value })
    }

    /// A value is ignored only where no field wants it: that is an unknown key.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, ConfigError> {
        Err(ConfigError::new(UNKNOWN))
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct map struct identifier
    }
}

fn known(variant: &str, variants: &'static [&'static str]) -> Result<(), ConfigError> {
    if variants.contains(&variant) {
        return Ok(());
    }
    Err(ConfigError::new(format_args!("'{variant}' is none of {}", variants.join(", "))))
}

struct Entries {
    entries: std::vec::IntoIter<(String, Value)>,
    current: Option<(String, Value)>,
}

impl Entries {
    fn new(table: Map<String, Value>) -> Self {
        // Sorted, so that of several errors the same one is reported each time.
        let mut entries: Vec<_> = table.into_iter().collect();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        Self { entries: entries.into_iter(), current: None }
    }
}

impl<'de> MapAccess<'de> for Entries {
    type Error = ConfigError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, ConfigError> {
        let Some((key, value)) = self.entries.next() else {
            return Ok(None);
        };
        let origin = first_origin(&value);
        let deserializer: StringDeserializer<ConfigError> = key.clone().into_deserializer();
        self.current = Some((key, value));
        seed.deserialize(deserializer).map(Some).map_err(|error| error.sourced(origin.as_deref()))
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, ConfigError> {
        let (key, value) = self.current.take().ok_or_else(|| ConfigError::new("a value without its key"))?;
        let origin = first_origin(&value);
        let is_secret =
            matches!(value.kind, ValueKind::String(_)) && origin.as_deref().is_some_and(secrets::gave);
        seed.deserialize(Node(value)).map_err(|error| {
            let error = if is_secret { error.untold() } else { error };
            error.sourced(origin.as_deref()).within(&key)
        })
    }
}

/// The source of a value, or of the first one inside it: tables merged from several sources have none of their own.
fn first_origin(value: &Value) -> Option<String> {
    let inside = || {
        if let ValueKind::Table(table) = &value.kind {
            return table.values().find_map(first_origin);
        }
        None
    };
    value.origin().map(str::to_owned).or_else(inside)
}

/// Where the value at a key in dots came from. Keys of a table may have dots of their own.
pub(super) fn origin(tree: &Value, key: &str) -> Option<String> {
    let ValueKind::Table(table) = &tree.kind else { return None };
    let whole = table.get(key).and_then(first_origin);
    whole.or_else(|| {
        let (section, rest) = key.split_once('.')?;
        origin(table.get(section)?, rest)
    })
}

struct Items {
    items: std::vec::IntoIter<Value>,
    next: usize,
}

impl<'de> SeqAccess<'de> for Items {
    type Error = ConfigError;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, ConfigError> {
        let Some(value) = self.items.next() else {
            return Ok(None);
        };
        let place = format!("[{}]", self.next);
        self.next += 1;
        seed.deserialize(Node(value)).map(Some).map_err(|error| error.within(&place))
    }
}

struct Variant {
    variant: String,
    value: Value,
}

impl<'de> EnumAccess<'de> for Variant {
    type Error = ConfigError;
    type Variant = Content;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Content), ConfigError> {
        let deserializer: StringDeserializer<ConfigError> = self.variant.clone().into_deserializer();
        let variant = seed.deserialize(deserializer)?;
        Ok((variant, Content { variant: self.variant, node: Node(self.value) }))
    }
}

struct Content {
    variant: String,
    node: Node,
}

impl<'de> VariantAccess<'de> for Content {
    type Error = ConfigError;

    fn unit_variant(self) -> Result<(), ConfigError> {
        Err(ConfigError::new("takes no settings").within(&self.variant))
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, ConfigError> {
        seed.deserialize(self.node).map_err(|error| error.within(&self.variant))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, ConfigError> {
        self.node.deserialize_seq(visitor).map_err(|error| error.within(&self.variant))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ConfigError> {
        self.node.deserialize_any(visitor).map_err(|error| error.within(&self.variant))
    }
}
