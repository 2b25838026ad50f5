//! From selected members to products, with the features that each is built with.
//!
//! 1. Every binary, `cdylib` and `staticlib` of a selected member is a product.
//! 2. A published library is one too, if its package gives no other, and no other product contains it; whether one does
//!    is known only after the simulation ([`build`](super::build)). `--libraries` makes every library a product.
//! 3. If that leaves nothing at all, the libraries of the selected members are the products.

use std::collections::BTreeSet;
use std::fmt;

use cargo_metadata::{CrateType, Package, TargetKind};

use super::error::{Error, nearest};
use super::package::PackageIndex;
use super::selection::{ProductRelease, Release, Selection};

/// Something that a workspace builds and hands to somebody.
#[derive(Clone, Debug)]
pub struct Product {
    /// The package's name, or `package:bin/name`, `package:cdylib/name`, `package:staticlib/name`, `package:lib/name`
    /// where the package gives several products.
    pub key: String,
    /// Its package.
    pub package: PackageIndex,
    /// What it is.
    pub kind: ProductKind,
    /// The name of its build target.
    pub target: String,
    /// The features switched on from outside its package, as `--features` takes them: those of the command line, those that
    /// the target requires, and those that a policy adds.
    pub features: Vec<String>,
    /// The platforms that it is judged for: triples, or `all`.
    pub platforms: Vec<String>,
    pub(crate) build: usize,
}

/// What a product is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProductKind {
    /// A program.
    Binary,
    /// A dynamic library for other languages.
    Cdylib,
    /// A static library for other languages.
    Staticlib,
    /// A library for Rust, delivered as source; procedural macros too.
    Library,
}

impl ProductKind {
    /// The word of the kind in a product key.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Binary => "bin",
            Self::Cdylib => "cdylib",
            Self::Staticlib => "staticlib",
            Self::Library => "lib",
        }
    }
}

/// What may be a product, before anything is resolved.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) key: String,
    pub(crate) package_id: String,
    pub(crate) package: String,
    pub(crate) kind: ProductKind,
    pub(crate) target: String,
    /// A product only if no other one contains it.
    pub(crate) yields: bool,
    pub(crate) features: BTreeSet<Request>,
}

/// A feature that is switched on from outside the package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Request {
    /// One of the package's own.
    Named(String),
    /// `dependency/feature`, or `dependency?/feature`.
    OfDependency { dependency: String, feature: String, weak: bool },
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(feature) => f.write_str(feature),
            Self::OfDependency { dependency, feature, weak } => {
                write!(f, "{dependency}{}/{feature}", if *weak { "?" } else { "" })
            }
        }
    }
}

/// The candidates of `members`, with their keys, and with the features of the command line and those they require.
pub(crate) fn candidates(members: &[&Package], selection: &Selection) -> Result<Vec<Candidate>, Error> {
    let wanted: Vec<&str> = selection
        .features
        .iter()
        .flat_map(|list| list.split([',', ' ']))
        .filter(|feature| !feature.is_empty())
        .collect();
    if !members.is_empty() {
        for feature in &wanted {
            if !members.iter().any(|package| !requests(package, feature).is_empty()) {
                return Err(unknown_feature(feature, members));
            }
        }
    }

    let mut result: Vec<Candidate> = members.iter().flat_map(|package| of_package(package, selection)).collect();
    let only_unpublished_libraries = result.is_empty();
    if only_unpublished_libraries {
        result = members.iter().flat_map(|package| libraries(package, false)).collect();
    }
    for candidate in &mut result {
        let Some(package) = members.iter().find(|package| package.id.repr == candidate.package_id) else { continue };
        candidate.features.extend(wanted.iter().flat_map(|feature| requests(package, feature)));
        if selection.all_features {
            candidate.features.extend(package.features.keys().cloned().map(Request::Named));
        }
    }
    name(&mut result);
    Ok(result)
}

/// Adds what a policy says of single products, and returns it beside each candidate.
///
/// # Errors
///
/// If it names a product or a feature that is not there.
pub(crate) fn released(
    candidates: Vec<Candidate>,
    members: &[&Package],
    release: &Release,
) -> Result<Vec<(Candidate, ProductRelease)>, Error> {
    for key in release.products.keys() {
        if !candidates.iter().any(|candidate| candidate.key == *key) {
            let known: Vec<String> = candidates.iter().map(|candidate| candidate.key.clone()).collect();
            let nearest = nearest(key, known.iter().map(String::as_str));
            return Err(Error::UnknownProduct { key: key.clone(), nearest, known });
        }
    }
    candidates
        .into_iter()
        .map(|mut candidate| {
            let release = release.products.get(&candidate.key).cloned().unwrap_or_default();
            if let Some(package) = members.iter().find(|package| package.id.repr == candidate.package_id) {
                for feature in &release.features {
                    let requests = requests(package, feature);
                    if requests.is_empty() {
                        return Err(unknown_feature(feature, &[package]));
                    }
                    candidate.features.extend(requests);
                }
            }
            Ok((candidate, release))
        })
        .collect()
}

