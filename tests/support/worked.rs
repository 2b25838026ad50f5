//! Small graphs in which a law was once broken, each with what it must come to.

use cargo_covenant::gate::Verdict;
use cargo_covenant::graph::{Component, ComponentId, Graph, Licensing};
use cargo_covenant::obligation::reach::Phase;
use cargo_covenant::vocabulary::term::Scope;
use cargo_covenant::vocabulary::{Code, Delivery, Kind, Level, Relation, Term, TermId};

use super::graphs::judge;

const OPINIONATED: &str = "tests/support/opinionated.toml";

/// A component under `MIT`, unless terms stand in its stead.
fn component(id: &str, kind: Kind, terms: Vec<Term>) -> Component {
    let licensing = if terms.is_empty() { Licensing::parse("MIT") } else { Licensing::Absent };
    Component { licensing, terms, ..Component::new(id, id, kind) }
}

fn graph(components: Vec<Component>, relations: &[(&str, Relation, &str)]) -> Graph {
    let relations: Vec<_> =
        relations.iter().map(|(upper, relation, lower)| (*upper, *relation, *lower, None)).collect();
    graph_of_some(components, &relations)
}

fn graph_of_some(components: Vec<Component>, relations: &[(&str, Relation, &str, Option<&str>)]) -> Graph {
    let mut builder = Graph::builder();
    for component in components {
        builder.component(component).expect("ids are unique");
    }
    for (upper, relation, lower, product) in relations {
        let products = product.map(|id| vec![ComponentId::new(id)]);
        let (upper, lower) = (ComponentId::new(*upper), ComponentId::new(*lower));
        builder.relation(&upper, &lower, (*relation, None), products, None).expect("both ends are there");
    }
    builder.finish().expect("there is a product")
}

fn levels(verdict: &Verdict, component: &str, code: Code) -> Vec<Level> {
    let about = |id: &Option<ComponentId>| id.as_ref().is_some_and(|id| id.as_str() == component);
    let found = verdict.findings.iter().filter(|finding| finding.code == code && about(&finding.component));
    found.map(|finding| finding.level).collect()
}

fn non_commercial() -> Vec<Term> {
    vec![Term::bare(TermId::NonCommercial)]
}

fn no_training(scope: Scope) -> Vec<Term> {
    vec![Term { scope: Some(scope), ..Term::bare(TermId::NoOutputTraining) }]
}

#[test]
fn a_short_way_that_warns_hides_no_long_way_that_denies() {
    let components = vec![
        component("product", Kind::Product, vec![]),
        component("model", Kind::Model, vec![]),
        component("tool", Kind::Package, vec![]),
        component("part", Kind::Package, vec![]),
        component("data", Kind::Dataset, non_commercial()),
    ];
    let relations = [
        ("product", Relation::Embedded, "model"),
        ("model", Relation::TrainedOn, "data"),
        ("product", Relation::BuildTool, "tool"),
        ("tool", Relation::BuildTool, "part"),
        ("part", Relation::Bundled, "data"),
    ];
    let verdict = judge(graph(components, &relations), OPINIONATED, &[Delivery::Binary]);
    assert_eq!(levels(&verdict, "data", Code::NotOpenSource), [Level::Deny]);
}

#[test]
fn what_only_warns_does_so_below_a_build_tool_too() {
    let components = vec![
        component("product", Kind::Product, vec![]),
        component("model", Kind::Model, vec![]),
        component("data", Kind::Dataset, non_commercial()),
    ];
    let relations = [("product", Relation::BuildTool, "model"), ("model", Relation::TrainedOn, "data")];
    let verdict = judge(graph(components, &relations), OPINIONATED, &[Delivery::Binary]);
    assert_eq!(levels(&verdict, "data", Code::NotOpenSource), [Level::Warn]);
}

/// A model that was trained on data which another model put out.
fn trained_on_outputs(scope: Scope) -> Verdict {
    let components = vec![
        component("product", Kind::Product, vec![]),
        component("student", Kind::Model, vec![]),
        component("data", Kind::Dataset, vec![]),
        component("teacher", Kind::Model, no_training(scope)),
    ];
    let relations = [
        ("product", Relation::Embedded, "student"),
        ("student", Relation::TrainedOn, "data"),
        ("data", Relation::OutputOf, "teacher"),
    ];
    judge(graph(components, &relations), OPINIONATED, &[Delivery::Binary])
}

#[test]
fn whether_training_competes_is_a_question_through_a_dataset_too() {
    assert_eq!(levels(&trained_on_outputs(Scope::AnyModel), "student", Code::OutputTraining), [Level::Deny]);
    assert_eq!(levels(&trained_on_outputs(Scope::Competing), "student", Code::OutputTraining), [Level::Warn]);
}

