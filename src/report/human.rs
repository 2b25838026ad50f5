//! The report for people: the verdict of each product in a line, then each finding with its places, in rustc's look.
//!
//! One cause is shown once: findings that differ only in their product, or that say the same of several components under
//! one licence, become one block, which lists what else it concerns.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::sync::Arc;

use annotate_snippets::{AnnotationKind, Group, Level as Severity, Renderer, Snippet};

use crate::gate::judge::summed_up;
use crate::gate::words::counted;
use crate::gate::{Finding, ProductVerdict, Verdict};
use crate::graph::ComponentId;
use crate::source::{Mark, SourceFile, printable};
use crate::vocabulary::{Code, Level};

/// How many components of a group are named before the rest is counted.
const NAMED: usize = 8;

/// Lines longer than this many bytes are named, not shown: nobody could read them.
const LONGEST_LINES: usize = 16 * 1024;

/// How the report is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// In colour.
    pub colour: bool,
    /// With what exceptions let pass.
    pub excepted: bool,
}

/// Writes the report.
pub fn write(verdict: &Verdict, options: Options) -> String {
    let Options { colour, excepted } = options;
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut out = String::new();
    for product in verdict.products() {
        let _ = writeln!(out, "{}", first_line(verdict, &product));
    }
    for group in groups(&verdict.findings, excepted) {
        out.push('\n');
        out.push_str(&block(verdict, &renderer, &group));
        out.push('\n');
    }
    for loosened in &verdict.loosened {
        let place = loosened.mark.place();
        let file = printable(&place.file);
        let _ = writeln!(out, "\nnote: {} ({file}:{}:{})", loosened.sentence(), place.line, place.column);
    }
    for remark in &verdict.remarks {
        let _ = writeln!(out, "\nnote: {remark}");
    }
    out
}

/// `assistant: blocked: 2 not open source, 1 unknown`.
fn first_line(verdict: &Verdict, product: &ProductVerdict) -> String {
    let findings: Vec<&Finding> = verdict.of_product(&product.name).collect();
    let of =
        |level: Level| -> Vec<&Finding> { findings.iter().copied().filter(|finding| finding.level == level).collect() };
    let (denied, warned) = (of(Level::Deny), of(Level::Warn));
    let mut line = if denied.is_empty() {
        format!("{}: passed", product.name)
    } else {
        format!("{}: blocked: {}", product.name, summed_up(&denied))
    };
    if !warned.is_empty() {
        let _ = write!(line, " · {}", counted(warned.len(), "warning"));
    }
    let excepted = findings.iter().filter(|finding| finding.excepted.is_some()).count();
    if excepted > 0 {
        let _ = write!(line, " · {}", counted(excepted, "exception"));
    }
    line
}

/// `assistant: blocked: 2 not open source, 1 unknown · 143 components, 3 models`, for the end.
pub fn last_line(verdict: &Verdict) -> String {
    let products: Vec<ProductVerdict> = verdict.products().collect();
    let mut lines = Vec::new();
    for product in &products {
        let mut line = first_line(verdict, product);
        let made_of: Vec<String> =
            [(product.components, "component"), (product.models, "model"), (product.data, "dataset")]
                .into_iter()
                .filter(|(number, _)| *number > 0)
                .map(|(number, thing)| counted(number, thing))
                .collect();
        if !made_of.is_empty() {
            let _ = write!(line, " · {}", made_of.join(", "));
        }
        lines.push(line);
    }
    const EACH: usize = 5;
    if lines.len() > EACH {
        let blocked = products.iter().filter(|product| !product.passed).count();
        return format!("{}: {} blocked", counted(products.len(), "product"), blocked);
    }
    lines.join("\n")
}

/// Findings that are shown as one.
struct Shown<'a> {
    first: &'a Finding,
    components: Vec<&'a ComponentId>,
    products: Vec<&'a ComponentId>,
    /// What is in these lists already.
    listed: HashSet<(bool, &'a ComponentId)>,
}

fn groups(findings: &[Finding], excepted: bool) -> Vec<Shown<'_>> {
    let mut groups: Vec<Shown<'_>> = Vec::new();
    let mut known: BTreeMap<(Level, Code, String), usize> = BTreeMap::new();
    let shown = |finding: &&Finding| finding.level > Level::Allow || (excepted && finding.excepted.is_some());
    for finding in findings.iter().filter(shown) {
        let key = (finding.level, finding.code, cause(finding));
        let place = *known.entry(key).or_insert_with(|| {
            let (components, products, listed) = (Vec::new(), Vec::new(), HashSet::new());
            groups.push(Shown { first: finding, components, products, listed });
            groups.len() - 1
        });
        let Some(group) = groups.get_mut(place) else { continue };
        let lists = [(&mut group.components, &finding.component), (&mut group.products, &finding.product)];
        for (which, (list, id)) in lists.into_iter().enumerate() {
            if let Some(id) = id
                && group.listed.insert((which == 0, id))
            {
                list.push(id);
            }
        }
    }
    groups
}

/// What makes two findings one: the same unknown or unwanted licence, else the same component and sentence.
fn cause(finding: &Finding) -> String {
    let by_license = matches!(finding.code, Code::UnknownTerms | Code::DeniedLicense);
    match (&finding.license, &finding.component) {
        (Some(license), _) if by_license => license.clone(),
        (_, Some(component)) => {
            // The same package for the target and for the host is one cause.
            let name = component.as_str();
            let bare = name.strip_suffix("#host").unwrap_or(name);
            format!("{bare} {}", finding.message.replace("#host", ""))
        }
        (_, None) => finding.message.clone(),
    }
}

