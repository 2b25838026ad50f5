//! The stage itself: first the outline, then, once the policy at its root has been read, everything.
//!
//! 1. [`Outline::read`] runs `cargo metadata --no-deps` and `rustc -vV` at once: members, candidates for products, root.
//! 2. [`Outline::load`] runs `cargo metadata` and `rustc --print cfg` at once, and builds guppy's graph.
//! 3. Each distinct (package, features, platforms) is simulated once; libraries that another product contains give way.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use cargo_metadata::Metadata;
use guppy::graph::PackageGraph;
use guppy::graph::cargo::CargoResolverVersion;
use guppy::platform::PlatformSpec;
use guppy::{CargoMetadata, PackageId};

use super::build::{Build, Simulator, Start};
use super::error::{Error, Refusal};
use super::manifest;
use super::member;
use super::metadata::Cargo;
use super::package::{Package, PackageIndex};
use super::platform::{ALL, Compiler, Expressions, Question, TargetPlatform, Toolchain};
use super::product::{self, Candidate, Product, Request};
use super::selection::{Environment, ProductRelease, Release, Selection};
use super::shadow::Shadow;
use super::united;

/// A workspace as its own manifests describe it, before dependencies are resolved.
pub struct Outline<'e> {
    environment: &'e Environment,
    selection: &'e Selection,
    metadata: Metadata,
    compiler: Compiler<'e>,
    toolchain: Toolchain,
    resolver: CargoResolverVersion,
    candidates: Vec<Candidate>,
}

/// A workspace, resolved: its packages, its products, and what the build of each includes.
pub struct Workspace {
    root: PathBuf,
    toolchain: Toolchain,
    platforms: Vec<TargetPlatform>,
    notes: Vec<Note>,
    packages: Vec<Package>,
    products: Vec<Product>,
    builds: Vec<Build>,
    graph: PackageGraph,
}

/// Something that could not be had, and that a reader of the result should know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// Dev-dependencies were never downloaded, and the network may not be used: builds are without them.
    DevNotDownloaded,
}

/// What Cargo resolved.
struct Resolved {
    json: String,
    has_dev: bool,
}

/// Reads a workspace for which no policy says anything of what is released.
///
/// # Errors
///
/// Those of [`Outline::read`] and [`Outline::load`].
pub fn load(selection: &Selection, environment: &Environment) -> Result<Workspace, Error> {
    Outline::read(selection, environment)?.load(&Release::default())
}

impl<'e> Outline<'e> {
    /// Reads the manifests of the workspace and asks for the compiler. It never touches the network.
    ///
    /// # Errors
    ///
    /// If there is no workspace, if a manifest is broken, if the selection names a package or a feature that is not
    /// there, or if Cargo or rustc cannot be run.
    pub fn read(selection: &'e Selection, environment: &'e Environment) -> Result<Self, Error> {
        let cargo = Cargo { environment, selection };
        let (metadata, compiler) = std::thread::scope(|scope| {
            let metadata = scope.spawn(|| cargo.outline());
            let compiler = Compiler::find(environment).and_then(|compiler| {
                let toolchain = compiler.toolchain()?;
                Ok((compiler, toolchain))
            });
            (joined(metadata), compiler)
        });
        // The workspace first: without one, what rustc says is beside the point.
        let metadata = metadata?;
        let (compiler, toolchain) = compiler?;
        let manifest = metadata.workspace_root.join("Cargo.toml");
        let edition = metadata
            .packages
            .iter()
            .find(|package| package.manifest_path == manifest)
            .map(|package| package.edition.as_str());
        let resolver = manifest::resolver(manifest.as_std_path(), edition)?;
        let candidates = product::candidates(&member::select(&metadata, selection)?, selection)?;
        Ok(Self { environment, selection, metadata, compiler, toolchain, resolver, candidates })
    }

