//! Simulates Cargo: from a package, features and platforms to a [`Build`].
//!
//! The simulation itself is guppy's `CargoSet`. For each platform, and in it once without dev-dependencies and, where the
//! package has any, once with them:
//!
//! 1. The package's features, as the product asks for them, are the start; everything follows from there.
//! 2. The links that were followed become edges. A link stands for all dependencies between two packages, so each kind
//!    is asked again: on this side's platform, and with the optional dependencies that are active on this side.
//! 3. What the plain build has is as it has it. What only the build with dev-dependencies has is marked `dev_only`.
//!
//! The platforms are united at the end, not before: two platforms never share one binary, so that a feature that one of
//! them switches on must not reach the other.
//!
//! **A procedural macro as a product** is compiled for the host, and so is all below it. Whoever receives it receives
//! what is linked into it, so its normal dependencies count as target-side, and only its build-dependencies, the macros
//! that it uses, and what is below these remain on the host.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use guppy::graph::cargo::{CargoOptions, CargoResolverVersion, CargoSet, InitialsPlatform};
use guppy::graph::feature::{FeatureId, FeatureLabel, FeatureSet, StandardFeatures, feature_id_filter};
use guppy::graph::{DependencyDirection, PackageGraph, PackageLink, PackageMetadata};
use guppy::platform::{EnabledTernary, PlatformSpec};
use guppy::{DependencyKind, PackageId};

use super::build::{Build, Collected, EdgeKind, Place, Side, unite};
use super::package::PackageIndex;
use super::product::Request;
use super::united::Features;

/// What a simulation starts from. Products that agree in it share one build.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Start {
    pub(crate) package: PackageIndex,
    pub(crate) features: BTreeSet<Request>,
    /// Places in [`Simulator::platforms`].
    pub(crate) platforms: Vec<usize>,
}

/// All that simulations have in common.
pub(crate) struct Simulator<'g> {
    pub(crate) graph: &'g PackageGraph,
    /// Cargo's ids, by package index.
    pub(crate) ids: &'g [PackageId],
    pub(crate) indices: &'g HashMap<PackageId, PackageIndex>,
    pub(crate) resolver: CargoResolverVersion,
    pub(crate) default_features: bool,
    /// Each target platform with the host platform that belongs to it.
    pub(crate) platforms: Vec<(PlatformSpec, PlatformSpec)>,
}

impl<'g> Simulator<'g> {
    /// Simulates the build of `start`, in which the features `beyond` are on wherever their packages are.
    pub(crate) fn build(&self, start: &Start, beyond: &Features) -> Result<Build, guppy::Error> {
        let mut plain = Collected::default();
        let mut with_dev = Collected::default();
        for (target, host) in start.platforms.iter().filter_map(|place| self.platforms.get(*place)) {
            self.collect((start, beyond), target, host, false, &mut plain)?;
            self.collect((start, beyond), target, host, true, &mut with_dev)?;
        }
        plain.prune();
        with_dev.prune();
        Ok(unite(start.package, plain, with_dev))
    }

