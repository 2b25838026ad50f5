//! The laws that propagation must keep, held against graphs at random.

#![expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test that panics has failed, and says where"
)]

mod support {
    pub(crate) mod graphs;
    pub(crate) mod reference;
    mod worked;
}

use std::collections::{BTreeMap, BTreeSet};

use cargo_covenant::gate::{Finding, Verdict};
use cargo_covenant::graph::{Component, ComponentId, Licensing};
use cargo_covenant::license::catalogue::Resolved;
use cargo_covenant::license::{Catalogue, Expression, LicenseUse};
use cargo_covenant::obligation::reach::{Phase, State};
use cargo_covenant::obligation::{Arrival, Judged, ProductAnalysis, Status, Witness};
use cargo_covenant::policy::load::{Sources, load};
use cargo_covenant::report::json;
use cargo_covenant::vocabulary::{Code, Delivery, FactId, How, Kind, Level, Relation, Term, TermId, Word};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::RngSeed;
use support::graphs::{Link, Plan, component, judge, plans, policies, step, term};
use support::reference::{Journey, Manner, Traveller, World};

/// As many cases as the whole file runs in half a minute with, always the same ones, so that a change fails for what it
/// changed. `PROPTEST_CASES` asks for more, and for others each time.
fn cases(number: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    let rng_seed = if asked.is_some() { RngSeed::Random } else { RngSeed::Fixed(20_261_123) };
    ProptestConfig { cases: asked.unwrap_or(number), rng_seed, failure_persistence: None, ..ProptestConfig::default() }
}

// Law 1.
proptest! {
    #![proptest_config(cases(12))]

    #[test]
    fn the_order_in_which_a_graph_is_told_changes_no_byte(
        plan in plans(1..=200, 60),
        policy in policies(),
        keys in prop::collection::vec(any::<u16>(), 1..=31),
    ) {
        let told = json::write(&judge(plan.build_in_order(&[0]), policy, &[]));
        let otherwise = json::write(&judge(plan.build_in_order(&keys), policy, &[]));
        prop_assert_eq!(told, otherwise);
    }
}

/// What is added to a graph.
#[derive(Debug, Clone)]
enum Addition {
    Relation(Index, Index, (Relation, Option<How>, Option<Vec<Index>>)),
    Component(Index, Box<Component>, (Relation, Option<How>, Option<Vec<Index>>)),
    Term(Index, Box<Term>),
}

impl Addition {
    fn any() -> impl Strategy<Value = Self> {
        prop_oneof![
            3 => (any::<Index>(), any::<Index>(), step()).prop_map(|(upper, lower, step)| Self::Relation(upper, lower, step)),
            1 => (any::<Index>(), component(), step()).prop_map(|(upper, one, step)| Self::Component(upper, Box::new(one), step)),
            2 => (any::<Index>(), term()).prop_map(|(place, term)| Self::Term(place, Box::new(term))),
        ]
    }

    /// The graph with the addition; nothing where the design excepts it from the law.
    fn to(&self, plan: &Plan) -> Plan {
        let mut plan = plan.clone();
        let number = plan.components.len();
        let products = plan.products().count();
        let link = |plan: &mut Plan, upper, lower, step: &(Relation, _, Option<Vec<Index>>)| {
            let (mut relation, how, of) = step.clone();
            // Lineage that makes a family is a fact that frees the family to be trained on its own outputs.
            if matches!(relation, Relation::Derived | Relation::AdapterOf) {
                relation = Relation::StaticLink;
            }
            let products = of.map(|of| of.iter().map(|index| index.index(products)).collect());
            plan.links.push(Link { upper, lower, relation, how, products });
        };
        match self {
            Self::Relation(upper, lower, step) => link(&mut plan, upper.index(number), lower.index(number), step),
            Self::Component(upper, one, step) => {
                let id = "n000";
                plan.components.push(Component {
                    id: ComponentId::new(id),
                    name: id.to_owned(),
                    ..one.as_ref().clone()
                });
                link(&mut plan, upper.index(number), number, step);
            }
            Self::Term(place, term) => {
                let component = &mut plan.components[place.index(number)];
                // Terms where there was neither licence nor term are no addition: they stand instead of the licence
                // that was missing.
                let bare = component.terms.is_empty() && !matches!(component.licensing, Licensing::Expression(_));
                // What is known to be closed stops at outputs, and what is unknown does not: a term that closes what was
                // unknown tells more of it, and does not add.
                let unknown = !matches!(component.licensing, Licensing::Expression(_)) && term.closes();
                if !bare && !unknown {
                    component.terms.push(term.as_ref().clone());
                }
            }
        }
        plan
    }
}

