//! Puts the graph together: packages as Cargo builds them for each product, and the artefacts they declare.
//!
//! 1. Each product becomes a component, and so does each package it builds, once for the target and once (`#host`) for
//!    the host, with the relations that the build shows.
//! 2. What every product carries although no manifest names it (`rust-std`) is added from the curations.
//! 3. Declarations that apply, by the features and platforms of the build, become artefacts. Two declarations of one
//!    identity (package URL, else package and name) are one component: what either says binds.
//! 4. Lineage becomes relations between artefacts. An adapter whose base nobody uses by itself downloads it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use super::build::{BuildError, Graph, GraphBuilder};
use super::component::{Component, ComponentId, Licensing};
use crate::artifact::{Declaration, Use};
use crate::error::Fault;
use crate::license::Catalogue;
use crate::license::catalogue::CuratedKind;
use crate::source::{Mark, SourceFile};
use crate::vocabulary::{How, Kind, Relation, nearest};
use crate::workspace::{Build, EdgeKind, Node, Package, PackageIndex, Product, ProductKind, Side, Source, Workspace};

/// What is declared about artefacts, by whom.
#[derive(Debug, Default)]
pub struct Declared {
    /// By packages, in their own manifests.
    pub by_package: BTreeMap<PackageIndex, Vec<Declaration>>,
    /// By the workspace and the policy: for a crate, or for every product.
    pub for_all: Vec<Declaration>,
}

/// A declared file, to be looked at.
#[derive(Debug, Clone)]
pub struct DeclaredFile {
    /// The artefact.
    pub component: ComponentId,
    /// The folder its path is relative to.
    pub folder: PathBuf,
    /// The path as it is written, with its place.
    pub path: (String, Mark),
    /// Its declared sum, with its place.
    pub sha256: Option<(String, Mark)>,
}

/// The graph, and what is left to be done with it.
#[derive(Debug)]
pub struct Assembled {
    /// The graph.
    pub graph: Graph,
    /// Declared files of artefacts that are in it.
    pub files: Vec<DeclaredFile>,
    /// Declarations that name something that is not there.
    pub faults: Vec<Fault>,
    /// Declarations that have no effect here.
    pub remarks: Vec<String>,
    /// The package behind each package component and product.
    pub packages: HashMap<ComponentId, PackageIndex>,
}

/// Puts the graph together.
///
/// # Errors
///
/// A [`BuildError`] where there is no product.
pub fn assemble(
    workspace: &Workspace,
    catalogue: &Catalogue,
    declared: &Declared,
    product_licenses: &BTreeMap<String, String>,
    dropped: &BTreeSet<&str>,
) -> Result<Assembled, BuildError> {
    let mut assembly = Assembly {
        workspace,
        dropped,
        catalogue,
        builder: Graph::builder(),
        names: package_names(workspace),
        packages: HashMap::new(),
        artefacts: Artefacts::default(),
        files: Vec::new(),
        remembered: HashSet::new(),
        faults: Vec::new(),
        remarks: Vec::new(),
    };
    for product in assembly.products() {
        assembly.product(product, product_licenses.get(&product.key))?;
    }
    for product in assembly.products() {
        let build = workspace.build(product);
        assembly.relations(product, build)?;
        assembly.runtimes(product)?;
    }
    assembly.check_features(declared);
    assembly.declare(declared)?;
    let Assembly { builder, files, mut faults, remarks, packages, .. } = assembly;
    faults.sort_by_cached_key(ToString::to_string);
    faults.dedup();
    Ok(Assembled { graph: builder.finish()?, files, faults, remarks, packages })
}

struct Assembly<'a> {
    workspace: &'a Workspace,
    /// Products that the policy says are not released.
    dropped: &'a BTreeSet<&'a str>,
    catalogue: &'a Catalogue,
    builder: GraphBuilder,
    /// The component name of each package, without its side.
    names: HashMap<PackageIndex, String>,
    packages: HashMap<ComponentId, PackageIndex>,
    artefacts: Artefacts,
    files: Vec<DeclaredFile>,
    /// The places of paths that are among `files` already.
    remembered: HashSet<(PathBuf, String, String, usize)>,
    faults: Vec<Fault>,
    remarks: Vec<String>,
}

/// Artefacts by identity, and the names that are taken.
#[derive(Debug, Default)]
struct Artefacts {
    by_identity: BTreeMap<String, ComponentId>,
    /// Artefacts that some component uses by itself.
    used: BTreeSet<ComponentId>,
    /// Adapters and their bases.
    bases: BTreeSet<(ComponentId, ComponentId)>,
}

