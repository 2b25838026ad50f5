//! The crossing table: how each term crosses each relation.
//!
//! A term's row, and what the facts of its own licence change about it, make up its [`Profile`]. Terms of one profile travel
//! together, whatever licence they are of. Before a row is read for `distilled` and `output-of`:
//!
//! * where the licence says that a model trained on outputs is a derivative, the column `derived` is read instead;
//! * a term that reaches outputs goes up.
//!
//! A licence that frees what is trained on it, or its outputs, stops its own terms there. It cannot free what lies beneath:
//! those terms have profiles of their own.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::vocabulary::term::{Results, Scope, When};
use crate::vocabulary::word::words;
use crate::vocabulary::{Class, Fact, FactId, How, Relation, Term, TermId, Word};

words! { "crossing":
    /// Whether and how a term crosses a relation.
    pub enum Value {
        /// Crosses, and goes on from the upper component.
        Up = "up",
        /// Only the lower component's own terms cross; those it received cross as `actor`.
        Own = "own",
        /// Does not bind the upper work, but is due wherever the lower component is delivered.
        Here = "here",
        /// Binds whoever builds or runs, not the product.
        Actor = "actor",
        /// Does not cross.
        Stop = "stop",
        /// Binds the upper component, and goes no further.
        Once = "once",
        /// The relation itself breaks the term.
        Breach = "breach",
        /// Breaks the term where the component is delivered; else crosses.
        BreachIfDelivered = "breach-if-delivered",
        /// Breaks the term where it came through `output-of`; else crosses.
        BreachAfterOutput = "breach-after-output",
        /// Unsettled in law: treated as `up`.
        AskUp = "ask(up)",
        /// Unsettled in law: treated as `own`.
        AskOwn = "ask(own)",
        /// Unsettled in law: crosses as a warning.
        AskWarn = "ask(warn)",
        /// Unsettled in law: does not cross, but is listed.
        AskStop = "ask(stop)",
    }
}

impl Value {
    /// Whether the law is unsettled here.
    pub fn contested(self) -> bool {
        matches!(self, Self::AskUp | Self::AskOwn | Self::AskWarn | Self::AskStop)
    }
}

/// One cell: a value, or one for each way of deriving.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Cell {
    Always(Value),
    ByHow { ways: BTreeMap<How, Value>, other: Value },
}

impl Cell {
    fn value(&self, how: Option<How>) -> Value {
        match self {
            Self::Always(value) => *value,
            Self::ByHow { ways, other } => how.and_then(|how| ways.get(&how).copied()).unwrap_or(*other),
        }
    }

    fn any(&self, holds: impl Fn(Value) -> bool) -> bool {
        match self {
            Self::Always(value) => holds(*value),
            Self::ByHow { ways, other } => holds(*other) || ways.values().any(|value| holds(*value)),
        }
    }
}

/// A row: one cell for each relation.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    name: String,
    cells: BTreeMap<Relation, Cell>,
}

/// Which row of a table; only good for the table it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowId(u16);

/// All a search must know to carry terms: their row, and what the facts of their licence change about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Profile {
    row: RowId,
    reaches_outputs: bool,
    distillation_is_derivative: bool,
    frees_trained_models: bool,
    frees_outputs: bool,
    /// For `no-output-training`: against which models.
    training_scope: Option<Scope>,
    /// For `no-output-training`: whether models of the same family may be trained all the same.
    pub(crate) same_family_allowed: bool,
    /// For a term that holds only of what was made from its component: by which making. `None` for all others.
    made_into: Option<Making>,
}

/// By which relations something is made from a component, as a term's `when` asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Making {
    /// A changed version of it.
    Version,
    /// A model that counts as derived from it.
    Model,
}

/// A cell that a policy overrides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// A term, a class of terms, or `not-open`.
    pub subject: Subject,
    /// The relation.
    pub relation: Relation,
    /// How it crosses instead.
    pub value: Value,
    /// Why.
    pub reason: String,
}

/// What a row, or an override, is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// One term.
    Term(TermId),
    /// All terms of a class that have no row of their own.
    Class(Class),
    /// The judgement that a component is not open.
    NotOpen,
}

impl std::str::FromStr for Subject {
    type Err = crate::vocabulary::UnknownWord;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        if word == NOT_OPEN {
            return Ok(Self::NotOpen);
        }
        if let Ok(class) = Class::from_word(word) {
            return Ok(Self::Class(class));
        }
        TermId::from_word(word).map(Self::Term)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Term(term) => term.fmt(f),
            Self::Class(class) => class.fmt(f),
            Self::NotOpen => f.write_str(NOT_OPEN),
        }
    }
}

const NOT_OPEN: &str = "not-open";

