//! The command line, case by case: each folder of `tests/cases` is one run of the program, as data.
//!
//! `case.toml` says what is run; the output stands beside it in `stdout.txt` and `stderr.txt` (no file: nothing is
//! written), or in `case.toml` itself, where `[..]` stands for anything in a line and `...` for any lines. Inputs are the
//! folder `input`, short texts in `[files]`, or a fixture; all are copied to a folder of their own first, so that what
//! Cargo writes stays there. What differs between machines is replaced: `[ROOT]` is that folder, `[TIME]` what a run took,
//! `[RUST]` the version of the toolchain, `[HOST]` its platform.
//!
//! `COVENANT_BLESS=1 cargo test --test cases` writes the output files anew. Read the difference before it is committed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use cargo_covenant::vocabulary::{Code, Word as _};
use serde::Deserialize;
use serde_json::Value;
use snapbox::data::DataFormat;
use snapbox::{Assert, Data, IntoData as _};

/// What a `case.toml` says.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Case {
    /// What the case shows, where the name is not enough.
    #[serde(default, rename = "about")]
    _about: String,
    /// The command line after the program's name. `--today` is added where it is not among them.
    args: Vec<String>,
    /// The exit code.
    code: i32,
    /// The day on which all is judged.
    #[serde(default = "usual_day")]
    today: String,
    /// A folder of `tests/fixtures` that is copied first.
    fixture: Option<String>,
    /// Texts that are written, by path.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// Links that are made, by path, to where they lead.
    #[serde(default)]
    links: BTreeMap<String, String>,
    /// Environment variables; `[ROOT]` in them is the folder of the inputs.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Where the program runs, below the folder of the inputs.
    #[serde(default)]
    cwd: String,
    /// What is expected on standard output, instead of `stdout.txt`.
    stdout: Option<String>,
    /// What is expected on standard error, instead of `stderr.txt`.
    stderr: Option<String>,
}

fn usual_day() -> String {
    "2026-11-23".to_owned()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

/// The names of all cases, sorted.
fn names() -> Vec<String> {
    let entries = fs::read_dir(folder()).expect("the folder of cases can be read");
    let mut names: Vec<String> =
        entries.map(|entry| entry.expect("a case can be listed").file_name().into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

fn read_case(name: &str) -> Result<Case, String> {
    let path = folder().join(name).join("case.toml");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
}

/// The toolchain's version and platform, as they appear in outputs.
fn toolchain() -> &'static (String, String) {
    static TOOLCHAIN: OnceLock<(String, String)> = OnceLock::new();
    TOOLCHAIN.get_or_init(|| {
        let output = Command::new("rustc").arg("-vV").output().expect("rustc runs");
        let text = String::from_utf8(output.stdout).expect("rustc writes UTF-8");
        let line = |key: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(key));
            value.unwrap_or_else(|| panic!("rustc says no `{key}`")).to_owned()
        };
        (line("release: "), line("host: "))
    })
}

/// A folder with the inputs of a case, gone when it is dropped.
fn inputs(name: &str, case: &Case) -> std::io::Result<tempfile::TempDir> {
    let root = tempfile::tempdir()?;
    if let Some(fixture) = &case.fixture {
        copy(&folder().join("../fixtures").join(fixture), root.path())?;
    }
    let input = folder().join(name).join("input");
    if input.is_dir() {
        copy(&input, root.path())?;
    }
    for (path, text) in &case.files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap_or(root.path()))?;
        fs::write(&path, text)?;
        #[cfg(unix)]
        if text.starts_with("#!") {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        }
    }
    for (path, target) in &case.links {
        #[cfg(unix)]
        std::os::unix::fs::symlink(target, root.path().join(path))?;
        #[cfg(windows)]
        std::os::windows::fs::symlink_file(target, root.path().join(path))?;
    }
    Ok(root)
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            if entry.file_name() != "target" {
                copy(&entry.path(), &target)?;
            }
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Runs the program in `root`. Nothing of the surrounding Cargo, and no setting of this machine, reaches it.
fn program(root: &Path, cwd: &str, env: &BTreeMap<String, String>, args: &[String]) -> std::io::Result<Output> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-covenant"));
    command.args(args).current_dir(root.join(cwd)).env_clear();
    for name in ["PATH", "HOME", "USERPROFILE", "SYSTEMROOT", "TEMP", "CARGO", "CARGO_HOME", "RUSTUP_HOME"] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    command.env("CARGO_NET_OFFLINE", "true");
    for (name, value) in env {
        command.env(name, value.replace("[ROOT]", &root.display().to_string()));
    }
    command.output()
}

