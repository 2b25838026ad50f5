//! A policy as it is written, with the place of everything that may have to be pointed at.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::civil::Date;
use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use toml::value::Datetime;

use crate::artifact::Declaration;
use crate::artifact::declared::{NO_SHA256, is_sha256, leaves, read_models};
use crate::error::Fault;
use crate::license::Expression;
use crate::license::catalogue::License;
use crate::obligation::context::ScaleEntry;
use crate::obligation::crossing::{Override, Subject, Value};
use crate::source::toml::Reader;
use crate::source::{Mark, SourceFile};
use crate::vocabulary::term::Metric;
use crate::vocabulary::word::words;
use crate::vocabulary::{Class, Code, Delivery, Domain, Level, Relation, TermId, UnknownWord, Word};

/// The top-level keys of a policy.
pub(crate) const KEYS: &[&str] = &[
    "extends",
    "context",
    "product",
    "build",
    "open",
    "lints",
    "terms",
    "licenses",
    "relations",
    "crossing",
    "license",
    "clarify",
    "choice",
    "exception",
    "attestation",
    "model",
];
/// The keys of `[context]`, beside `annual-revenue-CUR` and `monthly-revenue-CUR`.
pub(crate) const CONTEXT_KEYS: &[&str] = &[
    "delivery",
    "commercial",
    "interactive",
    "consumer-device",
    "monthly-active-users",
    "daily-active-users",
    "headcount",
    "territories",
    "fields",
];

words! { "grade of openness":
    /// How open a model is. Ordered from nothing known to everything public.
    pub enum Grade {
        /// Nothing is known.
        Unknown = "unknown",
        /// No weights can be had.
        Hosted = "hosted",
        /// Weights can be had, under restrictions.
        RestrictedWeights = "restricted-weights",
        /// Weights under an open licence.
        OpenWeights = "open-weights",
        /// Weights, code and data information, as the Open Source AI Definition 1.0 asks.
        OpenSourceAi = "open-source-ai",
    }
}

/// A policy file, read.
#[derive(Debug, Clone, Default)]
pub struct PolicyFile {
    /// What it builds on, with the place of each.
    pub extends: Option<Vec<(String, Mark)>>,
    /// `[context]`.
    pub context: Context,
    /// `[product.NAME]`.
    pub products: BTreeMap<String, (ProductTable, Mark)>,
    /// `[build] targets`.
    pub targets: Option<Vec<String>>,
    /// `[open]`: authorities by domain.
    pub open: BTreeMap<Domain, Vec<(String, Mark)>>,
    /// `[open] minimum`.
    pub minimum: Option<Grade>,
    /// `[lints]`, with the place of each.
    pub lints: BTreeMap<Code, (Level, Mark)>,
    /// `[terms]`.
    pub terms: BTreeMap<Subject, Level>,
    /// `[licenses] allow`.
    pub allow: Option<Vec<(String, Mark)>>,
    /// `[licenses] deny`.
    pub deny: Option<Vec<(String, Mark)>>,
    /// `[relations]`.
    pub relations: BTreeMap<Relation, Level>,
    /// `[[crossing]]`.
    pub crossings: Vec<Override>,
    /// `[[license]]`, with the place of each.
    pub licenses: Vec<(License, Mark)>,
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
    /// Every licence that is named anywhere, to be looked up once all files are read.
    pub(crate) named_licenses: Vec<(String, Mark)>,
}

/// `[context]`: facts about the organisation; what is absent was not said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Context {
    /// How products are delivered.
    pub delivery: Option<Vec<Delivery>>,
    /// Whether the use is commercial.
    pub commercial: Option<bool>,
    /// Whether products have an interactive interface.
    pub interactive: Option<bool>,
    /// Whether products are conveyed in consumer devices.
    pub consumer_device: Option<bool>,
    /// Users, revenue, staff; money by its currency in lower case.
    pub scales: BTreeMap<(Metric, Option<String>), Vec<ScaleEntry>>,
    /// Where products are offered.
    pub territories: Option<Vec<String>>,
    /// What products are used for.
    pub fields: Option<Vec<String>>,
}