/// The table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crossings {
    rows: Vec<Row>,
    of: BTreeMap<Subject, RowId>,
    /// For the terms that read the row of the source term their scope names.
    by_scope: BTreeMap<(TermId, Option<Scope>), RowId>,
    overrides: Vec<Override>,
}

#[derive(Deserialize)]
struct FileRow {
    name: String,
    r#for: Vec<String>,
    #[serde(rename = "why")]
    _why: String,
    like: Option<String>,
    #[serde(flatten)]
    cells: BTreeMap<String, FileCell>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum FileCell {
    Always(Value),
    ByHow(BTreeMap<String, Value>),
}

#[derive(Deserialize)]
struct FileScopes {
    r#for: Vec<TermId>,
    #[serde(flatten)]
    rows: BTreeMap<Scope, String>,
}

#[derive(Deserialize)]
struct File {
    row: Vec<FileRow>,
    scopes: FileScopes,
}

static BUILT_IN: LazyLock<Crossings> = LazyLock::new(|| {
    let text = include_str!(concat!(env!("OUT_DIR"), "/crossings.json"));
    Crossings::parse(text).expect("the compiled-in table is read in full by this module's tests")
});

impl Crossings {
    /// The table that is compiled in.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    fn parse(json: &str) -> Result<Self, String> {
        let file: File = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let mut table =
            Self { rows: Vec::new(), of: BTreeMap::new(), by_scope: BTreeMap::new(), overrides: Vec::new() };
        for row in file.row {
            let mut cells = match &row.like {
                Some(name) => table.row_named(name)?.cells.clone(),
                None => BTreeMap::new(),
            };
            let written: BTreeMap<Relation, Cell> = row
                .cells
                .into_iter()
                .map(|(relation, cell)| Ok((relation.parse::<Relation>().map_err(|e| e.to_string())?, cell.read()?)))
                .collect::<Result<_, String>>()?;
            // Two pairs of columns are one in the table, where nothing else is written.
            for (one, twin) in [(Relation::BuildTool, Relation::Dev), (Relation::Distilled, Relation::OutputOf)] {
                if let Some(cell) = written.get(&one) {
                    cells.insert(twin, cell.clone());
                }
            }
            cells.extend(written);
            cells.insert(Relation::EvaluatedOn, Cell::Always(Value::Stop));
            if let Some(missing) = Relation::ALL.iter().find(|relation| !cells.contains_key(relation)) {
                return Err(format!("row `{}` has no cell for `{missing}`", row.name));
            }
            let id = RowId(u16::try_from(table.rows.len()).map_err(|error| error.to_string())?);
            for word in &row.r#for {
                let subject: Subject =
                    word.parse().map_err(|error: crate::vocabulary::UnknownWord| error.to_string())?;
                if table.of.insert(subject, id).is_some() {
                    return Err(format!("`{word}` has two rows"));
                }
            }
            table.rows.push(Row { name: row.name, cells });
        }
        for term in file.scopes.r#for {
            for (scope, name) in &file.scopes.rows {
                let id = table.row_id(name)?;
                table.by_scope.insert((term, Some(*scope)), id);
                // Without a scope the component itself is meant: the narrowest reading that loses nothing of it.
                if *scope == Scope::Component {
                    table.by_scope.insert((term, None), id);
                }
            }
        }
        Ok(table)
    }

    fn row_id(&self, name: &str) -> Result<RowId, String> {
        let place = self.rows.iter().position(|row| row.name == name);
        let place = place.and_then(|place| u16::try_from(place).ok());
        place.map(RowId).ok_or_else(|| format!("there is no row `{name}`"))
    }

    fn row_named(&self, name: &str) -> Result<&Row, String> {
        let id = self.row_id(name)?;
        self.rows.get(usize::from(id.0)).ok_or_else(|| format!("there is no row `{name}`"))
    }

    /// This table with cells overridden. A term that shared its row gets one of its own.
    #[must_use]
    pub fn with(&self, overrides: &[Override]) -> Self {
        let mut table = self.clone();
        for change in overrides {
            let subjects: Vec<(Subject, Vec<_>)> = match change.subject {
                Subject::Term(term) => {
                    let scoped = table.by_scope.keys().filter(|(scoped, _)| *scoped == term).copied().collect();
                    vec![(change.subject, scoped)]
                }
                Subject::Class(class) => {
                    let terms = TermId::ALL.iter().filter(|term| term.class() == class);
                    let each = terms.map(|term| {
                        let scoped = table.by_scope.keys().filter(|(scoped, _)| scoped == term).copied().collect();
                        (Subject::Term(*term), scoped)
                    });
                    each.collect()
                }
                Subject::NotOpen => vec![(change.subject, Vec::new())],
            };
            for (subject, scoped) in subjects {
                if scoped.is_empty() {
                    let row = table.row_of(subject);
                    let row = table.changed(row, change);
                    table.of.insert(subject, row);
                }
                for key in scoped {
                    if let Some(row) = table.by_scope.get(&key).copied() {
                        let row = table.changed(row, change);
                        table.by_scope.insert(key, row);
                    }
                }
            }
        }
        table.overrides.extend_from_slice(overrides);
        table
    }

    /// A copy of a row with one cell changed.
    fn changed(&mut self, row: RowId, change: &Override) -> RowId {
        let mut copy = self
            .rows
            .get(usize::from(row.0))
            .cloned()
            .unwrap_or_else(|| Row { name: String::new(), cells: BTreeMap::new() });
        copy.cells.insert(change.relation, Cell::Always(change.value));
        match u16::try_from(self.rows.len()) {
            Ok(id) => {
                self.rows.push(copy);
                RowId(id)
            }
            // More than 65,535 overrides: the row stays as it is, which never opens anything that was closed.
            Err(_) => row,
        }
    }

    /// The overrides that changed a cell which `subject` reads at `relation`.
    pub fn overridden(&self, subject: Subject, relation: Relation) -> Option<&Override> {
        self.overrides.iter().rev().find(|change| {
            change.relation == relation
                && match (change.subject, subject) {
                    (Subject::Class(class), Subject::Term(term)) => term.class() == class,
                    (one, other) => one == other,
                }
        })
    }

    fn row_of(&self, subject: Subject) -> RowId {
        let class = match subject {
            Subject::Term(term) => Some(Subject::Class(term.class())),
            Subject::Class(_) | Subject::NotOpen => None,
        };
        let row = self.of.get(&subject).or_else(|| class.and_then(|class| self.of.get(&class)));
        // Every term has a row (a test walks them all); the strictest row is the safe answer all the same.
        row.or_else(|| self.of.get(&Subject::NotOpen)).copied().unwrap_or(RowId(0))
    }

    /// The profile by which a term of a licence with these facts travels.
    pub fn profile(&self, term: &Term, facts: &[Fact]) -> Profile {
        let scoped = self.by_scope.get(&(term.id, term.scope));
        let row = scoped.copied().unwrap_or_else(|| self.row_of(Subject::Term(term.id)));
        let has = |id: FactId| facts.iter().any(|fact| fact.id == id);
        let frees =
            |what: Results| facts.iter().any(|fact| fact.id == FactId::ResultsUnencumbered && fact.of.contains(&what));
        let trains = term.id == TermId::NoOutputTraining;
        Profile {
            row,
            reaches_outputs: term.outputs || term.id == TermId::OutputObligations,
            distillation_is_derivative: has(FactId::DistillationIsDerivative),
            frees_trained_models: frees(Results::TrainedModels),
            frees_outputs: frees(Results::Outputs),
            training_scope: if trains { Some(term.scope.unwrap_or(Scope::AnyModel)) } else { None },
            same_family_allowed: trains && term.same_family_allowed,
            made_into: match term.when {
                Some(When::Modified) => Some(Making::Version),
                Some(When::DerivedModel) => Some(Making::Model),
                _ => None,
            },
        }
    }

    /// The profile by which the judgement *not open* travels.
    pub fn not_open(&self) -> Profile {
        Profile {
            row: self.row_of(Subject::NotOpen),
            reaches_outputs: false,
            distillation_is_derivative: false,
            frees_trained_models: false,
            frees_outputs: false,
            training_scope: None,
            same_family_allowed: false,
            made_into: None,
        }
    }

    /// How terms of a profile cross a relation.
    pub fn value(&self, profile: Profile, relation: Relation, how: Option<How>) -> Value {
        let from_outputs = matches!(relation, Relation::Distilled | Relation::OutputOf);
        if from_outputs && profile.distillation_is_derivative {
            return self.cell(profile.row, Relation::Derived, how);
        }
        if from_outputs && profile.reaches_outputs {
            // A term that binds one model only still does so, and goes no further.
            let derived = self.cell(profile.row, Relation::Derived, how);
            return if derived == Value::Once { Value::Once } else { Value::Up };
        }
        let freed = (from_outputs && profile.frees_outputs)
            || (relation == Relation::TrainedOn && profile.frees_trained_models);
        if freed { Value::Stop } else { self.cell(profile.row, relation, how) }
    }

    fn cell(&self, row: RowId, relation: Relation, how: Option<How>) -> Value {
        let cell = self.rows.get(usize::from(row.0)).and_then(|row| row.cells.get(&relation));
        cell.map_or(Value::Up, |cell| cell.value(how))
    }

    /// Whether any cell of the profile's row may be a breach, or binds one component only.
    pub(crate) fn is_special(&self, profile: Profile) -> bool {
        let special = |value: Value| {
            matches!(value, Value::Breach | Value::BreachIfDelivered | Value::BreachAfterOutput | Value::Once)
        };
        let row = self.rows.get(usize::from(profile.row.0));
        row.is_some_and(|row| row.cells.values().any(|cell| cell.any(special)))
    }
}

