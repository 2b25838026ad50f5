//! The command line: the only place that knows clap, the terminal and exit codes.
//!
//! Results go to standard output, or to the file of `--output`; progress and status to standard error.

mod args;
mod explain;
mod terminal;

use std::ffi::OsString;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser as _;

use self::args::{Args, Command, Common, Format, GraphFormat};
use self::terminal::Terminal;
use crate::analysis::analyse;
use crate::error::Error;
use crate::gate::Verdict;
use crate::graph::NodeIndex;
use crate::report;
use crate::vocabulary::{Relation, TermId, UnknownWord, Word as _, nearest};
use crate::workspace::Environment;

/// Exit codes, the same for every command and format.
pub mod exit {
    /// Nothing fails the gate.
    pub const PASSED: u8 = 0;
    /// Something fails the gate.
    pub const FAILED: u8 = 100;
    /// No verdict was reached: nothing is judged, and nothing passes.
    pub const ERROR: u8 = 101;
    /// The command line is wrong.
    pub const USAGE: u8 = 2;
}

/// Why a command ended without a result.
enum Stop {
    /// The command line asks for something that is not there.
    Usage(String),
    /// No verdict was reached.
    Error(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

/// Runs a command line, program name first; `covenant` may follow it, as Cargo has it.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let started = Instant::now();
    let mut arguments: Vec<OsString> = arguments.into_iter().collect();
    if arguments.get(1).is_some_and(|word| word == "covenant") {
        arguments.remove(1);
    }
    let args = match Args::try_parse_from(arguments) {
        Ok(args) => args,
        Err(error) => {
            // `--help` and `--version` are no errors; what cannot be printed any more is nobody's loss.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::PASSED });
        }
    };
    let mut terminal = Terminal::new(&args.common);
    let code = match execute(&args, &mut terminal, started) {
        Ok(code) => code,
        Err(Stop::Usage(message)) => {
            terminal.error(&message);
            exit::USAGE
        }
        Err(Stop::Error(error)) => {
            terminal.report(&error);
            exit::ERROR
        }
    };
    ExitCode::from(code)
}

fn execute(args: &Args, terminal: &mut Terminal, started: Instant) -> Result<u8, Stop> {
    let command = args.command.clone().unwrap_or(Command::Check);
    if let Command::Explain { word } = &command {
        let page = explain::page(word).map_err(Stop::Usage)?;
        terminal.result(page)?;
        return Ok(exit::PASSED);
    }
    let environment = Environment::of_process()
        .map_err(|source| Stop::Error(Error::Io { action: "read the current directory", path: ".".into(), source }))?;
    let request = args.common.request().map_err(Stop::Usage)?;
    match command {
        Command::Check => {
            let verdict = analyse(&request, &environment)?;
            let Common { message_format, verbose, .. } = args.common;
            terminal.result(&checked(&verdict, message_format, terminal.colour(), verbose > 0))?;
            if args.common.message_format == Format::Human {
                let seconds = started.elapsed().as_secs_f64();
                terminal.status(&format!("{} · {seconds:.1} s", report::human::last_line(&verdict)));
            }
            Ok(if verdict.passed() { exit::PASSED } else { exit::FAILED })
        }
        Command::Tree { invert, edges } => {
            let relations = words::<Relation>(&edges)?;
            let verdict = analyse(&request, &environment)?;
            let inverted = match &invert {
                Some(spec) => find(&verdict, spec)?,
                None => Vec::new(),
            };
            let options = report::tree::Options { relations, inverted };
            terminal.result(&report::tree::write(&verdict, &options))?;
            Ok(exit::PASSED)
        }
        Command::Why { spec, term } => {
            let term = term.map(|term| TermId::from_word(&term)).transpose();
            let term = term.map_err(|error: UnknownWord| Stop::Usage(error.to_string()))?;
            let verdict = analyse(&request, &environment)?;
            let nodes = find(&verdict, &spec)?;
            terminal.result(&report::why::write(&verdict, &nodes, term))?;
            Ok(exit::PASSED)
        }
        Command::Graph { format: GraphFormat::Json } => {
            let verdict = analyse(&request, &environment)?;
            terminal.result(&crate::graph::file::write(&verdict.graph))?;
            Ok(exit::PASSED)
        }
        Command::Explain { .. } => Ok(exit::PASSED),
    }
}

fn checked(verdict: &Verdict, format: Format, colour: bool, verbose: bool) -> String {
    match format {
        Format::Human => report::human::write(verdict, report::human::Options { colour, excepted: verbose }),
        Format::Short => report::short::write(verdict),
        Format::Json => report::json::write(verdict),
        Format::Github => report::github::write(verdict),
    }
}

/// Words of a closed set, separated by commas.
fn words<W: crate::vocabulary::Word>(list: &[String]) -> Result<Vec<W>, Stop> {
    let words = list.iter().map(|word| W::from_word(word));
    words.collect::<Result<_, _>>().map_err(|error: UnknownWord| Stop::Usage(error.to_string()))
}

/// The components a spec means.
fn find(verdict: &Verdict, spec: &str) -> Result<Vec<NodeIndex>, Stop> {
    let graph = &verdict.graph;
    let nodes: Vec<NodeIndex> = graph.nodes().filter(|node| graph.component(*node).matches(spec)).collect();
    if !nodes.is_empty() {
        return Ok(nodes);
    }
    let shown = crate::source::printable(spec);
    let names = graph.nodes().map(|node| graph.component(node).name.as_str());
    let message = match nearest(spec, names) {
        Some(near) => {
            format!("no component `{shown}` is in the graph: did you mean `{}`?", crate::source::printable(near))
        }
        None => format!("no component `{shown}` is in the graph; `cargo covenant tree` lists them"),
    };
    Err(Stop::Error(Error::NotFound(message)))
}