/// `[product.NAME]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProductTable {
    /// How it is delivered.
    pub delivery: Option<Vec<Delivery>>,
    /// Features it is released with, beside its defaults.
    pub features: Option<Vec<String>>,
    /// Targets it is released for.
    pub targets: Option<Vec<String>>,
    /// Its own licence, where the manifest does not say it.
    pub license: Option<String>,
    /// Whether it is released at all.
    pub ship: Option<bool>,
}

/// `[[clarify]]`: what a component's licence really is.
#[derive(Debug, Clone)]
pub struct Clarify {
    /// Which component.
    pub component: String,
    /// Its licence.
    pub license: Expression,
    /// The texts on which that was decided.
    pub files: Vec<ClarifiedFile>,
    /// Where it stands.
    pub mark: Mark,
}

/// A text on which a clarification was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClarifiedFile {
    /// Relative to the component's folder.
    pub path: String,
    /// Its SHA-256 then.
    pub sha256: String,
}

/// `[[choice]]`: which branch of an `OR` is taken.
#[derive(Debug, Clone)]
pub struct Choice {
    /// For which component.
    pub component: String,
    /// The branch.
    pub license: Expression,
    /// Where it stands.
    pub mark: Mark,
}

/// `[[exception]]`: a finding that was looked at and is let pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// Of which component.
    pub component: String,
    /// Which finding.
    pub finding: Code,
    /// Why.
    pub reason: String,
    /// The last day on which it holds.
    pub expires: Date,
    /// Who decided.
    pub approved_by: Option<String>,
    /// For which product alone.
    pub product: Option<String>,
    /// For which version alone.
    pub version: Option<String>,
    /// For which terms alone: a finding with another term is not covered.
    pub terms: Option<Vec<TermId>>,
    /// Where it stands.
    pub mark: Mark,
}