impl<'a> Assembly<'a> {
    fn products(&self) -> Vec<&'a Product> {
        self.workspace.products().iter().filter(|product| !self.dropped.contains(product.key.as_str())).collect()
    }

    fn product(&mut self, product: &Product, license: Option<&String>) -> Result<(), BuildError> {
        let package = self.workspace.package(product.package);
        let mut component = Component::new(&product.key, &package.name, Kind::Product);
        component.version = Some(package.version.to_string());
        component.licensing = match license {
            Some(license) => Licensing::parse(license),
            None => licensing(package),
        };
        component.modified = package.is_modified();
        component.private = package.is_member && !package.is_published();
        component.published = product.kind == ProductKind::Library && package.is_published();
        component.features = self.workspace.build(product).root_features.clone();
        self.packages.insert(component.id.clone(), product.package);
        self.builder.component(component)
    }

    /// The component of a package on a side, made when it is first asked for.
    fn package(&mut self, index: PackageIndex, side: Side) -> Result<ComponentId, BuildError> {
        let package = self.workspace.package(index);
        let name = self.names.get(&index).cloned().unwrap_or_else(|| format!("{}@{}", package.name, package.version));
        let id = match side {
            Side::Target => name,
            Side::Host => format!("{name}#host"),
        };
        let id = ComponentId::new(id);
        if self.packages.contains_key(&id) {
            return Ok(id);
        }
        let mut component = Component::new(id.as_str(), &package.name, Kind::Package);
        component.version = Some(package.version.to_string());
        component.licensing = licensing(package);
        component.modified = package.is_modified();
        component.private = package.is_member && !package.is_published();
        component.data_package = self
            .catalogue
            .curation(&package.name, &package.version)
            .is_some_and(|curation| curation.kind == Some(CuratedKind::Data));
        self.packages.insert(id.clone(), index);
        self.builder.component(component)?;
        Ok(id)
    }

    fn relations(&mut self, product: &Product, build: &Build) -> Result<(), BuildError> {
        let root = ComponentId::new(&product.key);
        let ids = build
            .components
            .iter()
            .map(|component| {
                let id = self.package(component.package, component.side)?;
                if let Some(known) = self.builder.get_mut(&id) {
                    known.features.extend(component.features.iter().cloned());
                    known.features.sort();
                    known.features.dedup();
                }
                Ok(id)
            })
            .collect::<Result<Vec<_>, BuildError>>()?;
        for edge in &build.edges {
            let from = match edge.from {
                Node::Root => Some(&root),
                Node::Component(number) => ids.get(number),
            };
            let (Some(from), Some(to)) = (from, ids.get(edge.to)) else {
                continue;
            };
            let Some(lower) = build.components.get(edge.to).map(|one| self.workspace.package(one.package)) else {
                continue;
            };
            let relation = if edge.dev_only || edge.kind == EdgeKind::Dev {
                Relation::Dev
            } else if build.side(edge.from) == Side::Host {
                Relation::BuildTool
            } else {
                match edge.kind {
                    EdgeKind::ProcMacro => Relation::MacroExpansion,
                    EdgeKind::Build if self.is_generator(lower) => Relation::MacroExpansion,
                    EdgeKind::Build => Relation::BuildTool,
                    EdgeKind::Normal if lower.is_dynamic_only() => Relation::DynamicLink,
                    EdgeKind::Normal => Relation::StaticLink,
                    EdgeKind::Dev => Relation::Dev,
                }
            };
            self.builder.relation(from, to, (relation, None), Some(vec![root.clone()]), None)?;
        }
        Ok(())
    }

    fn is_generator(&self, package: &Package) -> bool {
        self.catalogue.curation(&package.name, &package.version).is_some_and(|curation| curation.generator)
    }

    /// What a product carries although no manifest names it.
    fn runtimes(&mut self, product: &Product) -> Result<(), BuildError> {
        let toolchain = self.workspace.toolchain();
        for runtime in self.catalogue.runtimes() {
            let carried = runtime.only_env.as_ref().is_none_or(|env| {
                let spec = format!("cfg(target_env = {env:?})");
                self.on_platform(product, &spec)
            });
            if !carried {
                continue;
            }
            // The standard library bears the version of the toolchain; what lies beneath it, none that we could see.
            let is_std = runtime.only_env.is_none();
            let id = if is_std { format!("{}@{}", runtime.name, toolchain.version) } else { runtime.name.clone() };
            let id = ComponentId::new(id);
            if self.builder.get_mut(&id).is_none() {
                let kind = if is_std { Kind::Package } else { Kind::NativeLibrary };
                let mut component = Component::new(id.as_str(), &runtime.name, kind);
                component.version = is_std.then(|| toolchain.version.to_string());
                component.licensing = Licensing::parse(&runtime.license);
                self.builder.component(component)?;
            }
            let root = ComponentId::new(&product.key);
            let relation = (Relation::StaticLink, None);
            self.builder.relation(&root, &id, relation, Some(vec![root.clone()]), None)?;
        }
        Ok(())
    }

    fn on_platform(&self, product: &Product, spec: &str) -> bool {
        let judged = self.workspace.platforms().iter().filter(|platform| product.platforms.contains(&platform.name));
        // What cannot be evaluated was refused when it was read; here it counts as there.
        judged.into_iter().any(|platform| platform.matches(spec).unwrap_or(true))
    }

    /// A feature that the package does not have would leave its model out for ever.
    fn check_features(&mut self, declared: &Declared) {
        for (index, declarations) in &declared.by_package {
            let package = self.workspace.package(*index);
            for declaration in declarations {
                for feature in &declaration.required_features {
                    if !package.features.contains(feature) {
                        self.faults.push(unknown_feature(package, feature, declaration));
                    }
                }
            }
        }
    }

    fn declare(&mut self, declared: &Declared) -> Result<(), BuildError> {
        let workspace = self.workspace;
        for product in self.products() {
            let build = workspace.build(product);
            let root = ComponentId::new(&product.key);
            for declaration in declared.by_package.get(&product.package).into_iter().flatten() {
                self.declaration(product, (&root, product.package), &build.root_features, declaration)?;
            }
            for component in &build.components {
                let of_package = declared.by_package.get(&component.package);
                for declaration in of_package.into_iter().flatten() {
                    let user = self.package(component.package, component.side)?;
                    self.declaration(product, (&user, component.package), &component.features, declaration)?;
                }
            }
            for declaration in &declared.for_all {
                self.declared_for_all(product, build, declaration)?;
            }
        }
        for declaration in &declared.for_all {
            self.check_crate(declaration);
        }
        let bases = std::mem::take(&mut self.artefacts.bases);
        for (adapter, base) in bases {
            if !self.artefacts.used.contains(&base) {
                self.builder.relation(&adapter, &base, (Relation::Downloaded, None), None, None)?;
            }
        }
        Ok(())
    }

    /// A declaration of the workspace or the policy: for the crates it names, else for the product itself.
    fn declared_for_all(
        &mut self,
        product: &Product,
        build: &Build,
        declaration: &Declaration,
    ) -> Result<(), BuildError> {
        let root = ComponentId::new(&product.key);
        let Some(spec) = &declaration.crate_ else {
            return self.declaration(product, (&root, product.package), &build.root_features, declaration);
        };
        if is_meant(self.workspace.package(product.package), spec) {
            self.declaration(product, (&root, product.package), &build.root_features, declaration)?;
        }
        for component in &build.components {
            if is_meant(self.workspace.package(component.package), spec) {
                let user = self.package(component.package, component.side)?;
                self.declaration(product, (&user, component.package), &component.features, declaration)?;
            }
        }
        Ok(())
    }

    /// A policy that declares a model for a crate which nothing here builds has most likely misspelt it.
    fn check_crate(&mut self, declaration: &Declaration) {
        let Some(spec) = &declaration.crate_ else { return };
        let packages = self.workspace.packages();
        if !packages.iter().any(|package| is_meant(package, spec)) {
            let shown = crate::source::printable(spec);
            // What resembles a package here is misspelt, and would leave its model out; anything else may be meant for
            // another workspace that shares the policy.
            match nearest(spec, packages.iter().map(|package| package.name.as_str())) {
                Some(near) => {
                    let message = format!("no package `{shown}` is in the graph: did you mean `{near}`?");
                    self.faults.push(Fault::at(declaration.mark.clone(), message));
                }
                None => {
                    let place = declaration.mark.place();
                    let file = crate::source::printable(&place.file).into_owned();
                    let name = declaration.shown_name();
                    let name = crate::source::printable(&name);
                    self.remarks.push(format!(
                        "`{name}` ({file}:{}) is declared for `{shown}`, which is not in the graph",
                        place.line
                    ));
                }
            }
        }
    }

    /// One declaration for one product and one user, if it applies to that build.
    fn declaration(
        &mut self,
        product: &Product,
        (user, package): (&ComponentId, PackageIndex),
        features: &[String],
        declaration: &Declaration,
    ) -> Result<(), BuildError> {
        let on = declaration.required_features.iter().all(|feature| features.contains(feature));
        let here = declaration.target.as_ref().is_none_or(|(spec, _)| self.on_platform(product, spec));
        if !on || !here {
            return Ok(());
        }
        let artefact = self.artefact(package, declaration)?;
        let used = declaration.used.unwrap_or(Use::Embedded);
        let relation = (used.relation(), None);
        let products = Some(vec![ComponentId::new(&product.key)]);
        self.artefacts.used.insert(artefact.clone());
        self.builder.relation(user, &artefact, relation, products, Some(declaration.mark.clone()))?;
        self.builder.needs(declaration.required_features.clone());
        self.lineage(product, (user, package), &artefact, declaration)
    }

    fn lineage(
        &mut self,
        product: &Product,
        (user, package): (&ComponentId, PackageIndex),
        artefact: &ComponentId,
        declaration: &Declaration,
    ) -> Result<(), BuildError> {
        for line in &declaration.from {
            let origin = self.artefact(package, &line.origin)?;
            let relation: (Relation, Option<How>) = (line.relation, line.how);
            self.builder.relation(artefact, &origin, relation, None, Some(line.origin.mark.clone()))?;
            if line.relation == Relation::AdapterOf {
                self.artefacts.bases.insert((artefact.clone(), origin.clone()));
            }
            if let Some(used) = line.origin.used {
                self.artefacts.used.insert(origin.clone());
                let products = Some(vec![ComponentId::new(&product.key)]);
                let mark = Some(line.origin.mark.clone());
                self.builder.relation(user, &origin, (used.relation(), None), products, mark)?;
            }
            self.lineage(product, (user, package), &origin, &line.origin)?;
        }
        Ok(())
    }

    /// The component of a declared artefact: the one of its identity, or a new one.
    fn artefact(&mut self, package: PackageIndex, declaration: &Declaration) -> Result<ComponentId, BuildError> {
        let owner = self.workspace.package(package);
        let name = declaration.shown_name();
        let identity = match &declaration.purl {
            Some(purl) => purl.clone(),
            None => format!("{} {name}", owner.id),
        };
        if let Some(known) = self.artefacts.by_identity.get(&identity).cloned() {
            self.merge(&known, owner, declaration);
            return Ok(known);
        }
        let id = self.free_id(&name, &owner.name);
        let mut component = Component::new(id.as_str(), name, declaration.kind);
        component.version = declaration.revision().map(str::to_owned);
        component.purl.clone_from(&declaration.purl);
        self.builder.component(component)?;
        self.artefacts.by_identity.insert(identity, id.clone());
        self.merge(&id, owner, declaration);
        Ok(id)
    }

    /// The first free id for an artefact: its name, else the name with that of the package that declares it.
    fn free_id(&mut self, name: &str, owner: &str) -> ComponentId {
        let mut candidates = std::iter::once(name.to_owned())
            .chain(std::iter::once(format!("{owner}:{name}")))
            .chain((2_u32..).map(|number| format!("{owner}:{name}:{number}")))
            .map(ComponentId::new);
        let free = candidates.find(|id| self.builder.get_mut(id).is_none());
        free.unwrap_or_else(|| ComponentId::new(name))
    }

    /// Adds what a declaration says to its artefact.
    fn merge(&mut self, id: &ComponentId, owner: &Package, declaration: &Declaration) {
        // What the workspace or its policy declares lies relative to the workspace.
        let is_own = declaration.mark.file.name() == shown_path(self.workspace, owner, "Cargo.toml");
        let folder = if is_own { folder(owner) } else { self.workspace.root().to_path_buf() };
        if let Some(path) = &declaration.path {
            let file = DeclaredFile {
                component: id.clone(),
                folder: folder.clone(),
                path: path.clone(),
                sha256: declaration.sha256.clone(),
            };
            self.remember(file);
        }
        if let Some(path) = &declaration.license_file {
            let file = DeclaredFile { component: id.clone(), folder, path: path.clone(), sha256: None };
            self.remember(file);
        }
        let Some(component) = self.builder.get_mut(id) else { return };
        let said = match (&declaration.license, &declaration.license_file) {
            (Some((license, _)), _) => Licensing::parse(license),
            (None, Some((file, _))) => Licensing::FileOnly { file: file.clone() },
            (None, None) => Licensing::Absent,
        };
        component.licensing = std::mem::take(&mut component.licensing).and(said);
        component.task = component.task.take().or_else(|| declaration.task.clone());
        component.family = component.family.take().or_else(|| declaration.family.clone());
        component.released = component.released.take().or_else(|| declaration.released.clone());
        for claim in &declaration.claims {
            if !component.claims.contains(claim) {
                component.claims.push(claim.clone());
            }
        }
        for (part, license) in &declaration.parts {
            component.parts.entry(part.clone()).or_insert_with(|| license.clone());
        }
        let mark = declaration.license.as_ref().map(|(text, mark)| {
            let shown = crate::source::printable(text);
            Mark { label: format!("licensed as `{shown}`"), ..mark.clone() }
        });
        for mark in std::iter::once(declaration.mark.clone()).chain(mark) {
            if !component.marks.contains(&mark) {
                component.marks.push(mark);
            }
        }
    }

    fn remember(&mut self, file: DeclaredFile) {
        let (path, mark) = &file.path;
        if self.remembered.insert((file.folder.clone(), path.clone(), mark.file.name().to_owned(), mark.range.start)) {
            self.files.push(file);
        }
    }
}

