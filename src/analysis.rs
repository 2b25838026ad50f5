//! The stages in order: from a workspace, or a graph file, to the verdict.
//!
//! This is where the stages meet the outside: manifests are read for their tables and places, declared files are looked at,
//! and clarified texts are compared. Everything between is a function from data to data.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::artifact::declared::{covenant_table, of_package, read_models};
use crate::artifact::file::{FileState, check};
use crate::artifact::{Declaration, file};
use crate::error::{Error, Fault};
use crate::gate::judge::{Case, is_unwanted};
use crate::gate::{Evidence, Problem, Verdict, judge};
use crate::graph::assemble::{Assembled, Declared, DeclaredFile, assemble, folder, manifest};
use crate::graph::{BuildError, Component, ComponentId, Graph, Licensing, NodeIndex};
use crate::license::{Catalogue, Expression, Reading};
use crate::obligation::{Crossings, Situation, Weigh, Witness, propagate};
use crate::policy::load::{Sources, built_in_names};
use crate::policy::{Loaded, Policy, load};
use crate::source::toml::Reader;
use crate::source::{Mark, SourceFile, printable};
use crate::vocabulary::{Code, Delivery, Domain, Kind, Level, Relation, TermId};
use crate::workspace::{
    Environment, Note, Outline, Package, PackageIndex, ProductRelease, Release, Selection, Workspace,
};

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// Which packages, features and targets.
    pub selection: Selection,
    /// A policy file, or the name of a built-in policy, instead of `covenant.toml`.
    pub policy: Option<String>,
    /// The delivery context of all products, instead of what the policy says.
    pub context: Vec<Delivery>,
    /// A graph file to judge instead of a workspace.
    pub graph: Option<PathBuf>,
    /// The day on which all is judged.
    pub today: Date,
}

/// Comes to a verdict.
///
/// # Errors
///
/// Whatever keeps a run from a verdict: see [`Error`].
pub fn analyse(request: &Request, environment: &Environment) -> Result<Verdict, Error> {
    match &request.graph {
        Some(path) => of_file(request, environment, path),
        None => of_workspace(request, environment),
    }
}

fn of_file(request: &Request, environment: &Environment, path: &Path) -> Result<Verdict, Error> {
    let text = crate::source::read(&environment.current_dir.join(path)).map_err(|source| Error::Io {
        action: "read the graph",
        path: path.to_path_buf(),
        source,
    })?;
    let file = SourceFile::new(path.display().to_string(), text);
    let graph = crate::graph::file::read(&file).map_err(Error::Faults)?;
    analyse_graph(graph, request, environment)
}

/// Comes to a verdict on a graph that is at hand; what `request` says of a workspace or a graph file does not count.
///
/// # Errors
///
/// Mistakes in the policy, or one that cannot be read.
pub fn analyse_graph(graph: Graph, request: &Request, environment: &Environment) -> Result<Verdict, Error> {
    let given = given_policy(request, environment);
    let Loaded { policy, catalogue } = load(&Sources { given: given.as_deref(), root: None, manifest: None })?;
    let crossings = Crossings::built_in().with(&policy.crossings);
    let mut remarks = Vec::new();
    if policy.clarify.iter().any(|row| !row.files.is_empty()) {
        remarks.push("texts of clarifications are not compared when a graph file is judged".to_owned());
    }
    if !policy.models.is_empty() {
        let remark = "the [[model]] rows of the policy are not judged: a graph file says itself which models it has";
        remarks.push(remark.to_owned());
    }
    let evidence = MarkEvidence;
    let parts = Parts { graph, policy, catalogue, crossings, problems: Vec::new(), stale: BTreeSet::new(), remarks };
    Ok(verdict(request, parts, &evidence))
}