/// The reasons that are about a component's openness are one: the finding on one cause has the others as its notes.
fn reason(code: Code) -> Code {
    match code {
        Code::Unlicensed | Code::UnknownTerms | Code::InsufficientOpenness => Code::NotOpenSource,
        other => other,
    }
}

/// What stands in the way of each product: component and reason, with the highest level.
fn reasons(verdict: &Verdict) -> BTreeMap<(ComponentId, ComponentId, Code), Level> {
    let mut reasons = BTreeMap::new();
    for finding in &verdict.findings {
        if let Finding { product: Some(product), component: Some(component), code, level, .. } = finding {
            let known = reasons.entry((product.clone(), component.clone(), reason(*code))).or_insert(*level);
            *known = (*known).max(*level);
        }
    }
    reasons
}

// Law 2, but for what the design excepts: a choice, which is recorded; a fact, and lineage that makes a family is one.
proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn what_is_added_never_makes_anything_pass(
        plan in plans(1..=40, 20),
        policy in policies(),
        addition in Addition::any(),
    ) {
        let before = plan.judge(policy, &[]);
        let after = addition.to(&plan).judge(policy, &[]);
        for (one, other) in before.products().zip(after.products()) {
            prop_assert_eq!(&one.name, &other.name);
            prop_assert!(one.passed || !other.passed, "{} passes now", one.name);
        }
        let chosen: BTreeSet<&ComponentId> = before
            .analyses
            .iter()
            .flat_map(|analysis| &analysis.seen)
            .filter(|seen| !seen.passed_over.is_empty())
            .map(|seen| &before.graph.component(seen.node).id)
            .collect();
        let now = reasons(&after);
        // A breach stands at the model that was trained, and goes with a choice made elsewhere.
        let other_choice = !chosen.is_empty();
        for (key, level) in reasons(&before) {
            let by_choice = chosen.contains(&key.1) || (key.2 == Code::OutputTraining && other_choice);
            prop_assert!(by_choice || now.get(&key).is_some_and(|now| *now >= level), "{:?}: {:?} was {}", key, now.get(&key), level);
        }
    }
}

/// What arrives with its weight: what each (component, licence, term) comes to, the most over all its arrivals.
fn weights(verdict: &Verdict, delivery: Delivery) -> BTreeMap<(usize, ComponentId, String, Term), Status> {
    let mut weights = BTreeMap::new();
    for (number, analysis) in verdict.analyses.iter().enumerate() {
        for arrival in &analysis.arrivals {
            let status = analysis.arrived(&verdict.graph, arrival).status(delivery, &verdict.situation);
            let id = verdict.graph.component(arrival.node).id.clone();
            let key = (number, id, arrival.reading.label.clone(), arrival.term.clone());
            let known = weights.entry(key).or_insert_with(|| status.clone());
            if status.weight() > known.weight() {
                *known = status;
            }
        }
    }
    weights
}

// Law 3. What a term's own `only-in` narrows to `internal` is excepted by the term itself.
proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn what_binds_inside_binds_everywhere(plan in plans(1..=40, 20), policy in policies()) {
        // The choice in an expression may differ between contexts: what is chosen is held fast.
        let plan = without_choices(&plan);
        let inside = plan.judge(policy, &[Delivery::Internal]);
        let inside = weights(&inside, Delivery::Internal);
        for delivery in [Delivery::Source, Delivery::Service, Delivery::Binary] {
            let there = weights(&plan.judge(policy, &[delivery]), delivery);
            for (key, status) in &inside {
                let binds = !matches!(status, Status::Dormant { .. } | Status::Met { .. });
                if binds && key.3.only_in.is_empty() {
                    // What binds inside may be broken by handing it over, or be a question whether it is.
                    let other = there.get(key);
                    let holds = other.is_some_and(|other| !matches!(other, Status::Dormant { .. } | Status::Met { .. }));
                    prop_assert!(holds, "{key:?} is {status:?} inside, {other:?} as {delivery}");
                }
            }
        }
    }
}

