//! The compiler, and the platforms that it compiles for.
//!
//! A dependency under `[target.'cfg(…)']` is there or not by what `rustc --print cfg` says with Cargo's rustflags. The
//! question is put to Cargo's own evaluator (`cargo-platform`) and not to guppy's, because guppy's reads `cfg` more
//! narrowly than Cargo: it takes `key = "value"` of `--cfg` as false, and refuses whole workspaces for one `cfg` that it
//! does not know. [`Expressions`] therefore gives every distinct expression of the metadata a number, and writes the
//! number into the JSON in its place; a platform is then, for guppy, the set of numbers that hold on it.
//!
//! Host and target differ although their triple is the same: with `--target` (or `build.target`), rustflags are for the
//! target alone; without, they are for both (`target-applies-to-host`, on by default).

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::str::FromStr;

use cargo_config2::{Config, ResolveOptions};
use cargo_metadata::cargo_platform::{Cfg, CfgExpr, Platform as Condition};
use guppy::platform::{Platform, TargetFeatures};
use semver::Version;

use super::error::{Error, nearest, said};
use super::selection::Environment;

/// The compiler of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toolchain {
    /// Its version; it is also that of the standard library.
    pub version: Version,
    /// The triple of the machine that it runs on.
    pub host: String,
}

/// A platform that a product is built for.
#[derive(Clone, Debug)]
pub struct TargetPlatform {
    /// Its name: a triple, or the stem of a target file; `all` stands for every platform at once.
    pub name: String,
    cfg: Option<Vec<Cfg>>,
}

/// Every platform at once, as `--target all` and `cargo tree --target all` have it.
pub(crate) const ALL: &str = "all";

impl TargetPlatform {
    /// Whether `condition` (`cfg(…)` or a triple, as under `[target]` in a manifest) holds here.
    ///
    /// On `all` it holds unless it can hold nowhere, such as `cfg(any())`.
    ///
    /// # Errors
    ///
    /// If Cargo, too, would not understand it; the message says where.
    pub fn matches(&self, condition: &str) -> Result<bool, String> {
        let condition = Condition::from_str(condition).map_err(|error| error.to_string())?;
        Ok(self.holds(&condition))
    }

    fn holds(&self, condition: &Condition) -> bool {
        match (&self.cfg, condition) {
            (Some(cfg), condition) => condition.matches(&self.name, cfg),
            (None, Condition::Name(_)) => true,
            (None, Condition::Cfg(expression)) => truth(expression) != Some(false),
        }
    }

    fn all() -> Self {
        Self { name: ALL.to_owned(), cfg: None }
    }
}

/// What an expression is on every platform, where that can be told without knowing any.
fn truth(expression: &CfgExpr) -> Option<bool> {
    let fold = |parts: &[CfgExpr], decisive: bool| {
        let truths: Vec<_> = parts.iter().map(truth).collect();
        if truths.contains(&Some(decisive)) {
            Some(decisive)
        } else if truths.contains(&None) {
            None
        } else {
            Some(!decisive)
        }
    };
    match expression {
        CfgExpr::Not(inner) => truth(inner).map(|value| !value),
        CfgExpr::All(parts) => fold(parts, false),
        CfgExpr::Any(parts) => fold(parts, true),
        CfgExpr::Value(_) => None,
        CfgExpr::True => Some(true),
        CfgExpr::False => Some(false),
    }
}

/// Cargo's configuration and the rustc that it names.
pub(crate) struct Compiler<'e> {
    rustc: Rustc<'e>,
    config: Config,
}

impl<'e> Compiler<'e> {
    pub(crate) fn find(environment: &'e Environment) -> Result<Self, Error> {
        let options = || {
            let options = ResolveOptions::default().env(environment.variables.clone());
            match environment.get("CARGO_HOME") {
                Some(home) => options.cargo_home(Some(environment.current_dir.join(home))),
                None => options,
            }
        };
        let load = |options| Config::load_with_options(&environment.current_dir, options).map_err(Error::Configuration);
        let config = load(options())?;
        // Wrappers are left out on purpose: one of them may be ourselves (`enforce`).
        let program = config.build.rustc.unwrap_or_else(|| beside_cargo(environment));
        let config = load(options().rustc(cargo_config2::PathAndArgs::new(&program)))?;
        Ok(Self { rustc: Rustc { program, environment }, config })
    }

    /// The targets that Cargo builds for when none is named, as its command line would take them; empty: the host.
    pub(crate) fn default_targets(&self) -> Result<Vec<String>, Error> {
        self.config.build_target_for_cli(None::<&str>).map_err(Error::Configuration)
    }

    pub(crate) fn toolchain(&self) -> Result<Toolchain, Error> {
        let text = self.rustc.run(&["-vV".into()])?;
        let line = |key: &str| text.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
        let told = line("release:").and_then(|release| Version::parse(release).ok()).zip(line("host:"));
        let (version, host) = told.ok_or_else(|| Error::Rustc {
            command: format!("{} -vV", self.rustc.program.display()),
            stderr: format!("it names no release or no host:\n{text}"),
        })?;
        Ok(Toolchain { version, host: host.to_owned() })
    }