fn of_workspace(request: &Request, environment: &Environment) -> Result<Verdict, Error> {
    let outline = Outline::read(&request.selection, environment)?;
    let root_manifest = outline
        .has_covenant_metadata()
        .then(|| {
            let path = outline.root().join("Cargo.toml");
            match crate::source::read(&path) {
                Ok(text) => Ok(SourceFile::new("Cargo.toml", text)),
                Err(source) => Err(Error::Io { action: "read the manifest", path, source }),
            }
        })
        .transpose()?;
    let given = given_policy(request, environment);
    let sources = Sources { given: given.as_deref(), root: Some(outline.root()), manifest: root_manifest.clone() };
    let Loaded { policy, catalogue } = load(&sources)?;

    let mut remarks = Vec::new();
    let release = release(&policy, &outline, &mut remarks);
    let workspace = outline.load(&release)?;
    remarks.extend(workspace.notes().iter().map(|note| match note {
        Note::DevNotDownloaded => {
            "dev-dependencies were never downloaded: they are not judged (`cargo fetch` brings them)".to_owned()
        }
    }));

    let (declared, mut problems) = declarations(&workspace, root_manifest.as_ref(), &policy)?;
    let licenses: BTreeMap<String, String> =
        policy.products.iter().filter_map(|(name, (table, _))| Some((name.clone(), table.license.clone()?))).collect();
    let dropped: BTreeSet<&str> = policy
        .products
        .iter()
        .filter(|(_, (table, _))| table.ship == Some(false))
        .map(|(name, _)| name.as_str())
        .collect();
    let assembled = assemble(&workspace, &catalogue, &declared, &licenses, &dropped).map_err(|error| match error {
        BuildError::NoProduct if !dropped.is_empty() => {
            Error::NotFound("the policy says `ship = false` of every product, so there is nothing to judge".to_owned())
        }
        error => Error::NotFound(error.to_string()),
    })?;
    let Assembled { graph, files, faults, remarks: idle, packages } = assembled;
    remarks.extend(idle);
    problems.extend(faults.into_iter().map(|fault| invalid(fault, None)));
    problems.extend(files.iter().filter_map(look_at));
    let stale = stale_clarifications(&policy, &graph, &workspace, &packages, &mut problems);

    let crossings = Crossings::built_in().with(&policy.crossings);
    let evidence = ManifestEvidence { workspace: &workspace, packages: &packages, read: RefCell::default() };
    let parts = Parts { graph, policy, catalogue, crossings, problems, stale, remarks };
    Ok(verdict(request, parts, &evidence))
}

/// All that the judgement needs, from wherever it came.
struct Parts {
    graph: Graph,
    policy: Policy,
    catalogue: Catalogue,
    crossings: Crossings,
    problems: Vec<Problem>,
    /// Clarifications, by their place in the policy, whose texts have changed.
    stale: BTreeSet<usize>,
    remarks: Vec<String>,
}

fn verdict(request: &Request, parts: Parts, evidence: &dyn Evidence) -> Verdict {
    let Parts { graph, policy, catalogue, crossings, problems, stale, remarks } = parts;
    let situation = policy.situation(request.today);
    let weigh = ByPolicy { policy: &policy, catalogue: &catalogue, situation: &situation, request, stale: &stale };
    let analyses = propagate(&graph, &catalogue, &crossings, &weigh);
    let findings = judge(&Case {
        graph: &graph,
        analyses: &analyses,
        catalogue: &catalogue,
        crossings: &crossings,
        policy: &policy,
        situation: &situation,
        problems: &problems,
        evidence,
    });
    Verdict { loosened: policy.loosened, graph, analyses, situation, findings, remarks }
}

/// A policy given on the command line is relative to where the command runs.
fn given_policy(request: &Request, environment: &Environment) -> Option<String> {
    let given = request.policy.as_deref()?;
    let is_name = built_in_names().any(|name| name == given);
    let looks_like_a_path = given.contains(['/', '\\', '.']) || environment.current_dir.join(given).exists();
    if is_name || !looks_like_a_path {
        return Some(given.to_owned());
    }
    Some(environment.current_dir.join(given).display().to_string())
}