    /// The directory of the root manifest, where the policy is.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.metadata.workspace_root.as_std_path()
    }

    /// Whether `[workspace.metadata.covenant]` is there; its values are read from the root manifest, where they have
    /// places.
    #[must_use]
    pub fn has_covenant_metadata(&self) -> bool {
        self.metadata.workspace_metadata.get("covenant").is_some()
    }

    /// The keys that products of this selection have. Libraries that another product contains are among them.
    pub fn product_keys(&self) -> impl Iterator<Item = &str> {
        self.candidates.iter().map(|candidate| candidate.key.as_str())
    }

    /// Resolves dependencies and simulates every product's build.
    ///
    /// # Errors
    ///
    /// If `release` names a product, a feature or a platform that is not there, or if Cargo cannot resolve: because the
    /// lock file is out of date or packages are missing, and the selection forbids Cargo to mend that.
    pub fn load(self, release: &Release) -> Result<Workspace, Error> {
        let members = member::select(&self.metadata, self.selection)?;
        let products = product::released(self.candidates.clone(), &members, release)?;
        let plan = Plan::of(&self, &products, release)?;
        let (json, platforms) = std::thread::scope(|scope| {
            let platforms = scope.spawn(|| plan.ask());
            let json = self.resolve(&products, &plan.filters);
            (json, joined(platforms))
        });
        let platforms = platforms?;
        let mut resolved = json?;
        let (mut expressions, mut text) = Expressions::extract(&resolved.json);
        let is_short = platforms.hosts.iter().any(|host| expressions.exceeds(host, &platforms.targets));
        if is_short && !plan.filters.is_empty() {
            resolved = self.resolve(&products, &[])?;
            (expressions, text) = Expressions::extract(&resolved.json);
        }

        let misunderstood = |error: guppy::Error| self.cargo().misunderstood(with_causes(&error));
        let graph = CargoMetadata::parse_json(&text).and_then(CargoMetadata::build_graph).map_err(misunderstood)?;
        let specs = platforms.specs(&expressions).map_err(misunderstood)?;
        let (ids, packages) = packages(&graph, &self.metadata);
        let indices: HashMap<PackageId, PackageIndex> = ids.iter().cloned().zip((0..).map(PackageIndex)).collect();
        let simulator = Simulator {
            graph: &graph,
            ids: &ids,
            indices: &indices,
            resolver: self.resolver,
            default_features: !self.selection.no_default_features,
            platforms: specs,
        };
        let starts = Starts::of(&products, &plan, &indices)?;
        let beyond = self.beyond(&starts, &simulator, &packages, &text, &plan, resolved.has_dev)?;
        let builds = simulate(&simulator, &starts, &beyond, &packages)?;
        let products = delivered(&products, &plan, &starts, &builds);
        Ok(Workspace {
            root: self.metadata.workspace_root.clone().into_std_path_buf(),
            toolchain: self.toolchain,
            platforms: platforms.targets,
            notes: if resolved.has_dev { Vec::new() } else { vec![Note::DevNotDownloaded] },
            packages,
            products,
            builds,
            graph,
        })
    }

    fn cargo(&self) -> Cargo<'_> {
        Cargo { environment: self.environment, selection: self.selection }
    }

    /// The metadata of the workspace or, where Cargo may not download what is missing, of its [shadow](super::shadow).
    fn resolve(&self, products: &[(Candidate, ProductRelease)], filters: &[String]) -> Result<Resolved, Error> {
        let manifest = self.metadata.workspace_root.join("Cargo.toml");
        let error = match self.cargo().resolve(manifest.as_std_path(), &self.features_to_ask_for(products), filters) {
            Ok(json) => return Ok(Resolved { json, has_dev: true }),
            Err(error) => error,
        };
        if !matches!(error, Error::Cargo { reason: Refusal::NotDownloaded, .. }) || !cfg!(unix) {
            return Err(error);
        }
        let wanted = products.iter().map(|(candidate, _)| candidate.package_id.as_str()).collect();
        let json = Shadow::of(&self.metadata, &wanted).ok().and_then(|shadow| {
            let features = self.features_of_shadow(products);
            let json = self.cargo().resolve_shadow(&shadow.manifest(), &features, filters).ok()?;
            Some(shadow.reveal(&json))
        });
        // What is missing even so is missing for the build itself: Cargo's own words are the better ones.
        json.map(|json| Resolved { json, has_dev: false }).ok_or(error)
    }

    /// What each build has beyond the graph; see [`united`].
    fn beyond(
        &self,
        starts: &Starts,
        simulator: &Simulator<'_>,
        packages: &[Package],
        json: &str,
        plan: &Plan<'_>,
        dev: bool,
    ) -> Result<Vec<united::Features>, Error> {
        if self.resolver != CargoResolverVersion::V1 || plan.filters.is_empty() {
            return Ok(vec![united::Features::new(); starts.distinct.len()]);
        }
        if dev && self.metadata.packages.len() == 1 && starts.distinct.len() == 1 {
            let index = |id: &PackageId| simulator.indices.get(id).copied();
            return united::of_resolve(json, index)
                .map(|features| vec![features])
                .map_err(|error| self.cargo().misunderstood(error.to_string()));
        }
        let named = united::by_name(packages);
        let (cargo, metadata) = (self.cargo(), &self.metadata);
        let ask = |start: &Start| {
            let id = packages.get(start.package.0).map(|package| package.id.as_str());
            let package = metadata.packages.iter().find(|package| Some(package.id.repr.as_str()) == id);
            let Some(package) = package else { return Ok(united::Features::new()) };
            let features: Vec<String> = start.features.iter().map(Request::to_string).collect();
            let targets: Vec<String> =
                start.platforms.iter().filter_map(|place| plan.targets.get(*place)).cloned().collect();
            let text = cargo.tree(package, &features, &targets, dev)?;
            Ok(united::of_tree(&text, &named))
        };
        // Cargo is a process of its own each time: as many at once as there are cores.
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let ask = &ask;
        let mut result = Vec::new();
        for some in starts.distinct.chunks(cores) {
            let asked: Vec<Result<_, Error>> = std::thread::scope(|scope| {
                let running: Vec<_> = some.iter().map(|start| scope.spawn(move || ask(start))).collect();
                running.into_iter().map(joined).collect()
            });
            result.extend(asked.into_iter().collect::<Result<Vec<_>, Error>>()?);
        }
        Ok(result)
    }

    /// All features of the products' packages, their defaults by name.
    fn features_of_shadow(&self, products: &[(Candidate, ProductRelease)]) -> Vec<String> {
        let mut result = BTreeSet::new();
        for (candidate, _) in products {
            let package = self.metadata.packages.iter().find(|package| package.id.repr == candidate.package_id);
            let has_default = package.is_some_and(|package| package.features.contains_key("default"));
            if has_default && !self.selection.no_default_features {
                result.insert(format!("{}/default", candidate.package));
            }
            result.extend(candidate.features.iter().map(|request| match request {
                Request::Named(feature) => format!("{}/{feature}", candidate.package),
                Request::OfDependency { .. } => request.to_string(),
            }));
        }
        result.into_iter().collect()
    }

    /// `package/feature`, for all that is switched on from outside; see [`metadata`](super::metadata).
    fn features_to_ask_for(&self, products: &[(Candidate, ProductRelease)]) -> Vec<String> {
        let manifest = self.metadata.workspace_root.join("Cargo.toml");
        let root = self.metadata.packages.iter().find(|package| package.manifest_path == manifest);
        let old = root.filter(|_| self.resolver == CargoResolverVersion::V1);
        let mut result = BTreeSet::new();
        for (candidate, _) in products {
            for request in &candidate.features {
                result.insert(match request {
                    Request::Named(feature) if old.is_some_and(|root| root.name == candidate.package) => {
                        feature.clone()
                    }
                    Request::Named(feature) => format!("{}/{feature}", candidate.package),
                    Request::OfDependency { .. } => request.to_string(),
                });
            }
        }
        result.into_iter().collect()
    }
}

