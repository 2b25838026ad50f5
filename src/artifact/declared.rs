//! Declared artefacts: the tables in which a crate, a workspace or a policy says which models and data it uses.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::value::Datetime;

use crate::error::Fault;
use crate::source::toml::Reader;
use crate::source::{Mark, SourceFile};
use crate::vocabulary::word::words;
use crate::vocabulary::{How, Kind, Relation};

words! { "use of an artefact":
    /// How a component uses an artefact.
    pub enum Use {
        /// Inside the binary.
        Embedded = "embedded",
        /// Beside the binary.
        Bundled = "bundled",
        /// Fetched at run time.
        Downloaded = "downloaded",
        /// Called over a network.
        Hosted = "hosted",
        /// Only while building.
        BuildTool = "build-tool",
        /// Only in tests and examples.
        Dev = "dev",
    }
}

impl Use {
    /// The relation of the component to the artefact.
    pub fn relation(self) -> Relation {
        match self {
            Self::Embedded => Relation::Embedded,
            Self::Bundled => Relation::Bundled,
            Self::Downloaded => Relation::Downloaded,
            Self::Hosted => Relation::Hosted,
            Self::BuildTool => Relation::BuildTool,
            Self::Dev => Relation::Dev,
        }
    }
}

/// What may be public of a model.
pub const PARTS: &[&str] = &["weights", "inference-code", "training-code", "data", "data-information", "model-card"];

/// One table, as written. Which keys may stand where is checked by [`read_models`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ModelTable {
    /// Its name, unique in the package.
    pub name: Option<Spanned<String>>,
    /// Its package URL, with the revision.
    pub purl: Option<Spanned<String>>,
    /// What it is.
    pub kind: Option<Spanned<Kind>>,
    /// Its task, as a Hugging Face pipeline tag.
    pub task: Option<String>,
    /// Its family.
    pub family: Option<String>,
    /// How it is used.
    #[serde(rename = "use")]
    pub used: Option<Spanned<Use>>,
    /// Its file, relative to the manifest; globs are allowed.
    pub path: Option<Spanned<String>>,
    /// The SHA-256 of that file, in hexadecimal.
    pub sha256: Option<Spanned<String>>,
    /// Its licence.
    pub license: Option<Spanned<String>>,
    /// The file in which that licence stands.
    pub license_file: Option<Spanned<String>>,
    /// The features of the package with which alone it is used.
    pub required_features: Option<Vec<Spanned<String>>>,
    /// The platforms on which alone it is used.
    pub target: Option<Spanned<String>>,
    /// What its project says about it in public.
    #[serde(default)]
    pub claims: Vec<String>,
    /// The day it was released.
    pub released: Option<Spanned<Datetime>>,
    /// What it was made from.
    #[serde(default)]
    pub from: Vec<Spanned<ModelTable>>,
    /// What is public of it: a licence, or `absent`. The keys are [`PARTS`].
    #[serde(default)]
    pub parts: BTreeMap<Spanned<String>, String>,
    /// In `from`: the relation of the upper artefact to this one.
    pub relation: Option<Spanned<Relation>>,
    /// In `from`: what was done.
    pub how: Option<Spanned<How>>,
    /// In a policy: the crate that uses it; absent: every product.
    #[serde(rename = "crate")]
    pub crate_: Option<Spanned<String>>,
}

/// A declared artefact, checked.
#[derive(Debug, Clone)]
pub struct Declaration {
    /// Its name, if it was given one.
    pub name: Option<String>,
    /// Its package URL.
    pub purl: Option<String>,
    /// What it is.
    pub kind: Kind,
    /// Its task.
    pub task: Option<String>,
    /// Its family.
    pub family: Option<String>,
    /// How it is used; absent only in lineage.
    pub used: Option<Use>,
    /// Its file, relative to the folder of the manifest, with the place of the word.
    pub path: Option<(String, Mark)>,
    /// The SHA-256 of that file, in lower-case hexadecimal, with its place.
    pub sha256: Option<(String, Mark)>,
    /// Its licence, with its place.
    pub license: Option<(String, Mark)>,
    /// The file in which the licence stands, with its place.
    pub license_file: Option<(String, Mark)>,
    /// The features with which alone it is used.
    pub required_features: Vec<String>,
    /// The platforms on which alone it is used, with the place.
    pub target: Option<(String, Mark)>,
    /// What its project says about it in public.
    pub claims: Vec<String>,
    /// The day it was released, as `YYYY-MM-DD`.
    pub released: Option<String>,
    /// What it was made from.
    pub from: Vec<Lineage>,
    /// What is public of it.
    pub parts: BTreeMap<String, String>,
    /// In a policy: the crate that uses it.
    pub crate_: Option<String>,
    /// The head of the table.
    pub mark: Mark,
}

/// One line of descent.
#[derive(Debug, Clone)]
pub struct Lineage {
    /// The relation of the upper artefact to the origin.
    pub relation: Relation,
    /// What was done.
    pub how: Option<How>,
    /// The origin.
    pub origin: Declaration,
}

