//! A table of the configuration and the values in it, each with its place. It knows TOML, but no key.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::nearest::unknown_key;
use super::reader::{At, Reader};
use crate::otp::OutOfRangeError;

/// A table whose keys are known.
pub(super) struct Section<'t, 'i> {
    /// Its name; empty at the top.
    name: &'static str,
    /// The keys that it may have.
    keys: &'static [&'static str],
    table: &'t DeTable<'i>,
    /// Where it begins.
    pub at: At,
}

/// A value and the key that it belongs to.
#[derive(Clone, Copy)]
pub(super) struct Value<'t, 'i> {
    section: &'static str,
    key: &'static str,
    content: &'t DeValue<'i>,
    /// Where it begins.
    pub at: At,
}

impl<'t, 'i> Section<'t, 'i> {
    /// The table at the top of a file.
    pub(super) fn top(keys: &'static [&'static str], table: &'t DeTable<'i>, reader: &mut Reader<'_>) -> Self {
        Self { name: "", keys, table, at: At::File }.without_unknown_keys(reader)
    }

    fn of(
        value: &Value<'t, 'i>,
        keys: &'static [&'static str],
        table: &'t DeTable<'i>,
        reader: &mut Reader<'_>,
    ) -> Self {
        Self { name: value.key, keys, table, at: value.at }.without_unknown_keys(reader)
    }

    fn without_unknown_keys(self, reader: &mut Reader<'_>) -> Self {
        for key in self.table.keys().filter(|key| !self.keys.contains(&key.get_ref().as_ref())) {
            reader.unknown(At::Byte(key.span().start), unknown_key(key.get_ref(), self.name, self.keys));
        }
        self
    }

    /// The value of a key.
    pub(super) fn value(&self, key: &'static str) -> Option<Value<'t, 'i>> {
        debug_assert!(self.keys.contains(&key), "{key} is not among the keys of its section");
        Value::new(self.name, key, self.table.get(key)?)
    }

    /// The value of a key that has to be there, or a note of what was expected.
    pub(super) fn required(&self, key: &'static str, expected: &str, reader: &mut Reader<'_>) -> Option<Value<'t, 'i>> {
        let value = self.value(key);
        if value.is_none() {
            // It ends with a comma where more words follow.
            let expected = expected.trim_end_matches(',');
            reader.absent(self.at, format!("{} is missing; expected {expected}", self.name_of(key)));
        }
        value
    }

    /// The name of a key of this section, as `Value::name`.
    pub(super) fn name_of(&self, key: &'static str) -> String {
        name(self.name, key)
    }
}

fn name(section: &str, key: &str) -> String {
    if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") }
}

impl<'t, 'i> Value<'t, 'i> {
    /// None for what the parser puts where it found no value; it has told of that.
    fn new(section: &'static str, key: &'static str, value: &'t Spanned<DeValue<'i>>) -> Option<Self> {
        let span = value.span();
        (!span.is_empty()).then(|| Self { section, key, content: value.get_ref(), at: At::Byte(span.start) })
    }

    /// The key with its section before it, as messages name it.
    pub(super) fn name(&self) -> String {
        name(self.section, self.key)
    }

    /// Notes that something else was expected.
    pub(super) fn expected(&self, expected: &str, reader: &mut Reader<'_>) {
        reader.wrong(self.at, format!("expected {expected} for {}", self.name()));
    }

    /// Notes why the file or folder that this names is of no use.
    pub(super) fn unusable(&self, kind: &str, reason: &str, reader: &mut Reader<'_>) {
        reader.wrong(self.at, format!("cannot use the {kind} of {}: {reason}", self.name()));
    }

