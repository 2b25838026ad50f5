//! The graph itself, and the builder that sorts it.

use std::collections::{BTreeMap, HashMap};

use petgraph::Direction;
use petgraph::graph::DiGraph;
pub use petgraph::graph::NodeIndex;
use petgraph::visit::EdgeRef as _;

use super::component::{Component, ComponentId};
use super::edge::{Edge, ProductSet};
use crate::vocabulary::{How, Kind, Relation};

/// Components and relations, sorted.
///
/// Node indices ascend with component ids, and [`below`](Self::below) yields relations in the order of their lower ends.
#[derive(Debug, Clone)]
pub struct Graph {
    inner: DiGraph<Component, Edge>,
    index: HashMap<ComponentId, NodeIndex>,
    products: Vec<NodeIndex>,
}

impl Graph {
    /// Starts an empty graph.
    pub fn builder() -> GraphBuilder {
        GraphBuilder::default()
    }

    /// The products, in the order of their ids.
    pub fn products(&self) -> &[NodeIndex] {
        &self.products
    }

    /// Which product a node is, if it is one.
    pub fn product_number(&self, node: NodeIndex) -> Option<usize> {
        self.products.binary_search(&node).ok()
    }

    /// All nodes, in the order of their ids.
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = NodeIndex> + use<> {
        self.inner.node_indices()
    }

    /// How many components there are, products included.
    pub fn len(&self) -> usize {
        self.inner.node_count()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.inner.node_count() == 0
    }

    /// The component at a node of this graph.
    pub fn component(&self, node: NodeIndex) -> &Component {
        &self.inner[node]
    }

    /// The node with this id.
    pub fn find(&self, id: &ComponentId) -> Option<NodeIndex> {
        self.index.get(id).copied()
    }

    /// The relations below a node: lower node and edge, in the order of the lower ids, then of the relations.
    pub fn below(&self, node: NodeIndex) -> impl Iterator<Item = (NodeIndex, &Edge)> {
        // petgraph yields edges in reverse order of insertion; the builder inserts them in reverse order.
        self.inner.edges(node).map(|edge| (edge.target(), edge.weight()))
    }

    /// The relations above a node: upper node and edge, in the order of the upper ids.
    pub fn above(&self, node: NodeIndex) -> impl Iterator<Item = (NodeIndex, &Edge)> {
        self.inner.edges_directed(node, Direction::Incoming).map(|edge| (edge.source(), edge.weight()))
    }

    /// The relations between two nodes.
    pub fn between(&self, upper: NodeIndex, lower: NodeIndex) -> impl Iterator<Item = &Edge> {
        // The builder inserts edges in descending order of their ends.
        let edges = self.inner.raw_edges();
        let start = edges.partition_point(|edge| (edge.source(), edge.target()) > (upper, lower));
        let from = edges.get(start..).unwrap_or_default().iter();
        from.take_while(move |edge| (edge.source(), edge.target()) == (upper, lower)).map(|edge| &edge.weight)
    }

    /// All relations, sorted by upper id, lower id and relation.
    pub fn relations(&self) -> impl Iterator<Item = (NodeIndex, NodeIndex, &Edge)> {
        self.nodes().flat_map(move |upper| self.below(upper).map(move |(lower, edge)| (upper, lower, edge)))
    }
}

/// Why components and relations do not make a graph.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// Two components have one id.
    #[error("two components have the id `{0}`")]
    Duplicate(ComponentId),
    /// A relation names a component that is not there.
    #[error("there is no component `{id}`{}", nearest.as_ref().map(|id| format!(": did you mean `{id}`?")).unwrap_or_default())]
    Nowhere {
        /// The id that is not there.
        id: ComponentId,
        /// The id it resembles.
        nearest: Option<ComponentId>,
    },
    /// A relation holds for something that is no product.
    #[error("`{0}` is not a product")]
    NotAProduct(ComponentId),
    /// There is nothing to judge.
    #[error("there is no product, so there is nothing to judge")]
    NoProduct,
}

/// A relation that was added: its ends by the number of the component, its products by id.
#[derive(Debug, Clone)]
struct Pending {
    upper: usize,
    lower: usize,
    relation: Relation,
    how: Option<How>,
    products: Option<Vec<ComponentId>>,
    mark: Option<crate::source::Mark>,
    needs: Vec<String>,
}

/// Collects components and relations in any order.
#[derive(Debug, Default)]
pub struct GraphBuilder {
    components: Vec<Component>,
    numbers: HashMap<ComponentId, usize>,
    pending: Vec<Pending>,
    /// How many ids were not there. Looking for what was meant costs a walk over all ids, so that is done a few times only.
    lost: std::cell::Cell<usize>,
}

/// How often the id that was meant is looked for.
const GUESSES: usize = 20;

impl GraphBuilder {
    /// Adds a component.
    ///
    /// # Errors
    ///
    /// [`BuildError::Duplicate`] where the id is taken.
    pub fn component(&mut self, component: Component) -> Result<(), BuildError> {
        if self.numbers.contains_key(&component.id) {
            return Err(BuildError::Duplicate(component.id));
        }
        self.numbers.insert(component.id.clone(), self.components.len());
        self.components.push(component);
        Ok(())
    }

