//! What is known about licences: their terms, their exceptions, and who has ruled that they are open.
//!
//! The rows stand under `policies/catalog/`, each with its source. A word from an expression is *resolved* (to a row, to an
//! id of the SPDX list without a row, or to nothing), and a licence with its exception is *read*: the result is a
//! [`Reading`], the terms and facts that bind. Nothing here guesses: what has no row reads as `unknown-terms`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use super::expression::LicenseUse;
use crate::vocabulary::term::atoms;
use crate::vocabulary::{Delivery, Fact, FactId, Term, TermId, nearest};

/// How the ids of licences outside the SPDX list begin.
const OWN: &str = "LicenseRef-";

/// One licence: what it says, and where that can be read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct License {
    /// SPDX id, or `LicenseRef-…`.
    pub id: String,
    /// The licence's own name.
    #[serde(default)]
    pub name: String,
    /// The page on which its clauses can be read.
    #[serde(default)]
    pub source: String,
    /// Other words for the same licence.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What it binds to.
    #[serde(default, deserialize_with = "atoms")]
    pub terms: Vec<Term>,
    /// What changes how its terms travel.
    #[serde(default, deserialize_with = "atoms")]
    pub facts: Vec<Fact>,
}

/// An exception: how it changes the licence before `WITH`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Exception {
    /// SPDX id of the exception.
    pub id: String,
    /// Its own name.
    #[serde(default)]
    pub name: String,
    /// The page on which it can be read.
    #[serde(default)]
    pub source: String,
    /// The clause that grants it.
    #[serde(default)]
    pub clause: String,
    /// Other words for the same exception.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Terms it lifts.
    #[serde(default)]
    pub removes: Vec<TermId>,
    /// Terms that remain, narrowed, or that it adds.
    #[serde(default, deserialize_with = "atoms")]
    pub adds: Vec<Term>,
    /// Facts it adds.
    #[serde(default, deserialize_with = "atoms")]
    pub facts: Vec<Fact>,
    /// The delivery contexts in which alone it helps; empty means all.
    #[serde(default)]
    pub only_in: Vec<Delivery>,
    /// What it does, in a sentence.
    #[serde(default)]
    pub note: String,
}

/// Somebody whose ruling that a licence is open may count.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct AuthorityRow {
    id: String,
    #[serde(rename = "name")]
    _name: String,
    #[serde(rename = "source")]
    _source: String,
    #[serde(default)]
    licenses: Vec<String>,
    #[serde(default)]
    reasons: Vec<Reason>,
}

#[derive(Debug, Clone, Deserialize)]
struct Reason {
    id: String,
    #[serde(rename = "reason")]
    _reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct AuthoritiesFile {
    no_license: NoLicense,
    authority: Vec<AuthorityRow>,
}

#[derive(Debug, Deserialize)]
struct NoLicense {
    #[serde(rename = "source")]
    _source: String,
    words: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct ExceptionsFile {
    exception: Vec<Exception>,
}

/// A fact about a published crate that its manifest does not state.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Curation {
    /// The crate.
    pub package: String,
    /// The versions it holds for, as Cargo writes requirements; absent means all.
    #[serde(default)]
    pub versions: Option<String>,
    /// `data` where the package is data in the shape of a crate.
    #[serde(default)]
    pub kind: Option<CuratedKind>,
    /// Whether, as a build-dependency, its output is compiled into what calls it.
    #[serde(default)]
    pub generator: bool,
    /// Why it is so.
    pub reason: String,
    /// Where it was read.
    pub source: String,
    /// When it was read, as `YYYY-MM-DD`.
    pub date: String,
}

/// What a curation may call a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CuratedKind {
    /// Data in the shape of a crate.
    Data,
}

/// Something every product carries although no manifest names it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Runtime {
    /// What it is called.
    pub name: String,
    /// Its licence expression.
    pub license: String,
    /// The `target_env` for which alone it is carried.
    #[serde(default)]
    pub only_env: Option<String>,
    /// Why it is carried.
    pub reason: String,
    /// Where its licence was read.
    pub source: String,
    /// When it was read, as `YYYY-MM-DD`.
    pub date: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CurationsFile {
    curation: Vec<Curation>,
    runtime: Vec<Runtime>,
}

/// What a word in an expression turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolved {
    /// A licence with a row; the id is the row's.
    Known(Arc<License>),
    /// An id of the SPDX list whose clauses nobody has read for us yet.
    Listed(String),
    /// A word that names no licence (`other`, `openrail`, …).
    NoLicense,
    /// Nothing anybody knows.
    Unknown,
}

