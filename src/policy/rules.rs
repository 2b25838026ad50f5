//! A merged policy, as the gate asks it.

use std::collections::{BTreeMap, BTreeSet};

use super::file::{Attestation, Choice, Clarify, Context, Exception, Grade, PolicyFile, ProductTable, term_level};
use crate::artifact::Declaration;
use crate::error::Fault;
use crate::license::catalogue::{License, Resolved};
use crate::license::{Catalogue, Expression};
use crate::obligation::Situation;
use crate::obligation::crossing::{Override, Subject};
use crate::source::Mark;
use crate::vocabulary::{Code, Delivery, Domain, Level, Relation, TermId, nearest};

/// A lint that a policy made milder than what it builds on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loosened {
    /// Which.
    pub code: Code,
    /// What it was.
    pub from: Level,
    /// What it is.
    pub to: Level,
    /// Where that is said.
    pub mark: Mark,
}

/// What a team has decided, merged from all its files.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    context: Context,
    /// `[product.NAME]`.
    pub products: BTreeMap<String, (ProductTable, Mark)>,
    /// `[build] targets`.
    pub targets: Vec<String>,
    open: BTreeMap<Domain, Vec<(String, Mark)>>,
    minimum: Option<Grade>,
    lints: BTreeMap<Code, Level>,
    terms: BTreeMap<Subject, Level>,
    allow: Vec<(String, Mark)>,
    deny: Vec<(String, Mark)>,
    relations: BTreeMap<Relation, Level>,
    /// `[[crossing]]`.
    pub crossings: Vec<Override>,
    licenses: Vec<(License, Mark)>,
    /// `[[clarify]]`.
    pub clarify: Vec<Clarify>,
    /// `[[choice]]`.
    pub choices: Vec<Choice>,
    /// `[[exception]]`.
    pub exceptions: Vec<Exception>,
    /// `[[attestation]]`.
    pub attestations: Vec<Attestation>,
    /// `[[model]]`.
    pub models: Vec<Declaration>,
    /// Lints made milder, in the order in which that was said.
    pub loosened: Vec<Loosened>,
    /// Names of authorities by domain, without their places.
    authorities: BTreeMap<Domain, Vec<String>>,
    /// Every authority and every licence that a file names, also where another file wins over it.
    named_authorities: Vec<(String, Mark)>,
    named_licenses: Vec<(String, Mark)>,
}

impl Policy {
    /// Takes in a file on top of what is there. `own` says that it is no built-in policy: what it loosens is shown.
    pub(crate) fn merge(&mut self, file: PolicyFile, own: bool) {
        let Context { delivery, commercial, interactive, consumer_device, scales, territories, fields } = file.context;
        let context = &mut self.context;
        context.delivery = delivery.or(context.delivery.take());
        context.commercial = commercial.or(context.commercial);
        context.interactive = interactive.or(context.interactive);
        context.consumer_device = consumer_device.or(context.consumer_device);
        context.territories = territories.or(context.territories.take());
        context.fields = fields.or(context.fields.take());
        context.scales.extend(scales);

        for (name, (table, mark)) in file.products {
            let (entry, place) = self.products.entry(name).or_insert_with(|| (ProductTable::default(), mark.clone()));
            entry.delivery = table.delivery.or(entry.delivery.take());
            entry.features = table.features.or(entry.features.take());
            entry.targets = table.targets.or(entry.targets.take());
            entry.license = table.license.or(entry.license.take());
            entry.ship = table.ship.or(entry.ship);
            *place = mark;
        }
        if let Some(targets) = file.targets {
            self.targets = targets;
        }
        self.named_authorities.extend(file.open.values().flatten().cloned());
        self.named_licenses.extend(file.named_licenses);
        self.open.extend(file.open);
        self.minimum = file.minimum.or(self.minimum);
        for (code, (level, mark)) in file.lints {
            let before = self.lint(code);
            if own && level < before {
                self.loosened.push(Loosened { code, from: before, to: level, mark });
            }
            self.lints.insert(code, level);
        }
        self.terms.extend(file.terms);
        self.allow = file.allow.unwrap_or_else(|| std::mem::take(&mut self.allow));
        self.deny = file.deny.unwrap_or_else(|| std::mem::take(&mut self.deny));
        self.relations.extend(file.relations);
        self.crossings.extend(file.crossings);
        self.licenses.extend(file.licenses);
        self.clarify.extend(file.clarify);
        self.choices.extend(file.choices);
        self.exceptions.extend(file.exceptions);
        self.attestations.extend(file.attestations);
        self.models.extend(file.models);
        self.authorities = self
            .open
            .iter()
            .map(|(domain, names)| (*domain, names.iter().map(|(name, _)| name.clone()).collect()))
            .collect();
    }

