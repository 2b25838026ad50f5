//! Texts that findings and errors point into: files with places, and making strangers' strings fit to print.

pub mod toml;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

/// A text and the name under which it is shown.
///
/// The name is relative to the workspace, or `crate-version/…` for a package from elsewhere: never an absolute path,
/// so that reports are the same on every machine.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceFile {
    name: String,
    text: String,
    /// Where each line starts, so that a place costs no walk through the text: a report may ask for one a finding.
    line_starts: Vec<usize>,
    /// In plain text a column is a difference of offsets, however long the line.
    ascii: bool,
}

impl SourceFile {
    /// Holds `text` under `name`.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        let text = text.into();
        let after_breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let line_starts = std::iter::once(0).chain(after_breaks).collect();
        let ascii = text.is_ascii();
        Arc::new(Self { name: name.into(), text, line_starts, ascii })
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
        let line = self.line_starts.partition_point(|start| *start <= offset);
        let line_start = self.line_starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let within = || self.text.get(line_start..offset).unwrap_or("").chars().count();
        let column = if self.ascii { offset - line_start } else { within() };
        (line, column + 1)
    }

    /// The whole lines that `range` touches, without the last line break.
    pub fn lines_around(&self, range: &Range<usize>) -> Range<usize> {
        let start = floor_boundary(&self.text, range.start);
        let line = self.line_starts.partition_point(|known| *known <= start);
        let first = self.line_starts.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let end = floor_boundary(&self.text, range.end.max(start));
        let next = self.line_starts.partition_point(|known| *known <= end);
        let last = self.line_starts.get(next).map_or(self.text.len(), |start| start - 1);
        first..last.max(first)
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

/// A document as JSON, in lines, with a line break at its end.
///
/// What [`printable`] writes out is written out here as well, as JSON has it (`\u202e`): reports are shown in terminals and
/// logs, and serde leaves all but the oldest control characters as they are.
pub(crate) fn json(document: &impl Serialize) -> String {
    let text = serde_json::to_string_pretty(document).unwrap_or_default();
    let mut out = String::with_capacity(text.len() + 1);
    for character in text.chars() {
        if character != '\n' && is_unprintable(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(character);
        }
    }
    out.push('\n');
    out
}

/// Reads a text, without the byte order mark that some editors put before it.
///
/// # Errors
///
/// What the system says, or the line that is not UTF-8.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    let bytes = std::fs::read(path)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count() + 1;
        io::Error::new(io::ErrorKind::InvalidData, format!("line {line} is not UTF-8"))
    })?;
    Ok(text.to_owned())
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
    fn places_stand_on_their_line() {
        for text in ["ab\ncd\n\nef", "äb\ncd\n\nëf"] {
            let file = SourceFile::new("a", text);
            for offset in (0..=text.len()).filter(|offset| text.is_char_boundary(*offset)) {
                let (before, _) = text.split_at(offset);
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().map_or(0, |rest| rest.chars().count()) + 1;
                assert_eq!(file.line_column(offset), (line, column), "offset {offset} of {text:?}");
            }
        }
    }

    #[test]
    fn lines_around_a_range_are_whole() {
        let file = SourceFile::new("a", "one\ntwo\n\nfour");
        let lines = |range: Range<usize>| file.text().get(file.lines_around(&range));
        assert_eq!(lines(1..2), Some("one"));
        assert_eq!(lines(5..6), Some("two"));
        assert_eq!(lines(1..5), Some("one\ntwo"));
        assert_eq!(lines(8..8), Some(""));
        assert_eq!(lines(9..99), Some("four"));
    }

    #[test]
    fn a_range_that_does_not_fit_is_cut() {
        let file = SourceFile::new("a", "ä");
        assert_eq!(Mark::new(&file, 1..99, "").range, 0..2);
        let backwards = Range { start: 2, end: 0 };
        assert_eq!(Mark::new(&file, backwards, "").range, 2..2);
    }

    #[test]
    fn json_hides_nothing_and_stays_the_same_document() {
        let text = "a\u{1b}\u{9b}\u{7f}\u{202e}\u{e0041}\n\"ä";
        let written = json(&[text]);
        assert!(written.chars().all(|character| character == '\n' || !is_unprintable(character)), "{written:?}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&written).unwrap(), [text]);
    }

    #[test]
    fn what_steers_a_terminal_is_written_out() {
        assert_eq!(printable("a\x1b[31m\u{202e}b\n"), "a\\u{1b}[31m\\u{202e}b\\u{a}");
        assert!(matches!(printable("plain — ✓"), Cow::Borrowed(_)));
    }
}
