//! What each stage after `cargo metadata` costs, and that the cost grows with the graph and no faster.
//!
//! ```console
//! $ cargo bench --bench stages              # all sizes
//! $ cargo bench --bench stages -- --test    # each once, without figures
//! ```
//!
//! The graphs are generated, the same ones every time: one product, packages in layers, five relations a component, the
//! licences that crates have in about the shares in which crates have them, a model in every few hundred components, and
//! some components that fail the gate. The counter is components a second: equal figures from size to size are linear cost.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use cargo_covenant::analysis::{ByPolicy, MarkEvidence, Request};
use cargo_covenant::gate::judge::Case;
use cargo_covenant::gate::{Finding, Verdict, judge};
use cargo_covenant::graph::Graph;
use cargo_covenant::graph::file::read;
use cargo_covenant::obligation::{Crossings, ProductAnalysis, propagate};
use cargo_covenant::policy::Loaded;
use cargo_covenant::policy::load::{Sources, load};
use cargo_covenant::report;
use cargo_covenant::source::SourceFile;
use cargo_covenant::workspace::Selection;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use jiff::civil::date;

const SIZES: &[usize] = &[100, 1_000, 10_000, 100_000];

fn main() {
    divan::main();
}

/// From the text of a graph file to the sorted graph.
#[divan::bench(args = SIZES, sample_count = 10, sample_size = 1)]
fn a_read_graph(bencher: Bencher<'_, '_>, size: usize) {
    let file = generated(size);
    bencher.counter(ItemsCount::new(size)).bench_local(|| read(black_box(&file)).expect("a generated graph is sound"));
}

#[divan::bench(args = SIZES, sample_count = 10, sample_size = 1)]
fn b_propagate(bencher: Bencher<'_, '_>, size: usize) {
    let bench = Bench::new(size);
    bencher.counter(ItemsCount::new(size)).bench_local(|| bench.propagate());
}

#[divan::bench(args = SIZES, sample_count = 10, sample_size = 1)]
fn c_judge(bencher: Bencher<'_, '_>, size: usize) {
    let bench = Bench::new(size);
    let analyses = bench.propagate();
    bencher.counter(ItemsCount::new(size)).bench_local(|| bench.judge(black_box(&analyses)));
}

#[divan::bench(args = SIZES, sample_count = 10, sample_size = 1)]
fn d_report_human(bencher: Bencher<'_, '_>, size: usize) {
    let verdict = Bench::new(size).verdict();
    bencher
        .counter(ItemsCount::new(size))
        .bench_local(|| report::human::write(black_box(&verdict), report::human::Options::default()));
}

#[divan::bench(args = SIZES, sample_count = 10, sample_size = 1)]
fn e_report_json(bencher: Bencher<'_, '_>, size: usize) {
    let verdict = Bench::new(size).verdict();
    bencher.counter(ItemsCount::new(size)).bench_local(|| report::json::write(black_box(&verdict)));
}

/// A graph with all that the stages need beside it.
struct Bench {
    graph: Graph,
    loaded: Loaded,
    crossings: &'static Crossings,
    request: Request,
}

impl Bench {
    fn new(size: usize) -> Self {
        let graph = read(&generated(size)).expect("a generated graph is sound");
        let loaded = load(&Sources::default()).expect("the built-in policy is sound");
        let request = Request {
            selection: Selection::default(),
            policy: None,
            context: Vec::new(),
            graph: None,
            today: date(2027, 3, 1),
        };
        Self { graph, loaded, crossings: Crossings::built_in(), request }
    }

    fn propagate(&self) -> Vec<ProductAnalysis> {
        let stale = BTreeSet::new();
        let Loaded { policy, catalogue } = &self.loaded;
        let situation = policy.situation(self.request.today);
        let weigh = ByPolicy { policy, catalogue, situation: &situation, request: &self.request, stale: &stale };
        propagate(&self.graph, catalogue, self.crossings, &weigh)
    }

    fn judge(&self, analyses: &[ProductAnalysis]) -> Vec<Finding> {
        let Loaded { policy, catalogue } = &self.loaded;
        judge(&Case {
            graph: &self.graph,
            analyses,
            catalogue,
            crossings: self.crossings,
            policy,
            situation: &policy.situation(self.request.today),
            problems: &[],
            evidence: &MarkEvidence,
        })
    }