/// `[[attestation]]`: evidence for what no program can see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    /// For which obligation.
    pub obligation: TermId,
    /// Of which component.
    pub component: String,
    /// The evidence.
    pub evidence: String,
    /// Who says so.
    pub by: String,
    /// Since when.
    pub date: Date,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ProductRow {
    delivery: Option<Vec<Delivery>>,
    features: Option<Vec<String>>,
    targets: Option<Vec<String>>,
    license: Option<Spanned<String>>,
    ship: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ClarifyRow {
    component: Spanned<String>,
    license: Spanned<String>,
    #[serde(default)]
    files: Vec<ClarifiedFileRow>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ClarifiedFileRow {
    path: Spanned<String>,
    sha256: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ChoiceRow {
    component: Spanned<String>,
    license: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ExceptionRow {
    component: Spanned<String>,
    finding: Code,
    reason: Spanned<String>,
    expires: Spanned<Datetime>,
    approved_by: Option<String>,
    product: Option<String>,
    version: Option<String>,
    terms: Option<Vec<TermId>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct AttestationRow {
    obligation: TermId,
    component: Spanned<String>,
    evidence: String,
    by: String,
    date: Spanned<Datetime>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct CrossingRow {
    term: Spanned<String>,
    relation: Relation,
    value: Value,
    reason: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct ScaleRow {
    on: Spanned<Datetime>,
    value: u64,
}

impl PolicyFile {
    /// Reads a whole file: what could be read of it, and every mistake in it with its place.
    pub fn parse(file: &Arc<SourceFile>) -> (Self, Vec<Fault>) {
        let mut reader = Reader::new(file);
        let table = reader.parse();
        // In a file that is no TOML keys stand anywhere: what they seem to mean would only confuse.
        if !reader.is_sound() {
            return (Self::default(), reader.finish());
        }
        let policy = Self::read(&mut reader, table, KEYS);
        (policy, reader.finish())
    }

    /// Reads a table that holds a policy; `known` are the keys it may have.
    pub fn read<'a>(reader: &mut Reader<'a>, table: DeTable<'a>, known: &[&str]) -> Self {
        let mut policy = Self::default();
        for (key, value) in table {
            let (range, key) = (key.span(), key.into_inner());
            match key.as_ref() {
                key if !known.contains(&key) => reader.unknown_key(range, key, known),
                "extends" => policy.extends = Some(places(reader, value, "extends")),
                "context" => policy.context = context(reader, value),
                "product" => policy.read_products(reader, value),
                "build" => {
                    for (key, value) in reader.table(value, "build") {
                        match key.get_ref().as_ref() {
                            "targets" => policy.targets = reader.list(value, "targets"),
                            other => reader.unknown_key(key.span(), other, &["targets"]),
                        }
                    }
                }
                "open" => {
                    for (key, value) in reader.table(value, "open") {
                        if key.get_ref() == "minimum" {
                            policy.minimum = reader.read(value);
                        } else if let Ok(domain) = Domain::from_word(key.get_ref()) {
                            let authorities = places(reader, value, domain.as_str());
                            policy.open.insert(domain, authorities);
                        } else {
                            let mut known: Vec<&str> = Domain::ALL.iter().map(|domain| domain.as_str()).collect();
                            known.push("minimum");
                            reader.unknown_key(key.span(), key.get_ref(), &known);
                        }
                    }
                }
                "lints" => policy.lints = marked_levels(reader, value, "lints", Code::from_word),
                "terms" => policy.terms = levels(reader, value, "terms", Subject::term_or_class),
                "relations" => policy.relations = levels(reader, value, "relations", Relation::from_word),
                "licenses" => {
                    for (key, value) in reader.table(value, "licenses") {
                        match key.get_ref().as_ref() {
                            "allow" => policy.allow = Some(places(reader, value, "allow")),
                            "deny" => policy.deny = Some(places(reader, value, "deny")),
                            other => reader.unknown_key(key.span(), other, &["allow", "deny"]),
                        }
                    }
                }
                "crossing" => policy.crossings = crossings(reader, value),
                "license" => policy.licenses = licenses(reader, value),
                "clarify" => policy.read_clarify(reader, value),
                "choice" => {
                    for (row, mark) in reader.rows::<ChoiceRow>(value, "choice") {
                        let component = filled(reader, row.component, "component");
                        if let Some(license) = policy.expression(reader, &row.license) {
                            policy.choices.push(Choice { component, license, mark });
                        }
                    }
                }
                "exception" => policy.exceptions = exceptions(reader, value),
                "attestation" => {
                    for (row, _) in reader.rows::<AttestationRow>(value, "attestation") {
                        let AttestationRow { obligation, component, evidence, by, date: day } = row;
                        let component = filled(reader, component, "component");
                        if let Some(date) = date(reader, &day) {
                            policy.attestations.push(Attestation { obligation, component, evidence, by, date });
                        }
                    }
                }
                "model" => policy.models = read_models(reader, value, true),
                key => reader.unknown_key(range, key, known),
            }
        }
        for (word, mark) in policy.allow.iter().chain(&policy.deny).flatten() {
            let id = word.split_once(" WITH ").map_or(word.as_str(), |(id, _)| id);
            policy.named_licenses.push((id.to_owned(), mark.clone()));
        }
        policy
    }

    fn read_products<'a>(&mut self, reader: &mut Reader<'a>, value: Spanned<DeValue<'a>>) {
        for (name, value) in reader.table(value, "product") {
            let mark = reader.mark(name.span());
            let Some(row) = reader.read::<ProductRow>(value) else {
                continue;
            };
            if let Some(license) = &row.license {
                self.expression(reader, license);
            }
            let ProductRow { delivery, features, targets, license, ship } = row;
            let license = license.map(Spanned::into_inner);
            let table = ProductTable { delivery, features, targets, license, ship };
            self.products.insert(name.into_inner().into_owned(), (table, mark));
        }
    }

    fn read_clarify<'a>(&mut self, reader: &mut Reader<'a>, value: Spanned<DeValue<'a>>) {
        for (row, mark) in reader.rows::<ClarifyRow>(value, "clarify") {
            let component = filled(reader, row.component, "component");
            let mut files = Vec::new();
            for ClarifiedFileRow { path, sha256 } in row.files {
                if leaves(path.get_ref()) {
                    reader.fault(path.span(), "the path leaves the component");
                }
                if !is_sha256(sha256.get_ref()) {
                    reader.fault(sha256.span(), NO_SHA256);
                }
                files.push(ClarifiedFile { path: path.into_inner(), sha256: sha256.into_inner() });
            }
            if let Some(license) = self.expression(reader, &row.license) {
                self.clarify.push(Clarify { component, license, files, mark });
            }
        }
    }

    /// A licence expression; the licences in it are looked up later.
    fn expression(&mut self, reader: &mut Reader<'_>, text: &Spanned<String>) -> Option<Expression> {
        match Expression::parse(text.get_ref()) {
            Ok(expression) => {
                let mark = reader.mark(text.span());
                let words = expression.licenses().iter().map(|license| license.id.clone()).collect::<Vec<_>>();
                self.named_licenses.extend(words.into_iter().map(|word| (word, mark.clone())));
                Some(expression)
            }
            Err(error) => {
                reader.fault(text.span(), error.to_string());
                None
            }
        }
    }
}

/// A text that must not be empty.
fn filled(reader: &mut Reader<'_>, text: Spanned<String>, key: &str) -> String {
    if text.get_ref().trim().is_empty() {
        reader.fault(text.span(), format!("`{key}` is empty"));
    }
    text.into_inner()
}

/// A list of strings, each with its place.
fn places<'a>(reader: &mut Reader<'a>, value: Spanned<DeValue<'a>>, name: &str) -> Vec<(String, Mark)> {
    let list: Vec<Spanned<String>> = reader.list(value, name).unwrap_or_default();
    list.into_iter()
        .map(|word| {
            let mark = reader.mark(word.span());
            (word.into_inner(), mark)
        })
        .collect()
}

fn levels<'a, K: Ord>(
    reader: &mut Reader<'a>,
    value: Spanned<DeValue<'a>>,
    name: &str,
    parse: impl Fn(&str) -> Result<K, UnknownWord>,
) -> BTreeMap<K, Level> {
    let marked = marked_levels(reader, value, name, parse);
    marked.into_iter().map(|(key, (level, _))| (key, level)).collect()
}

fn marked_levels<'a, K: Ord>(
    reader: &mut Reader<'a>,
    value: Spanned<DeValue<'a>>,
    name: &str,
    parse: impl Fn(&str) -> Result<K, UnknownWord>,
) -> BTreeMap<K, (Level, Mark)> {
    let mut map = BTreeMap::new();
    for (key, value) in reader.table(value, name) {
        let mark = reader.mark(key.span().start..value.span().end);
        let word = parse(key.get_ref()).map_err(|error| reader.fault(key.span(), error.to_string())).ok();
        let level: Option<Level> = reader.read(value);
        if let (Some(word), Some(level)) = (word, level) {
            map.insert(word, (level, mark));
        }
    }
    map
}

fn date(reader: &mut Reader<'_>, written: &Spanned<Datetime>) -> Option<Date> {
    let date = written.get_ref().time.is_none().then(|| written.get_ref().to_string().parse().ok()).flatten();
    if date.is_none() {
        reader.fault(written.span(), "this is no date such as 2027-03-01");
    }
    date
}

fn exceptions<'a>(reader: &mut Reader<'a>, value: Spanned<DeValue<'a>>) -> Vec<Exception> {
    let mut all = Vec::new();
    for (row, mark) in reader.rows::<ExceptionRow>(value, "exception") {
        if row.reason.get_ref().trim().is_empty() {
            reader.fault(row.reason.span(), "an exception says why");
        }
        let Some(expires) = date(reader, &row.expires) else {
            continue;
        };
        all.push(Exception {
            component: filled(reader, row.component, "component"),
            finding: row.finding,
            reason: row.reason.into_inner(),
            expires,
            approved_by: row.approved_by,
            product: row.product,
            version: row.version,
            terms: row.terms,
            mark,
        });
    }
    all
}

