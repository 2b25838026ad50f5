//! Relations between components, as edges of the graph.

use crate::source::Mark;
use crate::vocabulary::{How, Relation};

/// The products for which a relation holds, by their place in [`Graph::products`](super::Graph::products).
///
/// Features differ between the products of a workspace: a path to one product must not use a relation of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductSet {
    /// Every product of the graph.
    All,
    /// These, as bits.
    Some(Vec<u64>),
}

impl ProductSet {
    /// The set of these products.
    pub fn of(products: impl IntoIterator<Item = usize>) -> Self {
        let mut words = Vec::new();
        for product in products {
            let word = product / 64;
            if words.len() <= word {
                words.resize(word + 1, 0);
            }
            if let Some(bits) = words.get_mut(word) {
                *bits |= 1_u64 << (product % 64);
            }
        }
        Self::Some(words)
    }

    /// Whether the relation holds for the product.
    pub fn contains(&self, product: usize) -> bool {
        match self {
            Self::All => true,
            Self::Some(words) => words.get(product / 64).is_some_and(|bits| bits >> (product % 64) & 1 == 1),
        }
    }

    /// Takes in the products of another set.
    pub fn extend(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::All, _) => {}
            (_, Self::All) => *self = Self::All,
            (Self::Some(words), Self::Some(others)) => {
                if words.len() < others.len() {
                    words.resize(others.len(), 0);
                }
                for (word, other) in words.iter_mut().zip(others) {
                    *word |= other;
                }
            }
        }
    }
}

/// How the upper component uses the lower one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edge {
    /// The relation.
    pub relation: Relation,
    /// What was done, where the lower artefact was changed.
    pub how: Option<How>,
    /// For which products it holds.
    pub products: ProductSet,
    /// Where it is written down.
    pub mark: Option<Mark>,
    /// The features of the upper component without which it does not hold.
    pub needs: Vec<String>,
}