/// Where a table stands; it decides which keys it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Manifest,
    Policy,
    From,
}

/// Reads the models that a package declares: `[package.metadata.covenant]` of its manifest.
///
/// Returns what could be read, and what is wrong with the rest; a broken manifest is one fault.
pub fn of_package(file: &Arc<SourceFile>) -> (Vec<Declaration>, Vec<Fault>) {
    let mut reader = Reader::new(file);
    let root = reader.parse();
    let mut models = Vec::new();
    if let Some((_, table)) = covenant_table(&mut reader, root, "package") {
        for (key, value) in table {
            match key.get_ref().as_ref() {
                "model" => models.extend(read_models(&mut reader, value, false)),
                other => reader.unknown_key(key.span(), other, &["model"]),
            }
        }
    }
    (models, reader.finish())
}

/// The table `[SECTION.metadata.covenant]` of a manifest, if there is one.
pub fn covenant_table<'a>(
    reader: &mut Reader<'a>,
    mut root: DeTable<'a>,
    section: &str,
) -> Option<(Range<usize>, DeTable<'a>)> {
    let mut section_table = match root.remove(section)?.into_inner() {
        DeValue::Table(table) => table,
        _ => return None,
    };
    let mut metadata = match section_table.remove("metadata")?.into_inner() {
        DeValue::Table(table) => table,
        _ => return None,
    };
    let covenant = metadata.remove("covenant")?;
    let span = covenant.span();
    Some((span, reader.table(covenant, "covenant")))
}

/// Reads an array of model tables.
pub fn read_models<'a>(reader: &mut Reader<'a>, value: Spanned<DeValue<'a>>, in_policy: bool) -> Vec<Declaration> {
    let place = if in_policy { Place::Policy } else { Place::Manifest };
    let mut models = Vec::new();
    for row in reader.tables(value, "model") {
        let mark = reader.mark(row.span());
        if !is_shallow(row.get_ref(), DEEPEST) {
            reader.fault(mark.range, format!("lineage is nested deeper than {DEEPEST}"));
        } else if let Some(row) = reader.read::<ModelTable>(row) {
            models.extend(check(reader, row, mark, place));
        }
    }
    models
}

/// Lineage nested deeper than this is refused, before it is read: each level costs room on the stack.
const DEEPEST: usize = 16;

/// Whether lineage goes no further than this many levels.
fn is_shallow(table: &DeValue<'_>, levels: usize) -> bool {
    let Some(from) = table.get("from").and_then(|from| from.get_ref().as_array()) else {
        return true;
    };
    levels > 0 && from.iter().all(|origin| is_shallow(origin.get_ref(), levels - 1))
}

