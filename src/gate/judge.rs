//! From what arrived at the products to findings.
//!
//! One cause gives one finding, and what follows from it is a note to it:
//!
//! 1. each component that is not known to be open, at its own place, once for each product it reaches;
//! 2. each term that a relation or a known fact breaks;
//! 3. terms and licences that the policy has an opinion on;
//! 4. models that are less open than the policy demands, where nothing of 1 says so already;
//! 5. declared files that are missing or changed, tables that cannot be read, texts that differ from what was clarified;
//! 6. exceptions: what they cover passes, and those that cover nothing are findings themselves.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};

use super::exempt::exempt;
use super::finding::Finding;
use super::grade::grade;
use super::words::{closing, counted, criteria, ordered, term as spoken};
use crate::graph::{Component, ComponentId, Graph, Licensing, NodeIndex};
use crate::license::{Catalogue, Reading};
use crate::obligation::crossing::{Subject, Value};
use crate::obligation::reach::{Anchor, Phase, Strength};
use crate::obligation::{Arrival, Crossings, Judged, ProductAnalysis, Route, Seen, Situation, Status, Witness};
use crate::policy::Policy;
use crate::source::{Mark, printable};
use crate::vocabulary::{Code, Kind, Level, Relation, Term, TermId, Word as _};

/// What the outside world says of components: found where files are read, before anything is judged.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The finding it leads to.
    pub code: Code,
    /// The component; absent where a whole manifest or the policy is meant.
    pub component: Option<ComponentId>,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What to do.
    pub help: String,
    /// Where it stands.
    pub mark: Option<Mark>,
}

/// What findings point at: where a component's licence and the dependency on it are written down.
pub trait Evidence {
    /// The places of a component and of the path to it, the deciding one first.
    fn marks(&self, graph: &Graph, component: &Component, path: Option<&Witness>) -> Vec<Mark>;

    /// The features of a component, of those it is built with, without which it would not need another one.
    fn switches(&self, graph: &Graph, upper: NodeIndex, lower: NodeIndex) -> Vec<String> {
        let _ = (graph, upper, lower);
        Vec::new()
    }
}

/// All that is judged.
pub struct Case<'a> {
    /// The graph.
    pub graph: &'a Graph,
    /// What arrived at each product.
    pub analyses: &'a [ProductAnalysis],
    /// The catalogue.
    pub catalogue: &'a Catalogue,
    /// The table by which terms travelled.
    pub crossings: &'a Crossings,
    /// The policy.
    pub policy: &'a Policy,
    /// Facts about the organisation, and the day.
    pub situation: &'a Situation,
    /// What was found where files were read.
    pub problems: &'a [Problem],
    /// What findings point at.
    pub evidence: &'a dyn Evidence,
}

/// Judges: all findings, sorted, with levels and exceptions applied.
pub fn judge(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let guesses = RefCell::default();
    for analysis in case.analyses {
        let product = ProductCase { case, analysis, guesses: &guesses };
        for seen in &analysis.seen {
            product.component(seen, &mut findings);
        }
        product.breaches(&mut findings);
        product.denied_terms(&mut findings);
        product.grades(&mut findings);
    }
    for problem in case.problems {
        problem_findings(case, problem, &mut findings);
    }
    findings.retain(|finding| finding.level > Level::Allow);
    exempt(&mut findings, case.policy, case.graph, case.situation.today);
    findings.retain(|finding| finding.level > Level::Allow || finding.excepted.is_some());
    findings.sort_by(|a, b| key(a).cmp(&key(b)));
    findings
}

/// Findings are sorted by weight, then by what they are about.
fn key(finding: &Finding) -> impl Ord + '_ {
    (
        std::cmp::Reverse(finding.level),
        finding.code,
        finding.component.as_ref(),
        finding.product.as_ref(),
        &finding.message,
    )
}

