//! The component tree: what each product is made of, by which relation, under which licence, and what that brings.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::gate::Verdict;
use crate::graph::{Edge, Graph, NodeIndex};
use crate::obligation::{Judged, ProductAnalysis};
use crate::source::printable;
use crate::vocabulary::{Class, Relation};

/// What of the tree is shown.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Only these relations; empty: all.
    pub relations: Vec<Relation>,
    /// From these components up to the products, instead of from the products down.
    pub inverted: Vec<NodeIndex>,
}

/// Writes the tree.
pub fn write(verdict: &Verdict, options: &Options) -> String {
    let mut out = String::new();
    for (number, analysis) in verdict.analyses.iter().enumerate() {
        let tree = Tree { graph: &verdict.graph, analysis, number, options };
        if options.inverted.is_empty() {
            tree.root(analysis.node, false, &mut out);
        } else {
            for node in &options.inverted {
                if analysis.seen_of(*node).is_some() {
                    tree.root(*node, true, &mut out);
                }
            }
        }
    }
    out
}

struct Tree<'a> {
    graph: &'a Graph,
    analysis: &'a ProductAnalysis,
    number: usize,
    options: &'a Options,
}

/// A branch that is still to be drawn.
struct Branch {
    node: NodeIndex,
    relation: Option<Relation>,
    /// For each level above, whether more follows there.
    more: Vec<bool>,
}

impl Tree<'_> {
    /// Draws depth first with a stack of its own: graphs may be deeper than the call stack.
    fn root(&self, node: NodeIndex, up: bool, out: &mut String) {
        let mut drawn = BTreeSet::new();
        let mut stack = vec![Branch { node, relation: None, more: Vec::new() }];
        while let Some(branch) = stack.pop() {
            let repeated = !drawn.insert(branch.node);
            let next = self.neighbours(branch.node, up);
            self.line(&branch, repeated && !next.is_empty(), out);
            if repeated {
                continue;
            }
            let last = next.len().saturating_sub(1);
            for (place, (node, relation)) in next.into_iter().enumerate().rev() {
                let mut more = branch.more.clone();
                more.push(place < last);
                stack.push(Branch { node, relation: Some(relation), more });
            }
        }
        out.push('\n');
    }

    fn neighbours(&self, node: NodeIndex, up: bool) -> Vec<(NodeIndex, Relation)> {
        let wanted = |edge: &Edge| {
            edge.products.contains(self.number)
                && (self.options.relations.is_empty() || self.options.relations.contains(&edge.relation))
        };
        let mut next: Vec<(NodeIndex, Relation)> = if up {
            let reached = |node: NodeIndex| node == self.analysis.node || self.analysis.seen_of(node).is_some();
            let above = self.graph.above(node).filter(|(upper, edge)| wanted(edge) && reached(*upper));
            above.map(|(upper, edge)| (upper, edge.relation)).collect()
        } else {
            self.graph
                .below(node)
                .filter(|(_, edge)| wanted(edge))
                .map(|(lower, edge)| (lower, edge.relation))
                .collect()
        };
        next.sort();
        next.dedup();
        next
    }

    fn line(&self, branch: &Branch, repeated: bool, out: &mut String) {
        let (last, above) = match branch.more.split_last() {
            Some((last, above)) => (Some(*last), above),
            None => (None, &[][..]),
        };
        for more in above {
            out.push_str(if *more { "│   " } else { "    " });
        }
        match last {
            Some(true) => out.push_str("├── "),
            Some(false) => out.push_str("└── "),
            None => {}
        }
        if let Some(relation) = branch.relation {
            let _ = write!(out, "[{relation}] ");
        }
        let component = self.graph.component(branch.node);
        let _ = write!(out, "{}", component.id);
        if let Some(seen) = self.analysis.seen_of(branch.node) {
            let labels: Vec<String> =
                seen.bindings.iter().map(|binding| printable(&binding.reading.label).into_owned()).collect();
            let license = if labels.is_empty() { "no licence".to_owned() } else { labels.join(" AND ") };
            let judged = match seen.judged {
                Judged::Open => "",
                Judged::Closed(_) => ", not open",
                Judged::Unknown(_) => ", unknown",
                Judged::Unlicensed => ", unlicensed",
            };
            let _ = write!(out, " ({license}{judged})");
            let brings = self.brings(branch.node);
            if !brings.is_empty() {
                let _ = write!(out, " brings {}", brings.join(", "));
            }
        } else if let Some(license) = component.licensing.text() {
            let _ = write!(out, " ({})", printable(&license));
        }
        out.push_str(if repeated { " (*)\n" } else { "\n" });
    }

    /// What a component brings beyond notices, which nearly all do.
    fn brings(&self, node: NodeIndex) -> Vec<String> {
        let mut terms: Vec<String> = Vec::new();
        for arrival in self.analysis.arrivals_of(node) {
            let class = arrival.term.id.class();
            let word = arrival.term.id.to_string();
            if matches!(class, Class::Source | Class::Restriction | Class::Attribution) && !terms.contains(&word) {
                terms.push(word);
            }
        }
        terms
    }
}