fn block(verdict: &Verdict, renderer: &Renderer, group: &Shown<'_>) -> String {
    let finding = group.first;
    let severity = match finding.level {
        Level::Deny => Severity::ERROR,
        Level::Warn => Severity::WARNING,
        Level::Allow => Severity::NOTE,
    };
    let title = printable(&finding.message).into_owned();
    let mut message: Group<'_> = Group::with_title(severity.primary_title(title).id(finding.code.to_string()));
    let mut notes: Vec<(&str, String)> = Vec::new();
    for (file, marks) in by_file(&finding.marks) {
        // Only the lines that are underlined, and what lies between: a graph file may be long, and have many findings.
        let all = marks.iter().map(|mark| mark.range.start).min().unwrap_or(0)
            ..marks.iter().map(|mark| mark.range.end).max().unwrap_or(0);
        let window = file.lines_around(&all);
        let name = printable(file.name()).into_owned();
        if window.len() > LONGEST_LINES {
            let places = marks.iter().map(|mark| mark.place());
            let places = places.map(|place| format!("{name}:{}:{}", place.line, place.column));
            notes.extend(places.map(|place| ("at", place)));
            continue;
        };
        let text = file.text().get(window.clone()).unwrap_or("");
        let mut snippet = Snippet::source(shown_text(text)).path(name).line_start(file.line_column(window.start).0);
        for (place, mark) in marks.iter().enumerate() {
            let kind = if place == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
            let range = mark.range.start.saturating_sub(window.start)..mark.range.end.saturating_sub(window.start);
            let annotation = kind.span(fitting(text, &range));
            snippet = snippet.annotation(if mark.label.is_empty() {
                annotation
            } else {
                annotation.label(printable(&mark.label).into_owned())
            });
        }
        message = message.element(snippet);
    }
    if let Some(path) = &finding.path {
        let contested = if finding.contested { " (contested: the law is unsettled on this path)" } else { "" };
        notes.push(("path", format!("{}{contested}", path.shown(&verdict.graph))));
    }
    notes.extend(finding.notes.iter().map(|(name, text)| (*name, printable(text).into_owned())));
    if let Some(exception) = &finding.excepted {
        let by = exception.approved_by.as_ref().map(|who| format!(", approved by {}", printable(who)));
        let (reason, until) = (printable(&exception.reason), exception.expires);
        notes.push(("excepted", format!("{reason} (until {until}{})", by.unwrap_or_default())));
    }
    let others = |list: &[&ComponentId]| -> Option<String> {
        let rest = list.get(1..).filter(|rest| !rest.is_empty())?;
        let named: Vec<String> = rest.iter().take(NAMED).map(|id| format!("`{id}`")).collect();
        let more = rest.len().saturating_sub(NAMED);
        let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
        Some(format!("{}{tail}", named.join(", ")))
    };
    notes.extend(others(&group.components).map(|list| ("same of", list)));
    notes.extend(others(&group.products).map(|list| ("reaches too", list)));
    for (name, text) in notes {
        message = message.element(Severity::NOTE.with_name(name).message(text));
    }
    for help in &finding.help {
        message = message.element(Severity::HELP.message(printable(help).into_owned()));
    }
    let mut text = renderer.render(&[message]);
    text.truncate(text.trim_end().len());
    text
}

/// Marks by file, in the order in which the files first appear.
fn by_file(marks: &[Mark]) -> Vec<(&Arc<SourceFile>, Vec<&Mark>)> {
    let mut files: Vec<(&Arc<SourceFile>, Vec<&Mark>)> = Vec::new();
    for mark in marks {
        match files.iter_mut().find(|(file, _)| file.name() == mark.file.name()) {
            Some((_, marks)) => {
                if !marks.iter().any(|known| known.range == mark.range) {
                    marks.push(mark);
                }
            }
            None => files.push((&mark.file, vec![mark])),
        }
    }
    files
}

/// A text with what could steer a terminal replaced by a character of the same length in bytes, so that places hold.
fn shown_text(text: &str) -> String {
    let harmless = |character: char| matches!(character, '\n' | '\t');
    if !text.chars().any(|character| crate::source::is_unprintable(character) && !harmless(character)) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if !crate::source::is_unprintable(character) || harmless(character) {
            out.push(character);
        } else {
            match character.len_utf8() {
                1 => out.push('?'),
                2 => out.push('\u{b7}'),
                3 => out.push('\u{fffd}'),
                _ => out.push('\u{1f6ab}'),
            }
        }
    }
    out
}

/// A range that a snippet of this text can hold: at least one character, where there is one.
fn fitting(text: &str, range: &std::ops::Range<usize>) -> std::ops::Range<usize> {
    let start = range.start.min(text.len());
    let end = range.end.clamp(start, text.len());
    if start == end {
        let next = text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
        return start..start + next;
    }
    start..end
}

/// Faults of files that people wrote, in the same look.
pub fn faults(faults: &crate::error::Faults, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let mut blocks = Vec::new();
    for fault in &faults.0 {
        let title = printable(&fault.message).into_owned();
        let mut group: Group<'_> = Group::with_title(Severity::ERROR.primary_title(title));
        if let Some(mark) = &fault.mark {
            let annotation = AnnotationKind::Primary.span(fitting(mark.file.text(), &mark.range));
            let path = printable(mark.file.name()).into_owned();
            group = group.element(Snippet::source(shown_text(mark.file.text())).path(path).annotation(annotation));
        } else {
            let place = format!("in {}", printable(&fault.file));
            group = group.element(Severity::NOTE.message(place));
        }
        let text = renderer.render(&[group]);
        blocks.push(text.trim_end().to_owned());
    }
    blocks.join("\n\n")
}
