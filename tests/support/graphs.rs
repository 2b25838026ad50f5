//! Component graphs at random: all kinds, relations and ways of deriving, licences of the catalogue and of nobody, terms and
//! facts given directly, relations that hold for some products only, cycles and self loops.

use cargo_covenant::analysis::{Request, analyse_graph};
use cargo_covenant::gate::Verdict;
use cargo_covenant::graph::{Component, ComponentId, Graph, Licensing};
use cargo_covenant::license::Catalogue;
use cargo_covenant::vocabulary::term::{Metric, Results, Scope, When};
use cargo_covenant::vocabulary::{Delivery, Fact, FactId, How, Kind, Relation, Term, TermId, Word};
use cargo_covenant::workspace::{Environment, Selection};
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// A relation, its ends and products by their place among the components.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// The upper end.
    pub(crate) upper: usize,
    /// The lower end.
    pub(crate) lower: usize,
    /// How the upper uses the lower.
    pub(crate) relation: Relation,
    /// What was done.
    pub(crate) how: Option<How>,
    /// The products it holds for; absent: all.
    pub(crate) products: Option<Vec<usize>>,
}

impl Link {
    /// Whether it holds for a product.
    pub(crate) fn holds_for(&self, product: usize) -> bool {
        self.products.as_ref().is_none_or(|products| products.contains(&product))
    }
}

/// A graph before it is built, so that it can be shuffled and added to.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// The products come first.
    pub(crate) components: Vec<Component>,
    /// The relations.
    pub(crate) links: Vec<Link>,
}

impl Plan {
    /// The places of the products.
    pub(crate) fn products(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.components.len()).filter(|place| self.components[*place].kind == Kind::Product)
    }

    /// The graph, its components and relations added in the order of these keys.
    pub(crate) fn build_in_order(&self, keys: &[u16]) -> Graph {
        let key =
            |place: usize| keys.get(place % keys.len().max(1)).copied().unwrap_or_default().rotate_left(place as u32);
        let mut components: Vec<usize> = (0..self.components.len()).collect();
        components.sort_by_key(|place| key(*place));
        let mut links: Vec<usize> = (0..self.links.len()).collect();
        links.sort_by_key(|place| key(*place));
        let id = |place: usize| self.components[place].id.clone();
        let mut builder = Graph::builder();
        for place in components {
            builder.component(self.components[place].clone()).expect("ids are unique");
        }
        for place in links {
            let Link { upper, lower, relation, how, products } = &self.links[place];
            let products = products.as_ref().map(|products| products.iter().map(|place| id(*place)).collect());
            builder
                .relation(&id(*upper), &id(*lower), (*relation, *how), products, None)
                .expect("the ends are among the components");
        }
        builder.finish().expect("there is a product")
    }

    /// The verdict on it.
    pub(crate) fn judge(&self, policy: &str, context: &[Delivery]) -> Verdict {
        judge(self.build_in_order(&[0]), policy, context)
    }
}

/// The verdict on a graph by a policy, for a delivery context or, where none is given, those of the products.
pub(crate) fn judge(graph: Graph, policy: &str, context: &[Delivery]) -> Verdict {
    let request = Request {
        selection: Selection::default(),
        policy: Some(policy.to_owned()),
        context: context.to_vec(),
        graph: None,
        today: "2026-01-01".parse().expect("it is a date"),
    };
    let environment = Environment { current_dir: env!("CARGO_MANIFEST_DIR").into(), variables: Default::default() };
    analyse_graph(graph, &request, &environment).expect("the policy is sound")
}

/// The policies that the laws are held against: two built-in ones, and one with an opinion on terms and relations.
pub(crate) fn policies() -> impl Strategy<Value = &'static str> {
    select(vec!["open-source", "osi-strict", "open-source-ai", "tests/support/opinionated.toml"])
}

/// Graphs of `sizes` components below the products: each has a relation from one before it, and there are up to `more`.
pub(crate) fn plans(sizes: std::ops::RangeInclusive<usize>, more: usize) -> impl Strategy<Value = Plan> {
    (1_usize..=3, sizes).prop_flat_map(move |(products, others)| {
        let products = prop::collection::vec(product(), products);
        let others = prop::collection::vec((component(), any::<Index>(), step()), others);
        let more = prop::collection::vec((any::<Index>(), any::<Index>(), step()), 0..=more);
        (products, others, more).prop_map(|(products, others, more)| {
            let number = products.len();
            let mut components = products;
            let mut links = Vec::new();
            let link = |upper, lower, (relation, how, products): (Relation, Option<How>, Option<Vec<Index>>)| {
                let products = products.map(|some| some.iter().map(|index| index.index(number)).collect());
                Link { upper, lower, relation, how, products }
            };
            for (component, above, step) in others {
                links.push(link(above.index(components.len()), components.len(), step));
                components.push(component);
            }
            for (upper, lower, step) in more {
                links.push(link(upper.index(components.len()), lower.index(components.len()), step));
            }
            // The order of ids is not the order of places: what sorts by one must not lean on the other.
            for (place, component) in components.iter_mut().enumerate() {
                let id = format!("{}{:03}", ["m", "a", "z", "k"][place % 4], place * 919 % 1000);
                *component = Component { id: ComponentId::new(&id), name: id, ..component.clone() };
            }
            Plan { components, links }
        })
    })
}

