//! Texts that findings and errors point into: files with places, and making strangers' strings fit to print.

pub mod toml;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use serde::Serialize;

/// A text and the name under which it is shown.
///
/// The name is relative to the workspace, or `crate-version/…` for a package from elsewhere: never an absolute path,
/// so that reports are the same on every machine.
#[derive(Debug)]
pub struct SourceFile {
    name: String,
    text: String,
    /// For every so many bytes, how many lines and, on the last of them, characters lie before. Made when first asked for,
    /// so that looking up a place does not cost a walk from the start of the file each time.
    stations: OnceLock<Vec<Station>>,
}

impl PartialEq for SourceFile {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.text == other.text
    }
}

impl Eq for SourceFile {}

/// What lies before an offset.
#[derive(Debug, Clone, Copy)]
struct Station {
    offset: usize,
    lines: usize,
    columns: usize,
}

impl Station {
    /// The station that lies after `text`, which follows this one.
    fn past(self, text: &str) -> Self {
        let offset = self.offset + text.len();
        match text.rfind('\n') {
            None => Self { offset, columns: self.columns + text.chars().count(), ..self },
            Some(last) => Self {
                offset,
                lines: self.lines + text.bytes().filter(|byte| *byte == b'\n').count(),
                columns: text.get(last + 1..).unwrap_or("").chars().count(),
            },
        }
    }
}

impl SourceFile {
    /// Holds `text` under `name`.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into(), stations: OnceLock::new() })
    }

    /// The name under which the file is shown.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line and column, both counted from 1, of a byte offset; an offset past the end is the end.
    /// Columns count characters.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let offset = floor_boundary(&self.text, offset);
        let stations = self.stations.get_or_init(|| self.stations());
        let place = stations.partition_point(|station| station.offset <= offset).saturating_sub(1);
        let start = stations.get(place).copied().unwrap_or(Station { offset: 0, lines: 0, columns: 0 });
        let here = start.past(self.text.get(start.offset..offset).unwrap_or(""));
        (here.lines + 1, here.columns + 1)
    }

    fn stations(&self) -> Vec<Station> {
        const APART: usize = 4096;
        let mut last = Station { offset: 0, lines: 0, columns: 0 };
        let mut stations = vec![last];
        while self.text.len() - last.offset > APART {
            let next = floor_boundary(&self.text, last.offset + APART);
            last = last.past(self.text.get(last.offset..next).unwrap_or(""));
            stations.push(last);
        }
        stations
    }
}

/// The nearest character boundary of `text` at or before `offset`.
fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// A stretch of a file, with what is to be said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The file it stands in.
    pub file: Arc<SourceFile>,
    /// Byte range in the file's text.
    pub range: Range<usize>,
    /// What is written below the underline; may be empty.
    pub label: String,
}

impl Mark {
    /// Underlines `range` of `file` and says `label`. A range that does not fit the text is cut to it.
    pub fn new(file: &Arc<SourceFile>, range: Range<usize>, label: impl Into<String>) -> Self {
        let start = floor_boundary(file.text(), range.start);
        let end = floor_boundary(file.text(), range.end.max(start));
        Self { file: Arc::clone(file), range: start..end, label: label.into() }
    }

    /// Where it stands, in lines and columns.
    pub fn place(&self) -> Place {
        let (line, column) = self.file.line_column(self.range.start);
        let (end_line, end_column) = self.file.line_column(self.range.end);
        Place { file: self.file.name().to_owned(), line, column, end_line, end_column }
    }
}

/// A stretch of a file in lines and columns, counted from 1; the end is past the last character.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Place {
    /// The file, as it is shown.
    pub file: String,
    /// First line.
    pub line: usize,
    /// First column.
    pub column: usize,
    /// Last line.
    pub end_line: usize,
    /// Column past the last character.
    pub end_column: usize,
}

/// The text with everything that could steer a terminal, a log or a reader written out as an escape.
///
/// Control characters (line breaks and tabs among them), and the invisible characters that reorder or hide text,
/// come out as `\u{…}`. The result is always a single line.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unprintable) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_unprintable(character) {
            out.extend(character.escape_unicode());
        } else {
            out.push(character);
        }
    }
    Cow::Owned(out)
}

/// Whether a character controls the terminal, or changes how others are shown without being seen itself.
pub(crate) fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_from_one_in_characters() {
        let file = SourceFile::new("a", "ä = 1\nbb = 2\n");
        assert_eq!(Mark::new(&file, 0.."ä".len(), "").place().end_column, 2);
        let place = Mark::new(&file, 7..9, "").place();
        assert_eq!((place.line, place.column, place.end_line, place.end_column), (2, 1, 2, 3));
    }

    #[test]
    fn places_far_into_a_file_are_those_of_a_walk_from_its_start() {
        let file = SourceFile::new("a", "äb\n\nc".repeat(5_000));
        for offset in (0..file.text().len()).step_by(997) {
            let before = file.text().get(..floor_boundary(file.text(), offset)).unwrap();
            let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
            assert_eq!(file.line_column(offset), (before.matches('\n').count() + 1, column), "{offset}");
        }
    }

    #[test]
    fn a_range_that_does_not_fit_is_cut() {
        let file = SourceFile::new("a", "ä");
        assert_eq!(Mark::new(&file, 1..99, "").range, 0..2);
        let backwards = Range { start: 2, end: 0 };
        assert_eq!(Mark::new(&file, backwards, "").range, 2..2);
    }

    #[test]
    fn what_steers_a_terminal_is_written_out() {
        assert_eq!(printable("a\x1b[31m\u{202e}b\n"), "a\\u{1b}[31m\\u{202e}b\\u{a}");
        assert!(matches!(printable("plain — ✓"), Cow::Borrowed(_)));
    }
}
