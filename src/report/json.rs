//! The report for programs: one JSON document (`covenant-report`, version 1).
//!
//! Fields may be added in later versions; none is renamed or removed.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::gate::{Finding, Verdict};
use crate::graph::Graph;
use crate::obligation::{Arrival, Binds, ProductAnalysis, Status, Witness};
use crate::source::Place;
use crate::vocabulary::{Code, Delivery, Level, Relation, Term, TermId};

#[derive(Serialize)]
struct Report<'a> {
    format: &'static str,
    version: u32,
    verdict: &'static str,
    today: String,
    products: Vec<Product<'a>>,
    findings: Vec<FindingRow<'a>>,
    loosened: Vec<String>,
    remarks: &'a [String],
}

#[derive(Serialize)]
struct Product<'a> {
    name: String,
    verdict: &'static str,
    delivery: &'a [Delivery],
    components: usize,
    software: usize,
    models: usize,
    data: usize,
    choices: Vec<Choice<'a>>,
    obligations: Vec<Obligation<'a>>,
}

#[derive(Serialize)]
struct Choice<'a> {
    component: &'a str,
    chosen: Vec<&'a str>,
    passed_over: &'a [String],
}

/// One obligation: a term that arrives at a product, and what it comes to in each delivery context.
#[derive(Serialize)]
struct Obligation<'a> {
    term: TermId,
    component: &'a str,
    license: &'a str,
    clause: &'a str,
    relation: Option<Relation>,
    binds: Binds,
    path: Vec<&'a str>,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    wakes: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<String>,
    contexts: BTreeMap<Delivery, &'static str>,
    contested: bool,
    /// The parameters of the term, without what stands beside them already.
    parameters: serde_json::Map<String, serde_json::Value>,
}

#[derive(Serialize)]
struct FindingRow<'a> {
    code: Code,
    level: Level,
    product: Option<&'a str>,
    component: Option<&'a str>,
    license: Option<&'a str>,
    terms: Vec<TermId>,
    path: Vec<&'a str>,
    relations: Vec<Relation>,
    contested: bool,
    message: &'a str,
    notes: Vec<Note<'a>>,
    help: &'a [String],
    places: Vec<Place>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exception: Option<ExceptionRow<'a>>,
}

#[derive(Serialize)]
struct Note<'a> {
    name: &'a str,
    text: &'a str,
}

#[derive(Serialize)]
struct ExceptionRow<'a> {
    reason: &'a str,
    expires: String,
    approved_by: Option<&'a str>,
}

/// Writes the report.
pub fn write(verdict: &Verdict) -> String {
    let graph = &verdict.graph;
    let products = verdict.products().zip(&verdict.analyses).map(|(product, analysis)| Product {
        name: product.name.as_str().to_owned(),
        verdict: word(product.passed),
        delivery: &analysis.delivery,
        components: product.components,
        software: product.software,
        models: product.models,
        data: product.data,
        choices: choices(graph, analysis),
        obligations: analysis.arrivals.iter().map(|arrival| obligation(verdict, analysis, arrival)).collect(),
    });
    let report = Report {
        format: "covenant-report",
        version: 1,
        verdict: word(verdict.passed()),
        today: verdict.situation.today.to_string(),
        products: products.collect(),
        findings: verdict.findings.iter().map(|finding| finding_row(graph, finding)).collect(),
        loosened: verdict.loosened.iter().map(crate::policy::Loosened::sentence).collect(),
        remarks: &verdict.remarks,
    };
    crate::source::json(&report)
}

fn word(passed: bool) -> &'static str {
    if passed { "passed" } else { "failed" }
}

fn choices<'a>(graph: &'a Graph, analysis: &'a ProductAnalysis) -> Vec<Choice<'a>> {
    let made = analysis.seen.iter().filter(|seen| !seen.passed_over.is_empty());
    made.map(|seen| Choice {
        component: graph.component(seen.node).id.as_str(),
        chosen: seen.bindings.iter().map(|binding| binding.reading.label.as_str()).collect(),
        passed_over: &seen.passed_over,
    })
    .collect()
}

fn path<'a>(graph: &'a Graph, witness: &Witness) -> Vec<&'a str> {
    witness.nodes().map(|node| graph.component(node).id.as_str()).collect()
}

fn obligation<'a>(verdict: &'a Verdict, analysis: &'a ProductAnalysis, arrival: &'a Arrival) -> Obligation<'a> {
    let graph = &verdict.graph;
    let witness = analysis.witness(arrival);
    let arrived = analysis.arrived(graph, arrival);
    let statuses: Vec<(Delivery, Status)> =
        analysis.delivery.iter().map(|delivery| (*delivery, arrived.status(*delivery, &verdict.situation))).collect();
    // The status that asks most of whoever releases stands for all contexts.
    let worst = statuses.iter().map(|(_, status)| status).max_by_key(|status| status.weight());
    let (wakes, because) = match worst {
        Some(Status::Dormant { wakes }) => (Some(wakes.clone()), None),
        Some(Status::Met { by } | Status::Breached { by }) => (None, Some(by.clone())),
        Some(Status::Undecided { missing }) => (None, Some(missing.clone())),
        Some(Status::Due) | None => (None, None),
    };
    Obligation {
        term: arrival.term.id,
        component: graph.component(arrival.node).id.as_str(),
        license: &arrival.reading.label,
        clause: &arrival.term.clause,
        relation: witness.steps.first().map(|step| step.relation),
        binds: arrived.binds(),
        path: path(graph, &witness),
        status: worst.map_or("due", Status::word),
        wakes,
        because,
        contexts: statuses.iter().map(|(delivery, status)| (*delivery, status.word())).collect(),
        contested: witness.contested(),
        parameters: parameters(&arrival.term),
    }
}

fn parameters(term: &Term) -> serde_json::Map<String, serde_json::Value> {
    let mut map = match serde_json::to_value(term) {
        Ok(serde_json::Value::Object(map)) => map,
        _ => serde_json::Map::new(),
    };
    map.remove("id");
    map.remove("clause");
    map
}

fn finding_row<'a>(graph: &'a Graph, finding: &'a Finding) -> FindingRow<'a> {
    FindingRow {
        code: finding.code,
        level: finding.level,
        product: finding.product.as_ref().map(crate::graph::ComponentId::as_str),
        component: finding.component.as_ref().map(crate::graph::ComponentId::as_str),
        license: finding.license.as_deref(),
        terms: finding.terms.iter().map(|term| term.id).collect(),
        path: finding.path.as_ref().map(|witness| path(graph, witness)).unwrap_or_default(),
        relations: finding
            .path
            .as_ref()
            .map(|witness| witness.steps.iter().map(|step| step.relation).collect())
            .unwrap_or_default(),
        contested: finding.contested,
        message: &finding.message,
        notes: finding.notes.iter().map(|(name, text)| Note { name, text }).collect(),
        help: &finding.help,
        places: finding.marks.iter().map(crate::source::Mark::place).collect(),
        exception: finding.excepted.as_ref().map(|exception| ExceptionRow {
            reason: &exception.reason,
            expires: exception.expires.to_string(),
            approved_by: exception.approved_by.as_deref(),
        }),
    }
}
