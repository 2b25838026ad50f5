//! Holds a simulated build against Cargo's own.
//!
//! Cargo's side is `cargo build --unit-graph` (with `--all-targets` for dev-dependencies), one call a product, and on the
//! target side `cargo tree -e normal,no-proc-macro` as a second witness. A unit of a build script belongs to the package
//! whose script it is and says nothing of its own: it is left out. `RUSTC_BOOTSTRAP` opens the unstable option.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fmt;
use std::process::Command;

use cargo_covenant::workspace::{Environment, Product, ProductKind, Selection, Side, Workspace};
use serde::Deserialize;

/// Package ids with the features that are on, per side.
pub(crate) type Units = BTreeMap<(Side, String), BTreeSet<String>>;

/// What was compared, and where the two differ.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Products, each compared with and without dev-dependencies and with `cargo tree`.
    pub(crate) products: usize,
    /// Packages of all these comparisons, host and target counted apart.
    pub(crate) packages: usize,
    /// One line a difference.
    pub(crate) differences: Vec<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for difference in &self.differences {
            writeln!(f, "  {difference}")?;
        }
        write!(f, "{} products, {} packages, {} differences", self.products, self.packages, self.differences.len())
    }
}

#[derive(Deserialize)]
struct UnitGraph {
    units: Vec<Unit>,
}

#[derive(Deserialize)]
struct Unit {
    pkg_id: String,
    target: UnitTarget,
    platform: Option<String>,
    features: BTreeSet<String>,
}

#[derive(Deserialize)]
struct UnitTarget {
    kind: Vec<String>,
}

/// Compares every product of `workspace`, which was loaded from `selection` for exactly one target, without and, if `dev`,
/// with dev-dependencies.
pub(crate) fn compare(workspace: &Workspace, selection: &Selection, environment: &Environment, dev: bool) -> Report {
    let mut report = Report::default();
    for product in workspace.products() {
        report.products += 1;
        for dev in [Some(false), dev.then_some(true)].into_iter().flatten() {
            let expected = units(workspace, product, selection, environment, dev);
            let simulated = simulated(workspace, product, dev);
            report.packages += expected.len();
            let how = if dev { "with dev" } else { "plain" };
            report.differences.extend(
                differences(&expected, &simulated).into_iter().map(|line| format!("{} {how}: {line}", product.key)),
            );
        }
        let expected = tree(workspace, product, selection, environment);
        let linked = linked(workspace, product);
        for (name, here) in [(&expected, &linked), (&linked, &expected)]
            .into_iter()
            .zip(["tree", "simulation"])
            .flat_map(|((some, other), here)| some.difference(other).map(move |name| (name, here)))
        {
            report.differences.push(format!("{}: {name} is only in the {here}", product.key));
        }
    }
    report
}

/// What differs between Cargo's units and simulated ones, a line each.
pub(crate) fn differences(expected: &Units, simulated: &Units) -> Vec<String> {
    let mut lines = Vec::new();
    for ((side, id), features) in expected {
        match simulated.get(&(*side, id.clone())) {
            None => lines.push(format!("{side:?} {id} is missing (features {features:?})")),
            Some(other) if other != features => {
                let lost: Vec<_> = features.difference(other).collect();
                let invented: Vec<_> = other.difference(features).collect();
                lines.push(format!("{side:?} {id} lost {lost:?}, invented {invented:?}"));
            }
            Some(_) => {}
        }
    }
    let invented = simulated.iter().filter(|(place, _)| !expected.contains_key(*place));
    lines.extend(invented.map(|((side, id), features)| format!("{side:?} {id} is invented (features {features:?})")));
    lines
}

/// Our side. A procedural macro is compiled for the host, and all of it is put there again.
pub(crate) fn simulated(workspace: &Workspace, product: &Product, dev: bool) -> Units {
    let build = workspace.build(product);
    let everything_on_host = workspace.package(build.root).is_proc_macro();
    let mut units = Units::new();
    let mut add = |side, id: &str, features: &[String], beyond: &[String]| {
        let side = if everything_on_host { Side::Host } else { side };
        let unit: &mut BTreeSet<String> = units.entry((side, id.to_owned())).or_default();
        unit.extend(features.iter().cloned());
        if dev {
            unit.extend(beyond.iter().cloned());
        }
    };
    add(Side::Target, &workspace.package(build.root).id, &build.root_features, &build.root_dev_features);
    for component in build.components.iter().filter(|component| dev || !component.dev_only) {
        let id = &workspace.package(component.package).id;
        add(component.side, id, &component.features, &component.dev_features);
    }
    units
}

/// Cargo's side.
pub(crate) fn units(
    workspace: &Workspace,
    product: &Product,
    selection: &Selection,
    environment: &Environment,
    dev: bool,
) -> Units {
    let mut command = cargo("build", workspace, product, selection, environment);
    command.args(["--unit-graph", "-Z", "unstable-options"]).env("RUSTC_BOOTSTRAP", "1");
    if dev {
        command.arg("--all-targets");
    } else if product.kind == ProductKind::Binary {
        command.args(["--bin", &product.target]);
    } else {
        command.arg("--lib");
    }
    let graph: UnitGraph = serde_json::from_str(&output(command)).expect("a unit graph");
    let everything_on_host = workspace.package(product.package).is_proc_macro();
    let mut units = Units::new();
    for unit in graph.units.into_iter().filter(|unit| !unit.target.kind.iter().any(|kind| kind == "custom-build")) {
        let side = if unit.platform.is_some() && !everything_on_host { Side::Target } else { Side::Host };
        units.entry((side, unit.pkg_id)).or_default().extend(unit.features);
    }
    units
}

/// What is linked into a product by our account: `name vVERSION`, and the product's own package.
fn linked(workspace: &Workspace, product: &Product) -> BTreeSet<String> {
    let build = workspace.build(product);
    let line = |package| {
        let package = workspace.package(package);
        format!("{} v{}", package.name, package.version)
    };
    let components = build.components.iter().filter(|component| component.side == Side::Target && !component.dev_only);
    components.map(|component| line(component.package)).chain([line(build.root)]).collect()
}

/// The same by `cargo tree`.
fn tree(
    workspace: &Workspace,
    product: &Product,
    selection: &Selection,
    environment: &Environment,
) -> BTreeSet<String> {
    let mut command = cargo("tree", workspace, product, selection, environment);
    command.args(["-e", "normal,no-proc-macro", "--prefix", "none", "--format", "{p}"]);
    let lines = output(command);
    let lines = lines.lines().filter(|line| !line.is_empty());
    lines.map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect()
}

fn cargo(
    name: &str,
    workspace: &Workspace,
    product: &Product,
    selection: &Selection,
    environment: &Environment,
) -> Command {
    let [target] = &product.platforms[..] else { panic!("{} is not for one target", product.key) };
    let package = workspace.package(product.package);
    let program = environment.variables.get(OsStr::new("CARGO")).cloned().unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(&environment.current_dir).env_clear().envs(&environment.variables);
    command.args([name, "--offline", "--target", target, "-p"]).arg(&package.id);
    // Under resolver 1, features are those of the package whose manifest this is.
    command.arg("--manifest-path").arg(&package.manifest_path);
    if selection.no_default_features {
        command.arg("--no-default-features");
    }
    if !product.features.is_empty() {
        command.arg("--features").arg(product.features.join(","));
    }
    command
}

fn output(mut command: Command) -> String {
    let output = command.output().expect("cargo runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}
