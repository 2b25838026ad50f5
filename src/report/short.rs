//! A line a finding: `assistant/Cargo.toml:14:1: error[not-open-source]: … (path)`.

use std::fmt::Write as _;

use crate::gate::Verdict;
use crate::source::printable;
use crate::vocabulary::Level;

/// Writes the report.
pub fn write(verdict: &Verdict) -> String {
    let mut out = String::new();
    for finding in verdict.findings.iter().filter(|finding| finding.level > Level::Allow) {
        let severity = if finding.level == Level::Deny { "error" } else { "warning" };
        if let Some(mark) = finding.marks.first() {
            let place = mark.place();
            let _ = write!(out, "{}:{}:{}: ", printable(&place.file), place.line, place.column);
        }
        let _ = write!(out, "{severity}[{}]: {}", finding.code, printable(&finding.message));
        if let Some(path) = &finding.path {
            let _ = write!(out, " ({})", path.shown(&verdict.graph));
        }
        out.push('\n');
    }
    out
}