fn crossings<'a>(reader: &mut Reader<'a>, value: Spanned<DeValue<'a>>) -> Vec<Override> {
    let mut all = Vec::new();
    for (row, _) in reader.rows::<CrossingRow>(value, "crossing") {
        if row.reason.get_ref().trim().is_empty() {
            reader.fault(row.reason.span(), "an override says why");
        }
        let is_judgement = matches!(row.term.get_ref().as_str(), "not-open" | "unknown-terms" | "unknown");
        let is_breach =
            matches!(row.value, Value::Breach | Value::BreachIfDelivered | Value::BreachAfterOutput | Value::Once);
        if is_judgement && is_breach {
            let message = format!("what is judged cannot be broken: `{}` crosses as `up`, at most", row.term.get_ref());
            reader.fault(row.term.span(), message);
            continue;
        }
        match row.term.get_ref().parse::<Subject>() {
            Ok(subject) => all.push(Override {
                subject,
                relation: row.relation,
                value: row.value,
                reason: row.reason.into_inner(),
            }),
            Err(error) => reader.fault(row.term.span(), error.to_string()),
        }
    }
    all
}

fn licenses<'a>(reader: &mut Reader<'a>, value: Spanned<DeValue<'a>>) -> Vec<(License, Mark)> {
    let mut all = Vec::new();
    for (license, mark) in reader.rows::<License>(value, "license") {
        let terms = license.terms.iter().filter_map(crate::vocabulary::Term::fault);
        if let Some(fault) = terms.chain(license.facts.iter().filter_map(crate::vocabulary::Fact::fault)).next() {
            reader.fault(mark.range.clone(), fault);
        }
        // An id that no expression can hold would name nothing.
        let word = Expression::parse(&license.id).map(|expression| {
            let licenses = expression.licenses();
            licenses.len() == 1 && licenses.iter().all(|one| one.id == license.id && one.exception.is_none())
        });
        if word != Ok(true) {
            let shown = crate::source::printable(&license.id);
            let message = format!("`{shown}` is no licence id: it is one word, such as `LicenseRef-Acme`");
            reader.fault(mark.range.clone(), message);
        }
        all.push((license, mark));
    }
    all
}