/// One licence with its exception, read: what binds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The licence as it is shown: canonical id, with its exception.
    pub label: String,
    /// Canonical id without the exception; the word itself where it is unknown.
    pub id: String,
    /// The licence's own name, where there is a row.
    pub name: String,
    /// The page on which it can be read; empty where unknown.
    pub source: String,
    /// Whether a row says what the licence holds. If not, `terms` is `unknown-terms` alone.
    pub catalogued: bool,
    /// An exception that no row explains: it changed nothing.
    pub unknown_exception: Option<String>,
    /// What binds.
    pub terms: Vec<Term>,
    /// What changes how the terms travel.
    pub facts: Vec<Fact>,
}

impl Reading {
    /// Whether the licence states the fact.
    pub fn has_fact(&self, id: FactId) -> bool {
        self.facts.iter().any(|fact| fact.id == id)
    }
}

/// All licences, exceptions, rulings and curations that a run knows.
#[derive(Debug, Clone)]
pub struct Catalogue {
    licenses: BTreeMap<String, Arc<License>>,
    /// Lower-cased id or alias → id.
    words: HashMap<String, String>,
    exceptions: BTreeMap<String, Arc<Exception>>,
    exception_words: HashMap<String, String>,
    authorities: BTreeMap<String, BTreeSet<String>>,
    no_license: BTreeSet<String>,
    curations: BTreeMap<String, Vec<Curation>>,
    runtimes: Vec<Runtime>,
}

static BUILT_IN: LazyLock<Catalogue> = LazyLock::new(|| {
    const SOUND: &str = "the compiled-in catalogue is read in full by this module's tests";
    let licenses: Vec<License> =
        serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/licenses.json"))).expect(SOUND);
    let exceptions: ExceptionsFile =
        serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/exceptions.json"))).expect(SOUND);
    let authorities: AuthoritiesFile =
        serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/authorities.json"))).expect(SOUND);
    let curations: CurationsFile =
        serde_json::from_str(include_str!(concat!(env!("OUT_DIR"), "/curations.json"))).expect(SOUND);
    Catalogue::assemble(licenses, exceptions.exception, authorities, curations)
});

