//! The command line as it is written, and as the library is asked.

use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::analysis::Request;
use crate::vocabulary::{Delivery, Word as _};
use crate::workspace::Selection;

const AFTER_HELP: &str = "\
Exit codes: 0 passed, 100 the gate failed, 101 could not complete, 2 wrong usage.
It is no legal advice: it shows evidence.";

/// Licence obligations run with the dependency graph, models included: a gate for what is not open source.
#[derive(Debug, Parser)]
#[command(
    name = "cargo-covenant",
    bin_name = "cargo covenant",
    version,
    styles = clap_cargo::style::CLAP_STYLING,
    after_help = AFTER_HELP,
    disable_help_subcommand = true
)]
pub(super) struct Args {
    #[command(flatten)]
    pub(super) common: Common,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Debug, Clone, Subcommand)]
pub(super) enum Command {
    /// Build the graph, propagate, judge by the policy: the gate (the default)
    Check,
    /// Show what each product is made of, with licences, relations and what each brings
    Tree {
        /// Show what leads to this component instead (`name`, `name@version`, or an id)
        #[arg(short, long, value_name = "SPEC")]
        invert: Option<String>,
        /// Only these relations, separated by commas
        #[arg(short, long, value_name = "RELATIONS", value_delimiter = ',')]
        edges: Vec<String>,
    },
    /// Show every product a component reaches, by which path, and what its terms come to
    Why {
        /// The component: `name`, `name@version`, or an id
        spec: String,
        /// Only this term
        term: Option<String>,
    },
    /// Print the page of a finding, a term or a fact
    Explain {
        /// The code or id, such as `not-open-source` or `scale-limit`
        #[arg(value_name = "CODE|TERM")]
        word: String,
    },
    /// Write the component graph
    Graph {
        /// The format
        #[arg(long, value_enum, default_value_t = GraphFormat::Json)]
        format: GraphFormat,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum GraphFormat {
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people: places, paths, ways out
    Human,
    /// A line a finding
    Short,
    /// One document, for programs
    Json,
    /// Workflow commands of GitHub Actions
    Github,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Colour {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Common {
    /// Path to Cargo.toml
    #[arg(long, value_name = "PATH", global = true, help_heading = "Manifest Options")]
    manifest_path: Option<PathBuf>,
    /// Require that Cargo.lock stays unchanged
    #[arg(long, global = true, help_heading = "Manifest Options")]
    locked: bool,
    /// Do not let cargo touch the network
    #[arg(long, global = true, help_heading = "Manifest Options")]
    offline: bool,
    /// Both --locked and --offline
    #[arg(long, global = true, help_heading = "Manifest Options")]
    frozen: bool,

    /// Judge the products of this package only
    #[arg(short, long, value_name = "SPEC", global = true, help_heading = "Package Selection")]
    package: Vec<String>,
    /// Judge the products of all members
    #[arg(long, visible_alias = "all", global = true, help_heading = "Package Selection")]
    workspace: bool,
    /// Leave out this package
    #[arg(long, value_name = "SPEC", global = true, help_heading = "Package Selection")]
    exclude: Vec<String>,
    /// Judge every library as a product
    #[arg(long, global = true, help_heading = "Package Selection")]
    libraries: bool,

    /// Features to activate, separated by spaces or commas
    #[arg(short = 'F', long, value_name = "FEATURES", global = true, help_heading = "Feature Selection")]
    features: Vec<String>,
    /// Activate all features
    #[arg(long, global = true, help_heading = "Feature Selection")]
    all_features: bool,
    /// Do not activate the default features
    #[arg(long, global = true, help_heading = "Feature Selection")]
    no_default_features: bool,
    /// Judge the build for this target triple (repeatable), or `all`
    #[arg(long, value_name = "TRIPLE", global = true, help_heading = "Feature Selection")]
    target: Vec<String>,

    /// A policy file, or the name of a built-in policy, instead of covenant.toml
    #[arg(long, value_name = "FILE|NAME", global = true, help_heading = "Judgement")]
    policy: Option<String>,
    /// How products are delivered: source, binary, service, internal (repeatable)
    #[arg(long, value_name = "CONTEXT", global = true, help_heading = "Judgement")]
    context: Vec<String>,
    /// Judge a graph file instead of a workspace
    #[arg(long, value_name = "FILE", global = true, help_heading = "Judgement")]
    graph: Option<PathBuf>,
    /// The day on which all is judged, instead of today (in UTC)
    #[arg(long, value_name = "DATE", global = true, help_heading = "Judgement")]
    today: Option<String>,

    /// How the result is written
    #[arg(long, value_enum, default_value_t = Format::Human, value_name = "FORMAT", global = true, help_heading = "Output")]
    pub(super) message_format: Format,
    /// Write the result to this file
    #[arg(long, value_name = "FILE", global = true, help_heading = "Output")]
    pub(super) output: Option<PathBuf>,
    /// When to use colour
    #[arg(long, value_enum, value_name = "WHEN", global = true, help_heading = "Output")]
    pub(super) color: Option<Colour>,
    /// No status on standard error
    #[arg(short, long, global = true, help_heading = "Output")]
    pub(super) quiet: bool,
    /// Show what exceptions let pass, too
    #[arg(short, long, action = ArgAction::Count, global = true, help_heading = "Output")]
    pub(super) verbose: u8,
}

impl Common {
    /// What the library is asked.
    pub(super) fn request(&self) -> Result<Request, String> {
        let today = match &self.today {
            Some(day) => day
                .parse::<Date>()
                .map_err(|_| format!("`--today {}` is no date such as 2027-03-01", crate::source::printable(day)))?,
            None => Timestamp::now().to_zoned(TimeZone::UTC).date(),
        };
        let context = self.context.iter().flat_map(|list| list.split(','));
        let context = context
            .map(Delivery::from_word)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| format!("`--context`: {error}"))?;
        if self.graph.is_some() {
            self.no_workspace_flags()?;
        }
        if !self.exclude.is_empty() && !self.workspace {
            return Err("`--exclude` goes with `--workspace`".to_owned());
        }
        let features = self.features.iter().flat_map(|list| list.split([' ', ',']));
        Ok(Request {
            selection: Selection {
                manifest_path: self.manifest_path.clone(),
                packages: self.package.clone(),
                workspace: self.workspace,
                exclude: self.exclude.clone(),
                features: features.filter(|feature| !feature.is_empty()).map(str::to_owned).collect(),
                all_features: self.all_features,
                no_default_features: self.no_default_features,
                targets: self.target.clone(),
                locked: self.locked,
                offline: self.offline,
                frozen: self.frozen,
                libraries: self.libraries,
            },
            policy: self.policy.clone(),
            context,
            graph: self.graph.clone(),
            today,
        })
    }

    /// A graph file has been built already: a flag that would have changed the build must not be silently without effect.
    fn no_workspace_flags(&self) -> Result<(), String> {
        let given = [
            ("--manifest-path", self.manifest_path.is_some()),
            ("--package", !self.package.is_empty()),
            ("--workspace", self.workspace),
            ("--exclude", !self.exclude.is_empty()),
            ("--libraries", self.libraries),
            ("--features", !self.features.is_empty()),
            ("--all-features", self.all_features),
            ("--no-default-features", self.no_default_features),
            ("--target", !self.target.is_empty()),
        ];
        match given.iter().find(|(_, given)| *given) {
            Some((flag, _)) => Err(format!("`{flag}` has no effect on a graph file")),
            None => Ok(()),
        }
    }
}