/// Which platforms are judged, and what rustc and Cargo are asked about them.
struct Plan<'e> {
    /// The targets of all products, each once, in the order named.
    targets: Vec<String>,
    /// For each product, places in `targets`.
    of_products: Vec<Vec<usize>>,
    questions: Vec<(Question<'e>, Question<'e>)>,
    filters: Vec<String>,
}

struct Platforms {
    targets: Vec<TargetPlatform>,
    hosts: Vec<TargetPlatform>,
}

impl<'e> Plan<'e> {
    fn of(outline: &Outline<'e>, products: &[(Candidate, ProductRelease)], release: &Release) -> Result<Self, Error> {
        let host = &outline.toolchain.host;
        let configured = outline.compiler.default_targets()?;
        let default = [&outline.selection.targets, &release.targets, &configured]
            .into_iter()
            .find(|targets| !targets.is_empty())
            .cloned();
        // Without a target, rustflags are for the host as well.
        let is_plain = default.is_none() && products.iter().all(|(_, release)| release.targets.is_empty());
        let default = default.unwrap_or_else(|| vec![host.clone()]);

        let mut targets: Vec<String> = Vec::new();
        let mut of_products = Vec::new();
        for (_, release) in products {
            let own = !release.targets.is_empty() && outline.selection.targets.is_empty();
            let mut places = BTreeSet::new();
            for target in if own { &release.targets } else { &default } {
                let target = if target == "host-tuple" { host } else { target };
                let place = targets.iter().position(|known| known == target).unwrap_or(targets.len());
                if place == targets.len() {
                    targets.push(target.clone());
                }
                places.insert(place);
            }
            of_products.push(places.into_iter().collect());
        }

        let questions = targets
            .iter()
            .map(|target| {
                // Whoever builds for all platforms builds on any of them.
                let host = if target == ALL { target } else { host };
                Ok((outline.compiler.question(target, true)?, outline.compiler.question(host, is_plain)?))
            })
            .collect::<Result<_, Error>>()?;
        let filters = if targets.iter().any(|target| target == ALL) {
            Vec::new()
        } else {
            targets.iter().chain([host]).cloned().collect::<BTreeSet<_>>().into_iter().collect()
        };
        Ok(Self { targets, of_products, questions, filters })
    }