    fn verdict(self) -> Verdict {
        let analyses = self.propagate();
        let findings = self.judge(&analyses);
        assert!(!findings.is_empty(), "a report without findings would measure nothing");
        let situation = self.loaded.policy.situation(self.request.today);
        let Self { graph, .. } = self;
        Verdict { graph, analyses, situation, findings, loosened: Vec::new(), remarks: Vec::new() }
    }
}

/// Relations a component, those from above to it.
const RELATIONS: usize = 5;
/// One component in so many is a model.
const MODEL_EVERY: usize = 250;
/// Children in the tree that makes sure that the product reaches each component; its depth is the number of layers.
const WIDTH: usize = 5;

/// Licences, and how many of a hundred packages are under each.
const LICENSES: &[(usize, &str)] = &[
    (80, "MIT OR Apache-2.0"),
    (8, "MIT"),
    (3, "Apache-2.0"),
    (3, "BSD-3-Clause"),
    (2, "MPL-2.0"),
    (1, "LGPL-3.0-or-later"),
    (1, "(MIT OR Apache-2.0) AND Unicode-3.0"),
    (1, "Apache-2.0 WITH LLVM-exception"),
    (1, "BUSL-1.1"),
];

/// Relations between packages, and how many of a hundred are of each sort.
const LINKS: &[(usize, &str)] =
    &[(88, "static-link"), (5, "macro-expansion"), (4, "build-tool"), (2, "dev"), (1, "dynamic-link")];

/// The text of a graph file with about `size` components.
fn generated(size: usize) -> Arc<SourceFile> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut components = String::from(
        r#"    {"id": "app", "kind": "product", "license": "MIT", "delivery": ["binary"]},
    {"id": "llama-2-7b", "kind": "model", "license": "llama2", "task": "text-generation"},
    {"id": "reviews", "kind": "dataset", "license": "CC-BY-4.0"}"#,
    );
    let mut relations = String::new();
    let mut row = |from: &str, to: &str, relation: &str| {
        let comma = if relations.is_empty() { "" } else { ",\n" };
        let _ = write!(relations, r#"{comma}    {{"from": "{from}", "to": "{to}", "relation": "{relation}"}}"#);
    };
    let package = |number: usize| if number == 0 { "app".to_owned() } else { format!("package-{number}@1.0.0") };
    let is_model = |number: usize| number % MODEL_EVERY == MODEL_EVERY / 2;
    // The nearest package: a model has no crates below it.
    let upper = |number: usize| package(if is_model(number) { number - 1 } else { number });
    for number in 1..size {
        let above = (number - 1) / WIDTH;
        if is_model(number) {
            let model = format!("model-{number}");
            let _ = write!(
                components,
                ",\n    {{\"id\": \"{model}\", \"kind\": \"model\", \"license\": \"Apache-2.0\", \"task\": \"text-classification\"}}"
            );
            row(&upper(above), &model, "embedded");
            row(&model, "reviews", "trained-on");
            if dice.below(4) == 0 {
                row(&model, "llama-2-7b", "derived");
            }
            continue;
        }
        let id = package(number);
        let license = dice.drawn(LICENSES);
        let _ = write!(components, ",\n    {{\"id\": \"{id}\", \"kind\": \"package\", \"license\": \"{license}\"}}");
        row(&upper(above), &id, "static-link");
        for _ in 1..RELATIONS {
            row(&upper(dice.below(above + 1)), &id, dice.drawn(LINKS));
        }
    }
    let text = format!(
        "{{\n  \"format\": \"covenant-graph\", \"version\": 1,\n  \"components\": [\n{components}\n  ],\n  \"relations\": [\n{relations}\n  ]\n}}\n"
    );
    SourceFile::new("generated.json", text)
}

/// Numbers that look random and are the same on every machine (SplitMix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        let end = u64::try_from(end).expect("a usize has at most 64 bits");
        usize::try_from(mixed % end).expect("it is less than a usize")
    }

    /// One of the values, by their shares of a hundred.
    fn drawn(&mut self, shares: &[(usize, &'static str)]) -> &'static str {
        let mut point = self.below(100);
        for (share, value) in shares {
            match point.checked_sub(*share) {
                Some(rest) => point = rest,
                None => return value,
            }
        }
        unreachable!("the shares add up to a hundred")
    }
}
