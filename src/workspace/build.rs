//! What the build of one package includes: which components, on which side, with which features, over which edges.
//!
//! [`Collected`] is what one simulation found; [`unite`] makes one [`Build`] of the simulations without and with
//! dev-dependencies.

use std::collections::{BTreeMap, BTreeSet};

use super::package::PackageIndex;

/// Where a component is compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The platform that the product runs on.
    Target,
    /// The machine that builds: build scripts, procedural macros, and what these use.
    Host,
}

/// One package as it is compiled for one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// The package.
    pub package: PackageIndex,
    /// The side.
    pub side: Side,
    /// The features that are on, sorted; the implicit ones of optional dependencies are among them.
    pub features: Vec<String>,
    /// What dev-dependencies switch on beyond that when tests are built, sorted; of a `dev_only` component nothing, since
    /// all its features are there for them.
    pub dev_features: Vec<String>,
    /// Whether only tests, examples and benchmarks of the product's package need it.
    pub dev_only: bool,
}

/// An end of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Node {
    /// The product's own package.
    Root,
    /// The component at this place of [`Build::components`].
    Component(usize),
}

/// How an upper package uses a lower one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EdgeKind {
    /// A normal dependency; both ends are on one side.
    Normal,
    /// A normal dependency on a procedural macro; the lower end is on the host.
    ProcMacro,
    /// A build-dependency; the lower end is on the host.
    Build,
    /// A dev-dependency of the product's own package.
    Dev,
}

/// One use of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// The upper end.
    pub from: Node,
    /// The lower end: a place in [`Build::components`].
    pub to: usize,
    /// How it is used. Two packages may have several edges, of different kinds.
    pub kind: EdgeKind,
    /// Whether the plain build is without it; so is every edge out of a `dev_only` component.
    pub dev_only: bool,
}

/// What one product's build includes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// The product's own package.
    pub root: PackageIndex,
    /// The features of that package that are on, sorted.
    pub root_features: Vec<String>,
    /// What a dev-dependency on the package itself switches on beyond that, sorted.
    pub root_dev_features: Vec<String>,
    /// Everything else, sorted by package and side. The root is here, too, only if something below it uses it again
    /// (a cycle through dev-dependencies).
    pub components: Vec<Component>,
    /// All uses, sorted.
    pub edges: Vec<Edge>,
}

impl Build {
    /// Whether a delivered product of this build contains `package`: linked into it, or expanded into it by a macro.
    pub(crate) fn contains(&self, package: PackageIndex) -> bool {
        let expanded = |index: usize| {
            self.edges.iter().any(|edge| {
                edge.to == index
                    && edge.kind == EdgeKind::ProcMacro
                    && !edge.dev_only
                    && self.side(edge.from) == Side::Target
            })
        };
        package == self.root
            || (0..).zip(&self.components).any(|(index, component)| {
                component.package == package
                    && !component.dev_only
                    && (component.side == Side::Target || expanded(index))
            })
    }

    /// The side of an end of an edge; the root is always on the target.
    #[must_use]
    pub fn side(&self, node: Node) -> Side {
        match node {
            Node::Root => Side::Target,
            Node::Component(index) => self.components.get(index).map_or(Side::Target, |component| component.side),
        }
    }
}

/// A node while it is being collected: the root's own package on the root's own side is `None`.
pub(super) type Place = Option<(PackageIndex, Side)>;

/// An edge while it is being collected.
pub(super) type ProtoEdge = (Place, (PackageIndex, Side), EdgeKind);

#[derive(Default)]
pub(super) struct Collected {
    pub(super) features: BTreeMap<Place, BTreeSet<String>>,
    pub(super) edges: BTreeSet<ProtoEdge>,
}

