//! The graph as a file: `graph --format json` writes it, `--graph FILE` reads it.
//!
//! Rows are read one by one, each with its place in the file, so that every mistake can be pointed at. What is written is
//! sorted, and reading it back gives the same graph.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::build::{BuildError, Graph};
use super::component::{Component, ComponentId, Licensing};
use super::edge::ProductSet;
use crate::error::{Fault, Faults};
use crate::source::{Mark, SourceFile, printable};
use crate::vocabulary::term::atoms;
use crate::vocabulary::{Delivery, Fact, How, Kind, Relation, Term};

pub(super) const FORMAT: &str = "covenant-graph";
pub(super) const VERSION: u64 = 1;

/// What a file of any version has.
#[derive(Deserialize)]
struct Head {
    format: String,
    version: u64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Shape<'a> {
    #[serde(rename = "format")]
    _format: String,
    #[serde(rename = "version")]
    _version: u64,
    #[serde(borrow)]
    components: Vec<&'a RawValue>,
    #[serde(borrow)]
    relations: Vec<&'a RawValue>,
}

#[derive(Serialize)]
struct Document {
    format: &'static str,
    version: u64,
    components: Vec<ComponentRow>,
    relations: Vec<RelationRow>,
}

/// A component, as it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ComponentRow {
    id: String,
    kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    purl: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    license: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    license_file: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "atoms")]
    terms: Vec<Term>,
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "atoms")]
    facts: Vec<Fact>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    delivery: Vec<Delivery>,
    #[serde(default, skip_serializing_if = "is_false")]
    modified: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    ships: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    data_package: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    private: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    published: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    family: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    released: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    claims: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    parts: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    features: Vec<String>,
}

/// A relation, as it is written.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RelationRow {
    from: String,
    to: String,
    relation: Relation,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    how: Option<How>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    products: Option<Vec<String>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature serde asks for")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// Writes a graph.
pub fn write(graph: &Graph) -> String {
    let document = Document {
        format: FORMAT,
        version: VERSION,
        components: graph.nodes().map(|node| component_row(graph.component(node))).collect(),
        relations: graph
            .relations()
            .map(|(upper, lower, edge)| RelationRow {
                from: graph.component(upper).id.as_str().to_owned(),
                to: graph.component(lower).id.as_str().to_owned(),
                relation: edge.relation,
                how: edge.how,
                products: products(graph, &edge.products),
            })
            .collect(),
    };
    crate::source::json(&document)
}

fn products(graph: &Graph, set: &ProductSet) -> Option<Vec<String>> {
    if *set == ProductSet::All {
        return None;
    }
    let members = graph.products().iter().enumerate().filter(|(number, _)| set.contains(*number));
    Some(members.map(|(_, node)| graph.component(*node).id.as_str().to_owned()).collect())
}

fn component_row(component: &Component) -> ComponentRow {
    let (license, license_file) = match &component.licensing {
        Licensing::Absent => (None, None),
        Licensing::FileOnly { file } => (None, Some(file.clone())),
        known => (known.text(), None),
    };
    ComponentRow {
        id: component.id.as_str().to_owned(),
        kind: component.kind,
        name: Some(component.name.clone()).filter(|name| *name != default_name(component.id.as_str())),
        version: component
            .version
            .clone()
            .filter(|version| Some(version.as_str()) != default_version(component.id.as_str())),
        purl: component.purl.clone(),
        license,
        license_file,
        terms: component.terms.clone(),
        facts: component.facts.clone(),
        delivery: component.delivery.clone(),
        modified: component.modified,
        ships: component.ships,
        data_package: component.data_package,
        private: component.private,
        published: component.published,
        task: component.task.clone(),
        family: component.family.clone(),
        released: component.released.clone(),
        claims: component.claims.clone(),
        parts: component.parts.clone(),
        features: component.features.clone(),
    }
}

/// What an id says of itself: `name@version`, with or without a side.
fn default_name(id: &str) -> &str {
    let bare = id.strip_suffix("#host").unwrap_or(id);
    bare.rsplit_once('@').map_or(bare, |(name, _)| name)
}

fn default_version(id: &str) -> Option<&str> {
    let bare = id.strip_suffix("#host").unwrap_or(id);
    bare.rsplit_once('@').map(|(_, version)| version)
}