/// One product's part of a case.
struct ProductCase<'a> {
    case: &'a Case<'a>,
    analysis: &'a ProductAnalysis,
    /// The known licence that each unknown word resembles.
    guesses: &'a RefCell<HashMap<String, Option<&'a str>>>,
}

impl ProductCase<'_> {
    /// The known licence that an unknown word resembles: looked for once a word, and not for more words than anybody would
    /// correct.
    fn meant(&self, word: &str) -> Option<&str> {
        const MOST: usize = 200;
        let mut guesses = self.guesses.borrow_mut();
        if let Some(known) = guesses.get(word) {
            return *known;
        }
        let near = if guesses.len() < MOST { self.case.catalogue.nearest(word) } else { None };
        guesses.insert(word.to_owned(), near);
        near
    }

    fn id(&self) -> &ComponentId {
        &self.case.graph.component(self.analysis.node).id
    }

    /// A finding about a component that came by a path.
    fn finding(&self, code: Code, level: Level, node: NodeIndex, path: Witness, message: String) -> Finding {
        let component = self.case.graph.component(node);
        let mut finding = Finding::new(code, level, message);
        finding.product = Some(self.id().clone());
        finding.component = Some(component.id.clone());
        finding.contested = path.contested();
        finding.marks = self.case.evidence.marks(self.case.graph, component, Some(&path));
        self.say_overrides(&mut finding, &path);
        finding.path = Some(path);
        finding
    }

    /// Cells of the table that the policy overrode, on the path of a finding.
    fn say_overrides(&self, finding: &mut Finding, path: &Witness) {
        let mut said = BTreeSet::new();
        for step in &path.steps {
            let subjects = finding.terms.iter().map(|term| Subject::Term(term.id)).chain([Subject::NotOpen]);
            for subject in subjects {
                if let Some(change) = self.case.crossings.overridden(subject, step.relation)
                    && said.insert((change.subject, change.relation))
                {
                    let text = format!(
                        "the policy lets `{}` cross `{}` as `{}`: {}",
                        change.subject,
                        change.relation,
                        change.value,
                        printable(&change.reason)
                    );
                    finding.notes.push(("policy", text));
                }
            }
        }
    }

    /// Whether a component is known to be open, and licences the policy has an opinion on.
    fn component(&self, seen: &Seen, findings: &mut Vec<Finding>) {
        match &seen.judged {
            Judged::Open => {}
            Judged::Closed(terms) => {
                let closed = self.not_open(seen, terms);
                // What is unknown crosses more relations than what is known to be closed.
                let unknown = seen.presence.and_then(|route| self.unknown(seen, route, &seen.unread));
                let level = closed.as_ref().map(|finding| finding.level);
                findings.extend(closed);
                findings.extend(unknown.filter(|finding| Some(finding.level) > level));
            }
            // A clarification that no longer holds is the cause, and has a finding that weighs as much.
            Judged::Unknown(_) | Judged::Unlicensed if self.is_stale(seen) => {}
            Judged::Unknown(readings) => {
                findings.extend(seen.arrival.and_then(|route| self.unknown(seen, route, readings)));
            }
            Judged::Unlicensed => findings.extend(self.unlicensed(seen)),
        }
        findings.extend(self.unknown_exceptions(seen));
        findings.extend(self.denied_licenses(seen));
    }

    /// Whether a text of the component is another than was clarified, and that fails the gate.
    fn is_stale(&self, seen: &Seen) -> bool {
        let id = &self.case.graph.component(seen.node).id;
        self.case.policy.lint(Code::StaleClarification) == Level::Deny
            && self
                .case
                .problems
                .iter()
                .any(|problem| problem.code == Code::StaleClarification && problem.component.as_ref() == Some(id))
    }

    fn not_open(&self, seen: &Seen, terms: &[(std::sync::Arc<Reading>, Term)]) -> Option<Finding> {
        let route = seen.arrival?;
        let component = self.case.graph.component(seen.node);
        let path = self.analysis.path(route);
        let level = self.level(Code::NotOpenSource, route);
        let licenses = if terms.is_empty() {
            labels(seen.bindings.iter().map(|binding| binding.reading.as_ref()))
        } else {
            labels(terms.iter().map(|(reading, _)| reading.as_ref()))
        };
        let atoms: Vec<Term> = terms.iter().map(|(_, term)| term.clone()).collect();
        let message = format!("`{}` is not open source", component.id);
        let mut finding = self.finding(Code::NotOpenSource, level, seen.node, path, message);
        finding.license = Some(licenses.clone()).filter(|licenses| !licenses.is_empty());
        let ordered = ordered(&atoms);
        if let Some(first) = ordered.first() {
            let clause = terms
                .iter()
                .find(|(_, term)| term == *first)
                .map_or_else(String::new, |(reading, term)| clause_of(reading, term));
            finding.note("because", format!("{}{clause}", closing(first)));
        }
        let rest: Vec<String> = ordered.iter().skip(1).map(|term| closing(term)).collect();
        if !rest.is_empty() {
            finding.note("also", rest.join(", "));
        }
        let openness = if atoms.is_empty() {
            "a hosted service is not open unless the policy names who rules on it (`[open] service`)".to_owned()
        } else {
            format!("no authority of the policy calls `{licenses}` open, and it fails OSD {}", criteria(&atoms))
        };
        finding.note("openness", openness);
        self.pass_over(&mut finding, seen);
        finding.terms = atoms;
        self.ways_out(&mut finding, component);
        Some(finding)
    }

    fn unknown(&self, seen: &Seen, route: Route, readings: &[(std::sync::Arc<Reading>, bool)]) -> Option<Finding> {
        if readings.is_empty() {
            return None;
        }
        let component = self.case.graph.component(seen.node);
        let path = self.analysis.path(route);
        let ruled_open = readings.iter().all(|(_, ruled)| *ruled);
        let mut level = self.level(Code::UnknownTerms, route);
        if ruled_open {
            level = level.min(Level::Warn);
        }
        let undecided = readings.iter().filter(|(_, ruled)| *ruled == ruled_open);
        let undecided: Vec<&Reading> = undecided.map(|(reading, _)| reading.as_ref()).collect();
        let licenses = labels(undecided.iter().copied());
        let message = match &component.licensing {
            _ if ruled_open => {
                format!("`{}` is open, but nobody has read the clauses of `{licenses}` for us", component.id)
            }
            Licensing::FileOnly { file } => {
                format!(
                    "the licence of `{}` is a text that nobody has read for us: `{}`",
                    component.id,
                    printable(file)
                )
            }
            _ if undecided.iter().all(|reading| reading.catalogued) => {
                format!("nobody has ruled whether `{licenses}`, the licence of `{}`, is open", component.id)
            }
            _ => format!("nothing is known of `{licenses}`, the licence of `{}`", component.id),
        };
        let mut finding = self.finding(Code::UnknownTerms, level, seen.node, path, message);
        if let Licensing::Malformed(error) = &component.licensing {
            finding.note("note", error.to_string());
        }
        let near =
            undecided.iter().find_map(|reading| (!reading.catalogued).then(|| self.meant(&reading.id)).flatten());
        if let Some(near) = near.filter(|_| !ruled_open) {
            finding.help.push(format!("if `{near}` is meant, say so in a [[clarify]] of the policy"));
        }
        let is_named = matches!(component.licensing, Licensing::Expression(_) | Licensing::Malformed(_));
        if near.is_none() && is_named && undecided.iter().any(|reading| !reading.catalogued) {
            finding.help.push("if it is a known licence under another name, say so in a [[clarify]]".to_owned());
        }
        if matches!(component.licensing, Licensing::FileOnly { .. }) {
            finding.help.push("read the text, and say in a [[clarify]] of the policy which licence it is".to_owned());
        }
        // A text has no name by which components could share it.
        let named = !matches!(component.licensing, Licensing::FileOnly { .. });
        finding.license = named.then_some(licenses);
        finding.terms = vec![Term::bare(TermId::UnknownTerms)];
        self.pass_over(&mut finding, seen);
        if !ruled_open {
            self.ways_out(&mut finding, component);
        }
        Some(finding)
    }

    fn unlicensed(&self, seen: &Seen) -> Option<Finding> {
        let route = seen.arrival?;
        let component = self.case.graph.component(seen.node);
        let path = self.analysis.path(route);
        let message = format!("`{}` has no licence", component.id);
        let level = self.level(Code::Unlicensed, route);
        let mut finding = self.finding(Code::Unlicensed, level, seen.node, path, message);
        finding.note("note", "without a licence nobody but its owner may use or hand it on");
        finding.help.push("ask its owner for a licence; if one is given elsewhere, say so in a [[clarify]]".to_owned());
        self.ways_out(&mut finding, component);
        Some(finding)
    }

    fn unknown_exceptions(&self, seen: &Seen) -> Option<Finding> {
        let route = seen.presence?;
        let binding = seen.bindings.iter().find(|binding| binding.reading.unknown_exception.is_some())?;
        let word = binding.reading.unknown_exception.as_deref()?;
        let component = self.case.graph.component(seen.node);
        let level = self.level(Code::UnknownTerms, route).min(Level::Warn);
        let message =
            format!("`{}` is under an exception that nobody has read for us: `{}`", component.id, printable(word));
        let path = self.analysis.path(route);
        let mut finding = self.finding(Code::UnknownTerms, level, seen.node, path, message);
        finding.note("note", format!("`{}` is judged as if the exception were not there", binding.reading.id));
        finding.license = Some(printable(&binding.reading.label).into_owned());
        Some(finding)
    }

    fn denied_licenses(&self, seen: &Seen) -> Option<Finding> {
        let route = seen.presence?;
        let policy = self.case.policy;
        let component = self.case.graph.component(seen.node);
        let catalogue = self.case.catalogue;
        let binding = seen.bindings.iter().find(|binding| is_unwanted(policy, catalogue, &binding.reading))?;
        let why = if is_denied(policy, catalogue, &binding.reading) {
            "is among the denied licences of the policy"
        } else {
            "is not among the allowed licences of the policy"
        };
        let license = printable(&binding.reading.label).into_owned();
        let message = format!("`{license}`, the licence of `{}`, {why}", component.id);
        let level = self.level(Code::DeniedLicense, route);
        let path = self.analysis.path(route);
        let mut finding = self.finding(Code::DeniedLicense, level, seen.node, path, message);
        finding.license = Some(license);
        self.pass_over(&mut finding, seen);
        self.ways_out(&mut finding, component);
        Some(finding)
    }

    fn level(&self, code: Code, route: Route) -> Level {
        self.case.policy.lint(code).min(route.state.level())
    }

    fn pass_over(&self, finding: &mut Finding, seen: &Seen) {
        if !seen.passed_over.is_empty() {
            let branches: Vec<String> =
                seen.passed_over.iter().map(|branch| format!("`{}`", printable(branch))).collect();
            finding.note("passed over", branches.join(", "));
        }
    }

    /// Terms that a relation or a known fact breaks.
    fn breaches(&self, findings: &mut Vec<Finding>) {
        for arrival in &self.analysis.arrivals {
            if arrival.state.phase == Phase::Broken {
                let arrived = self.analysis.arrived(self.case.graph, arrival);
                let statuses = self.analysis.delivery.iter();
                let statuses = statuses.map(|delivery| arrived.status(*delivery, self.case.situation));
                // A term that holds only in a case that is not given is not broken.
                match statuses.max_by_key(Status::weight) {
                    Some(Status::Dormant { .. }) => {}
                    Some(Status::Undecided { missing }) => findings.push(self.broken(arrival, Some(&missing))),
                    _ => findings.push(self.broken(arrival, None)),
                }
                continue;
            }
            if arrival.state.strength <= Strength::Listed || arrival.state.phase == Phase::Once {
                continue;
            }
            let breach = self.analysis.delivery.iter().find_map(|delivery| {
                let arrived = self.analysis.arrived(self.case.graph, arrival);
                match arrived.status(*delivery, self.case.situation) {
                    Status::Breached { by } => Some(by),
                    _ => None,
                }
            });
            if let Some(by) = breach {
                findings.extend(self.breached_by_fact(arrival, &by));
            }
        }
    }

    fn breached_by_fact(&self, arrival: &Arrival, by: &str) -> Option<Finding> {
        let code = match arrival.term.id {
            TermId::ScaleLimit => Code::ScaleExceeded,
            TermId::TerritoryLimit => Code::TerritoryExcluded,
            TermId::ProhibitedFields => Code::ProhibitedField,
            // A credit or notice that is due by scale is owed, not broken.
            id if id.class() == crate::vocabulary::Class::Restriction => Code::TermBreached,
            _ => return None,
        };
        let component = self.case.graph.component(arrival.node);
        let path = self.analysis.witness(arrival);
        let license = printable(&arrival.reading.label).into_owned();
        let message = format!("`{}` may not be used here: its licence holds {}", component.id, spoken(&arrival.term));
        let level = self.case.policy.lint(code).min(arrival.state.level());
        let mut finding = self.finding(code, level, arrival.node, path, message);
        finding.note("because", format!("{by}{}", clause_of(&arrival.reading, &arrival.term)));
        finding.license = Some(license);
        finding.terms = vec![arrival.term.clone()];
        self.ways_out(&mut finding, component);
        Some(finding)
    }

    /// A relation that itself breaks the term.
    fn broken(&self, arrival: &Arrival, missing: Option<&str>) -> Finding {
        let graph = self.case.graph;
        let path = self.analysis.witness(arrival);
        let origin = graph.component(arrival.node);
        let (upper, relation) = breaking_step(&path);
        let upper_component = graph.component(upper);
        let undecided = missing.is_some() && arrival.term.id == TermId::NoOutputTraining;
        let (code, node, message) = if arrival.term.id == TermId::NoOutputTraining {
            let verb = if undecided { "may not have been allowed to be" } else { "was" };
            let tail = if undecided { "" } else { ", whose licence forbids that" };
            let message = format!("`{}` {verb} trained on outputs of `{}`{tail}", upper_component.id, origin.id);
            (Code::OutputTraining, upper, message)
        } else {
            let done = match relation {
                Relation::StaticLink => "linked into what is handed over",
                Relation::Embedded | Relation::Bundled => "handed over with the product",
                _ => "changed, and the result handed over",
            };
            let message = format!("`{}` is {done}, and its licence holds {}", origin.id, spoken(&arrival.term));
            (Code::TermBreached, arrival.node, message)
        };
        let mut level = self.case.policy.lint(code).min(arrival.state.level());
        if missing.is_some() {
            level = level.min(Level::Warn);
        }
        let mut finding = self.finding(code, level, node, path, message);
        let license = printable(&arrival.reading.label).into_owned();
        finding.note("because", format!("{}{}", spoken(&arrival.term), clause_of(&arrival.reading, &arrival.term)));
        if undecided {
            finding.note(
                "note",
                "whether the clause means this model cannot be told from the graph; `task` may decide it",
            );
        } else if let Some(missing) = missing {
            finding.note("undecided", missing);
        }
        if code == Code::OutputTraining
            && let Some(publisher) = upper_component.purl.as_deref().and_then(publisher)
        {
            finding.note("published by", printable(publisher).into_owned());
        }
        // The places of the origin belong to the evidence, too.
        for mark in self.case.evidence.marks(graph, origin, None) {
            if !finding.marks.contains(&mark) {
                finding.marks.push(mark);
            }
        }
        finding.license = Some(license);
        finding.terms = vec![arrival.term.clone()];
        if code == Code::OutputTraining {
            finding
                .help
                .push(format!("train `{}` on data whose licence allows it, or use another model", upper_component.id));
        }
        self.ways_out(&mut finding, graph.component(node));
        finding
    }

    /// Terms the policy has a level for: one finding a component and level.
    fn denied_terms(&self, findings: &mut Vec<Finding>) {
        for seen in &self.analysis.seen {
            let mut by_level: Vec<(Level, &Arrival)> = Vec::new();
            for arrival in self.analysis.arrivals_from(seen.node) {
                let carries = arrival.state.strength > Strength::Listed && arrival.state.anchor != Anchor::Elsewhere;
                let level = self.case.policy.term_level(arrival.term.id).filter(|_| carries);
                let level = level.unwrap_or(Level::Allow).min(arrival.state.level());
                let level = level.min(self.case.policy.lint(Code::DeniedTerm));
                if level > Level::Allow {
                    by_level.push((level, arrival));
                }
            }
            by_level.sort_by_key(|(level, _)| std::cmp::Reverse(*level));
            let Some((level, first)) = by_level.first().copied() else {
                continue;
            };
            let component = self.case.graph.component(seen.node);
            let mut terms: Vec<Term> = Vec::new();
            for (_, arrival) in &by_level {
                if !terms.iter().any(|term| term.id == arrival.term.id) {
                    terms.push(arrival.term.clone());
                }
            }
            let words: Vec<String> = terms.iter().map(|term| format!("`{}`", term.id.as_str())).collect();
            let verb = if level == Level::Deny { "denies" } else { "warns of" };
            let message = format!("`{}` brings {}, which the policy {verb}", component.id, words.join(", "));
            let path = self.analysis.witness(first);
            let mut finding = self.finding(Code::DeniedTerm, level, seen.node, path, message);
            finding.note("because", format!("{}{}", spoken(&first.term), clause_of(&first.reading, &first.term)));
            finding.license = Some(printable(&first.reading.label).into_owned());
            self.pass_over(&mut finding, seen);
            finding.terms = terms;
            self.ways_out(&mut finding, component);
            findings.push(finding);
        }
    }

    /// Models that are less open than the policy demands, where no other finding says so.
    fn grades(&self, findings: &mut Vec<Finding>) {
        let minimum = self.case.policy.minimum();
        let policy = self.case.policy;
        // What is not open, or unknown, has a finding of its own, if the policy wants one; so has what it was made from.
        let has_finding = |judged: &Judged| match judged {
            Judged::Open => false,
            Judged::Closed(_) => policy.lint(Code::NotOpenSource) > Level::Allow,
            Judged::Unknown(_) => policy.lint(Code::UnknownTerms) > Level::Allow,
            Judged::Unlicensed => policy.lint(Code::Unlicensed) > Level::Allow,
        };
        // A relation that only warns excuses nothing: what it leads to may be less than what is missing here.
        let made_of_found = self.made_of(has_finding);
        let made_of_closed = self.made_of(|judged| *judged != Judged::Open);
        for seen in &self.analysis.seen {
            let component = self.case.graph.component(seen.node);
            let is_model = matches!(component.kind, Kind::Model | Kind::Adapter | Kind::Service);
            let (true, Some(route)) = (is_model, seen.as_closed) else {
                continue;
            };
            if has_finding(&seen.judged) || made_of_found.contains(&seen.node) {
                continue;
            }
            let closed_below = made_of_closed.contains(&seen.node);
            let graded = grade(component, &seen.judged, closed_below, self.case.catalogue, policy);
            if graded.grade >= minimum {
                continue;
            }
            let message = format!("`{}` is {}, and the policy demands {minimum}", component.id, graded.grade);
            let path = self.analysis.path(route);
            let level = self.level(Code::InsufficientOpenness, route);
            let mut finding = self.finding(Code::InsufficientOpenness, level, seen.node, path, message);
            if !graded.missing.is_empty() {
                finding.note("missing", graded.missing.join(", "));
            }
            finding.help.push("declare what else of it is public in `[…model.parts]`, or use another model".to_owned());
            findings.push(finding);
        }
    }

    /// What was made, by whatever lineage that carries *not open*, from components so judged; a
    /// relation that only warns does not count.
    fn made_of(&self, judged: impl Fn(&Judged) -> bool) -> HashSet<NodeIndex> {
        let graph = self.case.graph;
        let profile = self.case.crossings.not_open();
        let number = graph.product_number(self.analysis.node);
        let below = self.analysis.seen.iter().filter(|seen| judged(&seen.judged));
        let mut open: Vec<NodeIndex> = below.map(|seen| seen.node).collect();
        let mut made = HashSet::new();
        while let Some(lower) = open.pop() {
            for (upper, edge) in graph.above(lower) {
                let value = self.case.crossings.value(profile, edge.relation, edge.how);
                let carries = edge.relation.is_lineage()
                    && !matches!(value, Value::Stop | Value::AskStop | Value::AskWarn)
                    && number.is_some_and(|number| edge.products.contains(number));
                if carries && made.insert(upper) {
                    open.push(upper);
                }
            }
        }
        made
    }

    /// Ways out that the graph itself shows.
    fn ways_out(&self, finding: &mut Finding, component: &Component) {
        let graph = self.case.graph;
        let Some(path) = &finding.path else { return };
        let mut help = Vec::new();
        let mut upper = path.product;
        for step in &path.steps {
            let number = graph.product_number(path.product);
            let edge = graph.between(upper, step.lower).find(|edge| {
                edge.relation == step.relation && number.is_some_and(|number| edge.products.contains(number))
            });
            let mut needs = edge.map(|edge| edge.needs.clone()).unwrap_or_default();
            needs.extend(self.case.evidence.switches(graph, upper, step.lower));
            if !needs.is_empty() {
                let features: Vec<String> = needs.iter().map(|feature| format!("`{}`", printable(feature))).collect();
                let what = if needs.len() == 1 { "feature" } else { "features" };
                help.push(format!("drop the {what} {} of `{}`", features.join(", "), graph.component(upper).id));
            }
            upper = step.lower;
        }
        let software = component.kind.domain() == crate::vocabulary::Domain::Software;
        let first = path.steps.first().map(|step| graph.component(step.lower));
        // What the policy denies is often open.
        let by_policy = matches!(finding.code, Code::DeniedTerm | Code::DeniedLicense);
        let license = if by_policy { "a licence that the policy accepts" } else { "an open licence" };
        match (software, first) {
            (true, Some(first)) if first.id != component.id => {
                help.push(format!("do without `{}`, which brings it, or use one under {license}", first.id));
            }
            (true, _) => help.push(format!("do without `{}`, or use one under {license}", component.id)),
            (false, _) if finding.code != Code::OutputTraining => {
                let thing = match component.kind {
                    Kind::Dataset => "a dataset",
                    Kind::Service => "a model that is open, and can be run by oneself,",
                    Kind::Tokenizer => "a tokenizer",
                    Kind::Asset => "an asset",
                    _ => "a model",
                };
                help.push(format!("use {thing} under {license} instead"));
            }
            _ => {}
        }
        finding.help.extend(help);
    }
}