    /// The component with this id, if it was added.
    pub fn get_mut(&mut self, id: &ComponentId) -> Option<&mut Component> {
        self.numbers.get(id).and_then(|number| self.components.get_mut(*number))
    }

    /// Adds a relation between components that were added. `products` names those for which it holds; absent: all.
    ///
    /// # Errors
    ///
    /// [`BuildError::Nowhere`] where an end, or [`BuildError::NotAProduct`] where one of the products, is not there.
    pub fn relation(
        &mut self,
        upper: &ComponentId,
        lower: &ComponentId,
        (relation, how): (Relation, Option<How>),
        products: Option<Vec<ComponentId>>,
        mark: Option<crate::source::Mark>,
    ) -> Result<(), BuildError> {
        let number = |id: &ComponentId| {
            self.numbers.get(id).copied().ok_or_else(|| BuildError::Nowhere { id: id.clone(), nearest: self.meant(id) })
        };
        let (upper, lower) = (number(upper)?, number(lower)?);
        for product in products.iter().flatten() {
            let component = self.components.get(number(product)?);
            if component.is_none_or(|component| component.kind != Kind::Product) {
                return Err(BuildError::NotAProduct(product.clone()));
            }
        }
        self.pending.push(Pending { upper, lower, relation, how, products, mark, needs: Vec::new() });
        Ok(())
    }

    /// The id that an unknown one resembles, for the first few of them.
    fn meant(&self, id: &ComponentId) -> Option<ComponentId> {
        let lost = self.lost.get() + 1;
        self.lost.set(lost);
        if lost > GUESSES {
            return None;
        }
        let like = |known: &&str| known.len() <= 2 * id.as_str().len();
        let known: std::collections::BTreeSet<&str> =
            self.numbers.keys().map(ComponentId::as_str).filter(like).collect();
        crate::vocabulary::nearest(id.as_str(), known).map(ComponentId::new)
    }

    /// Says of the relation added last which features of the upper component it needs.
    pub fn needs(&mut self, features: Vec<String>) {
        if let Some(last) = self.pending.last_mut() {
            last.needs = features;
        }
    }

    /// Sorts everything. Relations with the same ends, relation and `how` become one, for the products of all.
    ///
    /// # Errors
    ///
    /// [`BuildError::NoProduct`] where nothing could be judged.
    pub fn finish(self) -> Result<Graph, BuildError> {
        let mut order: Vec<usize> = (0..self.components.len()).collect();
        let id = |number: &usize| self.components.get(*number).map(|component| &component.id);
        order.sort_by(|a, b| id(a).cmp(&id(b)));
        let mut rank = vec![0_u32; order.len()];
        for (place, number) in order.iter().enumerate() {
            if let (Some(slot), Ok(place)) = (rank.get_mut(*number), u32::try_from(place)) {
                *slot = place;
            }
        }
        let rank_of = |number: usize| rank.get(number).copied().unwrap_or_default();

        let mut sorted: Vec<Option<Component>> = self.components.into_iter().map(Some).collect();
        let mut inner = DiGraph::with_capacity(sorted.len(), self.pending.len());
        let mut index = HashMap::with_capacity(sorted.len());
        let mut products = Vec::new();
        for number in order {
            let Some(component) = sorted.get_mut(number).and_then(Option::take) else {
                continue;
            };
            let (id, kind) = (component.id.clone(), component.kind);
            let node = inner.add_node(component);
            index.insert(id, node);
            if kind == Kind::Product {
                products.push(node);
            }
        }
        if products.is_empty() {
            return Err(BuildError::NoProduct);
        }

        // Lineage comes first among relations between the same two: it says more about how the one came to need the other.
        let mut edges: BTreeMap<(u32, u32, bool, Relation, Option<How>), Edge> = BTreeMap::new();
        for pending in self.pending {
            let set = match &pending.products {
                None => ProductSet::All,
                Some(ids) => ProductSet::of(
                    ids.iter().filter_map(|id| index.get(id).and_then(|node| products.binary_search(node).ok())),
                ),
            };
            let side = !pending.relation.is_lineage();
            let key = (rank_of(pending.upper), rank_of(pending.lower), side, pending.relation, pending.how);
            match edges.entry(key) {
                std::collections::btree_map::Entry::Vacant(entry) => {
                    entry.insert(Edge {
                        relation: pending.relation,
                        how: pending.how,
                        products: set,
                        mark: pending.mark,
                        needs: pending.needs,
                    });
                }
                std::collections::btree_map::Entry::Occupied(mut entry) => {
                    entry.get_mut().products.extend(&set);
                    if entry.get().mark.is_none() {
                        entry.get_mut().mark = pending.mark;
                    }
                }
            }
        }
        for ((upper, lower, ..), edge) in edges.into_iter().rev() {
            inner.add_edge(node_index(upper), node_index(lower), edge);
        }
        Ok(Graph { inner, index, products })
    }
}

fn node_index(rank: u32) -> NodeIndex {
    // Ranks are made from positions of nodes that were added in the order of their ranks.
    NodeIndex::new(usize::try_from(rank).unwrap_or(usize::MAX))
}
