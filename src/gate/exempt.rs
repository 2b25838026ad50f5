//! Exceptions: what a policy lets pass, with a reason and until a day; and those that cover nothing.

use jiff::civil::Date;

use super::finding::{Excepted, Finding};
use crate::graph::{Component, Graph};
use crate::policy::Policy;
use crate::policy::file::Exception;
use crate::source::{Mark, printable};
use crate::vocabulary::{Code, Level};

/// Lets pass what exceptions cover, and adds a finding for each exception that has expired or covers nothing.
///
/// An exception that has expired covers nothing; one for another version, product or term neither.
pub fn exempt(findings: &mut Vec<Finding>, policy: &Policy, graph: &Graph, today: Date) {
    let mut used = vec![false; policy.exceptions.len()];
    for finding in findings.iter_mut() {
        for (exception, used) in policy.exceptions.iter().zip(&mut used) {
            if !covers(exception, finding, graph) {
                continue;
            }
            *used = true;
            if exception.expires < today {
                finding.note("note", format!("an exception for this expired on {}", exception.expires));
                continue;
            }
            finding.level = Level::Allow;
            finding.excepted = Some(Excepted {
                reason: exception.reason.clone(),
                expires: exception.expires,
                approved_by: exception.approved_by.clone(),
            });
        }
    }
    for (exception, used) in policy.exceptions.iter().zip(used) {
        let what = format!("`{}` of `{}`", exception.finding, printable(&exception.component));
        let mark = Mark { label: format!("for {what}"), ..exception.mark.clone() };
        if exception.expires < today {
            let message = format!("the exception for {what} expired on {}", exception.expires);
            let mut finding = Finding::new(Code::ExpiredException, policy.lint(Code::ExpiredException), message);
            finding.note("reason", printable(&exception.reason).into_owned());
            finding.help.push(if used {
                "mend what it covered, or decide again and set a new `expires`".to_owned()
            } else {
                "nothing needs it any more: remove it".to_owned()
            });
            finding.marks.push(mark);
            findings.push(finding);
        } else if !used {
            let message = format!("the exception for {what} covers nothing");
            let mut finding = Finding::new(Code::UnusedException, policy.lint(Code::UnusedException), message);
            finding.help.push("remove it, or correct what it names".to_owned());
            finding.marks.push(mark);
            findings.push(finding);
        }
    }
}

fn covers(exception: &Exception, finding: &Finding, graph: &Graph) -> bool {
    if exception.finding != finding.code {
        return false;
    }
    let product = exception
        .product
        .as_ref()
        .is_none_or(|product| finding.product.as_ref().is_some_and(|id| id.as_str() == product));
    let component: Option<&Component> =
        finding.component.as_ref().and_then(|id| graph.find(id)).map(|node| graph.component(node));
    let named = match component {
        Some(component) => component.matches(&exception.component),
        None => finding.component.as_ref().is_some_and(|id| id.as_str() == exception.component),
    };
    let version = exception
        .version
        .as_ref()
        .is_none_or(|version| component.is_some_and(|component| component.version.as_ref() == Some(version)));
    let terms = exception.terms.as_ref().is_none_or(|terms| finding.terms.iter().all(|term| terms.contains(&term.id)));
    product && named && version && terms
}