/// The component above the relation that breaks a term, and that relation: the lowest that is a breach, or, where the
/// term came through outputs, the `trained-on` above them.
fn breaking_step(path: &Witness) -> (NodeIndex, Relation) {
    let mut upper = path.product;
    let mut found = (path.product, Relation::StaticLink);
    for step in &path.steps {
        let breaks = matches!(step.value, Value::Breach | Value::BreachIfDelivered | Value::BreachAfterOutput);
        if breaks {
            found = (upper, step.relation);
        }
        upper = step.lower;
    }
    found
}

/// `, clause 2 of LicenseRef-Llama-2`.
fn clause_of(reading: &Reading, term: &Term) -> String {
    let label = printable(&reading.label);
    if term.clause.is_empty() {
        return format!(", in {label}");
    }
    let clause = printable(&term.clause);
    let numbered = clause.starts_with(|first: char| first.is_ascii_digit());
    let what = if numbered { "clause " } else { "" };
    format!(", {what}{clause} of {label}")
}

/// Who published an artefact, by its package URL: `pkg:huggingface/OWNER/name`.
fn publisher(purl: &str) -> Option<&str> {
    let mut parts = purl.split('/');
    parts.next()?;
    let owner = parts.next()?;
    parts.next().map(|_| owner)
}

/// Licences as they are shown, each once.
fn labels<'a>(readings: impl IntoIterator<Item = &'a Reading>) -> String {
    let mut labels: Vec<String> = Vec::new();
    for reading in readings {
        let label = printable(&reading.label).into_owned();
        if !labels.contains(&label) {
            labels.push(label);
        }
    }
    labels.join("`, `")
}