fn context<'a>(reader: &mut Reader<'a>, value: Spanned<DeValue<'a>>) -> Context {
    let mut context = Context::default();
    for (key, value) in reader.table(value, "context") {
        let (range, key) = (key.span(), key.into_inner());
        match key.as_ref() {
            "delivery" => context.delivery = reader.list(value, "delivery"),
            "commercial" => context.commercial = reader.read(value),
            "interactive" => context.interactive = reader.read(value),
            "consumer-device" => context.consumer_device = reader.read(value),
            "territories" => context.territories = reader.list(value, "territories"),
            "fields" => context.fields = reader.list(value, "fields"),
            other => match metric(other) {
                Some(metric) => {
                    let entries = scale(reader, value);
                    context.scales.insert(metric, entries);
                }
                None => {
                    let mut known = CONTEXT_KEYS.to_vec();
                    known.extend(["annual-revenue-usd", "monthly-revenue-usd"]);
                    reader.unknown_key(range, other, &known);
                }
            },
        }
    }
    context
}

/// `monthly-active-users`, or money with its currency: `annual-revenue-usd`.
fn metric(key: &str) -> Option<(Metric, Option<String>)> {
    for metric in [Metric::AnnualRevenue, Metric::MonthlyRevenue] {
        let currency = key.strip_prefix(metric.as_str()).and_then(|rest| rest.strip_prefix('-'));
        if let Some(currency) = currency {
            let sound = currency.len() == 3 && currency.bytes().all(|byte| byte.is_ascii_lowercase());
            return sound.then(|| (metric, Some(currency.to_owned())));
        }
    }
    match Metric::from_word(key) {
        Ok(Metric::AnnualRevenue | Metric::MonthlyRevenue) | Err(_) => None,
        Ok(metric) => Some((metric, None)),
    }
}

/// One number for always, or a list of numbers each from a day on.
fn scale<'a>(reader: &mut Reader<'a>, value: Spanned<DeValue<'a>>) -> Vec<ScaleEntry> {
    if !value.get_ref().is_array() {
        let value: Option<u64> = reader.read(value);
        return value.map(|value| ScaleEntry { on: None, value }).into_iter().collect();
    }
    let rows = reader.rows::<ScaleRow>(value, "scale");
    let mut entries = Vec::new();
    for (row, _) in rows {
        if let Some(on) = date(reader, &row.on) {
            if entries.iter().any(|entry: &ScaleEntry| entry.on == Some(on)) {
                reader.fault(row.on.span(), format!("two numbers for {on}"));
            }
            entries.push(ScaleEntry { on: Some(on), value: row.value });
        }
    }
    entries
}

/// The level a policy gives a term: that of the term itself, else that of its class.
pub(crate) fn term_level(levels: &BTreeMap<Subject, Level>, term: TermId) -> Option<Level> {
    let class: Class = term.class();
    levels.get(&Subject::Term(term)).or_else(|| levels.get(&Subject::Class(class))).copied()
}
