//! Territories: from the words of licences and policies to whether they overlap.
//!
//! The groups stand in `policies/catalog/territories.toml`. A word is a code of ISO 3166, a group, or a description such as
//! `us-embargoed-territories`, which overlaps nothing but itself and is never known to leave anything out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    other_words: BTreeMap<String, String>,
    group: Vec<Group>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    id: String,
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "source")]
    _source: String,
    members: Vec<String>,
}

/// The groups, each with the codes of all its members.
struct Territories {
    other_words: BTreeMap<String, String>,
    groups: BTreeMap<String, BTreeSet<String>>,
}

static BUILT_IN: LazyLock<Territories> = LazyLock::new(|| {
    let file: File = serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/territories.json")))
        .expect("the compiled-in table is read in full by this module's tests");
    let mut groups: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    // A group may have groups that stand above it in the file as members.
    for group in file.group {
        let members = group.members.into_iter().flat_map(|member| match groups.get(&member) {
            Some(inner) => inner.iter().cloned().chain([member]).collect(),
            None => vec![member],
        });
        let members = members.collect();
        groups.insert(group.id, members);
    }
    Territories { other_words: file.other_words, groups }
});

/// The word as it stands in the table: in capitals, under its usual code.
fn settled(word: &str) -> String {
    let word = word.trim().to_ascii_uppercase();
    BUILT_IN.other_words.get(&word).cloned().unwrap_or(word)
}

/// Whether a word is a code of a territory or a group of them, and no mere description.
pub fn is_code(word: &str) -> bool {
    let word = settled(word);
    let letters = |text: &str| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    let part = |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    BUILT_IN.groups.contains_key(&word)
        || letters(&word)
        || word.split_once('-').is_some_and(|(country, rest)| letters(country) && part(rest))
}

/// Whether two words certainly mean, in part at least, the same territory.
pub fn overlap(one: &str, other: &str) -> bool {
    let (one, other) = (settled(one), settled(other));
    let members = |word: &str| -> BTreeSet<String> {
        let mut all = BUILT_IN.groups.get(word).cloned().unwrap_or_default();
        all.insert(word.to_owned());
        all
    };
    let (ones, others) = (members(&one), members(&other));
    let contains = |whole: &BTreeSet<String>, word: &String| {
        let country = word.split_once('-').filter(|_| is_code(word)).map(|(country, _)| country);
        whole.contains(word) || country.is_some_and(|country| whole.contains(country))
    };
    others.iter().any(|word| contains(&ones, word)) || ones.iter().any(|word| contains(&others, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_lie_in_their_groups() {
        assert_eq!(BUILT_IN.groups.get("EU").map(BTreeSet::len), Some(27));
        for (one, other) in [("DE", "EU"), ("eu", "fr"), ("EEA", "IE"), ("EU", "EEA"), ("UK", "GB"), ("US-CA", "US")] {
            assert!(overlap(one, other) && overlap(other, one), "{one} {other}");
        }
        for (one, other) in
            [("DE", "FR"), ("GB", "EU"), ("NO", "EU"), ("US-CA", "US-NY"), ("US", "us-embargoed-territories")]
        {
            assert!(!overlap(one, other) && !overlap(other, one), "{one} {other}");
        }
    }

    #[test]
    fn every_member_is_a_code_and_descriptions_are_none() {
        for member in BUILT_IN.groups.values().flatten().chain(BUILT_IN.other_words.values()) {
            assert!(is_code(member), "{member}");
        }
        for word in ["us-embargoed-territories", "unsupported-regions", "worldwide", "", "Germany"] {
            assert!(!is_code(word), "{word}");
        }
    }
}