/// Reads a graph.
///
/// # Errors
///
/// Every mistake in the file, with its place.
pub fn read(file: &Arc<SourceFile>) -> Result<Graph, Faults> {
    let text = file.text();
    if text.trim().is_empty() {
        return Err(Faults(vec![Fault::of(file.name(), "the file is empty")]));
    }
    // Another version may have other keys: that it is another is what has to be said.
    if let Ok(Head { format, version }) = serde_json::from_str(text)
        && (format != FORMAT || version != VERSION)
    {
        let format = printable(&format);
        let message = format!("this is `{format}` version {version}, and `{FORMAT}` version {VERSION} is wanted");
        return Err(Faults(vec![Fault::of(file.name(), message)]));
    }
    let shape: Shape<'_> =
        serde_json::from_str(text).map_err(|error| Faults(vec![json_fault(file, 0..text.len(), &error)]))?;
    let mut faults = Vec::new();
    let mut builder = Graph::builder();
    for raw in shape.components {
        let range = place_of(text, raw);
        let row: ComponentRow = match serde_json::from_str(raw.get()) {
            Ok(row) => row,
            Err(error) => {
                faults.push(json_fault(file, range, &error));
                continue;
            }
        };
        let mark = Mark::new(file, range, "");
        match component(row, &mark) {
            Ok(component) => {
                if let Err(error) = builder.component(component) {
                    faults.push(Fault::at(mark, error.to_string()));
                }
            }
            Err(message) => faults.push(Fault::at(mark, message)),
        }
    }
    // A component that could not be read is not there: relations to it are no mistakes of their own.
    let all_there = faults.is_empty();
    for raw in shape.relations {
        let range = place_of(text, raw);
        let row: RelationRow = match serde_json::from_str(raw.get()) {
            Ok(row) => row,
            Err(error) => {
                faults.push(json_fault(file, range, &error));
                continue;
            }
        };
        let mark = Mark::new(file, range, "");
        let (from, to) = (ComponentId::new(row.from), ComponentId::new(row.to));
        let products = row.products.map(|ids| ids.into_iter().map(ComponentId::new).collect());
        let relation = (row.relation, row.how);
        if let Err(error) = builder.relation(&from, &to, relation, products, Some(mark.clone()))
            && all_there
        {
            faults.push(Fault::at(mark, error.to_string()));
        }
    }
    if !faults.is_empty() {
        return Err(Faults(faults));
    }
    builder.finish().map_err(|error: BuildError| Faults(vec![Fault::of(file.name(), error.to_string())]))
}

fn component(row: ComponentRow, mark: &Mark) -> Result<Component, String> {
    if row.id.trim().is_empty() {
        return Err("an id is empty".to_owned());
    }
    let faults = row.terms.iter().filter_map(Term::fault).chain(row.facts.iter().filter_map(Fact::fault));
    if let Some(fault) = faults.into_iter().next() {
        return Err(fault);
    }
    if let Some(released) = &row.released
        && released.parse::<jiff::civil::Date>().is_err()
    {
        return Err(format!("`{}` is no date such as 2024-07-23", printable(released)));
    }
    let name = row.name.unwrap_or_else(|| default_name(&row.id).to_owned());
    let version = row.version.or_else(|| default_version(&row.id).map(str::to_owned));
    let contexts: BTreeSet<Delivery> = row.delivery.into_iter().collect();
    let licensing = match (row.license, row.license_file) {
        (Some(text), _) => Licensing::parse(&text),
        (None, Some(file)) => Licensing::FileOnly { file },
        (None, None) => Licensing::Absent,
    };
    Ok(Component {
        version,
        purl: row.purl,
        licensing,
        terms: row.terms,
        facts: row.facts,
        delivery: contexts.into_iter().collect(),
        modified: row.modified,
        ships: row.ships,
        data_package: row.data_package,
        private: row.private,
        published: row.published,
        task: row.task,
        family: row.family,
        released: row.released,
        claims: row.claims,
        parts: row.parts,
        features: row.features,
        marks: vec![mark.clone()],
        ..Component::new(row.id, name, row.kind)
    })
}

/// Where a row stands: it is a slice of the text, so its address says so.
fn place_of(text: &str, raw: &RawValue) -> std::ops::Range<usize> {
    let start = (raw.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    start..start + raw.get().len()
}

/// What serde says of JSON, at the line and column it names within `within`.
fn json_fault(file: &Arc<SourceFile>, within: std::ops::Range<usize>, error: &serde_json::Error) -> Fault {
    let text = file.text().get(within.clone()).unwrap_or("");
    let line_start: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = (within.start + line_start + error.column().saturating_sub(1)).min(within.end);
    let message = error.to_string();
    // The place within the row would only confuse: the mark has the place in the file.
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    Fault::at(Mark::new(file, at..at + 1, ""), crate::source::toml::sharpen(message))
}