/// What the policy says of features and targets, for the products that are judged.
fn release(policy: &Policy, outline: &Outline<'_>, remarks: &mut Vec<String>) -> Release {
    let keys: BTreeSet<&str> = outline.product_keys().collect();
    let mut products = BTreeMap::new();
    for (name, (table, mark)) in &policy.products {
        if !keys.contains(name.as_str()) {
            let place = mark.place();
            let (name, file) = (printable(name), printable(&place.file));
            remarks.push(format!("`[product.{name}]` ({file}:{}) is not among the products judged here", place.line));
            continue;
        }
        let features = table.features.clone().unwrap_or_default();
        let targets = table.targets.clone().unwrap_or_default();
        products.insert(name.clone(), ProductRelease { features, targets });
    }
    Release { targets: policy.targets.clone(), products }
}

/// What manifests, the workspace and the policy declare, and what cannot be read of it.
fn declarations(
    workspace: &Workspace,
    root_manifest: Option<&Arc<SourceFile>>,
    policy: &Policy,
) -> Result<(Declared, Vec<Problem>), Error> {
    let mut declared = Declared::default();
    let mut problems = Vec::new();
    let mut built: BTreeSet<PackageIndex> = BTreeSet::new();
    for product in workspace.products() {
        built.insert(product.package);
        built.extend(workspace.build(product).components.iter().map(|component| component.package));
    }
    for index in built {
        let package = workspace.package(index);
        if !package.has_covenant_metadata {
            continue;
        }
        let file = manifest(workspace, package).map_err(|source| Error::Io {
            action: "read the manifest",
            path: package.manifest_path.clone(),
            source,
        })?;
        let (models, faults) = of_package(&file);
        problems.extend(faults.into_iter().map(|fault| invalid(fault, Some(package))));
        problems.extend(twice(&models).map(|fault| invalid(fault, Some(package))));
        declared.by_package.insert(index, models);
    }
    if let Some(file) = root_manifest {
        let mut reader = Reader::new(file);
        let root = reader.parse();
        if let Some((_, mut table)) = covenant_table(&mut reader, root, "workspace")
            && let Some(models) = table.remove("model")
        {
            declared.for_all.extend(read_models(&mut reader, models, true));
        }
        problems.extend(reader.finish().into_iter().map(|fault| invalid(fault, None)));
    }
    declared.for_all.extend(policy.models.iter().cloned());
    Ok((declared, problems))
}

/// Names are unique in a package: a second one would be taken for the first.
fn twice(models: &[Declaration]) -> impl Iterator<Item = Fault> + '_ {
    let mut known = BTreeSet::new();
    models.iter().filter_map(move |model| {
        let name = model.name.as_ref()?;
        let message = format!("two models of this package are called `{}`", printable(name));
        (!known.insert(name)).then(|| Fault::at(model.mark.clone(), message))
    })
}

fn invalid(fault: Fault, package: Option<&Package>) -> Problem {
    let whose = package.map_or_else(String::new, |package| format!(" of `{}`", package.name));
    Problem {
        code: Code::InvalidMetadata,
        component: None,
        message: format!("the metadata{whose} cannot be read: {}", fault.message),
        help: "mend the table; until then what it declares is not judged".to_owned(),
        mark: fault.mark,
    }
}