/// Whether a word of `[licenses]` names the licence, with or without its exception.
fn names(catalogue: &Catalogue, word: &str, reading: &Reading) -> bool {
    if word == reading.label || word == reading.id {
        return true;
    }
    let (id, exception) = match word.split_once(" WITH ") {
        Some((id, exception)) => (id, Some(exception.to_owned())),
        None => (word, None),
    };
    let read = catalogue.read(&crate::license::LicenseUse { id: id.to_owned(), exception: exception.clone() });
    if exception.is_some() { read.label == reading.label } else { read.id == reading.id }
}

/// Whether `[licenses]` denies a licence, or allows others only.
pub fn is_unwanted(policy: &Policy, catalogue: &Catalogue, reading: &Reading) -> bool {
    let allowed = policy.allowed().len() == 0 || policy.allowed().any(|word| names(catalogue, word, reading));
    !allowed || is_denied(policy, catalogue, reading)
}

fn is_denied(policy: &Policy, catalogue: &Catalogue, reading: &Reading) -> bool {
    policy.denied().any(|word| names(catalogue, word, reading))
}

/// What was found where files were read: once for each product that has the component, or once for all.
fn problem_findings(case: &Case<'_>, problem: &Problem, findings: &mut Vec<Finding>) {
    let make = |level: Level| {
        let mut finding = Finding::new(problem.code, level, problem.message.clone());
        finding.component.clone_from(&problem.component);
        finding.help.push(problem.help.clone());
        finding.marks.extend(problem.mark.clone());
        finding
    };
    let lint = case.policy.lint(problem.code);
    let node = problem.component.as_ref().and_then(|id| case.graph.find(id));
    let Some(node) = node else {
        findings.push(make(lint));
        return;
    };
    for analysis in case.analyses {
        let Some(seen) = analysis.seen_at(node) else { continue };
        let level = seen.presence.map_or(lint.min(Level::Warn), |route| lint.min(route.state.level()));
        let mut finding = make(level);
        finding.product = Some(case.graph.component(analysis.node).id.clone());
        finding.path = seen.presence.map(|route| analysis.path(route));
        findings.push(finding);
    }
}

/// `2 not open source, 1 unknown`: what stands in the way, by kind.
pub fn summed_up(findings: &[&Finding]) -> String {
    let mut parts = Vec::new();
    let mut rest = findings.len();
    for (code, words) in [
        (Code::NotOpenSource, "not open source"),
        (Code::UnknownTerms, "unknown"),
        (Code::Unlicensed, "unlicensed"),
        (Code::OutputTraining, "trained on outputs"),
    ] {
        let number = findings.iter().filter(|finding| finding.code == code).count();
        if number > 0 {
            parts.push(format!("{number} {words}"));
            rest -= number;
        }
    }
    if rest > 0 {
        parts.push(if parts.is_empty() { counted(rest, "finding") } else { counted(rest, "other finding") });
    }
    parts.join(", ")
}