    /// The catalogue with the policy's own licences.
    ///
    /// # Errors
    ///
    /// Ids and aliases that are taken, each with the place of the row that takes it again.
    pub(crate) fn catalogue(&self, built_in: &Catalogue) -> Result<Catalogue, Vec<Fault>> {
        let mut own: BTreeSet<String> = BTreeSet::new();
        let mut faults = Vec::new();
        for (license, mark) in &self.licenses {
            let words: BTreeSet<String> =
                license.aliases.iter().chain([&license.id]).map(|word| word.to_lowercase()).collect();
            for word in own.intersection(&words) {
                let shown = crate::source::printable(word);
                faults.push(Fault::at(mark.clone(), format!("two rows of `[[license]]` are called `{shown}`")));
            }
            own.extend(words);
            let known = |word: &&String| matches!(built_in.resolve(word), Resolved::Known(_) | Resolved::Listed(_));
            for word in license.aliases.iter().chain([&license.id]).filter(known) {
                let shown = crate::source::printable(word);
                let message =
                    format!("`{shown}` is a known licence: give yours an id of its own, such as `LicenseRef-…`");
                faults.push(Fault::at(mark.clone(), message));
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let licenses = self.licenses.iter().map(|(license, _)| license.clone());
        built_in.with(licenses).map_err(|taken| taken.into_iter().map(|word| Fault::of("policy", word)).collect())
    }

    /// What only shows when all files and the catalogue are known: authorities and licences that nobody knows.
    pub(crate) fn validate(&self, catalogue: &Catalogue) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (name, mark) in &self.named_authorities {
            if !catalogue.authorities().any(|known| known == name) {
                let shown = crate::source::printable(name);
                let message = match nearest(name, catalogue.authorities()) {
                    Some(near) => format!("unknown authority `{shown}`: did you mean `{near}`?"),
                    None => {
                        let known: Vec<String> = catalogue.authorities().map(|name| format!("`{name}`")).collect();
                        format!("unknown authority `{shown}`: known are {}", known.join(", "))
                    }
                };
                faults.push(Fault::at(mark.clone(), message));
            }
        }
        for (word, mark) in &self.named_licenses {
            if let Some(message) = unknown_license(catalogue, word) {
                faults.push(Fault::at(mark.clone(), message));
            }
        }
        faults
    }

    /// The level of a finding.
    pub fn lint(&self, code: Code) -> Level {
        self.lints.get(&code).copied().unwrap_or_else(|| code.default_level())
    }

    /// The level when a term reaches a product, where the policy has an opinion.
    pub fn term_level(&self, term: TermId) -> Option<Level> {
        term_level(&self.terms, term)
    }

    /// The highest level a finding can have that comes only through a relation.
    pub fn cap(&self, relation: Relation) -> Level {
        self.relations.get(&relation).copied().unwrap_or(match relation {
            Relation::Dev | Relation::TrainedOn => Level::Warn,
            _ => Level::Deny,
        })
    }

    /// Whose rulings count for a domain.
    pub fn authorities(&self, domain: Domain) -> &[String] {
        self.authorities.get(&domain).map_or(&[], Vec::as_slice)
    }

    /// The least grade of openness a model must have.
    pub fn minimum(&self) -> Grade {
        self.minimum.unwrap_or(Grade::OpenWeights)
    }

    /// The licences that alone are allowed; empty: no opinion.
    pub fn allowed(&self) -> impl ExactSizeIterator<Item = &str> {
        self.allow.iter().map(|(word, _)| word.as_str())
    }

    /// The licences that are denied.
    pub fn denied(&self) -> impl ExactSizeIterator<Item = &str> {
        self.deny.iter().map(|(word, _)| word.as_str())
    }

    /// How a product is delivered: what the policy says of it, else of all, else the default of its kind.
    pub fn delivery(&self, product: &str, published_library: bool) -> Vec<Delivery> {
        let own = self.products.get(product).and_then(|(table, _)| table.delivery.clone());
        let contexts = own.or_else(|| self.context.delivery.clone());
        let default = if published_library { Delivery::Source } else { Delivery::Binary };
        let mut contexts = contexts.filter(|contexts| !contexts.is_empty()).unwrap_or_else(|| vec![default]);
        contexts.sort_unstable();
        contexts.dedup();
        contexts
    }

    /// Facts about the organisation, on a day.
    pub fn situation(&self, today: jiff::civil::Date) -> Situation {
        Situation {
            commercial: self.context.commercial,
            interactive: self.context.interactive,
            consumer_device: self.context.consumer_device,
            scales: self.context.scales.clone(),
            territories: self.context.territories.clone().unwrap_or_default(),
            fields: self.context.fields.clone().unwrap_or_default(),
            today,
        }
    }

    /// The branch of `OR` that is fixed for a component.
    pub fn choice(&self, matches: impl Fn(&str) -> bool) -> Option<&Expression> {
        self.choices.iter().rev().find(|choice| matches(&choice.component)).map(|choice| &choice.license)
    }

    /// The clarification of a component.
    pub fn clarification(&self, matches: impl Fn(&str) -> bool) -> Option<&Clarify> {
        self.clarify.iter().rev().find(|row| matches(&row.component))
    }
}

/// Why a word is no known licence; a `LicenseRef-` is anybody's own.
fn unknown_license(catalogue: &Catalogue, word: &str) -> Option<String> {
    match catalogue.resolve(word) {
        Resolved::Known(_) | Resolved::Listed(_) => None,
        Resolved::Unknown | Resolved::NoLicense if word.starts_with("LicenseRef-") => None,
        Resolved::Unknown | Resolved::NoLicense => {
            let shown = crate::source::printable(word);
            Some(match catalogue.nearest(word) {
                Some(near) => format!("unknown licence `{shown}`: did you mean `{near}`?"),
                None => format!("unknown licence `{shown}`"),
            })
        }
    }
}