impl Profile {
    /// Whether what crosses this relation has been made into what the term's `when` asks for. Another file format is no
    /// changed version; where outputs make derivatives, a model distilled from it is a model made from it.
    pub(crate) fn is_made_by(self, relation: Relation, how: Option<How>) -> bool {
        match self.made_into {
            None => false,
            Some(Making::Version) => relation == Relation::Derived && how != Some(How::Converted),
            Some(Making::Model) => match relation {
                Relation::Derived | Relation::AdapterOf => true,
                Relation::Distilled => self.distillation_is_derivative || self.reaches_outputs,
                _ => false,
            },
        }
    }

    /// Whether training the upper model on outputs certainly breaks the term, or nobody can say from the graph.
    pub(crate) fn training_is_decided(self, upper_task: Option<&str>) -> bool {
        match self.training_scope {
            None | Some(Scope::AnyModel) => true,
            Some(Scope::OtherLlm) => {
                upper_task.is_some_and(|task| matches!(task, "text-generation" | "text2text-generation"))
            }
            Some(_) => false,
        }
    }
}

impl FileCell {
    fn read(self) -> Result<Cell, String> {
        match self {
            Self::Always(value) => Ok(Cell::Always(value)),
            Self::ByHow(mut ways) => {
                let other = ways.remove("other").ok_or("a cell by `how` has no `other`")?;
                let ways = ways
                    .into_iter()
                    .map(|(how, value)| Ok((how.parse::<How>().map_err(|error| error.to_string())?, value)))
                    .collect::<Result<_, String>>()?;
                Ok(Cell::ByHow { ways, other })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_has_a_row_of_its_own_or_of_its_class() {
        let table = Crossings::parse(include_str!(concat!(env!("OUT_DIR"), "/crossings.json"))).unwrap();
        for term in TermId::ALL {
            let scoped = table.by_scope.contains_key(&(*term, None));
            let own = table.of.contains_key(&Subject::Term(*term));
            let class = table.of.contains_key(&Subject::Class(term.class()));
            assert!(scoped || own || class, "{term} has no row");
        }
        assert!(table.of.contains_key(&Subject::NotOpen));
    }

    #[test]
    fn a_policy_changes_one_cell_for_one_term() {
        let change = Override {
            subject: Subject::Term(TermId::SourceOfWork),
            relation: Relation::Embedded,
            value: Value::Up,
            reason: "counsel".to_owned(),
        };
        let table = Crossings::built_in();
        let changed = table.with(std::slice::from_ref(&change));
        let work = Term::bare(TermId::SourceOfWork);
        let keys = Term::bare(TermId::InstallationInformation);
        let at = |table: &Crossings, term: &Term| table.value(table.profile(term, &[]), Relation::Embedded, None);
        assert_eq!(at(table, &work), Value::AskWarn);
        assert_eq!(at(&changed, &work), Value::Up);
        assert_eq!(at(&changed, &keys), Value::AskWarn, "it shared the row");
        assert!(changed.overridden(change.subject, Relation::Embedded).is_some());
    }

    #[test]
    fn facts_speak_before_the_row() {
        let table = Crossings::built_in();
        let train = Term::bare(TermId::NoOutputTraining);
        let derivative = [Fact::bare(FactId::DistillationIsDerivative)];
        let value = |facts: &[Fact]| table.value(table.profile(&train, facts), Relation::Distilled, None);
        assert_eq!(value(&[]), Value::Breach);
        assert_eq!(value(&derivative), Value::Up);

        let mut name = Term::bare(TermId::NameDerivatives);
        let at = |term: &Term| table.value(table.profile(term, &[]), Relation::Distilled, None);
        assert_eq!(at(&name), Value::Stop);
        name.outputs = true;
        assert_eq!(at(&name), Value::Once);

        let mut free = Fact::bare(FactId::ResultsUnencumbered);
        free.of = vec![Results::TrainedModels];
        let nc = Term::bare(TermId::NonCommercial);
        let on_data = |facts: &[Fact]| table.value(table.profile(&nc, facts), Relation::TrainedOn, None);
        assert_eq!(on_data(&[]), Value::AskWarn);
        assert_eq!(on_data(&[free]), Value::Stop);
    }
}
