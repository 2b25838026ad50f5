//! Resolver 1 alone: features that no metadata for one platform can explain.
//!
//! Resolver 1 unites the features of a package over all platforms. A package that is used on another platform only
//! switches features on here, but `--filter-platform` leaves it, and what it asks for, out of the metadata; and without the
//! filter Cargo would want it downloaded. (`semver`, under `cfg(any())`, does this to `serde_core` in almost every such
//! workspace.) Only Cargo, which has the index, knows these features:
//!
//! * A workspace of one package, built in one way, has one set of features, and the metadata states it
//!   (`resolve.nodes[].features`). In any other workspace this set is that of all members together.
//! * There, Cargo is asked for each build: `cargo tree` prints the features that this one build has. It reads the lock file
//!   and the index, and downloads nothing that the build does not need.
//!
//! Under resolver 1 a package has the same features on host and target, so that a name and a version say enough.

use std::collections::{BTreeMap, BTreeSet};

use guppy::PackageId;
use serde::Deserialize;

use super::package::{Package, PackageIndex};

/// Features by package.
pub(crate) type Features = BTreeMap<PackageIndex, BTreeSet<String>>;

#[derive(Deserialize)]
struct Document {
    resolve: Resolve,
}

#[derive(Deserialize)]
struct Resolve {
    nodes: Vec<Node>,
}

#[derive(Deserialize)]
struct Node {
    id: String,
    features: BTreeSet<String>,
}

/// What the metadata `json` says is switched on.
pub(crate) fn of_resolve(
    json: &str,
    index: impl Fn(&PackageId) -> Option<PackageIndex>,
) -> Result<Features, serde_json::Error> {
    let document: Document = serde_json::from_str(json)?;
    let nodes = document.resolve.nodes.into_iter();
    Ok(nodes.filter_map(|node| Some((index(&PackageId::new(node.id))?, node.features))).collect())
}

/// Packages by name and version, as `cargo tree` names them.
pub(crate) fn by_name(packages: &[Package]) -> BTreeMap<(&str, String), PackageIndex> {
    packages
        .iter()
        .zip((0..).map(PackageIndex))
        .map(|(package, index)| ((package.name.as_str(), package.version.to_string()), index))
        .collect()
}

/// What the lines of `cargo tree --prefix none --format '{f} {p}'` say is switched on.
pub(crate) fn of_tree(text: &str, named: &BTreeMap<(&str, String), PackageIndex>) -> Features {
    let mut result = Features::new();
    for (name, version, features) in text.lines().filter_map(line) {
        if let Some(index) = named.get(&(name, version.to_owned())) {
            result.entry(*index).or_default().extend(features.map(str::to_owned));
        }
    }
    result
}

fn line(line: &str) -> Option<(&str, &str, impl Iterator<Item = &str>)> {
    let mut words = line.split(' ');
    let (features, name, version) = (words.next()?, words.next()?, words.next()?);
    Some((name, version.strip_prefix('v')?, features.split(',').filter(|feature| !feature.is_empty())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_read_line_by_line() {
        let named = BTreeMap::from([
            (("serde", "1.0.228".to_owned()), PackageIndex(7)),
            (("app", "0.1.0".to_owned()), PackageIndex(1)),
        ]);
        let text =
            "default,std serde v1.0.228\n app v0.1.0 (/a b/c)\n\nnonsense\nrc serde v1.0.228 (*)\nx other v1.0.0\n";
        let features = BTreeSet::from(["default", "std", "rc"].map(str::to_owned));
        assert_eq!(of_tree(text, &named), [(PackageIndex(7), features), (PackageIndex(1), BTreeSet::new())].into());
    }
}