#[test]
fn a_term_that_a_relation_breaks_does_not_cross_it_as_well() {
    let verdict = trained_on_outputs(Scope::AnyModel);
    let phases: Vec<Phase> = verdict
        .analyses
        .iter()
        .flat_map(|analysis| &analysis.arrivals)
        .filter(|arrival| arrival.term.id == TermId::NoOutputTraining)
        .map(|arrival| arrival.state.phase)
        .collect();
    assert_eq!(phases, [Phase::Broken]);
}

#[test]
fn each_model_that_was_trained_on_outputs_has_its_finding() {
    let components = vec![
        component("product", Kind::Product, vec![]),
        component("one", Kind::Model, vec![]),
        component("two", Kind::Model, vec![]),
        component("teacher", Kind::Model, no_training(Scope::AnyModel)),
    ];
    let relations = [
        ("product", Relation::Embedded, "one"),
        ("product", Relation::Embedded, "two"),
        ("one", Relation::Distilled, "teacher"),
        ("two", Relation::Distilled, "teacher"),
    ];
    let verdict = judge(graph(components, &relations), "open-source", &[]);
    assert_eq!(levels(&verdict, "one", Code::OutputTraining), [Level::Deny]);
    assert_eq!(levels(&verdict, "two", Code::OutputTraining), [Level::Deny]);
}

/// A library that may not be handed on, linked dynamically by a crate that is compiled in.
fn below_a_crate(ships: bool) -> Verdict {
    let library = component("library", Kind::NativeLibrary, vec![Term::bare(TermId::NoRedistribution)]);
    let components = vec![
        component("product", Kind::Product, vec![]),
        component("bindings", Kind::Package, vec![]),
        Component { ships, ..library },
    ];
    let relations = [("product", Relation::StaticLink, "bindings"), ("bindings", Relation::DynamicLink, "library")];
    judge(graph(components, &relations), "open-source", &[Delivery::Binary])
}

#[test]
fn handing_over_a_crate_does_not_hand_over_the_library_it_finds_on_the_system() {
    assert_eq!(levels(&below_a_crate(true), "library", Code::TermBreached), [Level::Deny]);
    assert!(levels(&below_a_crate(false), "library", Code::TermBreached).is_empty());
}

#[test]
fn a_way_that_sleeps_hides_none_that_binds() {
    let components = vec![
        component("product", Kind::Product, vec![]),
        component("library", Kind::NativeLibrary, vec![Term::bare(TermId::NoRedistribution)]),
    ];
    let relations = [("product", Relation::BuildTool, "library"), ("product", Relation::DynamicLink, "library")];
    let verdict = judge(graph(components, &relations), OPINIONATED, &[Delivery::Binary]);
    assert_eq!(levels(&verdict, "library", Code::DeniedTerm), [Level::Deny]);
}

#[test]
fn what_is_unknown_is_said_beside_what_is_closed() {
    let teacher = Component {
        licensing: Licensing::parse("LicenseRef-nobody-knows AND CC-BY-NC-4.0"),
        ..Component::new("teacher", "teacher", Kind::Model)
    };
    let components =
        vec![component("product", Kind::Product, vec![]), component("student", Kind::Model, vec![]), teacher];
    let relations = [("product", Relation::Embedded, "student"), ("student", Relation::Distilled, "teacher")];
    let verdict = judge(graph(components, &relations), "open-source", &[]);
    assert_eq!(levels(&verdict, "teacher", Code::UnknownTerms), [Level::Deny]);
}

#[test]
fn a_model_is_not_open_enough_whatever_it_was_trained_on() {
    let components = vec![
        component("product", Kind::Product, vec![]),
        component("model", Kind::Model, vec![]),
        Component::new("data", "data", Kind::Dataset),
    ];
    let relations = [("product", Relation::Embedded, "model"), ("model", Relation::TrainedOn, "data")];
    let verdict = judge(graph(components, &relations), "open-source-ai", &[]);
    assert_eq!(levels(&verdict, "model", Code::InsufficientOpenness), [Level::Deny]);
}

#[test]
fn a_family_holds_for_the_products_whose_lineage_it_is() {
    let family = Term { same_family_allowed: true, ..Term::bare(TermId::NoOutputTraining) };
    let components = vec![
        component("one", Kind::Product, vec![]),
        component("two", Kind::Product, vec![]),
        component("student", Kind::Model, vec![]),
        component("teacher", Kind::Model, vec![family]),
    ];
    let relations = [
        ("one", Relation::Embedded, "student", None),
        ("two", Relation::Embedded, "student", None),
        ("student", Relation::Distilled, "teacher", None),
        ("student", Relation::Derived, "teacher", Some("one")),
    ];
    let verdict = judge(graph_of_some(components, &relations), "open-source", &[]);
    let barred: Vec<&str> = verdict
        .findings
        .iter()
        .filter(|finding| finding.code == Code::OutputTraining)
        .filter_map(|finding| Some(finding.product.as_ref()?.as_str()))
        .collect();
    assert_eq!(barred, ["two"]);
}
