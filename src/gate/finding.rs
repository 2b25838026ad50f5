//! Findings: what stands in the way of a release, or is worth a look.

use jiff::civil::Date;

use crate::graph::ComponentId;
use crate::obligation::Witness;
use crate::source::Mark;
use crate::vocabulary::{Code, Level, Term};

/// Something found, for one product, or for the workspace and its policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub code: Code,
    /// How much it weighs, after the policy, its relations and its exceptions.
    pub level: Level,
    /// The product; absent where the workspace or the policy itself is meant.
    pub product: Option<ComponentId>,
    /// The component it stands at.
    pub component: Option<ComponentId>,
    /// The licence that decides, as it is shown.
    pub license: Option<String>,
    /// The terms that decide.
    pub terms: Vec<Term>,
    /// How it came to the product.
    pub path: Option<Witness>,
    /// Whether a relation on that path is unsettled in law.
    pub contested: bool,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What else is to be known: a name and a sentence each.
    pub notes: Vec<(&'static str, String)>,
    /// Ways out, the shortest first.
    pub help: Vec<String>,
    /// Where it stands, the deciding place first.
    pub marks: Vec<Mark>,
    /// The exception that lets it pass.
    pub excepted: Option<Excepted>,
}

/// How an exception of the policy let a finding pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excepted {
    /// Why.
    pub reason: String,
    /// Until when.
    pub expires: Date,
    /// Who decided.
    pub approved_by: Option<String>,
}

impl Finding {
    /// A finding with nothing but what it says.
    pub fn new(code: Code, level: Level, message: impl Into<String>) -> Self {
        Self {
            code,
            level,
            product: None,
            component: None,
            license: None,
            terms: Vec::new(),
            path: None,
            contested: false,
            message: message.into(),
            notes: Vec::new(),
            help: Vec::new(),
            marks: Vec::new(),
            excepted: None,
        }
    }

    /// Adds a named sentence.
    pub fn note(&mut self, name: &'static str, text: impl Into<String>) {
        self.notes.push((name, text.into()));
    }
}
