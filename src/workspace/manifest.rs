//! The one thing that guppy must know and `cargo metadata` does not say: the resolver version.
//!
//! guppy assumes version 3; on a workspace of version 1 that loses packages, because version 1 unites features over
//! platforms, over host and target, and with dev-dependencies.

use std::path::Path;

use guppy::graph::cargo::CargoResolverVersion;
use serde::Deserialize;

use super::error::Error;

/// The keys of a root manifest that decide.
#[derive(Debug, Default, Deserialize)]
struct Root {
    workspace: Option<Table>,
    #[serde(alias = "project")]
    package: Option<Table>,
}

#[derive(Debug, Default, Deserialize)]
struct Table {
    resolver: Option<String>,
}

/// The resolver version of the workspace whose root manifest is `path`; `edition` is that of its root package, if it
/// has one.
///
/// `workspace.resolver` or `package.resolver` of the root decides (Cargo forbids both at once), else the edition, else,
/// in a virtual workspace, version 1.
pub(crate) fn resolver(path: &Path, edition: Option<&str>) -> Result<CargoResolverVersion, Error> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::Manifest { path: path.to_owned(), message: error.to_string() })?;
    of_text(&text, edition).map_err(|message| Error::Manifest { path: path.to_owned(), message })
}

fn of_text(text: &str, edition: Option<&str>) -> Result<CargoResolverVersion, String> {
    let root: Root = toml::from_str(text).map_err(|error| error.to_string())?;
    let declared = [root.workspace, root.package].into_iter().flatten().find_map(|table| table.resolver);
    match (declared.as_deref(), edition) {
        (Some("1"), _) | (None, None | Some("2015" | "2018")) => Ok(CargoResolverVersion::V1),
        (Some("2"), _) | (None, Some("2021")) => Ok(CargoResolverVersion::V2),
        (Some("3"), _) | (None, Some(_)) => Ok(CargoResolverVersion::V3),
        (Some(other), _) => Err(format!("the resolver \"{other}\" is not known here; this version knows 1, 2 and 3")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CargoResolverVersion::{V1, V2, V3};

    #[test]
    fn a_key_beats_the_edition_and_a_virtual_root_has_none() {
        for (text, edition, expected) in [
            ("[workspace]\nresolver = \"2\"", None, V2),
            ("[workspace]\nresolver = \"1\"\n[package]\nname = \"a\"", Some("2024"), V1),
            ("[package]\nresolver = \"3\"", Some("2018"), V3),
            ("[project]\nresolver = \"2\"", Some("2015"), V2),
            ("[package]\nedition.workspace = true\n[workspace.package]\nedition = \"2021\"", Some("2021"), V2),
            ("[workspace]\nmembers = []", None, V1),
            ("[package]", Some("2015"), V1),
            ("[package]", Some("2018"), V1),
            ("[package]", Some("2024"), V3),
        ] {
            assert_eq!(of_text(text, edition), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_an_error_with_its_place() {
        assert!(of_text("[workspace]\nresolver = \"9\"", None).is_err_and(|message| message.contains("\"9\"")));
        assert!(of_text("[workspace]\nresolver = 2", None).is_err_and(|message| message.contains("line 2")));
        assert!(of_text("[workspace", None).is_err());
    }
}