    /// A text that is not empty, or a note that this was expected.
    pub(super) fn text(&self, expected: &str, reader: &mut Reader<'_>) -> Option<&'t str> {
        let text = self.content.as_str().filter(|text| !text.is_empty());
        if text.is_none() {
            self.expected(expected, reader);
        }
        text
    }

    /// A text, which may be empty, or a note that one was expected.
    pub(super) fn text_or_empty(&self, expected: &str, reader: &mut Reader<'_>) -> Option<&'t str> {
        let text = self.content.as_str();
        if text.is_none() {
            self.expected(expected, reader);
        }
        text
    }

    /// The name of a file or folder, relative to the configuration.
    pub(super) fn path(&self, expected: &str, reader: &mut Reader<'_>) -> Option<PathBuf> {
        // A name with a NUL cannot exist, and the system says so in words that lead nowhere.
        match self.text(expected, reader)? {
            text if text.contains('\0') => {
                self.expected(expected, reader);
                None
            }
            text => Some(reader.path(text)),
        }
    }

    pub(super) fn boolean(&self, reader: &mut Reader<'_>) -> Option<bool> {
        let boolean = self.content.as_bool();
        if boolean.is_none() {
            self.expected("true or false", reader);
        }
        boolean
    }

    /// A whole number of this range, which `expected` has in words.
    pub(super) fn number(&self, range: RangeInclusive<u64>, expected: &str, reader: &mut Reader<'_>) -> Option<u64> {
        let number =
            self.integer().and_then(|number| u64::try_from(number).ok()).filter(|number| range.contains(number));
        if number.is_none() {
            self.expected(expected, reader);
        }
        number
    }

    /// A number that a type of ours reads from its digits.
    pub(super) fn parsed<T: FromStr<Err = OutOfRangeError>>(&self, reader: &mut Reader<'_>) -> Option<T> {
        let digits = self.integer().map_or_else(String::new, |number| number.to_string());
        digits.parse().map_err(|OutOfRangeError { expected }| self.expected(expected, reader)).ok()
    }

    fn integer(&self) -> Option<i128> {
        let integer = self.content.as_integer()?;
        i128::from_str_radix(integer.as_str(), integer.radix()).ok()
    }

    /// The elements of a list, which may be empty. What cannot be used of it is noted.
    pub(super) fn list(&self, expected: &str, reader: &mut Reader<'_>) -> Vec<Self> {
        let Some(array) = self.content.as_array() else {
            self.expected(expected, reader);
            return Vec::new();
        };
        array.iter().filter_map(|element| Self::new(self.section, self.key, element)).collect()
    }

    /// The same, where at least one is expected.
    pub(super) fn list_of_some(&self, expected: &str, reader: &mut Reader<'_>) -> Vec<Self> {
        if self.content.as_array().is_some_and(|array| array.is_empty()) {
            self.expected(expected, reader);
        }
        self.list(expected, reader)
    }

    /// The same, where a single text may stand for a list of one.
    pub(super) fn list_or_one(&self, expected: &str, reader: &mut Reader<'_>) -> Vec<Self> {
        if self.content.is_str() { vec![*self] } else { self.list_of_some(expected, reader) }
    }

    /// The keys and values of a table whose keys are not ours.
    pub(super) fn entries(&self, expected: &str, reader: &mut Reader<'_>) -> Vec<(&'t str, Self)> {
        let Some(table) = self.content.as_table() else {
            self.expected(expected, reader);
            return Vec::new();
        };
        let entry = |(key, value): (&'t Spanned<_>, _)| {
            let key: &'t std::borrow::Cow<'i, str> = key.get_ref();
            Some((&**key, Self::new(self.section, self.key, value)?))
        };
        table.iter().filter_map(entry).collect()
    }

    /// The section that this is, `[key]`.
    pub(super) fn section(&self, keys: &'static [&'static str], reader: &mut Reader<'_>) -> Option<Section<'t, 'i>> {
        let Some(table) = self.content.as_table() else {
            reader.wrong(self.at, format!("expected one section [{}] with its keys", self.key));
            return None;
        };
        Some(Section::of(self, keys, table, reader))
    }

    /// The sections that these are, `[[key]]` for each.
    pub(super) fn sections(&self, keys: &'static [&'static str], reader: &mut Reader<'_>) -> Vec<Section<'t, 'i>> {
        let expected = format!("expected sections [[{}]], in double brackets", self.key);
        let Some(array) = self.content.as_array() else {
            reader.wrong(self.at, expected);
            return Vec::new();
        };
        let mut sections = Vec::new();
        for element in array.iter().filter_map(|element| Self::new(self.section, self.key, element)) {
            match element.content.as_table() {
                Some(table) => sections.push(Section::of(&element, keys, table, reader)),
                None => reader.wrong(element.at, expected.clone()),
            }
        }
        sections
    }
}
