//! How terms are spoken of in findings.

use crate::license::openness::{failed_criteria, leading};
use crate::obligation::context::grouped;
use crate::source::printable;
use crate::vocabulary::term::Metric;
use crate::vocabulary::{Term, TermId};

/// A term with what matters of its parameters: `scale-limit: 700,000,000 monthly active users`.
pub fn term(term: &Term) -> String {
    let mut text = term.id.to_string();
    if let Some(detail) = detail(term) {
        text.push_str(": ");
        text.push_str(&detail);
    }
    text
}

fn detail(term: &Term) -> Option<String> {
    if let (Some(metric), Some(threshold)) = (term.metric, term.threshold) {
        let number = grouped(threshold);
        let currency = term.currency.as_deref().unwrap_or("units of money");
        return Some(match metric {
            Metric::MonthlyActiveUsers => format!("{number} monthly active users"),
            Metric::DailyActiveUsers => format!("{number} daily active users"),
            Metric::AnnualRevenue => format!("{number} {} of annual revenue", printable(currency)),
            Metric::MonthlyRevenue => format!("{number} {} of monthly revenue", printable(currency)),
            Metric::Headcount => format!("{number} staff"),
        });
    }
    match term.id {
        TermId::DisplayAttribution | TermId::IncludeNotice => {
            term.text.as_ref().map(|text| format!("\"{}\"", printable(text)))
        }
        TermId::NameDerivatives => term.prefix.as_ref().map(|prefix| format!("\"{}…\"", printable(prefix))),
        TermId::AcceptableUse => term.url.as_ref().map(|url| {
            let changes = if term.mutable { ", which the licensor may change" } else { "" };
            format!("{}{changes}", printable(url))
        }),
        TermId::TerritoryLimit => some_of(&term.territories),
        TermId::ProhibitedFields => some_of(&term.fields),
        TermId::NoOutputTraining | TermId::SourceToNetworkUsers => term.scope.map(|scope| scope.to_string()),
        _ => None,
    }
}

/// The first few of a list, and how many more there are.
pub fn some_of(words: &[String]) -> Option<String> {
    const SHOWN: usize = 3;
    let first: Vec<_> = words.iter().take(SHOWN).map(|word| printable(word)).collect();
    if first.is_empty() {
        return None;
    }
    let more = words.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(format!("{}{rest}", first.join(", ")))
}

/// A term with the criteria of the Open Source Definition that it fails: `non-commercial (OSD 1, 6)`.
pub fn closing(one: &Term) -> String {
    let criteria: Vec<String> = one.osd_criteria().iter().map(ToString::to_string).collect();
    if criteria.is_empty() {
        return term(one);
    }
    format!("{} (OSD {})", term(one), criteria.join(", "))
}

/// Terms in the order in which they say why a licence is not open.
pub fn ordered(terms: &[Term]) -> Vec<&Term> {
    let first = leading(terms);
    let mut all: Vec<&Term> = first.into_iter().collect();
    for term in terms {
        if !all.iter().any(|known| known.id == term.id && known.metric == term.metric) {
            all.push(term);
        }
    }
    all
}

/// The criteria that terms fail, written out: `1, 6`.
pub fn criteria(terms: &[Term]) -> String {
    let failed: Vec<String> = failed_criteria(terms).iter().map(ToString::to_string).collect();
    failed.join(", ")
}

/// `1 thing`, `2 things`.
pub fn counted(number: usize, thing: &str) -> String {
    if number == 1 { format!("{number} {thing}") } else { format!("{number} {thing}s") }
}