    fn ask(&self) -> Result<Platforms, Error> {
        let answers: Vec<_> = std::thread::scope(|scope| {
            let running: Vec<_> = self
                .questions
                .iter()
                .map(|(target, host)| (scope.spawn(|| target.ask()), scope.spawn(|| host.ask())))
                .collect();
            running.into_iter().map(|(target, host)| (joined(target), joined(host))).collect()
        });
        let mut platforms = Platforms { targets: Vec::new(), hosts: Vec::new() };
        for (target, host) in answers {
            platforms.targets.push(target?);
            platforms.hosts.push(host?);
        }
        Ok(platforms)
    }
}

impl Platforms {
    fn specs(&self, expressions: &Expressions) -> Result<Vec<(PlatformSpec, PlatformSpec)>, guppy::Error> {
        let spec = |platform| Ok(PlatformSpec::from(expressions.platform(platform)?));
        self.targets.iter().zip(&self.hosts).map(|(target, host)| Ok((spec(target)?, spec(host)?))).collect()
    }
}

fn packages(graph: &PackageGraph, outline: &Metadata) -> (Vec<PackageId>, Vec<Package>) {
    let members: BTreeSet<&str> = outline.workspace_members.iter().map(|id| id.repr.as_str()).collect();
    let mut all: Vec<_> = graph.packages().collect();
    all.sort_by_key(|package| (package.name(), package.version(), package.id().repr()));
    all.iter()
        .map(|package| {
            let is_member = members.contains(package.id().repr());
            (package.id().clone(), Package::from_metadata(package, is_member))
        })
        .unzip()
}

/// What is simulated: each distinct start once, and which of them each product has.
struct Starts {
    distinct: Vec<Start>,
    of_products: Vec<usize>,
}

impl Starts {
    fn of(
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

fn simulate(
    simulator: &Simulator<'_>,
    starts: &Starts,
    beyond: &[united::Features],
    packages: &[Package],
) -> Result<Vec<Build>, Error> {
    starts
        .distinct
        .iter()
        .zip(beyond)
        .map(|(start, beyond)| {
            simulator.build(start, beyond).map_err(|source| Error::Simulation {
                package: packages.get(start.package.0).map(|package| package.name.clone()).unwrap_or_default(),
                source: Box::new(source),
            })
        })
        .collect()
}

/// The products, without the libraries that others contain.
fn delivered(
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

impl Workspace {
    /// The directory of the root manifest.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The compiler.
    #[must_use]
    pub fn toolchain(&self) -> &Toolchain {
        &self.toolchain
    }

    /// The platforms that are judged, each once, in the order named.
    #[must_use]
    pub fn platforms(&self) -> &[TargetPlatform] {
        &self.platforms
    }

    /// What could not be had.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// All resolved packages, by index.
    #[must_use]
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// The package at `index`; an index of this workspace always has one.
    #[must_use]
    pub fn package(&self, index: PackageIndex) -> &Package {
        self.packages.get(index.0).expect("indices are made together with the list of packages")
    }

    /// The products, by the names of their packages.
    #[must_use]
    pub fn products(&self) -> &[Product] {
        &self.products
    }

    /// What the build of `product` includes. Products of one package with the same features share it.
    #[must_use]
    pub fn build(&self, product: &Product) -> &Build {
        self.builds.get(product.build).expect("products are made together with the list of builds")
    }

    /// guppy's view of the same resolve.
    #[must_use]
    pub fn graph(&self) -> &PackageGraph {
        &self.graph
    }
}

/// The result of a thread; a panic in it goes on here.
fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