    fn package(&self, index: PackageIndex) -> Result<PackageMetadata<'g>, guppy::Error> {
        match self.ids.get(index.0) {
            Some(id) => self.graph.metadata(id),
            None => Err(guppy::Error::PackageGraphInternalError(format!("there is no package number {}", index.0))),
        }
    }

    fn index(&self, package: &PackageMetadata<'_>) -> Result<PackageIndex, guppy::Error> {
        let index = self.indices.get(package.id()).copied();
        index.ok_or_else(|| guppy::Error::UnknownPackageId(package.id().clone()))
    }

    fn collect(
        &self,
        (start, beyond): (&Start, &Features),
        target: &PlatformSpec,
        host: &PlatformSpec,
        dev: bool,
        into: &mut Collected,
    ) -> Result<(), guppy::Error> {
        let root = self.package(start.package)?;
        if dev && !root.direct_links().any(|link| link.dev().is_present()) {
            return Ok(());
        }
        let mut options = CargoOptions::new();
        options
            .set_resolver(self.resolver)
            .set_include_dev(dev)
            .set_initials_platform(InitialsPlatform::Standard)
            .set_target_platform(target.clone())
            .set_host_platform(host.clone());
        let (initials, features_only) = self.features(&root, &start.features, beyond)?;
        let set = CargoSet::new(initials, features_only, &options)?;
        Followed { simulator: self, root, target, host, dev, set: &set }.collect(into)
    }

    /// The features that `requests` and the defaults switch on: those of `root`, and those of its dependencies.
    fn features(
        &self,
        root: &PackageMetadata<'g>,
        requests: &BTreeSet<Request>,
        beyond: &Features,
    ) -> Result<(FeatureSet<'g>, FeatureSet<'g>), guppy::Error> {
        let graph = self.graph.feature_graph();
        let base = if self.default_features { StandardFeatures::Default } else { StandardFeatures::None };
        let mut own: Vec<FeatureId<'_>> = Vec::new();
        for request in requests {
            match request {
                Request::Named(name) => own.push(FeatureId::new(root.id(), FeatureLabel::Named(name))),
                Request::OfDependency { weak: true, .. } => {}
                Request::OfDependency { dependency, .. } => {
                    // As in a `[features]` table, `dependency/feature` switches an optional dependency on, and with it
                    // the feature of its name. Where either is not there, it selects nothing.
                    own.push(FeatureId::new(root.id(), FeatureLabel::OptionalDependency(dependency)));
                    if root.direct_links().any(|link| link.dep_name() == dependency && is_optional(&link)) {
                        own.push(FeatureId::new(root.id(), FeatureLabel::Named(dependency)));
                    }
                }
            }
        }
        let initials = root.to_feature_set(feature_id_filter(base, own));

        let mut below: Vec<FeatureId<'_>> = Vec::new();
        let active = initials.to_feature_query(DependencyDirection::Forward).resolve();
        for request in requests {
            let Request::OfDependency { dependency, feature, weak } = request else { continue };
            for link in root.direct_links().filter(|link| link.dep_name() == dependency) {
                let there = !is_optional(&link)
                    || active.contains((root.id(), FeatureLabel::OptionalDependency(dependency))).unwrap_or(false);
                if !weak || there {
                    below.push(FeatureId::new(link.to().id(), FeatureLabel::Named(feature)));
                }
            }
        }
        for (package, features) in beyond {
            let id = self.package(*package)?.id();
            let ids = features.iter().map(|feature| FeatureId::new(id, FeatureLabel::Named(feature)));
            below.extend(ids.filter(|id| graph.metadata(*id).is_ok()));
        }
        let features_only = if below.is_empty() { graph.resolve_none() } else { graph.resolve_ids(below)? };
        Ok((initials, features_only))
    }
}

fn is_optional(link: &PackageLink<'_>) -> bool {
    [link.normal(), link.build(), link.dev()].iter().any(|req| req.status().optional_status().is_present())
}

/// A finished simulation, whose links are turned into edges.
struct Followed<'s, 'g> {
    simulator: &'s Simulator<'g>,
    root: PackageMetadata<'g>,
    target: &'s PlatformSpec,
    host: &'s PlatformSpec,
    dev: bool,
    set: &'s CargoSet<'g>,
}