fn of_package(package: &Package, selection: &Selection) -> Vec<Candidate> {
    let mut result: Vec<Candidate> = package
        .targets
        .iter()
        .filter(|target| target.kind.contains(&TargetKind::Bin))
        .map(|target| {
            let required = target.required_features.iter().flat_map(|feature| requests(package, feature));
            candidate(package, ProductKind::Binary, &target.name, required.collect())
        })
        .collect();
    for target in package.targets.iter().filter(|target| is_library(target)) {
        for (crate_type, kind) in
            [(CrateType::CDyLib, ProductKind::Cdylib), (CrateType::StaticLib, ProductKind::Staticlib)]
        {
            if target.crate_types.contains(&crate_type) {
                result.push(candidate(package, kind, &target.name, BTreeSet::new()));
            }
        }
    }
    if selection.libraries {
        result.extend(libraries(package, false));
    } else if result.is_empty() && package.publish.as_ref().is_none_or(|registries| !registries.is_empty()) {
        result = libraries(package, true);
    }
    result
}

fn libraries(package: &Package, yields: bool) -> Vec<Candidate> {
    let rust = [CrateType::Lib, CrateType::RLib, CrateType::DyLib, CrateType::ProcMacro];
    package
        .targets
        .iter()
        .filter(|target| is_library(target) && target.crate_types.iter().any(|kind| rust.contains(kind)))
        .map(|target| Candidate { yields, ..candidate(package, ProductKind::Library, &target.name, BTreeSet::new()) })
        .collect()
}

fn candidate(package: &Package, kind: ProductKind, target: &str, features: BTreeSet<Request>) -> Candidate {
    Candidate {
        key: String::new(),
        package_id: package.id.repr.clone(),
        package: package.name.to_string(),
        kind,
        target: target.to_owned(),
        yields: false,
        features,
    }
}

fn is_library(target: &cargo_metadata::Target) -> bool {
    let not = [TargetKind::Bin, TargetKind::Example, TargetKind::Test, TargetKind::Bench, TargetKind::CustomBuild];
    !target.kind.iter().any(|kind| not.contains(kind))
}

/// Members of one workspace never share a name (Cargo refuses that), so that a name is ambiguous only within a package.
fn name(candidates: &mut [Candidate]) {
    let packages: Vec<String> = candidates.iter().map(|candidate| candidate.package.clone()).collect();
    for candidate in candidates {
        let Candidate { package, kind, target, .. } = &*candidate;
        candidate.key = if packages.iter().filter(|other| *other == package).count() == 1 {
            package.clone()
        } else {
            format!("{package}:{}/{target}", kind.as_str())
        };
    }
}

/// What `feature` (`f`, `package/f`, `dependency/f`, `dependency?/f`) asks of `package`; nothing if it is not there.
fn requests(package: &Package, feature: &str) -> Vec<Request> {
    let named = |name: &str| package.features.contains_key(name).then(|| Request::Named(name.to_owned()));
    let Some((left, right)) = feature.split_once('/') else {
        return named(feature).into_iter().collect();
    };
    let (dependency, weak) = left.strip_suffix('?').map_or((left, false), |name| (name, true));
    let mut result = Vec::new();
    if dependency == package.name.as_str() {
        result.extend(named(right));
    }
    let declared =
        |name: &str| package.dependencies.iter().any(|dep| dep.rename.as_deref().unwrap_or(&dep.name) == name);
    if declared(dependency) {
        result.push(Request::OfDependency { dependency: dependency.to_owned(), feature: right.to_owned(), weak });
    }
    result
}

fn unknown_feature(feature: &str, members: &[&Package]) -> Error {
    let known: BTreeSet<&str> =
        members.iter().flat_map(|package| package.features.keys().map(String::as_str)).collect();
    Error::UnknownFeature {
        feature: feature.to_owned(),
        packages: members.iter().map(|package| format!("`{}`", package.name)).collect(),
        nearest: nearest(feature, known),
    }
}