    /// The question what the platform `target` is, with rustflags or, on the host side of a build with `--target`,
    /// without.
    pub(crate) fn question(&self, target: &str, rustflags: bool) -> Result<Question<'e>, Error> {
        let mut arguments: Vec<OsString> = vec!["--print".into(), "cfg".into(), "--target".into(), target.into()];
        if is_target_file(target) {
            arguments.extend(["-Z".into(), "unstable-options".into()]);
        }
        if rustflags && target != ALL {
            let flags = self.config.rustflags(target).map_err(Error::Configuration)?;
            arguments.extend(flags.into_iter().flat_map(|flags| flags.flags).map(OsString::from));
        }
        Ok(Question { rustc: self.rustc.clone(), target: target.to_owned(), arguments })
    }
}

/// A call of rustc that tells a platform; it can be made on any thread.
#[derive(Debug)]
pub(crate) struct Question<'e> {
    rustc: Rustc<'e>,
    target: String,
    arguments: Vec<OsString>,
}

impl Question<'_> {
    pub(crate) fn ask(&self) -> Result<TargetPlatform, Error> {
        if self.target == ALL {
            return Ok(TargetPlatform::all());
        }
        let text = self.rustc.run(&self.arguments).map_err(|error| self.explain(error))?;
        let cfg = text.lines().filter_map(|line| Cfg::from_str(line.trim()).ok()).collect();
        let name = if is_target_file(&self.target) {
            Path::new(&self.target).file_stem().unwrap_or_default().to_string_lossy().into_owned()
        } else {
            self.target.clone()
        };
        Ok(TargetPlatform { name, cfg: Some(cfg) })
    }

    fn explain(&self, error: Error) -> Error {
        match error {
            Error::Rustc { stderr, .. } if is_target_file(&self.target) || stderr.contains("target") => {
                let known = self.rustc.run(&["--print".into(), "target-list".into()]).unwrap_or_default();
                let nearest = nearest(&self.target, known.lines().filter(|known| *known != self.target));
                Error::UnknownTarget { target: self.target.clone(), nearest, stderr }
            }
            other => other,
        }
    }
}

#[derive(Clone, Debug)]
struct Rustc<'e> {
    program: PathBuf,
    environment: &'e Environment,
}

impl Rustc<'_> {
    fn run(&self, arguments: &[OsString]) -> Result<String, Error> {
        let output = Command::new(&self.program)
            .args(arguments)
            .current_dir(&self.environment.current_dir)
            .env_clear()
            .envs(&self.environment.variables)
            .output()
            .map_err(|source| Error::Start {
                program: self.program.display().to_string(),
                source,
                help: "install Rust, or set `RUSTC` or `build.rustc` to it",
            })?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let mut command = self.program.display().to_string();
        for argument in arguments {
            // Writing to a string cannot fail.
            let _ = write!(command, " {}", argument.display());
        }
        Err(Error::Rustc { command, stderr: said(&output.stderr) })
    }
}

/// The rustc of the Cargo that runs us, past rustup's proxy; else whatever `PATH` has.
fn beside_cargo(environment: &Environment) -> PathBuf {
    environment
        .get("CARGO")
        .map(|cargo| Path::new(cargo).with_file_name(format!("rustc{}", std::env::consts::EXE_SUFFIX)))
        .filter(|rustc| rustc.is_absolute() && rustc.is_file())
        .unwrap_or_else(|| PathBuf::from("rustc"))
}

/// Whether Cargo takes a target for the path of a JSON file.
fn is_target_file(target: &str) -> bool {
    Path::new(target).extension().is_some_and(|extension| extension == "json")
}

/// The distinct conditions of a metadata document, each with a number.
#[derive(Debug, Default)]
pub(crate) struct Expressions {
    conditions: Vec<Condition>,
}

impl Expressions {
    /// Takes every `"target":"…"` out of `json`, and leaves `cfg(covenant_N)` in its place.
    ///
    /// Such a pair means a condition only in dependencies and their kinds. In a `[package.metadata]` table it is replaced
    /// too, if it happens to read as a condition; of those tables nothing but the names of the keys is ever read.
    pub(crate) fn extract(json: &str) -> (Self, String) {
        const KEY: &str = "\"target\":\"";
        let mut numbers: BTreeMap<Condition, usize> = BTreeMap::new();
        let mut rewritten = String::with_capacity(json.len());
        let mut rest = json;
        while let Some((before, value)) = rest.split_once(KEY) {
            rewritten.push_str(before);
            rewritten.push_str(KEY);
            let Some((literal, after)) = end_of_string(value).and_then(|end| value.split_at_checked(end)) else {
                rest = value;
                break;
            };
            let condition = serde_json::from_str::<String>(&format!("\"{literal}\""))
                .ok()
                .and_then(|text| Condition::from_str(&text).ok());
            match condition {
                Some(condition) => {
                    let next = numbers.len();
                    let number = *numbers.entry(condition).or_insert(next);
                    // Writing to a string cannot fail.
                    let _ = write!(rewritten, "cfg(covenant_{number})");
                }
                None => rewritten.push_str(literal),
            }
            rest = after;
        }
        rewritten.push_str(rest);
        let mut conditions: Vec<_> = numbers.into_iter().collect();
        conditions.sort_by_key(|(_, number)| *number);
        (Self { conditions: conditions.into_iter().map(|(condition, _)| condition).collect() }, rewritten)
    }

