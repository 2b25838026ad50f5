//! GitHub Actions' workflow commands: `::error file=…,line=…::message`.
//!
//! What comes from strangers is escaped as the runner wants it, so that nothing in a name or a licence can start a command
//! of its own.

use std::fmt::Write as _;

use crate::gate::Verdict;
use crate::source::printable;
use crate::vocabulary::{Level, Word as _};

/// Writes the report.
pub fn write(verdict: &Verdict) -> String {
    let mut out = String::new();
    for finding in verdict.findings.iter().filter(|finding| finding.level > Level::Allow) {
        let command = if finding.level == Level::Deny { "error" } else { "warning" };
        let mut properties = Vec::new();
        if let Some(mark) = finding.marks.first() {
            let place = mark.place();
            properties.push(format!("file={}", property(&place.file)));
            properties.push(format!("line={}", place.line));
            properties.push(format!("endLine={}", place.end_line));
            properties.push(format!("col={}", place.column));
            if place.line == place.end_line {
                properties.push(format!("endColumn={}", place.end_column));
            }
        }
        properties.push(format!("title={}", property(finding.code.as_str())));
        let mut message = printable(&finding.message).into_owned();
        if let Some(path) = &finding.path {
            let _ = write!(message, "\npath: {}", path.shown(&verdict.graph));
        }
        for (name, text) in &finding.notes {
            let _ = write!(message, "\n{name}: {}", printable(text));
        }
        for help in &finding.help {
            let _ = write!(message, "\nhelp: {}", printable(help));
        }
        let _ = writeln!(out, "::{command} {}::{}", properties.join(","), data(&message));
    }
    for product in verdict.products() {
        let state = if product.passed { "passed" } else { "blocked" };
        let _ = writeln!(out, "::notice title=cargo covenant::{}", data(&format!("{}: {state}", product.name)));
    }
    out
}

/// The message of a command: line breaks and percent signs are escaped.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property: colons and commas as well.
fn property(text: &str) -> String {
    data(&printable(text)).replace(':', "%3A").replace(',', "%2C")
}