impl<'g> Followed<'_, 'g> {
    fn collect(&self, into: &mut Collected) -> Result<(), guppy::Error> {
        if self.root.is_proc_macro() {
            return self.collect_proc_macro(into);
        }
        for (features, side) in [(self.set.target_features(), Side::Target), (self.set.host_features(), Side::Host)] {
            for list in features.packages_with_features(DependencyDirection::Forward) {
                let place = (self.simulator.index(list.package())?, side);
                into.note(self.place(list.package().id(), place), list.named_features());
            }
        }
        for link in self.set.target_links() {
            self.edges(&link, Side::Target, Side::Target, into)?;
        }
        for link in self.set.proc_macro_links() {
            self.edges(&link, Side::Target, Side::Host, into)?;
        }
        for link in self.set.build_dep_links() {
            if self.is_on(&link, DependencyKind::Build, Side::Target) {
                self.edge(&link, Side::Target, Side::Host, EdgeKind::Build, into)?;
            }
        }
        for link in self.set.host_links() {
            self.edges(&link, Side::Host, Side::Host, into)?;
            if link.from().has_build_script() && self.is_on(&link, DependencyKind::Build, Side::Host) {
                self.edge(&link, Side::Host, Side::Host, EdgeKind::Build, into)?;
            }
        }
        Ok(())
    }

    /// guppy has everything on the host; what is linked into the macro is moved to the target.
    fn collect_proc_macro(&self, into: &mut Collected) -> Result<(), guppy::Error> {
        let mut links: BTreeMap<PackageIndex, Vec<PackageLink<'g>>> = BTreeMap::new();
        for link in self.set.host_links() {
            links.entry(self.simulator.index(&link.from())?).or_default().push(link);
        }
        let root = self.simulator.index(&self.root)?;
        let mut seen = BTreeSet::from([(root, Side::Target)]);
        let mut todo = vec![(root, Side::Target)];
        while let Some((package, side)) = todo.pop() {
            let metadata = self.simulator.package(package)?;
            if let Some(list) = self.set.host_features().features_for(metadata.id())? {
                into.note(self.place(metadata.id(), (package, side)), list.named_features());
            }
            for link in links.get(&package).into_iter().flatten() {
                let linked = if link.to().is_proc_macro() { Side::Host } else { side };
                let mut reached = Vec::new();
                if self.is_on(link, DependencyKind::Normal, Side::Host) {
                    let kind = if link.to().is_proc_macro() { EdgeKind::ProcMacro } else { EdgeKind::Normal };
                    reached.push((linked, kind));
                } else if self.is_dev(link, Side::Host) {
                    reached.push((linked, EdgeKind::Dev));
                }
                if link.from().has_build_script() && self.is_on(link, DependencyKind::Build, Side::Host) {
                    reached.push((Side::Host, EdgeKind::Build));
                }
                for (below, kind) in reached {
                    self.edge(link, side, below, kind, into)?;
                    let next = (self.simulator.index(&link.to())?, below);
                    if seen.insert(next) {
                        todo.push(next);
                    }
                }
            }
        }
        Ok(())
    }

    /// The edges of a link by normal and dev-dependencies.
    fn edges(&self, link: &PackageLink<'g>, from: Side, to: Side, into: &mut Collected) -> Result<(), guppy::Error> {
        if self.is_on(link, DependencyKind::Normal, from) {
            let kind = if link.to().is_proc_macro() { EdgeKind::ProcMacro } else { EdgeKind::Normal };
            self.edge(link, from, to, kind, into)
        } else if self.is_dev(link, from) {
            self.edge(link, from, to, EdgeKind::Dev, into)
        } else {
            Ok(())
        }
    }

    fn edge(
        &self,
        link: &PackageLink<'g>,
        from: Side,
        to: Side,
        kind: EdgeKind,
        into: &mut Collected,
    ) -> Result<(), guppy::Error> {
        let upper = self.place(link.from().id(), (self.simulator.index(&link.from())?, from));
        let lower = (self.simulator.index(&link.to())?, to);
        into.edges.insert((upper, lower, kind));
        Ok(())
    }

    /// The root's own package, on its own side, is the root.
    fn place(&self, id: &PackageId, place: (PackageIndex, Side)) -> Place {
        (id != self.root.id() || place.1 != Side::Target).then_some(place)
    }

    fn is_dev(&self, link: &PackageLink<'g>, side: Side) -> bool {
        self.dev && link.from().id() == self.root.id() && self.is_on(link, DependencyKind::Development, side)
    }

    /// Whether a dependency of `kind` is active where the upper end is compiled for `side`.
    fn is_on(&self, link: &PackageLink<'g>, kind: DependencyKind, side: Side) -> bool {
        let features = match side {
            Side::Target => self.set.target_features(),
            Side::Host => self.set.host_features(),
        };
        let platform = match (side, kind) {
            (Side::Host, _) | (_, DependencyKind::Build) => self.host,
            (Side::Target, _) => self.target,
        };
        let status = link.req_for_kind(kind).status();
        // A dependency that is not optional has no such label, which is no error: then only `required_on` can hold.
        let optional = FeatureLabel::OptionalDependency(link.dep_name());
        let on = if features.contains((link.from().id(), optional)).unwrap_or(false) {
            status.enabled_on(platform)
        } else {
            status.required_on(platform)
        };
        on != EnabledTernary::Disabled
    }
}