    /// `platform` in guppy's terms. The triple no longer matters: every condition is a flag now.
    pub(crate) fn platform(&self, platform: &TargetPlatform) -> Result<Platform, guppy::Error> {
        let mut result = Platform::new("x86_64-unknown-linux-gnu", TargetFeatures::none())
            .map_err(|error| guppy::Error::TargetSpecError("naming a platform".to_owned(), error))?;
        result.add_flags(self.held(platform).into_iter().map(|number| format!("covenant_{number}")));
        Ok(result)
    }

    /// Whether `cargo metadata --filter-platform` for `filters` drops something that `platform` needs.
    pub(crate) fn exceeds(&self, platform: &TargetPlatform, filters: &[TargetPlatform]) -> bool {
        let kept: BTreeSet<usize> = filters.iter().flat_map(|filter| self.held(filter)).collect();
        !self.held(platform).is_subset(&kept)
    }

    fn held(&self, platform: &TargetPlatform) -> BTreeSet<usize> {
        (0..)
            .zip(&self.conditions)
            .filter(|(_, condition)| platform.holds(condition))
            .map(|(number, _)| number)
            .collect()
    }
}

/// Where the JSON string ends whose first byte is that of `text`, if it ends.
fn end_of_string(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(index),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn platform(cfg: &[&str]) -> TargetPlatform {
        let cfg = cfg.iter().map(|line| Cfg::from_str(line).expect("a cfg line")).collect();
        TargetPlatform { name: "x86_64-unknown-linux-gnu".to_owned(), cfg: Some(cfg) }
    }

    #[test]
    fn conditions_are_numbered_once_and_strings_survive() {
        let json = r#"{"a":{"target":"cfg(backend = \"fast\")"},"b":{"target":"cfg(backend = \"fast\")"},
            "c":{"target":"i686-pc-windows-msvc"},"d":{"target":null},"e":"\"target\":\"cfg(x)\"","f":{"target":"no way"}}"#;
        let (expressions, rewritten) = Expressions::extract(json);
        assert_eq!(expressions.conditions.len(), 2);
        assert_eq!(rewritten.matches("cfg(covenant_0)").count(), 2);
        assert_eq!(rewritten.matches("cfg(covenant_1)").count(), 1);
        assert!(rewritten.contains(r#""e":"\"target\":\"cfg(x)\"""#), "text that only looks like JSON stays");
        assert!(
            rewritten.contains(r#"{"target":"no way"}"#),
            "what is no condition is left for Cargo's reader to refuse"
        );
        assert_eq!(expressions.held(&platform(&["backend=\"fast\""])), BTreeSet::from([0]));
        assert_eq!(expressions.held(&platform(&["backend=\"slow\""])), BTreeSet::new());
    }

    #[test]
    fn broken_json_stays_broken_and_ends() {
        for json in ["", "\"target\":\"", "\"target\":\"cfg(", "\"target\":\"\\", "\"target\":\"cfg(unix)\\\""] {
            let (_, rewritten) = Expressions::extract(json);
            assert_eq!(rewritten, json);
        }
    }

    #[test]
    fn conditions_are_read_as_cargo_reads_them() {
        let here = platform(&["unix", "target_os=\"linux\"", "debug_assertions", "mine"]);
        for (condition, holds) in [
            ("cfg(unix)", true),
            ("cfg(true)", true),
            ("cfg(false)", false),
            ("cfg(all())", true),
            ("cfg(any())", false),
            ("cfg(mine)", true),
            ("cfg(not(mine))", false),
            ("cfg(debug_assertions)", true),
            ("cfg(target_of_no_compiler = \"x\")", false),
            ("x86_64-unknown-linux-gnu", true),
            ("x86_64-unknown-linux-musl", false),
        ] {
            assert_eq!(here.matches(condition), Ok(holds), "{condition}");
        }
        assert!(here.matches("cfg(unix").is_err());
    }

    #[test]
    fn all_platforms_hold_what_any_can_hold() {
        let all = TargetPlatform::all();
        for (condition, holds) in [
            ("cfg(windows)", true),
            ("cfg(not(windows))", true),
            ("cfg(any())", false),
            ("cfg(not(all()))", false),
            ("cfg(all(unix, any()))", false),
            ("cfg(any(unix, false))", true),
            ("wasm32-unknown-unknown", true),
        ] {
            assert_eq!(all.matches(condition), Ok(holds), "{condition}");
        }
    }
}
