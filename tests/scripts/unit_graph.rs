//! Compares what `workspace` makes of real workspaces with Cargo's own unit graph and tree:
//!
//! ```sh
//! cargo run --release --example unit_graph -- [--plain] [--target TRIPLE] [--all-features] DIRECTORY…
//! ```
//!
//! Every member is compared, every library included, with and without dev-dependencies; with `--plain`, only the products
//! of a plain `cargo build`, without. Dependencies have to be downloaded already. It ends with status 1 if anything differs.

use std::process::ExitCode;

use cargo_covenant::workspace::{Environment, Selection, load};

#[path = "../exact/mod.rs"]
mod exact;

fn main() -> ExitCode {
    let mut environment = Environment::of_process().expect("a current directory");
    let mut selection = Selection { offline: true, ..Selection::default() };
    let mut directories = Vec::new();
    let mut plain = false;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--target" => selection.targets.extend(arguments.next()),
            "--plain" => plain = true,
            "--all-features" => selection.all_features = true,
            "--no-default-features" => selection.no_default_features = true,
            _ => directories.push(argument),
        }
    }
    (selection.workspace, selection.libraries) = (!plain, !plain);
    if selection.targets.is_empty() {
        selection.targets.push("host-tuple".to_owned());
    }

    let here = environment.current_dir.clone();
    let mut differ = 0;
    for directory in directories {
        environment.current_dir = here.join(&directory);
        let started = std::time::Instant::now();
        let workspace = match load(&selection, &environment) {
            Ok(workspace) => workspace,
            Err(error) => {
                println!("{directory}: failed to {error}");
                differ += 1;
                continue;
            }
        };
        let loaded = started.elapsed();
        let report = exact::compare(&workspace, &selection, &environment, !plain);
        differ += report.differences.len();
        println!(
            "{directory}: {report} (loaded in {loaded:.1?}{})",
            if workspace.notes().is_empty() { "" } else { ", shadow" }
        );
    }
    ExitCode::from(u8::from(differ > 0))
}