/// What became of a declared file, if that is a problem.
fn look_at(declared: &DeclaredFile) -> Option<Problem> {
    let (path, mark) = &declared.path;
    let shown = printable(path);
    let component = Some(declared.component.clone());
    let sum = declared.sha256.as_ref().map(|(sum, _)| sum.as_str());
    let problem = |code, message: String, help: &str, mark: &Mark| {
        Some(Problem { code, component, message, help: help.to_owned(), mark: Some(mark.clone()) })
    };
    match check(&declared.folder, path, sum) {
        FileState::Sound => None,
        FileState::Missing { why } => {
            let message = format!("`{shown}`, declared for `{}`, cannot be looked at: {why}", declared.component);
            problem(Code::ArtifactMissing, message, "correct `path`, or put the file there", mark)
        }
        FileState::Outside => {
            let message = format!("`{shown}`, declared for `{}`, leads out of its package", declared.component);
            problem(Code::ArtifactMissing, message, "put the file itself into the package", mark)
        }
        FileState::Changed { found } => {
            let message = format!("`{shown}` is not the file that was declared for `{}`", declared.component);
            let help = format!("look at what changed; its SHA-256 is now {found}");
            let mark = declared.sha256.as_ref().map_or(mark, |(_, mark)| mark);
            problem(Code::ArtifactChanged, message, &help, mark)
        }
    }
}

/// Clarifications whose texts are not what they were when they were made: they no longer hold.
fn stale_clarifications(
    policy: &Policy,
    graph: &Graph,
    workspace: &Workspace,
    packages: &HashMap<ComponentId, PackageIndex>,
    problems: &mut Vec<Problem>,
) -> BTreeSet<usize> {
    let mut stale = BTreeSet::new();
    for (number, row) in policy.clarify.iter().enumerate() {
        let meant = graph.nodes().map(|node| graph.component(node)).filter(|one| one.matches(&row.component));
        for component in meant {
            for clarified in &row.files {
                let package = packages.get(&component.id).map(|index| workspace.package(*index));
                let base = package.map_or_else(|| workspace.root().to_path_buf(), folder);
                let why = match file::sum(&base.join(&clarified.path)) {
                    Ok(found) if found.eq_ignore_ascii_case(&clarified.sha256) => continue,
                    Ok(found) => format!("its SHA-256 is now {found}"),
                    Err(error) => printable(&error.to_string()).into_owned(),
                };
                stale.insert(number);
                problems.push(Problem {
                    code: Code::StaleClarification,
                    component: Some(component.id.clone()),
                    message: format!(
                        "`{}` of `{}` is not the text that was clarified: {why}",
                        printable(&clarified.path),
                        component.id
                    ),
                    help: "read the text again, and set the new `sha256`; until then the clarification does not hold"
                        .to_owned(),
                    mark: Some(row.mark.clone()),
                });
            }
        }
    }
    stale
}

/// The policy, as the engine asks it.
#[derive(Debug, Clone, Copy)]
pub struct ByPolicy<'a> {
    /// The policy.
    pub policy: &'a Policy,
    /// The catalogue with the policy's licences.
    pub catalogue: &'a Catalogue,
    /// Facts about the organisation, and the day.
    pub situation: &'a Situation,
    /// Delivery, as it was asked for.
    pub request: &'a Request,
    /// Clarifications, by their place in the policy, whose texts have changed.
    pub stale: &'a BTreeSet<usize>,
}

impl Weigh for ByPolicy<'_> {
    fn authorities(&self, domain: Domain) -> &[String] {
        self.policy.authorities(domain)
    }

    fn cap(&self, relation: Relation) -> Level {
        self.policy.cap(relation)
    }

    fn clarified(&self, component: &Component) -> Option<&Expression> {
        let rows = self.policy.clarify.iter().enumerate().rev();
        let mut meant = rows.filter(|(number, row)| !self.stale.contains(number) && component.matches(&row.component));
        meant.next().map(|(_, row)| &row.license)
    }

    fn fixed_choice(&self, component: &Component) -> Option<&Expression> {
        self.policy.choice(|spec| component.matches(spec))
    }

    fn findings(&self, _: &Component, reading: &Reading, arriving: &[(TermId, Level)]) -> [u32; 2] {
        let mut findings = [0_u32; 2];
        let mut count = |level: Level| match level {
            Level::Deny => findings[0] += 1,
            Level::Warn => findings[1] += 1,
            Level::Allow => {}
        };
        if is_unwanted(self.policy, self.catalogue, reading) {
            count(self.policy.lint(Code::DeniedLicense));
        }
        for (term, level) in arriving {
            let wanted = self.policy.term_level(*term).unwrap_or(Level::Allow);
            count(wanted.min(*level).min(self.policy.lint(Code::DeniedTerm)));
        }
        findings
    }

    fn delivery(&self, product: &Component) -> Vec<Delivery> {
        if !self.request.context.is_empty() {
            return self.request.context.clone();
        }
        let by_policy = self.policy.products.get(product.id.as_str()).and_then(|(table, _)| table.delivery.as_ref());
        if by_policy.is_none() && !product.delivery.is_empty() {
            return product.delivery.clone();
        }
        self.policy.delivery(product.id.as_str(), product.published)
    }

    fn situation(&self) -> &Situation {
        self.situation
    }
}

