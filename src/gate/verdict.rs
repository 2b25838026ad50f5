//! The verdict: all findings, and what each product comes to.

use std::collections::HashSet;

use super::finding::Finding;
use crate::graph::{ComponentId, Graph};
use crate::obligation::{ProductAnalysis, Situation};
use crate::policy::Loosened;
use crate::vocabulary::{Delivery, Kind, Level};

/// All that a report is made of.
#[derive(Debug)]
pub struct Verdict {
    /// The graph that was judged.
    pub graph: Graph,
    /// What arrived at each product.
    pub analyses: Vec<ProductAnalysis>,
    /// Facts about the organisation, and the day.
    pub situation: Situation,
    /// All findings, sorted, those that an exception lets pass among them.
    pub findings: Vec<Finding>,
    /// Lints that the policy made milder.
    pub loosened: Vec<Loosened>,
    /// What is worth knowing and is no finding.
    pub remarks: Vec<String>,
}

/// What one product comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductVerdict {
    /// The product.
    pub name: ComponentId,
    /// How it is delivered.
    pub delivery: Vec<Delivery>,
    /// Components below it, of all kinds.
    pub components: usize,
    /// Software components among them.
    pub software: usize,
    /// Models, adapters and services among them.
    pub models: usize,
    /// Datasets and other artefacts among them.
    pub data: usize,
    /// Whether nothing stands in its way.
    pub passed: bool,
}

impl Verdict {
    /// Whether nothing fails the gate.
    pub fn passed(&self) -> bool {
        !self.findings.iter().any(|finding| finding.level == Level::Deny)
    }

    /// Each product's part, in the order of their names.
    pub fn products(&self) -> impl Iterator<Item = ProductVerdict> + '_ {
        let denied = self.findings.iter().filter(|finding| finding.level == Level::Deny);
        let blocked: HashSet<Option<&ComponentId>> = denied.map(|finding| finding.product.as_ref()).collect();
        self.analyses.iter().map(move |analysis| {
            let name = self.graph.component(analysis.node).id.clone();
            let kinds = || analysis.seen.iter().map(|seen| self.graph.component(seen.node).kind);
            // What concerns the workspace or its policy stands in the way of every product.
            let passed = !blocked.contains(&None) && !blocked.contains(&Some(&name));
            ProductVerdict {
                delivery: analysis.delivery.clone(),
                components: analysis.seen.len(),
                software: kinds().filter(|kind| kind.domain() == crate::vocabulary::Domain::Software).count(),
                models: kinds().filter(|kind| matches!(kind, Kind::Model | Kind::Adapter | Kind::Service)).count(),
                data: kinds().filter(|kind| kind.domain() == crate::vocabulary::Domain::Data).count(),
                passed,
                name,
            }
        })
    }

    /// The findings that concern a product: its own, and those of the workspace and its policy.
    pub fn of_product<'a>(&'a self, product: &'a ComponentId) -> impl Iterator<Item = &'a Finding> {
        self.findings.iter().filter(move |finding| finding.product.as_ref().is_none_or(|id| id == product))
    }
}