impl Catalogue {
    /// The catalogue that is compiled in.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    fn assemble(
        licenses: Vec<License>,
        exceptions: Vec<Exception>,
        authorities: AuthoritiesFile,
        curations: CurationsFile,
    ) -> Self {
        let mut catalogue = Self {
            licenses: BTreeMap::new(),
            words: HashMap::new(),
            exceptions: BTreeMap::new(),
            exception_words: HashMap::new(),
            authorities: BTreeMap::new(),
            no_license: authorities.no_license.words.into_iter().collect(),
            curations: BTreeMap::new(),
            runtimes: curations.runtime,
        };
        for license in licenses {
            catalogue.insert(license);
        }
        for exception in exceptions {
            for word in exception.aliases.iter().chain([&exception.id]) {
                catalogue.exception_words.insert(word.to_lowercase(), exception.id.clone());
            }
            catalogue.exceptions.insert(exception.id.clone(), Arc::new(exception));
        }
        for row in authorities.authority {
            let reasons = row.reasons.into_iter().map(|reason| reason.id);
            let ids = row.licenses.into_iter().chain(reasons).collect();
            catalogue.authorities.insert(row.id, ids);
        }
        for curation in curations.curation {
            catalogue.curations.entry(curation.package.clone()).or_default().push(curation);
        }
        catalogue
    }

    fn insert(&mut self, license: License) {
        for word in license.aliases.iter().chain([&license.id]) {
            self.words.insert(word.to_lowercase(), license.id.clone());
        }
        self.licenses.insert(license.id.clone(), Arc::new(license));
    }

    /// This catalogue with licences of one's own. An id that is already known cannot be redefined.
    ///
    /// # Errors
    ///
    /// The ids and aliases that are known already.
    pub fn with(&self, own: impl IntoIterator<Item = License>) -> Result<Self, Vec<String>> {
        let mut catalogue = self.clone();
        let mut taken = Vec::new();
        for license in own {
            for word in license.aliases.iter().chain([&license.id]) {
                let listed = spdx::license_id(word).is_some();
                if listed || catalogue.words.contains_key(&word.to_lowercase()) {
                    taken.push(word.clone());
                }
            }
            catalogue.insert(license);
        }
        if taken.is_empty() { Ok(catalogue) } else { Err(taken) }
    }

    /// All licences with a row, by id.
    pub fn licenses(&self) -> impl Iterator<Item = &Arc<License>> {
        self.licenses.values()
    }

    /// The names of those whose rulings a policy may count.
    pub fn authorities(&self) -> impl Iterator<Item = &str> {
        self.authorities.keys().map(String::as_str)
    }

    /// Whether the authority has ruled that the licence is open. An unknown authority has ruled nothing.
    pub fn ruled_open(&self, authority: &str, license: &str) -> bool {
        self.authorities.get(authority).is_some_and(|ids| ids.contains(license))
    }

    /// What is known of a published package beyond its manifest.
    pub fn curation(&self, package: &str, version: &semver::Version) -> Option<&Curation> {
        self.curations.get(package)?.iter().find(|curation| {
            curation
                .versions
                .as_ref()
                .is_none_or(|versions| semver::VersionReq::parse(versions).is_ok_and(|range| range.matches(version)))
        })
    }

    /// What every product carries although no manifest names it.
    pub fn runtimes(&self) -> &[Runtime] {
        &self.runtimes
    }

    /// What a word in an expression names. Case does not matter where nothing is written exactly so.
    pub fn resolve(&self, word: &str) -> Resolved {
        if let Some(license) = self.licenses.get(word) {
            return Resolved::Known(Arc::clone(license));
        }
        let lowered = word.to_lowercase();
        if let Some(license) = self.words.get(&lowered).and_then(|id| self.licenses.get(id)) {
            return Resolved::Known(Arc::clone(license));
        }
        // `Apache-2.0+`: this version's terms, or those of a later one, at the recipient's choice.
        if let Some(base) = word.strip_suffix('+').filter(|base| !base.ends_with('+')) {
            match self.resolve(base) {
                known @ (Resolved::Known(_) | Resolved::Listed(_)) => return known,
                Resolved::NoLicense | Resolved::Unknown => {}
            }
        }
        if self.no_license.contains(&lowered) {
            return Resolved::NoLicense;
        }
        let listed = spdx::license_id(word).map(|id| id.name).or_else(|| {
            let mut all = spdx::identifiers::LICENSES.iter().map(|license| license.name);
            all.find(|name| name.eq_ignore_ascii_case(word))
        });
        listed.map_or(Resolved::Unknown, |id| Resolved::Listed(id.to_owned()))
    }

    /// The id of the catalogue or of the SPDX list that resembles an unknown word most.
    pub fn nearest(&self, word: &str) -> Option<&str> {
        let listed = spdx::identifiers::LICENSES.iter().map(|license| license.name);
        // Any two ids of one's own are alike in their first letters.
        let Some(own) = word.strip_prefix(OWN) else {
            return nearest(word, self.licenses.keys().map(String::as_str).chain(listed));
        };
        let ids = self.licenses.keys().map(String::as_str);
        let near = nearest(own, ids.clone().filter_map(|id| id.strip_prefix(OWN)))?;
        ids.clone().find(|id| id.strip_prefix(OWN) == Some(near))
    }

    /// Reads a licence with its exception: what binds.
    pub fn read(&self, license: &LicenseUse) -> Reading {
        let mut reading = match self.resolve(&license.id) {
            Resolved::Known(row) => Reading {
                label: self.ruled_word(&license.id, &row).to_owned(),
                id: self.ruled_word(&license.id, &row).to_owned(),
                name: row.name.clone(),
                source: row.source.clone(),
                catalogued: true,
                unknown_exception: None,
                terms: row.terms.clone(),
                facts: row.facts.clone(),
            },
            Resolved::Listed(id) => {
                Reading { source: format!("https://spdx.org/licenses/{id}.html"), ..Self::unread(id) }
            }
            Resolved::NoLicense | Resolved::Unknown => Self::unread(license.id.clone()),
        };
        if license.id.ends_with('+') && !reading.id.ends_with("-or-later") && reading.catalogued {
            reading.label.push('+');
        }
        if let Some(word) = &license.exception {
            let row = self.exception_words.get(&word.to_lowercase());
            match row.and_then(|id| self.exceptions.get(id)) {
                Some(exception) => apply(&mut reading, exception),
                None => {
                    reading.label = format!("{} WITH {word}", reading.label);
                    reading.unknown_exception = Some(word.clone());
                }
            }
        }
        reading
    }

    /// The id by which a row is judged: its own, but a deprecated id of the SPDX list keeps a ruling that only it has
    /// (`AGPL-1.0` is on the FSF's list, `AGPL-1.0-only` is not).
    fn ruled_word<'a>(&self, word: &str, row: &'a License) -> &'a str {
        let is_ruled = |id: &str| self.authorities.values().any(|ids| ids.contains(id));
        let written = row.aliases.iter().find(|alias| alias.eq_ignore_ascii_case(word));
        match written {
            Some(alias) if !is_ruled(&row.id) && is_ruled(alias) => alias,
            _ => &row.id,
        }
    }

    fn unread(id: String) -> Reading {
        Reading {
            label: id.clone(),
            id,
            name: String::new(),
            source: String::new(),
            catalogued: false,
            unknown_exception: None,
            terms: vec![Term::bare(TermId::UnknownTerms)],
            facts: Vec::new(),
        }
    }
}