/// The output with what differs between machines and runs replaced.
fn normalised(bytes: &[u8], root: &Path) -> String {
    let (version, host) = toolchain();
    let text = String::from_utf8_lossy(bytes).replace(&root.display().to_string(), "[ROOT]");
    let text = text.replace(&format!("rust-std@{version}"), "rust-std@[RUST]").replace(host, "[HOST]");
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let bare = line.strip_suffix(" s\n");
        match bare.and_then(|bare| bare.rsplit_once(" · ")) {
            Some((before, seconds)) if seconds.parse::<f64>().is_ok() => {
                out.push_str(before);
                out.push_str(" · [TIME]\n");
            }
            _ => out.push_str(line),
        }
    }
    out
}

/// Runs one case, and says what differs from what is expected.
fn differences(name: &str, bless: bool) -> Result<Vec<String>, String> {
    let case = read_case(name)?;
    let directory = inputs(name, &case).map_err(|error| format!("the inputs cannot be copied: {error}"))?;
    let root = directory.path().canonicalize().map_err(|error| error.to_string())?;
    let mut args: Vec<String> =
        case.args.iter().map(|word| word.replace("[ROOT]", &root.display().to_string())).collect();
    if !args.iter().any(|word| word.starts_with("--today")) {
        args.extend(["--today".to_owned(), case.today.clone()]);
    }
    let output = program(&root, &case.cwd, &case.env, &args).map_err(|error| format!("it does not start: {error}"))?;

    let mut differences = Vec::new();
    for (stream, bytes, inline) in [("stdout", &output.stdout, &case.stdout), ("stderr", &output.stderr, &case.stderr)]
    {
        let actual = normalised(bytes, &root);
        if let Some(fault) = unfit(&case, stream, &actual) {
            differences.push(format!("{stream}: {fault}\n{actual}"));
        }
        let path = folder().join(name).join(stream).with_extension("txt");
        let expected = match inline {
            Some(text) => text.clone(),
            None if bless => {
                let written = if actual.is_empty() {
                    fs::remove_file(&path).or_else(|error| match error.kind() {
                        std::io::ErrorKind::NotFound => Ok(()),
                        _ => Err(error),
                    })
                } else {
                    fs::write(&path, &actual)
                };
                written.map_err(|error| format!("{}: {error}", path.display()))?;
                continue;
            }
            None if path.exists() => {
                fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?
            }
            None => String::new(),
        };
        let data = |text: String| -> Data { text.into_data().is(DataFormat::Text) };
        let compared = Assert::new().normalize_paths(false).try_eq(Some(&stream), data(actual), data(expected));
        if let Err(error) = compared {
            differences.push(error.to_string());
        }
    }
    if output.status.code() != Some(case.code) {
        let stderr = normalised(&output.stderr, &root);
        differences.push(format!("{} instead of exit code {}\n{stderr}", output.status, case.code));
    }
    Ok(differences)
}

