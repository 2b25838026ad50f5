//! Why a component is there: every product it reaches, by which path, and what its terms come to.

use std::fmt::Write as _;

use crate::gate::Verdict;
use crate::gate::words::term as spoken;
use crate::graph::NodeIndex;
use crate::obligation::{Judged, Status};
use crate::source::printable;
use crate::vocabulary::TermId;

/// Writes the answer for components, and for one term or all.
pub fn write(verdict: &Verdict, nodes: &[NodeIndex], term: Option<TermId>) -> String {
    let mut out = String::new();
    for node in nodes {
        let component = verdict.graph.component(*node);
        let license = component.licensing.text().unwrap_or_else(|| "no licence".to_owned());
        let _ = writeln!(out, "{} ({}, {})", component.id, component.kind, printable(&license));
        let mut reached = false;
        for analysis in &verdict.analyses {
            let Some(seen) = analysis.seen_of(*node) else {
                continue;
            };
            reached = true;
            let _ = writeln!(out, "  in {}", verdict.graph.component(analysis.node).id);
            if let Some(route) = seen.presence {
                let _ = writeln!(out, "    path: {}", analysis.path(route).shown(&verdict.graph));
            }
            let open = match &seen.judged {
                Judged::Open => "open",
                Judged::Closed(_) => "not open",
                Judged::Unknown(_) => "unknown",
                Judged::Unlicensed => "unlicensed",
            };
            let _ = writeln!(out, "    openness: {open}");
            for branch in &seen.passed_over {
                let _ = writeln!(out, "    passed over: {}", printable(branch));
            }
            let mut any = false;
            for arrival in analysis.arrivals_of(*node) {
                if term.is_some_and(|term| term != arrival.term.id) {
                    continue;
                }
                any = true;
                let witness = analysis.witness(arrival);
                let clause = printable(&arrival.term.clause);
                let _ = write!(out, "    {} ({}", spoken(&arrival.term), printable(&arrival.reading.label));
                let _ = writeln!(out, "{}{clause})", if clause.is_empty() { "" } else { ", " });
                let _ = writeln!(out, "      by {}", witness.shown(&verdict.graph));
                for delivery in &analysis.delivery {
                    let status = analysis.arrived(&verdict.graph, arrival).status(*delivery, &verdict.situation);
                    let _ = writeln!(out, "      as {delivery}: {}", said(&status));
                }
            }
            if !any {
                // A term that does not arrive is as much of an answer as one that does.
                let what = term.map_or_else(|| "nothing of it".to_owned(), |term| format!("`{term}`"));
                let verb = if term.is_some() { "does not arrive" } else { "arrives" };
                let _ = writeln!(out, "    {what} {verb}");
            }
        }
        if !reached {
            out.push_str("  reaches no product\n");
        }
    }
    out
}

fn said(status: &Status) -> String {
    match status {
        Status::Due => "due".to_owned(),
        Status::Dormant { wakes } => format!("dormant, wakes {wakes}"),
        Status::Met { by } => format!("met: {by}"),
        Status::Breached { by } => format!("breached: {by}"),
        Status::Undecided { missing } => format!("undecided: {missing} is not known"),
    }
}