/// Changes a reading as the exception says. An exception that helps in some contexts only leaves what it lifts standing
/// in the others.
fn apply(reading: &mut Reading, exception: &Exception) {
    reading.label = format!("{} WITH {}", reading.label, exception.id);
    if !reading.catalogued {
        return;
    }
    let others: Vec<Delivery> = if exception.only_in.is_empty() {
        Vec::new()
    } else {
        let all = <Delivery as crate::vocabulary::Word>::ALL.iter().copied();
        all.filter(|delivery| !exception.only_in.contains(delivery)).collect()
    };
    let mut kept = Vec::with_capacity(reading.terms.len());
    for mut term in reading.terms.drain(..) {
        if !exception.removes.contains(&term.id) {
            kept.push(term);
        } else if !others.is_empty() {
            if term.only_in.is_empty() {
                term.only_in.clone_from(&others);
            } else {
                // A term that holds in some contexts only is lifted in those that both name.
                term.only_in.retain(|delivery| others.contains(delivery));
            }
            if !term.only_in.is_empty() {
                kept.push(term);
            }
        }
    }
    kept.extend(exception.adds.iter().cloned());
    reading.terms = kept;
    reading.facts.extend(exception.facts.iter().cloned());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::license::{Expression, Openness};
    use crate::vocabulary::Class;

    fn read(id: &str) -> Reading {
        Catalogue::built_in().read(&LicenseUse { id: id.to_owned(), exception: None })
    }

    fn all_authorities() -> Vec<String> {
        Catalogue::built_in().authorities().map(str::to_owned).collect()
    }

    #[test]
    fn the_lists_of_authorities_are_the_flags_of_the_spdx_list() {
        let catalogue = Catalogue::built_in();
        for license in spdx::identifiers::LICENSES {
            let id = spdx::license_id(license.name).unwrap();
            assert_eq!(catalogue.ruled_open("osi", id.name), id.is_osi_approved(), "osi {}", id.name);
            assert_eq!(catalogue.ruled_open("fsf", id.name), id.is_fsf_free_libre(), "fsf {}", id.name);
        }
        for list in ["osi", "fsf"] {
            for id in &catalogue.authorities[list] {
                assert!(spdx::license_id(id).is_some(), "{list} {id}");
            }
        }
    }

    #[test]
    fn what_an_authority_calls_open_reads_as_open_by_whatever_word() {
        let catalogue = Catalogue::built_in();
        for (authority, ids) in &catalogue.authorities {
            for id in ids {
                for word in [id.clone(), id.to_lowercase()] {
                    let openness = read(&word).openness(catalogue, std::slice::from_ref(authority));
                    assert_eq!(openness, Openness::Open { authority: authority.clone() }, "{word}");
                }
            }
        }
    }

    #[test]
    fn what_no_authority_calls_open_reads_as_closed_by_its_terms() {
        let catalogue = Catalogue::built_in();
        let authorities = all_authorities();
        for license in catalogue.licenses() {
            if authorities.iter().any(|authority| catalogue.ruled_open(authority, &license.id)) {
                continue;
            }
            let restricts = license.terms.iter().any(|term| term.id.class() == Class::Restriction || term.closes());
            let ruled = |word: &&String| authorities.iter().any(|authority| catalogue.ruled_open(authority, word));
            for word in license.aliases.iter().chain([&license.id]).filter(|word| !ruled(word)) {
                let openness = read(word).openness(catalogue, &authorities);
                match openness {
                    Openness::Open { .. } => panic!("{word} reads as open"),
                    Openness::Closed { .. } => assert!(restricts, "{word}"),
                    Openness::Unknown => assert!(!restricts, "{word}"),
                }
            }
        }
    }

    #[test]
    fn what_we_reviewed_has_a_row_that_nothing_closes() {
        let catalogue = Catalogue::built_in();
        for id in &catalogue.authorities["reviewed"] {
            let row = catalogue.licenses.get(id).unwrap_or_else(|| panic!("{id} has no row"));
            assert!(!row.terms.iter().any(Term::closes), "{id}");
        }
    }

    #[test]
    fn every_parameter_fits_its_term() {
        let catalogue = Catalogue::built_in();
        let rows = catalogue.licenses().map(|row| (&row.id, &row.terms));
        for (id, terms) in rows.chain(catalogue.exceptions.values().map(|row| (&row.id, &row.adds))) {
            for term in terms {
                assert_eq!(term.fault(), None, "{id}");
                assert!(term.id != TermId::TerritoryLimit || !term.territories.is_empty(), "{id}");
                for word in &term.compatible {
                    assert!(
                        matches!(catalogue.resolve(word), Resolved::Known(_) | Resolved::Listed(_)),
                        "{id}: {word}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_later_licence_is_one_that_is_known() {
        let catalogue = Catalogue::built_in();
        let facts = catalogue.licenses().flat_map(|row| row.facts.iter().map(move |fact| (&row.id, fact)));
        let mut later = 0;
        for (id, fact) in facts {
            assert_eq!(fact.fault(), None, "{id}");
            for license in fact
                .license
                .iter()
                .flat_map(|text| Expression::parse(text).unwrap().licenses().into_iter().cloned().collect::<Vec<_>>())
            {
                later += 1;
                assert!(catalogue.read(&license).catalogued, "{id}");
            }
        }
        assert!(later > 0);
    }

    #[test]
    fn a_word_means_one_licence() {
        let catalogue = Catalogue::built_in();
        let mut words: BTreeMap<String, &str> = BTreeMap::new();
        for license in catalogue.licenses() {
            for word in license.aliases.iter().chain([&license.id]) {
                let other = words.insert(word.to_lowercase(), &license.id);
                assert!(other.is_none_or(|other| other == license.id), "{word}: {other:?} and {}", license.id);
                assert!(!catalogue.no_license.contains(&word.to_lowercase()), "{word} names no licence");
                // An id of the SPDX list may only be another word for a licence of the same standing.
                if let Some(listed) = spdx::license_id(word) {
                    for (list, flag) in [("osi", listed.is_osi_approved()), ("fsf", listed.is_fsf_free_libre())] {
                        assert!(
                            !catalogue.ruled_open(list, &license.id) || flag || listed.is_deprecated(),
                            "{list} {word}"
                        );
                    }
                }
            }
        }
        let mut exceptions: BTreeMap<String, &str> = BTreeMap::new();
        for exception in catalogue.exceptions.values() {
            for word in exception.aliases.iter().chain([&exception.id]) {
                let other = exceptions.insert(word.to_lowercase(), &exception.id);
                assert!(other.is_none_or(|other| other == exception.id), "{word}: {other:?}");
            }
        }
    }

    #[test]
    fn an_exception_lifts_only_where_it_helps() {
        let mut reading = read("GPL-2.0-only");
        for term in &mut reading.terms {
            if term.id == TermId::SourceOfWork {
                term.only_in = vec![Delivery::Binary, Delivery::Service];
            }
        }
        let exception = |only_in: Vec<Delivery>| Exception {
            id: "X".to_owned(),
            name: String::new(),
            source: String::new(),
            clause: String::new(),
            aliases: Vec::new(),
            removes: vec![TermId::SourceOfWork],
            adds: Vec::new(),
            facts: Vec::new(),
            only_in,
            note: String::new(),
        };
        let left = |only_in: Vec<Delivery>| {
            let mut changed = reading.clone();
            apply(&mut changed, &exception(only_in));
            changed.terms.into_iter().find(|term| term.id == TermId::SourceOfWork).map(|term| term.only_in)
        };
        assert_eq!(left(Vec::new()), None);
        assert_eq!(left(vec![Delivery::Binary]), Some(vec![Delivery::Service]));
        assert_eq!(left(vec![Delivery::Binary, Delivery::Service]), None);
    }
}
