//! An event's data as CEL sees it: read once, texts borrowed from its bytes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelUInt,
};
use cel::common::value::Val;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::bounds::Size;

/// An event's data.
#[derive(Debug)]
pub(crate) struct Data<'a> {
    pub(crate) members: CelMap<'a>,
    pub(crate) size: Size,
}

/// Reads an event's data. Whole numbers become `int` (`uint` above its range), others `double`; of members with the same
/// name the last counts.
///
/// # Errors
/// When it is no JSON object, or nested more than 127 levels deep: in words.
pub(crate) fn read(json: &[u8]) -> Result<Data<'_>, String> {
    let mut size = Size { bytes: json.len() as u64, ..Size::default() };
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let read = Value { size: &mut size }.deserialize(&mut deserializer).map_err(|error| {
        format!("the event's data cannot be read: {}", crate::filter::short(&error.to_string()))
    })?;
    let members = match read.into_builtin() {
        Some(cel::common::value::Builtin::Map(members)) => members,
        Some(_) | None => return Err("the event's data is no object".to_owned()),
    };
    Ok(Data { members, size })
}

/// A value at any place.
struct Value<'s> {
    size: &'s mut Size,
}

impl Value<'_> {
    /// Counts a list or a map of so many.
    fn count(&mut self, length: usize) {
        self.size.values = self.size.values.saturating_add(length as u64);
        self.size.longest = self.size.longest.max(length as u64);
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = Box<dyn Val + 'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = Box<dyn Val + 'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Box::new(CelNull))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Box::new(CelBool::from(value)))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Box::new(CelInt::from(value)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        match i64::try_from(value) {
            Ok(value) => self.visit_i64(value),
            Err(_) => Ok(Box::new(CelUInt::from(value))),
        }
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Box::new(CelDouble::from(value)))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Box::new(CelString::from(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Box::new(CelString::from(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element_seed(Value { size: self.size })? {
            elements.push(element);
        }
        self.count(elements.len());
        Ok(Box::new(CelList::from(elements)))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members: HashMap<CelMapKey<'de>, Box<dyn Val + 'de>> = HashMap::new();
        while let Some(Name(name)) = map.next_key()? {
            let value = map.next_value_seed(Value { size: self.size })?;
            members.insert(CelMapKey::String(CelString::from(name)), value);
        }
        self.count(members.len());
        Ok(Box::new(CelMap::from(members)))
    }
}

#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

/// A member.
pub(crate) fn member<'m, 'v>(members: &'m CelMap<'v>, name: &'m str) -> Option<&'m (dyn Val + 'v)> {
    members.inner().get(&CelMapKey::from(name)).map(AsRef::as_ref)
}
