//! Each distinct (package, features, platforms) is simulated once; libraries that another product contains give way.

use std::collections::{BTreeMap, HashMap};

use guppy::PackageId;

use super::build::Build;
use super::error::Error;
use super::package::{Package, PackageIndex};
use super::plan::Plan;
use super::product::{Candidate, Product, Request};
use super::selection::ProductRelease;
use super::simulator::{Simulator, Start};
use super::threads::{cores, joined};
use super::united;

/// What is simulated: each distinct start once, and which of them each product has.
pub(super) struct Starts {
    pub(super) distinct: Vec<Start>,
    of_products: Vec<usize>,
}

impl Starts {
    pub(super) fn of(
        products: &[(Candidate, ProductRelease)],
        plan: &Plan<'_>,
        indices: &HashMap<PackageId, PackageIndex>,
    ) -> Result<Self, Error> {
        let mut starts = Self { distinct: Vec::new(), of_products: Vec::new() };
        let mut places: BTreeMap<Start, usize> = BTreeMap::new();
        for ((candidate, _), platforms) in products.iter().zip(&plan.of_products) {
            let id = PackageId::new(candidate.package_id.as_str());
            let package = indices.get(&id).copied().ok_or_else(|| Error::Simulation {
                package: candidate.package.clone(),
                source: Box::new(guppy::Error::UnknownPackageId(id)),
            })?;
            let start = Start { package, features: candidate.features.clone(), platforms: platforms.clone() };
            let next = starts.distinct.len();
            let place = *places.entry(start.clone()).or_insert(next);
            if place == next {
                starts.distinct.push(start);
            }
            starts.of_products.push(place);
        }
        Ok(starts)
    }
}

/// Simulates every start, on as many threads as there are cores; the order of the result is that of the starts.
pub(super) fn simulate(
    simulator: &Simulator<'_>,
    starts: &Starts,
    beyond: &[united::Features],
    packages: &[Package],
) -> Result<Vec<Build>, Error> {
    let one = |(start, beyond): &(&Start, &united::Features)| {
        simulator.build(start, beyond).map_err(|source| Error::Simulation {
            package: packages.get(start.package.0).map(|package| package.name.clone()).unwrap_or_default(),
            source: Box::new(source),
        })
    };
    let all: Vec<_> = starts.distinct.iter().zip(beyond).collect();
    let share = all.len().div_ceil(cores()).max(1);
    let one = &one;
    std::thread::scope(|scope| {
        let running: Vec<_> =
            all.chunks(share).map(|some| scope.spawn(move || some.iter().map(one).collect::<Vec<_>>())).collect();
        running.into_iter().flat_map(joined).collect()
    })
}

/// The products, without the libraries that others contain.
pub(super) fn delivered(
    products: &[(Candidate, ProductRelease)],
    plan: &Plan<'_>,
    starts: &Starts,
    builds: &[Build],
) -> Vec<Product> {
    let of_products = || starts.of_products.iter().filter_map(|place| builds.get(*place));
    let is_contained = |place: usize, package: PackageIndex| {
        (0..).zip(of_products()).any(|(other, build)| other != place && build.contains(package))
    };
    let mut result = Vec::new();
    for (place, ((candidate, _), platforms)) in products.iter().zip(&plan.of_products).enumerate() {
        let Some(build) = starts.of_products.get(place).copied() else { continue };
        let Some(package) = builds.get(build).map(|build| build.root) else { continue };
        if candidate.yields && is_contained(place, package) {
            continue;
        }
        result.push(Product {
            key: candidate.key.clone(),
            package,
            kind: candidate.kind,
            target: candidate.target.clone(),
            features: candidate.features.iter().map(Request::to_string).collect(),
            platforms: platforms.iter().filter_map(|place| plan.targets.get(*place)).cloned().collect(),
            build,
        });
    }
    result
}
