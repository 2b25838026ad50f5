//! What keeps a run from coming to a verdict. Nothing is judged then, and nothing passes.

use std::fmt;
use std::path::PathBuf;

use crate::source::{Mark, printable};

/// Why no verdict was reached. Every message says where, and what to do.
///
/// A violation of a policy is never an error: it is a [`Finding`](crate::gate::Finding).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Cargo, or what it says, could not be used.
    #[error(transparent)]
    Workspace(#[from] crate::workspace::Error),

    /// A file could not be read or written.
    #[error("failed to {action} `{}`: {source}", printable(&.path.display().to_string()))]
    Io {
        /// What was tried: `read`, `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },

    /// Something a person wrote is wrong; each fault has its place.
    #[error("{}", .0)]
    Faults(Faults),

    /// A name given on the command line is not in the graph.
    #[error("{0}")]
    NotFound(String),
}

/// The faults of one or more files, in the order in which they stand there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults(pub Vec<Fault>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

/// One fault in what a person wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong, and what is near to it.
    pub message: String,
    /// Where it stands; absent where the whole file is meant.
    pub mark: Option<Mark>,
    /// The file, where there is no mark.
    pub file: String,
}

impl Fault {
    /// A fault at a place.
    pub fn at(mark: Mark, message: impl Into<String>) -> Self {
        Self { message: message.into(), file: mark.file.name().to_owned(), mark: Some(mark) }
    }

    /// A fault of a whole file.
    pub fn of(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self { message: message.into(), file: file.into(), mark: None }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", printable(&self.file))?;
        if let Some(mark) = &self.mark {
            let place = mark.place();
            write!(f, ":{}:{}", place.line, place.column)?;
        }
        write!(f, ": {}", self.message)
    }
}