/// The plan with the first branch of each choice only.
fn without_choices(plan: &Plan) -> Plan {
    fn first(expression: &Expression) -> Expression {
        match expression {
            Expression::License(_) => expression.clone(),
            Expression::And(parts) => Expression::And(parts.iter().map(first).collect()),
            Expression::Or(branches) => branches.first().map_or_else(|| expression.clone(), first),
        }
    }
    let mut plan = plan.clone();
    for component in &mut plan.components {
        if let Licensing::Expression(expression) = &component.licensing {
            component.licensing = Licensing::Expression(first(expression));
        }
    }
    plan
}

/// An arrival of the engine, in the words of the reference.
fn journey(verdict: &Verdict, plan: &Plan, state: State, path: &Witness) -> Journey {
    let ids: Vec<ComponentId> = path.nodes().map(|node| verdict.graph.component(node).id.clone()).collect();
    let manner = match state.phase {
        Phase::Whole => Manner::Whole,
        Phase::Once => Manner::Once,
        Phase::Broken => {
            let id = state.trained.map(|node| &verdict.graph.component(node).id);
            Manner::Broken(id.and_then(|id| plan.components.iter().position(|component| component.id == *id)))
        }
        Phase::Above | Phase::Awaiting | Phase::Sparing => unreachable!("nothing arrives in {:?}", state.phase),
    };
    Journey {
        made: state.made,
        manner,
        strength: state.strength,
        level: state.level(),
        anchor: state.anchor,
        path: ids,
        relations: path.steps.iter().map(|step| step.relation).collect(),
    }
    .settled()
}

/// The strongest, of those the shortest, of each manner.
fn strongest(all: &[Journey]) -> BTreeMap<Manner, &Journey> {
    let mut best: BTreeMap<Manner, &Journey> = BTreeMap::new();
    for one in all {
        let known = best.entry(one.manner).or_insert(one);
        if one.rank() < known.rank() {
            *known = one;
        }
    }
    best
}

/// Holds what arrived in the engine's way against all ways there are.
fn agree(mut arrived: Vec<Journey>, all: &[Journey], what: &str) -> Result<(), TestCaseError> {
    let best = strongest(all);
    arrived.sort_by_key(|one| one.manner);
    arrived.dedup();
    let manners: Vec<Manner> = arrived.iter().map(|one| one.manner).collect();
    prop_assert_eq!(
        &manners,
        &best.keys().copied().collect::<Vec<_>>(),
        "{}: {:#?} against {:#?}",
        what,
        arrived,
        best
    );
    for (one, best) in arrived.iter().zip(best.values()) {
        prop_assert!(all.contains(one), "{} has no such way: {:#?}", what, one);
        let (ours, theirs) =
            (Journey { relations: Vec::new(), ..one.clone() }, Journey { relations: Vec::new(), ..(*best).clone() });
        prop_assert_eq!(ours, theirs, "{}", what);
    }
    Ok(())
}

