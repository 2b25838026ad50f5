//! Reading TOML that people wrote, so that every mistake is reported with its place.
//!
//! A file is parsed once, with the span of everything in it; each table or value is then read into its type by itself, so
//! that a mistake in one leaves the others to be checked. What serde says of an unknown name is completed with the nearest
//! known one.

use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::IntoDeserializer as _;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Mark, SourceFile};
use crate::error::Fault;
use crate::vocabulary::nearest;

/// A file while it is read, and what was found wrong with it so far.
#[derive(Debug)]
pub struct Reader<'a> {
    file: &'a Arc<SourceFile>,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    /// Starts on a file.
    pub fn new(file: &'a Arc<SourceFile>) -> Self {
        Self { file, faults: Vec::new() }
    }

    /// The file.
    pub fn file(&self) -> &'a Arc<SourceFile> {
        self.file
    }

    /// The whole file as a table; what cannot be parsed is recorded, and the rest is still there.
    pub fn parse(&mut self) -> DeTable<'a> {
        let (table, errors) = DeTable::parse_recoverable(self.file.text());
        for error in errors {
            self.fault(error.span().unwrap_or_default(), super::printable(error.message()));
        }
        table.into_inner()
    }

    /// Records a mistake.
    pub fn fault(&mut self, range: Range<usize>, message: impl Into<String>) {
        self.faults.push(Fault::at(Mark::new(self.file, range, ""), message));
    }

    /// Reads a value into its type; a mistake is recorded, and nothing is returned.
    pub fn read<T: for<'de> Deserialize<'de>>(&mut self, value: Spanned<DeValue<'a>>) -> Option<T> {
        let whole = value.span();
        match T::deserialize(value.into_deserializer()) {
            Ok(read) => Some(read),
            Err(error) => {
                // A hole in a table of many lines is reported at its head.
                let range = error.span().unwrap_or(whole);
                self.fault(self.first_line(range), sharpen(error.message()));
                None
            }
        }
    }

    /// A table's entries, or a recorded mistake where the value is no table.
    pub fn table(&mut self, value: Spanned<DeValue<'a>>, name: &str) -> DeTable<'a> {
        let range = value.span();
        match value.into_inner() {
            DeValue::Table(table) => table,
            other => {
                self.fault(range, format!("`{name}` is a table, not {}", a_kind(&other)));
                DeTable::new()
            }
        }
    }

    /// Reads each value of a list by itself; nothing is returned where the value is no list.
    pub fn list<T: for<'de> Deserialize<'de>>(&mut self, value: Spanned<DeValue<'a>>, name: &str) -> Option<Vec<T>> {
        let range = value.span();
        match value.into_inner() {
            DeValue::Array(items) => Some(items.into_iter().filter_map(|item| self.read(item)).collect()),
            other => {
                self.fault(range, format!("`{name}` is a list, not {}", a_kind(&other)));
                None
            }
        }
    }

    /// Reads each table of an array by itself, with the place of its head.
    pub fn rows<T: for<'de> Deserialize<'de>>(&mut self, value: Spanned<DeValue<'a>>, name: &str) -> Vec<(T, Mark)> {
        let mut read = Vec::new();
        for row in self.tables(value, name) {
            let mark = self.mark(row.span());
            if let Some(row) = self.read(row) {
                read.push((row, mark));
            }
        }
        read
    }

    /// The entries of an array of tables, none of them read yet; a mistake is recorded where the value is something else.
    pub fn tables(&mut self, value: Spanned<DeValue<'a>>, name: &str) -> Vec<Spanned<DeValue<'a>>> {
        let range = value.span();
        match value.into_inner() {
            DeValue::Array(rows) => rows.into_iter().collect(),
            other => {
                let kind = a_kind(&other);
                self.fault(range, format!("`{name}` is an array of tables (`[[{name}]]`), not {kind}"));
                Vec::new()
            }
        }
    }

    /// The place of a range, cut to its first line.
    pub fn mark(&self, range: Range<usize>) -> Mark {
        Mark::new(self.file, self.first_line(range), "")
    }

    /// An unknown key, with the nearest known one.
    pub fn unknown_key(&mut self, range: Range<usize>, key: &str, known: &[&str]) {
        let shown = crate::source::printable(key);
        let message = match nearest(key, known.iter().copied()) {
            Some(near) => format!("unknown key `{shown}`: did you mean `{near}`?"),
            None => format!("unknown key `{shown}`: known are {}", listed(known)),
        };
        self.fault(range, message);
    }

    /// Whether nothing was found wrong so far.
    pub fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    /// What was found wrong, in the order in which it stands in the file.
    ///
    /// After the first hundred the rest are only counted: such a file is something else altogether.
    pub fn finish(mut self) -> Vec<Fault> {
        const MOST: usize = 100;
        self.faults.sort_by_key(|fault| fault.mark.as_ref().map_or(0, |mark| mark.range.start));
        let more = self.faults.len().saturating_sub(MOST);
        if more > 0 {
            self.faults.truncate(MOST);
            self.faults.push(Fault::of(self.file.name(), format!("and {more} more")));
        }
        self.faults
    }

    fn first_line(&self, range: Range<usize>) -> Range<usize> {
        let text = self.file.text().get(range.clone()).unwrap_or("");
        let end = text.find('\n').map_or(range.end, |at| range.start + at);
        range.start..end
    }
}

fn a_kind(value: &DeValue<'_>) -> String {
    let kind = value.type_str();
    let article = if kind.starts_with(['a', 'i', 'o']) { "an" } else { "a" };
    format!("{article} {kind}")
}

fn listed(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    quoted.join(", ")
}

/// Completes serde's ``unknown field `x`, expected one of `a`, `b` `` with the nearest of what was expected.
pub(crate) fn sharpen(message: &str) -> String {
    let message = message.trim_end();
    for what in ["unknown field", "unknown variant"] {
        let Some(rest) = message.strip_prefix(what) else {
            continue;
        };
        let mut quoted = rest.split('`').skip(1).step_by(2);
        let Some(word) = quoted.next() else {
            continue;
        };
        let known: Vec<&str> = quoted.collect();
        let what = if what == "unknown field" { "key" } else { "word" };
        let shown = super::printable(word);
        return match nearest(word, known.iter().copied()) {
            Some(near) => format!("unknown {what} `{shown}`: did you mean `{near}`?"),
            None => format!("unknown {what} `{shown}`: known are {}", listed(&known)),
        };
    }
    let mut message = message.to_owned();
    for (ours, theirs) in [("a whole number", "u64"), ("a date such as 2027-03-01, without quotes", "a TOML datetime")]
    {
        message = message.replace(&format!("expected {theirs}"), &format!("expected {ours}"));
    }
    if let Some((what, _)) = message.split_once("expected struct ") {
        message = format!("{what}expected a table");
    }
    super::printable(&message).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "kebab-case", deny_unknown_fields)]
    struct Row {
        #[expect(dead_code, reason = "only the errors are looked at")]
        threshold: Option<u64>,
    }

    #[test]
    fn every_mistake_is_found_with_its_place() {
        let text = "[[row]]\ntreshold = 1\n[[row]]\nthreshold = 'x'\n[[row]]\nthreshold = 3\n";
        let file = SourceFile::new("covenant.toml", text);
        let mut reader = Reader::new(&file);
        let mut table = reader.parse();
        let rows = table.remove("row").unwrap();
        assert_eq!(reader.rows::<Row>(rows, "row").len(), 1);
        let faults: Vec<String> = reader.finish().iter().map(ToString::to_string).collect();
        assert_eq!(
            faults,
            [
                "covenant.toml:2:1: unknown key `treshold`: did you mean `threshold`?",
                "covenant.toml:4:13: invalid type: string \"x\", expected a whole number",
            ]
        );
    }

    #[test]
    fn broken_syntax_has_its_place_too() {
        let file = SourceFile::new("covenant.toml", "a = 1\nb = [\nc = 2\n");
        let mut reader = Reader::new(&file);
        reader.parse();
        let faults = reader.finish();
        assert!(faults.iter().any(|fault| fault.to_string().starts_with("covenant.toml:")), "{faults:?}");
    }
}
