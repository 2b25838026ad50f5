//! The stage itself: first the outline, then, once the policy at its root has been read, everything.
//!
//! 1. [`Outline::read`] runs `cargo metadata --no-deps` and `rustc -vV` at once: members, candidates for products, root.
//! 2. [`Outline::load`] runs `cargo metadata` and `rustc --print cfg` at once, and builds guppy's graph.
//! 3. Builds are simulated, and libraries that another product contains give way ([`simulation`](super::simulation)).

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use cargo_metadata::Metadata;
use guppy::graph::PackageGraph;
use guppy::graph::cargo::CargoResolverVersion;
use guppy::{CargoMetadata, PackageId};

use super::error::{Error, Refusal};
use super::metadata::Cargo;
use super::package::{Package, PackageIndex};
use super::plan::Plan;
use super::platform::{Compiler, Expressions, Toolchain};
use super::product::{self, Candidate, Request};
use super::resolved::{Note, Workspace};
use super::selection::{Environment, ProductRelease, Release, Selection};
use super::shadow::Shadow;
use super::simulation::{Starts, delivered, simulate};
use super::simulator::Simulator;
use super::threads::joined;
use super::{manifest, member, united};

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
        let plan = Plan::of(&self.compiler, &self.toolchain.host, self.selection, &products, release)?;
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
        let beyond = if self.resolver == CargoResolverVersion::V1 && !plan.filters.is_empty() {
            let cargo = self.cargo();
            united::Question { cargo, members: &self.metadata.packages, packages: &packages, dev: resolved.has_dev }
                .ask(&starts.distinct, &plan.targets)?
        } else {
            vec![united::Features::new(); starts.distinct.len()]
        };
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