fn held_against_the_reference(plan: &Plan, policy: &str) -> Result<(), TestCaseError> {
    let verdict = plan.judge(policy, &[]);
    let rules = load(&Sources { given: Some(policy), root: None, manifest: None }).expect("the policy is sound").policy;
    let cap = |relation| rules.cap(relation);
    for analysis in &verdict.analyses {
        let place = |node| {
            let id = &verdict.graph.component(node).id;
            plan.components.iter().position(|component| component.id == *id).expect("it was planned")
        };
        let world = World::new(plan, place(analysis.node), &analysis.delivery, &cap);
        let seen: BTreeSet<usize> = analysis.seen.iter().map(|seen| place(seen.node)).collect();
        prop_assert_eq!(&seen, &world.reached().collect::<BTreeSet<_>>());
        let unknown = Term::bare(TermId::UnknownTerms);
        for seen in &analysis.seen {
            let origin = place(seen.node);
            let id = &verdict.graph.component(seen.node).id;
            let routes = [
                (seen.presence, Traveller::Term(&unknown, &[]), true),
                (seen.arrival, Traveller::NotOpen, matches!(seen.judged, Judged::Closed(_))),
            ];
            for (route, what, asked) in routes {
                if asked {
                    let ways: Vec<Journey> =
                        world.journeys(origin, what).into_iter().filter(|way| way.level > Level::Allow).collect();
                    let route = route.map(|route| journey(&verdict, plan, route.state, &analysis.path(route)));
                    agree(route.into_iter().collect(), &ways, &format!("{what:?} of {id}"))?;
                }
            }
            let mut known = Vec::new();
            for reading in seen.bindings.iter().map(|binding| &binding.reading) {
                for term in &reading.terms {
                    let of = |arrival: &&Arrival| {
                        arrival.node == seen.node && arrival.reading == *reading && arrival.term == *term
                    };
                    let arrived = analysis.arrivals.iter().filter(of);
                    let arrived =
                        arrived.map(|one| journey(&verdict, plan, one.state, &analysis.witness(one))).collect();
                    let kind = (support::reference::kind(term, &reading.facts), term.when);
                    if known.iter().all(|(other, _)| *other != kind) {
                        known.push((kind, world.journeys(origin, Traveller::Term(term, &reading.facts))));
                    }
                    let kind = (support::reference::kind(term, &reading.facts), term.when);
                    let ways = known.iter().find(|(other, _)| *other == kind).map_or(&[][..], |(_, ways)| ways);
                    agree(arrived, ways, &format!("{} of {id} ({})", term.id, reading.label))?;
                }
            }
        }
        real(&verdict, analysis)?;
    }
    Ok(())
}

/// Every step of a witness is a relation of the product.
fn real(verdict: &Verdict, analysis: &ProductAnalysis) -> Result<(), TestCaseError> {
    let number = verdict.graph.product_number(analysis.node).expect("it is a product");
    for arrival in &analysis.arrivals {
        let mut upper = analysis.node;
        for step in analysis.witness(arrival).steps {
            let there = verdict.graph.below(upper).any(|(lower, edge)| {
                lower == step.lower && edge.relation == step.relation && edge.products.contains(number)
            });
            prop_assert!(there, "{:?} is no relation of {:?}", step, verdict.graph.component(analysis.node).id);
            upper = step.lower;
        }
    }
    Ok(())
}

// Law 4.
proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn witnesses_in_dense_graphs_are_those_of_the_reference(plan in plans(1..=6, 5), policy in policies()) {
        held_against_the_reference(&plan, policy)?;
    }

    #[test]
    fn witnesses_in_sparse_graphs_are_those_of_the_reference(plan in plans(20..=40, 5), policy in policies()) {
        held_against_the_reference(&plan, policy)?;
    }
}

// Law 5.
proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn nothing_unknown_is_open(plan in plans(1..=200, 60), policy in policies()) {
        let verdict = plan.judge(policy, &[]);
        let catalogue = Catalogue::built_in();
        let said: BTreeSet<(&ComponentId, &ComponentId)> = verdict
            .findings
            .iter()
            .filter_map(|finding| Some((finding.product.as_ref()?, finding.component.as_ref()?)))
            .collect();
        for (number, analysis) in verdict.analyses.iter().enumerate() {
            let product = &verdict.graph.component(analysis.node).id;
            // Everything but `evaluated-on` lets what is unknown cross.
            let mut below = vec![analysis.node];
            let mut next = 0;
            while let Some(upper) = below.get(next).copied() {
                next += 1;
                for (lower, edge) in verdict.graph.below(upper) {
                    if edge.relation != Relation::EvaluatedOn && edge.products.contains(number) && !below.contains(&lower) {
                        below.push(lower);
                    }
                }
            }
            for node in below.into_iter().skip(1) {
                let component = verdict.graph.component(node);
                let resolves = |license: &LicenseUse| match catalogue.resolve(&license.id) {
                    Resolved::Known(_) | Resolved::Listed(_) => true,
                    Resolved::NoLicense | Resolved::Unknown => false,
                };
                // A later licence may have replaced the one that is unknown.
                let replaced = component.facts.iter().any(|fact| fact.id == FactId::OpensLater);
                let unknown = match &component.licensing {
                    _ if replaced => false,
                    // Terms that are given stand instead of a licence that is missing.
                    Licensing::Absent if !component.terms.is_empty() => false,
                    Licensing::Absent => !component.private,
                    Licensing::FileOnly { .. } | Licensing::Malformed(_) => true,
                    Licensing::Expression(Expression::License(license)) => !resolves(license),
                    Licensing::Expression(Expression::And(parts)) => {
                        parts.iter().any(|part| matches!(part, Expression::License(license) if !resolves(license)))
                    }
                    Licensing::Expression(Expression::Or(_)) => false,
                };
                let certain = unknown && component.kind != Kind::Product;
                prop_assert!(
                    !certain || said.contains(&(product, &component.id)),
                    "{} is unknown to {}, and nothing is said", component.id, product
                );
            }
        }
    }
}

