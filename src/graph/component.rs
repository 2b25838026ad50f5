//! Components: packages, models, data and products, as nodes of the graph.

use std::collections::BTreeMap;
use std::fmt;

use crate::license::Expression;
use crate::license::expression::ExpressionError;
use crate::source::{Mark, printable};
use crate::vocabulary::{Delivery, Fact, Kind, Term};

/// What names a component in one graph: `serde@1.0.228`, `serde@1.0.228#host`, `llama-2-7b-chat`, `assistant`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ComponentId(String);

impl ComponentId {
    /// An id with this spelling.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as it is written in files.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Shown with everything that could steer a terminal written out; [`ComponentId::as_str`] is the raw id.
impl fmt::Display for ComponentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&printable(&self.0))
    }
}

/// What is claimed about the licence of a component.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Licensing {
    /// Nobody says anything.
    #[default]
    Absent,
    /// A text is named, no expression.
    FileOnly {
        /// The file, as the manifest names it.
        file: String,
    },
    /// An expression. Where several claims were made, all of them bind.
    Expression(Expression),
    /// Something that is no expression.
    Malformed(ExpressionError),
}

impl Licensing {
    /// Reads what a manifest or a card says.
    pub fn parse(text: &str) -> Self {
        match Expression::parse(text) {
            Ok(expression) => Self::Expression(expression),
            Err(error) => Self::Malformed(error),
        }
    }

    /// What both claims together come to: a contradiction never opens anything.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Absent, other) => other,
            (one, Self::Absent) => one,
            (Self::FileOnly { .. }, other) => other,
            (one, Self::FileOnly { .. }) => one,
            (Self::Malformed(error), _) | (_, Self::Malformed(error)) => Self::Malformed(error),
            (Self::Expression(one), Self::Expression(other)) => Self::Expression(one.and(other)),
        }
    }

    /// The claim as it is shown and written to files; nothing where there is none.
    pub fn text(&self) -> Option<String> {
        match self {
            Self::Absent => None,
            Self::FileOnly { file } => Some(format!("(text in {file})")),
            Self::Expression(expression) => Some(expression.to_string()),
            Self::Malformed(error) => Some(error.text.clone()),
        }
    }
}

/// What is public of a model, for its grade of openness: a licence, or `absent`.
pub type Parts = BTreeMap<String, String>;

/// A node of the graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Its id in this graph.
    pub id: ComponentId,
    /// What it is.
    pub kind: Kind,
    /// Its name without version or side.
    pub name: String,
    /// Its version or revision.
    pub version: Option<String>,
    /// Its package URL.
    pub purl: Option<String>,
    /// What is claimed about its licence.
    pub licensing: Licensing,
    /// Terms it carries beside those of its licence.
    pub terms: Vec<Term>,
    /// Facts it carries beside those of its licence.
    pub facts: Vec<Fact>,
    /// How a product is delivered; empty for other components, and where the default holds.
    pub delivery: Vec<Delivery>,
    /// Whether it was changed: patched, from git, or from a path.
    pub modified: bool,
    /// Whether a dynamic library is delivered with the product.
    pub ships: bool,
    /// Whether it is data in the shape of a package: judged as software and, failing that, as data.
    pub data_package: bool,
    /// Whether it is the workspace's own and never published: it needs no licence.
    pub private: bool,
    /// Whether it is a published library as a product.
    pub published: bool,
    /// The task of a model, as a Hugging Face pipeline tag.
    pub task: Option<String>,
    /// The family of a model.
    pub family: Option<String>,
    /// The day it was released, as `YYYY-MM-DD`.
    pub released: Option<String>,
    /// What its project says about it in public.
    pub claims: Vec<String>,
    /// What is public of it.
    pub parts: Parts,
    /// The features it is built with, sorted.
    pub features: Vec<String>,
    /// Where it is declared, and where its licence is.
    pub marks: Vec<Mark>,
}

impl Component {
    /// A component of which nothing but its id, name and kind is known.
    pub fn new(id: impl Into<String>, name: impl Into<String>, kind: Kind) -> Self {
        Self {
            id: ComponentId::new(id),
            kind,
            name: name.into(),
            version: None,
            purl: None,
            licensing: Licensing::Absent,
            terms: Vec::new(),
            facts: Vec::new(),
            delivery: Vec::new(),
            modified: false,
            ships: false,
            data_package: false,
            private: false,
            published: false,
            task: None,
            family: None,
            released: None,
            claims: Vec::new(),
            parts: Parts::new(),
            features: Vec::new(),
            marks: Vec::new(),
        }
    }

    /// Whether a spec from a policy or a command line means this component: its id, its name, or `name@` and as much
    /// of the version as the spec gives (`ring@0.17` means 0.17.8).
    pub fn matches(&self, spec: &str) -> bool {
        if spec == self.id.as_str() || spec == self.name || self.purl.as_deref() == Some(spec) {
            return true;
        }
        let Some((name, wanted)) = spec.rsplit_once('@') else {
            return false;
        };
        let Some(version) = &self.version else {
            return false;
        };
        name == self.name
            && version.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '+']))
            && !wanted.is_empty()
    }
}