/// Points into the graph file: each component has its row.
#[derive(Debug, Clone, Copy)]
pub struct MarkEvidence;

impl Evidence for MarkEvidence {
    fn marks(&self, _: &Graph, component: &Component, _: Option<&Witness>) -> Vec<Mark> {
        component.marks.clone()
    }
}

/// Points into manifests: where the dependency is written that leads to a component, and where its licence is.
struct ManifestEvidence<'a> {
    workspace: &'a Workspace,
    packages: &'a HashMap<ComponentId, PackageIndex>,
    read: RefCell<BTreeMap<PackageIndex, Option<Arc<SourceFile>>>>,
}

impl ManifestEvidence<'_> {
    fn manifest(&self, index: PackageIndex) -> Option<Arc<SourceFile>> {
        let mut read = self.read.borrow_mut();
        read.entry(index).or_insert_with(|| manifest(self.workspace, self.workspace.package(index)).ok()).clone()
    }

    /// The line of the product's manifest that leads to the component.
    fn dependency(&self, graph: &Graph, component: &Component, path: &Witness) -> Option<Mark> {
        let product = self.packages.get(&graph.component(path.product).id)?;
        let first = &graph.component(path.steps.first()?.lower).id;
        let lower = self.workspace.package(*self.packages.get(first)?);
        let file = self.manifest(*product)?;
        let range = dependency_range(file.text(), &lower.name)?;
        let label = if first == &component.id { String::new() } else { format!("brings `{}`", component.id) };
        Some(Mark::new(&file, range, label))
    }

    /// Where a package says what its licence is, or where it should.
    fn license(&self, component: &Component) -> Option<Mark> {
        let file = self.manifest(*self.packages.get(&component.id)?)?;
        let (range, label) = license_range(file.text())?;
        let label = match (&component.licensing, label) {
            (Licensing::Absent, _) => "no `license` here".to_owned(),
            (_, true) => format!("licensed as `{}`", printable(&component.licensing.text().unwrap_or_default())),
            (_, false) => String::new(),
        };
        Some(Mark::new(&file, range, label))
    }
}

impl Evidence for ManifestEvidence<'_> {
    fn marks(&self, graph: &Graph, component: &Component, path: Option<&Witness>) -> Vec<Mark> {
        if component.kind != Kind::Package && component.kind != Kind::Product {
            return component.marks.clone();
        }
        let dependency = path.and_then(|path| self.dependency(graph, component, path));
        dependency.into_iter().chain(self.license(component)).collect()
    }

    fn switches(&self, graph: &Graph, upper: NodeIndex, lower: NodeIndex) -> Vec<String> {
        let upper = graph.component(upper);
        let own = |id: &ComponentId| self.packages.get(id).map(|index| (*index, self.workspace.package(*index)));
        // Only the workspace's own manifests can be changed by whoever reads the finding.
        let (Some((index, package)), Some((_, lower))) = (own(&upper.id), own(&graph.component(lower).id)) else {
            return Vec::new();
        };
        let file = if package.is_member { self.manifest(index) } else { None };
        file.map(|file| switches(file.text(), &lower.name, &upper.features)).unwrap_or_default()
    }
}

