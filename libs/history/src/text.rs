//! Texts that any database takes.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A text from outside as it is kept: without the zero character, which PostgreSQL has no place for, and at most 512 bytes
/// long, which an index may hold. Whoever searches for a text gets it in the same form.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Arc<str>);

const MAX: usize = 512;

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        let end = text.floor_char_boundary(MAX);
        let text = &text[..end];
        Self(if text.contains('\0') { text.replace('\0', " ").into() } else { text.into() })
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        text.as_str().into()
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_database_takes_is_cut_off_or_left_out() {
        assert_eq!(Text::from("a\0b"), "a b");
        assert_eq!(Text::from(format!("x{}", "é".repeat(400))).len(), 511);
    }
}