// The table that a lawyer reads is the one of the design, cell by cell, with what facts and parameters change.
#[test]
fn every_term_crosses_every_relation_as_the_design_says() {
    use cargo_covenant::obligation::Crossings;
    use cargo_covenant::vocabulary::Fact;
    use cargo_covenant::vocabulary::term::{Results, Scope};
    let table = Crossings::built_in();
    let freed = |of| Fact { of: vec![of], ..Fact::bare(FactId::ResultsUnencumbered) };
    let licences = [
        vec![],
        vec![freed(Results::TrainedModels)],
        vec![freed(Results::Outputs)],
        vec![Fact::bare(FactId::DistillationIsDerivative)],
        vec![Fact::bare(FactId::OutputsUnclaimed)],
    ];
    let hows: Vec<Option<How>> = How::ALL.iter().copied().map(Some).chain([None]).collect();
    for id in TermId::ALL {
        let scopes = Scope::ALL.iter().copied().filter(|scope| scope.fits(*id)).map(Some).chain([None]);
        for (scope, outputs) in scopes.flat_map(|scope| [(scope, false), (scope, true)]) {
            let term = Term { scope, outputs, ..Term::bare(*id) };
            for (facts, relation) in
                licences.iter().flat_map(|facts| Relation::ALL.iter().map(move |one| (facts, *one)))
            {
                for how in &hows {
                    let ours = table.value(table.profile(&term, facts), relation, *how);
                    let ours = match ours.as_str() {
                        "breach-if-delivered" => "breach?",
                        "breach-after-output" => "breach!",
                        other => other,
                    };
                    let theirs = support::reference::word(&term, facts, relation, *how);
                    assert_eq!(ours, theirs, "{term:?} over {relation} ({how:?}) with {facts:?}");
                }
            }
        }
    }
    for relation in Relation::ALL {
        let ours = table.value(table.not_open(), *relation, None);
        assert_eq!(ours.as_str(), support::reference::cell("not-open", *relation, None), "not open over {relation}");
    }
}

// Law 6: that these end is what is tested.
#[test]
fn cycles_through_every_relation_end() {
    for relation in Relation::ALL {
        for closing in Relation::ALL {
            let mut components: Vec<Component> = vec![Component::new("product", "product", Kind::Product)];
            for id in ["one", "two"] {
                let mut component = Component::new(id, id, Kind::Model);
                component.terms =
                    TermId::ALL.iter().map(|id| Term::bare(*id)).filter(|term| term.fault().is_none()).collect();
                components.push(component);
            }
            let link = |upper, lower, relation| Link { upper, lower, relation, how: None, products: None };
            let links = vec![
                link(0, 1, Relation::StaticLink),
                link(1, 2, *relation),
                link(2, 1, *closing),
                link(2, 2, *closing),
                link(1, 0, *closing),
            ];
            let plan = Plan { components, links };
            let verdict = plan.judge("open-source", &[]);
            assert!(!verdict.passed(), "{relation} and {closing}");
            held_against_the_reference(&plan, "open-source")
                .unwrap_or_else(|error| panic!("{relation}, {closing}: {error}"));
        }
    }
}