/// A relation with the way of deriving, and perhaps the products it holds for.
pub(crate) fn step() -> impl Strategy<Value = (Relation, Option<How>, Option<Vec<Index>>)> {
    let products = prop::option::weighted(0.2, prop::collection::vec(any::<Index>(), 1..=2));
    (select(Relation::ALL), prop::option::of(select(How::ALL)), products)
}

fn product() -> impl Strategy<Value = Component> {
    let delivery = prop::collection::btree_set(select(Delivery::ALL), 0..=2);
    (component(), delivery, any::<bool>()).prop_map(|(component, delivery, published)| Component {
        kind: Kind::Product,
        delivery: delivery.into_iter().collect(),
        published,
        ..component
    })
}

/// A component that is no product; its id and name are still to be given.
pub(crate) fn component() -> impl Strategy<Value = Component> {
    let kinds: Vec<Kind> = Kind::ALL.iter().copied().filter(|kind| *kind != Kind::Product).collect();
    let terms = prop_oneof![3 => Just(Vec::new()), 2 => prop::collection::vec(term(), 1..=3)];
    let facts = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(fact(), 1..=2)];
    let flags = prop::collection::vec(prop::bool::weighted(0.3), 4);
    let task = select(vec![None, Some("text-generation"), Some("image-classification")]);
    let released = select(vec![None, Some("2024-07-23")]);
    (select(kinds), licensing(), terms, facts, flags, task, released).prop_map(
        |(kind, licensing, terms, facts, flags, task, released)| Component {
            licensing,
            terms,
            facts,
            modified: flags[0],
            ships: flags[1],
            private: flags[2],
            data_package: flags[3],
            task: task.map(str::to_owned),
            released: released.map(str::to_owned),
            ..Component::new("", "", kind)
        },
    )
}

fn licensing() -> impl Strategy<Value = Licensing> {
    let word = || {
        let known: Vec<String> = Catalogue::built_in().licenses().map(|license| license.id.clone()).collect();
        let often = vec!["MIT", "Apache-2.0", "GPL-3.0-only", "LGPL-2.1-only", "LicenseRef-nobody-knows", "other"];
        prop_oneof![
            3 => select(known),
            2 => select(often).prop_map(str::to_owned),
        ]
    };
    let exceptions = vec!["Classpath-exception-2.0", "LLVM-exception", "GCC-exception-3.1", "no-such-exception"];
    let parse = |text: String| Licensing::parse(&text);
    prop_oneof![
        2 => Just(Licensing::Absent),
        1 => Just(Licensing::FileOnly { file: "LICENSE".to_owned() }),
        1 => Just("see the file".to_owned()).prop_map(parse),
        6 => word().prop_map(parse),
        2 => (word(), word()).prop_map(|(one, two)| format!("{one} OR {two}")).prop_map(parse),
        2 => (word(), word()).prop_map(|(one, two)| format!("{one} AND {two}")).prop_map(parse),
        1 => (word(), word(), word()).prop_map(|(a, b, c)| format!("({a} OR {b}) AND {c}")).prop_map(parse),
        1 => (word(), select(exceptions)).prop_map(|(one, two)| format!("{one} WITH {two}")).prop_map(parse),
    ]
}

/// A term with parameters that fit it.
pub(crate) fn term() -> impl Strategy<Value = Term> {
    let special =
        vec![TermId::NoOutputTraining, TermId::NoDerivatives, TermId::NoRedistribution, TermId::NameDerivatives];
    let id = prop_oneof![2 => select(TermId::ALL), 1 => select(special)];
    let when = prop::option::weighted(0.15, select(vec![When::Modified, When::Commercial, When::Interactive]));
    let only_in = prop::option::weighted(0.1, select(Delivery::ALL));
    (id, any::<Index>(), when, only_in, prop::bool::weighted(0.2), any::<bool>()).prop_map(
        |(id, scope, when, only_in, outputs, family)| {
            let fitting: Vec<Option<Scope>> =
                Scope::ALL.iter().copied().filter(|scope| scope.fits(id)).map(Some).chain([None]).collect();
            let scaled = id == TermId::ScaleLimit;
            Term {
                scope: *scope.get(&fitting),
                when,
                only_in: only_in.into_iter().collect(),
                outputs,
                same_family_allowed: family && id == TermId::NoOutputTraining,
                metric: scaled.then_some(Metric::Headcount),
                threshold: scaled.then_some(50),
                ..Term::bare(id)
            }
        },
    )
}

fn fact() -> impl Strategy<Value = Fact> {
    let of = select(vec![vec![Results::TrainedModels], vec![Results::Outputs]]);
    (select(FactId::ALL), of).prop_map(|(id, of)| {
        let of = if id == FactId::ResultsUnencumbered { of } else { Vec::new() };
        let later = id == FactId::OpensLater;
        Fact {
            of,
            date: later.then(|| "2025-01-01".to_owned()),
            license: later.then(|| "MIT".to_owned()),
            ..Fact::bare(id)
        }
    })
}
