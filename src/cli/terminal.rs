//! The terminal: where results, status and errors go, and whether in colour.

use std::io::{self, Write as _};
use std::path::PathBuf;

use anstream::ColorChoice;

use super::args::{Colour, Common};
use crate::error::Error;
use crate::report;
use crate::source::printable;

/// Where a command writes.
pub(super) struct Terminal {
    output: Option<PathBuf>,
    quiet: bool,
    result_colour: bool,
    status_colour: bool,
}

impl Terminal {
    /// Decides on colour once: the flag, else Cargo's own setting, else what the terminal can.
    pub(super) fn new(common: &Common) -> Self {
        let choice = match common.color {
            Some(Colour::Always) => ColorChoice::Always,
            Some(Colour::Never) => ColorChoice::Never,
            Some(Colour::Auto) => ColorChoice::Auto,
            None => match std::env::var("CARGO_TERM_COLOR").as_deref() {
                Ok("always") => ColorChoice::Always,
                Ok("never") => ColorChoice::Never,
                _ => ColorChoice::Auto,
            },
        };
        let wanted = |auto: ColorChoice| match choice {
            ColorChoice::Auto => auto != ColorChoice::Never,
            ColorChoice::Never => false,
            ColorChoice::Always | ColorChoice::AlwaysAnsi => true,
        };
        Self {
            output: common.output.clone(),
            quiet: common.quiet,
            result_colour: wanted(anstream::AutoStream::choice(&io::stdout())) && common.output.is_none(),
            status_colour: wanted(anstream::AutoStream::choice(&io::stderr())),
        }
    }

    /// Whether results are in colour.
    pub(super) fn colour(&self) -> bool {
        self.result_colour
    }

    /// Writes a result.
    pub(super) fn result(&mut self, text: &str) -> Result<(), Error> {
        if let Some(path) = &self.output {
            return std::fs::write(path, text).map_err(|source| Error::Io {
                action: "write",
                path: path.clone(),
                source,
            });
        }
        match io::stdout().lock().write_all(text.as_bytes()).and_then(|()| io::stdout().lock().flush()) {
            // Whoever closed the pipe has read enough; the exit code still says what the verdict is.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other.map_err(|source| Error::Io { action: "write", path: "standard output".into(), source }),
        }
    }

    /// Says how it went, for people who look on.
    pub(super) fn status(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(io::stderr().lock(), "\n{text}");
        }
    }

    /// Says why the command line is wrong.
    pub(super) fn error(&self, message: &str) {
        let _ = writeln!(io::stderr().lock(), "{} {message}", self.prefix());
    }

    /// Says what kept the run from a verdict.
    pub(super) fn report(&self, error: &Error) {
        let text = match error {
            Error::Faults(faults) => report::human::faults(faults, self.status_colour),
            Error::Workspace(error) => format!("{} failed to {}", self.prefix(), lines(&error.to_string())),
            other => format!("{} {}", self.prefix(), printable(&other.to_string())),
        };
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    fn prefix(&self) -> &'static str {
        if self.status_colour { "\u{1b}[1m\u{1b}[91merror\u{1b}[0m:" } else { "error:" }
    }
}

/// A text of several lines with each made fit to print.
fn lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().map(|line| printable(line).into_owned()).collect();
    lines.join("\n")
}