/// Names of packages in the graph: `name@version`, with the source where two have both.
fn package_names(workspace: &Workspace) -> HashMap<PackageIndex, String> {
    let mut by_name: BTreeMap<String, Vec<PackageIndex>> = BTreeMap::new();
    for (index, package) in (0..).map(PackageIndex).zip(workspace.packages()) {
        by_name.entry(format!("{}@{}", package.name, package.version)).or_default().push(index);
    }
    let mut names = HashMap::new();
    for (name, indices) in by_name {
        let unique = indices.len() == 1;
        for index in indices {
            let source = source(workspace, workspace.package(index));
            names.insert(index, if unique { name.clone() } else { format!("{name} ({source})") });
        }
    }
    names
}

fn licensing(package: &Package) -> Licensing {
    match (&package.license, &package.license_file) {
        (Some(license), _) => Licensing::parse(license),
        (None, Some(file)) => Licensing::FileOnly { file: file.display().to_string() },
        (None, None) => Licensing::Absent,
    }
}

/// Where a package comes from, without a path of this machine.
fn source(workspace: &Workspace, package: &Package) -> String {
    match &package.source {
        Source::CratesIo => "crates.io".to_owned(),
        Source::Registry(url) => url.clone(),
        Source::Git(url) => format!("git+{url}"),
        Source::Path => shown_path(workspace, package, ""),
    }
}