/// What no output may have, whatever the case: anything that steers a terminal, hides text, or commands a runner.
fn unfit(case: &Case, stream: &str, text: &str) -> Option<String> {
    let steers = |character: char| {
        (character.is_control() && character != '\n')
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    if let Some(found) = text.chars().find(|character| steers(*character)) {
        return Some(format!("holds a raw {}", found.escape_unicode()));
    }
    let ours = ["::error ", "::warning ", "::notice title=cargo covenant::"];
    let github = stream == "stdout" && case.args.iter().any(|word| word == "github");
    // As the runner reads it: blanks, `::`, a word, `::`. The `:::` of a snippet is none.
    let is_command = |line: &&str| {
        let rest = line.trim_start().strip_prefix("::").unwrap_or_default();
        rest.starts_with(|first: char| first.is_ascii_alphabetic()) && rest.contains("::")
    };
    let is_ours = |line: &str| github && ours.iter().any(|start| line.starts_with(start));
    let strange = text.lines().filter(is_command).find(|line| !is_ours(line));
    strange.map(|line| format!("holds a command of a runner: {line}"))
}

#[test]
fn every_case_has_the_output_it_expects() {
    let bless = std::env::var_os("COVENANT_BLESS").is_some_and(|value| value == "1");
    let names = names();
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = differences(name, bless).unwrap_or_else(|fault| vec![fault]);
                    if !found.is_empty() {
                        failed.lock().expect("no thread panics").insert(name.clone(), found.join("\n"));
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().expect("no thread panics");
    let list: Vec<String> = failed.iter().map(|(name, found)| format!("=== {name}\n{found}")).collect();
    assert!(list.is_empty(), "{} of {} cases differ\n\n{}", list.len(), names.len(), list.join("\n"));
}

/// A case of a code is called after it, and expects it in its output.
#[test]
fn every_raised_code_has_a_case_and_a_page() {
    let names = names();
    let pages = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/findings");
    let mut missing = Vec::new();
    for code in Code::ALL.iter().filter(|code| code.is_raised()).map(|code| code.as_str()) {
        let shows = |name: &&String| {
            let expected = fs::read_to_string(folder().join(name).join("stdout.txt")).unwrap_or_default();
            name.starts_with(code) && expected.contains(&format!("[{code}]: "))
        };
        if !names.iter().any(|name| shows(&name)) {
            missing.push(format!("{code}: no case shows it"));
        }
        if !pages.join(code).with_extension("md").is_file() {
            missing.push(format!("{code}: no page in docs/findings"));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Nothing lies in a case's folder that the runner does not look at.
#[test]
fn every_file_of_a_case_means_something() {
    let mut strange = Vec::new();
    for name in names() {
        for entry in fs::read_dir(folder().join(&name)).expect("a case can be read") {
            let file = entry.expect("a case can be listed").file_name().into_string().expect("UTF-8");
            if !["case.toml", "input", "stdout.txt", "stderr.txt"].contains(&file.as_str()) {
                strange.push(format!("{name}/{file}"));
            }
        }
        let case = read_case(&name).unwrap_or_else(|fault| panic!("{fault}"));
        for (stream, inline) in [("stdout.txt", &case.stdout), ("stderr.txt", &case.stderr)] {
            if inline.is_some() && folder().join(&name).join(stream).exists() {
                strange.push(format!("{name}/{stream}: `case.toml` says it too"));
            }
        }
    }
    assert!(strange.is_empty(), "{strange:#?}");
}

/// The findings of a JSON report, without what only a workspace or only a file can say: places, and features to leave out.
fn findings(report: &[u8]) -> BTreeSet<String> {
    let report: Value = serde_json::from_slice(report).expect("the report is JSON");
    let list = report.get("findings").and_then(Value::as_array).expect("the report has findings").clone();
    assert!(!list.is_empty(), "a comparison of nothing says nothing");
    let bare = list.into_iter().map(|mut finding| {
        let row = finding.as_object_mut().expect("a finding is a table");
        row.remove("places");
        row.remove("help");
        finding.to_string()
    });
    bare.collect()
}

#[test]
fn a_graph_that_is_written_and_read_again_gives_the_same_findings() {
    let root = tempfile::tempdir().expect("a folder can be made");
    copy(&folder().join("../fixtures/assistant"), root.path()).expect("the fixture can be copied");
    let run = |words: &[&str]| {
        let day = usual_day();
        let args: Vec<String> = words.iter().chain(&["--today", day.as_str()]).map(|word| (*word).to_owned()).collect();
        program(root.path(), "", &BTreeMap::new(), &args).expect("it starts")
    };
    let of_workspace = run(&["check", "--features", "summarize", "--message-format", "json"]);
    let graph = run(&["graph", "--features", "summarize", "--format", "json", "--output", "graph.json"]);
    assert_eq!(graph.status.code(), Some(0), "{}", String::from_utf8_lossy(&graph.stderr));
    let of_file = run(&["check", "--graph", "graph.json", "--message-format", "json"]);
    assert_eq!((of_workspace.status.code(), of_file.status.code()), (Some(100), Some(100)));
    assert_eq!(findings(&of_workspace.stdout), findings(&of_file.stdout));
    let again = run(&["graph", "--graph", "graph.json", "--format", "json"]);
    let written = fs::read(root.path().join("graph.json")).expect("the graph was written");
    assert_eq!(String::from_utf8_lossy(&again.stdout), String::from_utf8_lossy(&written));
}