fn check(reader: &mut Reader<'_>, row: ModelTable, mark: Mark, place: Place) -> Option<Declaration> {
    let mut sound = true;
    let mut fail = |reader: &mut Reader<'_>, range: Range<usize>, message: String| {
        reader.fault(range, message);
        sound = false;
    };
    let whole = mark.range.clone();
    if row.name.is_none() && row.purl.is_none() {
        fail(reader, whole.clone(), "a model needs a `name` or a `purl`".to_owned());
    }
    for text in [&row.name, &row.purl].into_iter().flatten() {
        if text.get_ref().trim().is_empty() {
            fail(reader, text.span(), "this is empty".to_owned());
        }
    }
    if let Some(purl) = &row.purl
        && !purl.get_ref().starts_with("pkg:")
    {
        fail(reader, purl.span(), "a package URL starts with `pkg:`".to_owned());
    }
    if place != Place::From {
        for (key, range) in
            [("relation", row.relation.as_ref().map(Spanned::span)), ("how", row.how.as_ref().map(Spanned::span))]
        {
            if let Some(range) = range {
                fail(reader, range, format!("`{key}` belongs into a `from` table"));
            }
        }
        let service = row.kind.as_ref().is_some_and(|kind| *kind.get_ref() == Kind::Service);
        if row.used.is_none() && !service {
            let uses: Vec<&str> = <Use as crate::vocabulary::Word>::ALL
                .iter()
                .map(|word| crate::vocabulary::Word::as_str(*word))
                .collect();
            fail(reader, whole, format!("a model needs `use`: one of {}", uses.join(", ")));
        }
    }
    if let Some(crate_) = &row.crate_
        && place != Place::Policy
    {
        fail(reader, crate_.span(), "`crate` is for policies: here the package itself uses it".to_owned());
    }
    let relation = match (&row.relation, place) {
        (Some(relation), _) if !relation.get_ref().is_lineage() => {
            let message = format!(
                "`{}` is no relation between artefacts: use `derived`, `adapter-of`, `distilled`, `output-of`, `trained-on` or `evaluated-on`",
                relation.get_ref()
            );
            fail(reader, relation.span(), message);
            None
        }
        (relation, _) => relation.as_ref().map(|relation| *relation.get_ref()),
    };
    if let Some(kind) = &row.kind
        && matches!(kind.get_ref(), Kind::Product | Kind::Package)
    {
        fail(reader, kind.span(), format!("`{}` is not declared: Cargo says what it is", kind.get_ref()));
    }
    if let Some(sum) = &row.sha256
        && !is_sha256(sum.get_ref())
    {
        fail(reader, sum.span(), NO_SHA256.to_owned());
    }
    if let (Some(sum), None) = (&row.sha256, &row.path) {
        fail(reader, sum.span(), "`sha256` without `path`: of which file?".to_owned());
    }
    if let Some(released) = &row.released
        && (released.get_ref().date.is_none() || released.get_ref().time.is_some())
    {
        fail(reader, released.span(), "`released` is a date such as 2024-07-23".to_owned());
    }
    for path in [&row.path, &row.license_file].into_iter().flatten() {
        if leaves(path.get_ref()) {
            fail(reader, path.span(), "the path leaves the package".to_owned());
        }
    }
    if let Some(target) = &row.target
        && let Err(why) = platform(target.get_ref())
    {
        let message = format!("this is no platform: {}", crate::source::printable(&why));
        fail(reader, target.span(), message);
    }
    for part in row.parts.keys().filter(|part| !PARTS.contains(&part.get_ref().as_str())) {
        reader.unknown_key(part.span(), part.get_ref(), PARTS);
        sound = false;
    }

    let mut from = Vec::new();
    for origin in row.from {
        let mark = reader.mark(origin.span());
        let origin = origin.into_inner();
        let relation = origin.relation.as_ref().map_or(Relation::Derived, |relation| *relation.get_ref());
        let how = origin.how.as_ref().map(|how| *how.get_ref());
        match check(reader, origin, mark, Place::From) {
            Some(origin) => from.push(Lineage { relation, how, origin }),
            None => sound = false,
        }
    }
    if !sound {
        return None;
    }
    let placed = |reader: &Reader<'_>, text: Option<Spanned<String>>| {
        text.map(|text| (text.get_ref().clone(), Mark::new(reader.file(), text.span(), "")))
    };
    let kind = row.kind.map_or_else(|| default_kind(relation), Spanned::into_inner);
    Some(Declaration {
        name: row.name.map(Spanned::into_inner),
        purl: row.purl.map(Spanned::into_inner),
        kind,
        task: row.task,
        family: row.family,
        used: row
            .used
            .map(Spanned::into_inner)
            .or((place != Place::From && kind == Kind::Service).then_some(Use::Hosted)),
        path: placed(reader, row.path),
        sha256: placed(reader, row.sha256).map(|(sum, mark)| (sum.to_ascii_lowercase(), mark)),
        license: placed(reader, row.license),
        license_file: placed(reader, row.license_file),
        required_features: row.required_features.unwrap_or_default().into_iter().map(Spanned::into_inner).collect(),
        target: placed(reader, row.target),
        claims: row.claims,
        released: row.released.map(|released| released.get_ref().to_string()),
        from,
        parts: row.parts.into_iter().map(|(part, license)| (part.into_inner(), license)).collect(),
        crate_: row.crate_.map(Spanned::into_inner),
        mark,
    })
}

/// Whether a text names a platform: a triple, or a `cfg(…)` that Cargo's evaluator reads. That evaluator recurses, so what is
/// nested beyond all meaning is refused before it.
fn platform(text: &str) -> Result<(), String> {
    const DEEPEST: usize = 64;
    let mut depth = 0_usize;
    for character in text.chars() {
        match character {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(format!("it is nested deeper than {DEEPEST}"));
        }
    }
    let parsed = text.parse::<cargo_metadata::cargo_platform::Platform>();
    parsed.map(|_| ()).map_err(|error| error.to_string())
}

/// What an origin is, where nobody says: data where something was trained or evaluated on it, else a model.
fn default_kind(relation: Option<Relation>) -> Kind {
    match relation {
        Some(Relation::TrainedOn | Relation::EvaluatedOn) => Kind::Dataset,
        _ => Kind::Model,
    }
}

/// What is said of a `sha256` that is none.
pub(crate) const NO_SHA256: &str = "a SHA-256 is 64 hexadecimal digits";

/// Whether a text is a SHA-256 in hexadecimal.
pub(crate) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Whether a path, as it is written, leads out of the folder it is relative to.
pub(crate) fn leaves(path: &str) -> bool {
    path.starts_with(['/', '\\'])
        || path.split(['/', '\\']).any(|part| part == "..")
        || path.chars().nth(1) == Some(':')
}

impl Declaration {
    /// The name by which it is shown: its own, else the last part of its package URL.
    pub fn shown_name(&self) -> String {
        if let Some(name) = &self.name {
            return name.clone();
        }
        let purl = self.purl.as_deref().unwrap_or("artefact");
        let bare = purl.split(['@', '?', '#']).next().unwrap_or(purl);
        bare.rsplit('/').next().unwrap_or(bare).to_owned()
    }

    /// The revision in the package URL.
    pub fn revision(&self) -> Option<&str> {
        let (_, rest) = self.purl.as_deref()?.split_once('@')?;
        rest.split(['?', '#']).next()
    }
}