/// The folder of a package.
pub fn folder(package: &Package) -> PathBuf {
    package.manifest_path.parent().map(std::path::Path::to_path_buf).unwrap_or_default()
}

/// How a file of a package is shown: relative to the workspace, else `name-version/…`.
pub fn shown_path(workspace: &Workspace, package: &Package, file: &str) -> String {
    let path = folder(package);
    let inside = path.strip_prefix(workspace.root()).ok().map(|inside| inside.join(file));
    let shown = inside.unwrap_or_else(|| PathBuf::from(format!("{}-{}", package.name, package.version)).join(file));
    shown.display().to_string().replace('\\', "/")
}

/// Whether a spec (`name`, or `name@` and the beginning of a version) means a package.
fn is_meant(package: &Package, spec: &str) -> bool {
    let mut probe = Component::new("", &package.name, Kind::Package);
    probe.version = Some(package.version.to_string());
    probe.matches(spec)
}

fn unknown_feature(package: &Package, feature: &str, declaration: &Declaration) -> Fault {
    let shown = crate::source::printable(feature);
    let message = match nearest(feature, package.features.iter().map(String::as_str)) {
        Some(near) => format!("`{}` has no feature `{shown}`: did you mean `{near}`?", package.name),
        None => format!("`{}` has no feature `{shown}`", package.name),
    };
    Fault::at(declaration.mark.clone(), message)
}

/// The manifest of a package, under the name by which it is shown: relative to the workspace, else `name-version/…`.
///
/// # Errors
///
/// What the system says where it cannot be read.
pub fn manifest(workspace: &Workspace, package: &Package) -> std::io::Result<Arc<SourceFile>> {
    let bytes = std::fs::read(&package.manifest_path)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    Ok(SourceFile::new(shown_path(workspace, package, "Cargo.toml"), text))
}
