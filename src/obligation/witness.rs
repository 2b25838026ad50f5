//! Witnesses: the path by which a term came, relation by relation.

use std::fmt;

use super::crossing::Value;
use super::reach::Reach;
use crate::graph::{Graph, NodeIndex};
use crate::vocabulary::Relation;

/// One relation on a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The relation.
    pub relation: Relation,
    /// How the term crosses it.
    pub value: Value,
    /// The component below it.
    pub lower: NodeIndex,
}

/// A path from a product down to the component whose licence holds the term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// The product.
    pub product: NodeIndex,
    /// The relations, from the product down.
    pub steps: Vec<Step>,
}

impl Witness {
    /// Reads the path of a visit back from its parents.
    pub fn of(reach: &Reach, visit: u32) -> Self {
        let mut steps = Vec::new();
        let mut product = NodeIndex::default();
        let mut current = reach.get(visit);
        while let Some(visit) = current {
            product = visit.node;
            if let Some((relation, value)) = visit.step {
                steps.push(Step { relation, value, lower: visit.node });
            }
            current = visit.parent.and_then(|parent| reach.get(parent));
        }
        steps.reverse();
        Self { product, steps }
    }

    /// The components of the path, from the product down.
    pub fn nodes(&self) -> impl Iterator<Item = NodeIndex> + '_ {
        std::iter::once(self.product).chain(self.steps.iter().map(|step| step.lower))
    }

    /// Whether a relation on it is unsettled in law.
    pub fn contested(&self) -> bool {
        self.steps.iter().any(|step| step.value.contested())
    }

    /// The path as a person reads it: `assistant -embedded-> support-chat -adapter-of-> llama-2-7b-chat`.
    pub fn shown<'a>(&'a self, graph: &'a Graph) -> Shown<'a> {
        Shown { witness: self, graph }
    }
}

/// A [`Witness`] to be written out.
#[derive(Debug)]
pub struct Shown<'a> {
    witness: &'a Witness,
    graph: &'a Graph,
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.graph.component(self.witness.product).id)?;
        for step in &self.witness.steps {
            write!(f, " -{}-> {}", step.relation, self.graph.component(step.lower).id)?;
        }
        Ok(())
    }
}
