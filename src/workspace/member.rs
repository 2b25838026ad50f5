//! From `-p`, `--workspace` and `--exclude` to members, as Cargo selects them.

use cargo_metadata::{Metadata, Package};
use globset::{Glob, GlobMatcher};

use super::error::{Error, nearest};
use super::selection::Selection;

/// The selected members, in the order of their names.
pub(crate) fn select<'m>(metadata: &'m Metadata, selection: &Selection) -> Result<Vec<&'m Package>, Error> {
    let all = metadata.workspace_packages();
    let excluded = matching(&all, &selection.exclude)?;
    let mut members = if !selection.packages.is_empty() {
        matching(&all, &selection.packages)?
    } else if selection.workspace || !metadata.workspace_default_members.is_available() {
        all
    } else {
        let defaults = &metadata.workspace_default_members;
        all.into_iter().filter(|package| defaults.contains(&package.id)).collect()
    };
    members.retain(|package| !excluded.iter().any(|other| other.id == package.id));
    members.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    members.dedup_by(|a, b| a.id == b.id);
    Ok(members)
}

fn matching<'m>(members: &[&'m Package], specs: &[String]) -> Result<Vec<&'m Package>, Error> {
    let mut found = Vec::new();
    for text in specs {
        let spec = Spec::of(text);
        let before = found.len();
        found.extend(members.iter().copied().filter(|package| spec.matches(package)));
        if found.len() == before {
            let name = text.split_once('@').map_or(text.as_str(), |(name, _)| name);
            let nearest = nearest(name, members.iter().map(|package| package.name.as_str()));
            return Err(Error::UnknownPackage { spec: text.clone(), nearest });
        }
    }
    Ok(found)
}

/// A package spec: `name`, `name@version`, `url`, `url#version`, `url#name@version`, or a glob over names.
enum Spec<'s> {
    Glob(GlobMatcher),
    Name { name: &'s str, version: Option<&'s str> },
    Url { url: &'s str, fragment: Option<&'s str> },
}

impl<'s> Spec<'s> {
    fn of(text: &'s str) -> Self {
        if text.contains("://") {
            let text = text.split_once('+').filter(|(kind, _)| !kind.contains(':')).map_or(text, |(_, url)| url);
            let (url, fragment) = text.split_once('#').map_or((text, None), |(url, fragment)| (url, Some(fragment)));
            return Self::Url { url: url.trim_end_matches('/'), fragment };
        }
        if text.contains(['*', '?', '[', ']'])
            && let Ok(glob) = Glob::new(text)
        {
            return Self::Glob(glob.compile_matcher());
        }
        let (name, version) = text
            .split_once('@')
            .or_else(|| text.split_once(':'))
            .map_or((text, None), |(name, version)| (name, Some(version)));
        Self::Name { name, version }
    }

    fn matches(&self, package: &Package) -> bool {
        let has_version = |wanted: &str| {
            // Cargo takes `1` and `1.2` for any version that starts so.
            let version = package.version.to_string();
            version == wanted
                || (wanted.split('.').count() < 3
                    && version.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.')))
        };
        match self {
            Self::Glob(glob) => glob.is_match(package.name.as_str()),
            Self::Name { name, version } => package.name.as_str() == *name && version.is_none_or(has_version),
            Self::Url { url, fragment } => {
                let id = package.id.repr.split_once('#').map_or(package.id.repr.as_str(), |(id, _)| id);
                let here = id.split_once('+').map_or(id, |(_, url)| url).trim_end_matches('/');
                here == *url
                    && fragment.is_none_or(|fragment| match fragment.split_once('@') {
                        Some((name, version)) => package.name == name && has_version(version),
                        None => package.name == fragment || has_version(fragment),
                    })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata() -> Metadata {
        let package = |name: &str, version: &str| {
            format!(
                r#"{{"name":"{name}","version":"{version}","id":"path+file:///w/{name}#{version}","dependencies":[],
                "targets":[],"features":{{}},"manifest_path":"/w/{name}/Cargo.toml"}}"#
            )
        };
        let id = |name: &str, version: &str| format!(r#""path+file:///w/{name}#{version}""#);
        let json = format!(
            r#"{{"packages":[{},{},{}],"workspace_members":[{members}],"workspace_default_members":[{}],
            "workspace_root":"/w","target_directory":"/w/target","version":1,"resolve":null}}"#,
            package("app", "1.2.3"),
            package("app-core", "0.1.0"),
            package("tool", "2.0.0"),
            id("app", "1.2.3"),
            members = [id("app", "1.2.3"), id("app-core", "0.1.0"), id("tool", "2.0.0")].join(",")
        );
        serde_json::from_str(&json).expect("metadata")
    }

    fn names(selection: &Selection) -> Result<Vec<String>, String> {
        select(&metadata(), selection)
            .map(|members| members.iter().map(|package| package.name.to_string()).collect())
            .map_err(|error| error.to_string())
    }

    fn packages(specs: &[&str]) -> Selection {
        Selection { packages: specs.iter().map(|spec| (*spec).to_owned()).collect(), ..Selection::default() }
    }

    #[test]
    fn members_are_selected_as_cargo_selects_them() {
        for (selection, expected) in [
            (Selection::default(), &["app"][..]),
            (Selection { workspace: true, ..Selection::default() }, &["app", "app-core", "tool"]),
            (Selection { workspace: true, exclude: vec!["app*".to_owned()], ..Selection::default() }, &["tool"]),
            (packages(&["tool", "app", "tool"]), &["app", "tool"]),
            (packages(&["app*"]), &["app", "app-core"]),
            (packages(&["app@1.2"]), &["app"]),
            (packages(&["app:1.2.3"]), &["app"]),
            (packages(&["file:///w/tool"]), &["tool"]),
            (packages(&["path+file:///w/tool#2.0.0"]), &["tool"]),
            (packages(&["path+file:///w/tool#tool@2"]), &["tool"]),
        ] {
            assert_eq!(
                names(&selection).as_deref(),
                Ok(&expected.iter().map(ToString::to_string).collect::<Vec<_>>()[..])
            );
        }
    }

    #[test]
    fn an_unknown_spec_names_the_nearest() {
        for spec in ["tol", "app@1.20", "nothing*", "file:///elsewhere/tool", "tool@", "@", "", "["] {
            assert!(names(&packages(&[spec])).is_err(), "{spec}");
        }
        assert!(names(&packages(&["tol"])).is_err_and(|message| message.contains("did you mean `tool`?")));
    }
}