impl Collected {
    pub(super) fn note<'f>(&mut self, place: Place, features: impl Iterator<Item = &'f str>) {
        self.features.entry(place).or_default().extend(features.map(str::to_owned));
    }

    /// Drops what no edge leads to.
    ///
    /// guppy follows the dev-dependencies not only of the root, but of every member that the host side starts from (a
    /// member that is a procedural macro or a build-dependency). Such links never become edges.
    pub(super) fn prune(&mut self) {
        let mut below: BTreeMap<Place, Vec<Place>> = BTreeMap::new();
        for (from, to, _) in &self.edges {
            below.entry(*from).or_default().push(Some(*to));
        }
        let mut reached = BTreeSet::from([None]);
        let mut todo: Vec<Place> = vec![None];
        while let Some(place) = todo.pop() {
            todo.extend(below.remove(&place).into_iter().flatten().filter(|place| reached.insert(*place)));
        }
        self.features.retain(|place, _| reached.contains(place));
        self.edges.retain(|(from, _, _)| reached.contains(from));
    }
}

/// The features of a component in the plain build, if it is there, and in the one with dev-dependencies.
#[derive(Default)]
struct Features {
    plain: Option<BTreeSet<String>>,
    with_dev: BTreeSet<String>,
}

impl Features {
    fn is_dev_only(&self) -> bool {
        self.plain.is_none()
    }

    fn into_lists(self) -> (Vec<String>, Vec<String>) {
        match self.plain {
            Some(plain) => {
                let beyond = self.with_dev.difference(&plain).cloned().collect();
                (plain.into_iter().collect(), beyond)
            }
            None => (self.with_dev.into_iter().collect(), Vec::new()),
        }
    }
}

/// One build of two: what the plain one has stays as it is, what only the other one has is for development.
pub(super) fn unite(root: PackageIndex, plain: Collected, with_dev: Collected) -> Build {
    let mut places: BTreeMap<Place, Features> = BTreeMap::new();
    for (place, features) in plain.features {
        places.entry(place).or_default().plain = Some(features);
    }
    for (place, features) in with_dev.features {
        places.entry(place).or_default().with_dev = features;
    }

    let mut edges: BTreeMap<ProtoEdge, bool> = BTreeMap::new();
    let used: BTreeSet<_> = plain.edges.iter().map(|(from, to, _)| (*from, *to)).collect();
    for edge in with_dev.edges {
        // What is needed anyway is not needed for development.
        if edge.2 != EdgeKind::Dev || !used.contains(&(edge.0, edge.1)) {
            edges.insert(edge, true);
        }
    }
    edges.extend(plain.edges.into_iter().map(|edge| (edge, false)));

    // Tests may need the root again, below a dev-dependency. There it is a component with all the uses that the root has.
    let again = Some((root, Side::Target));
    if edges.keys().any(|(_, to, _)| Some(*to) == again) {
        let of_root = places.get(&None);
        let features = of_root.map(|features| match &features.plain {
            Some(plain) => plain.union(&features.with_dev).cloned().collect(),
            None => features.with_dev.clone(),
        });
        places.insert(again, Features { plain: None, with_dev: features.unwrap_or_default() });
        let again_uses: Vec<_> = edges
            .keys()
            .filter(|(from, _, kind)| from.is_none() && *kind != EdgeKind::Dev)
            .map(|(_, to, kind)| ((again, *to, *kind), true))
            .collect();
        edges.extend(again_uses);
    }

    let (root_features, root_dev_features) = places.remove(&None).unwrap_or_default().into_lists();
    let mut order = BTreeMap::new();
    let mut components = Vec::new();
    for (place, features) in places {
        let Some((package, side)) = place else { continue };
        order.insert(place, components.len());
        let dev_only = features.is_dev_only();
        let (features, dev_features) = features.into_lists();
        components.push(Component { package, side, features, dev_features, dev_only });
    }
    let node = |place: Place| match place {
        None => Some(Node::Root),
        some => order.get(&some).copied().map(Node::Component),
    };
    let mut edges: Vec<Edge> = edges
        .into_iter()
        .filter_map(|((from, to, kind), dev_only)| {
            Some(Edge { from: node(from)?, to: order.get(&Some(to)).copied()?, kind, dev_only })
        })
        .collect();
    edges.sort();
    Build { root, root_features, root_dev_features, components, edges }
}