/// The features, of those that are on, that switch on an optional dependency; none where it is not optional.
fn switches(text: &str, package: &str, on: &[String]) -> Vec<String> {
    let (root, _) = DeTable::parse_recoverable(text);
    let root = root.get_ref();
    let Some(dependencies) = root.get("dependencies").and_then(|table| table.get_ref().as_table()) else {
        return Vec::new();
    };
    let optional = dependencies.iter().find(|(key, value)| {
        let renamed = value.get_ref().get("package").and_then(|name| name.get_ref().as_str());
        let is_optional = value.get_ref().get("optional").and_then(|flag| flag.get_ref().as_bool());
        renamed.unwrap_or(key.get_ref()) == package && is_optional == Some(true)
    });
    let Some((key, _)) = optional else {
        return Vec::new();
    };
    let key = key.get_ref();
    let features = root.get("features").and_then(|table| table.get_ref().as_table());
    // Where a feature has the dependency's name, the bare word means the feature.
    let shadowed = features.is_some_and(|features| features.contains_key(key.as_ref()));
    let by_name = [Some(format!("dep:{key}")), (!shadowed).then(|| key.to_string())];
    let through = format!("{key}/");
    let mut found: Vec<String> = Vec::new();
    for (feature, enables) in features.into_iter().flatten() {
        let list = enables.get_ref().as_array();
        let mut words = list.into_iter().flatten().filter_map(|word| word.get_ref().as_str());
        let switches =
            words.any(|word| by_name.iter().flatten().any(|name| name == word) || word.starts_with(&through));
        if switches && on.iter().any(|on| on == feature.get_ref()) {
            found.push(feature.get_ref().to_string());
        }
    }
    // A feature that only names others is no switch of its own, but the one it names is.
    let implicit = on.iter().any(|on| on == key) && !found.iter().any(|name| name == key);
    found.extend(implicit.then(|| key.to_string()).filter(|_| found.is_empty()));
    found
}

/// The place of the key in a manifest that names a dependency, under its own name or another.
fn dependency_range(text: &str, package: &str) -> Option<std::ops::Range<usize>> {
    let (root, _) = DeTable::parse_recoverable(text);
    let root = root.get_ref();
    let sections = ["dependencies", "build-dependencies", "dev-dependencies"];
    let in_table = |table: &DeTable<'_>| {
        sections.iter().find_map(|section| {
            let dependencies = table.get(*section)?.get_ref().as_table()?;
            dependencies.iter().find_map(|(key, value)| {
                let renamed = value.get_ref().get("package").and_then(|name| name.get_ref().as_str());
                (renamed.unwrap_or(key.get_ref()) == package).then(|| whole_line(text, key, value))
            })
        })
    };
    let of_target = || {
        let targets = root.get("target")?.get_ref().as_table()?;
        targets.values().find_map(|target| in_table(target.get_ref().as_table()?))
    };
    in_table(root).or_else(of_target)
}

/// From a key to the end of its value, but no further than its line.
fn whole_line(
    text: &str,
    key: &Spanned<std::borrow::Cow<'_, str>>,
    value: &Spanned<DeValue<'_>>,
) -> std::ops::Range<usize> {
    let start = key.span().start;
    let end = value.span().end.max(key.span().end);
    let line_end = text.get(start..).and_then(|rest| rest.find('\n')).map_or(text.len(), |at| start + at);
    start..end.min(line_end).max(key.span().end)
}

/// The place of a manifest's licence, or of its package's name; the flag says which.
fn license_range(text: &str) -> Option<(std::ops::Range<usize>, bool)> {
    let (root, _) = DeTable::parse_recoverable(text);
    let package = root.get_ref().get("package")?.get_ref().as_table()?;
    for key in ["license", "license-file"] {
        if let Some((key, value)) = package.get_key_value(key) {
            return Some((whole_line(text, key, value), true));
        }
    }
    let (key, value) = package.get_key_value("name")?;
    Some((whole_line(text, key, value), false))
}
