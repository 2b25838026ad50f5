//! Workspaces that a test writes: over the crates of this repository's own lock file, so that they resolve offline
//! wherever this test could be compiled.

use std::path::{Path, PathBuf};

use cargo_covenant::workspace::{Environment, Selection, Workspace, load};
use tempfile::TempDir;

/// A workspace in a directory of its own.
pub(crate) struct Generated {
    directory: TempDir,
}

impl Generated {
    /// Writes `files` (path, text), and beside them this repository's lock file.
    ///
    /// A path that ends in `.rs` and is not among them is never missing: `src/lib.rs` and the like may be empty.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let generated = Self { directory };
        let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.lock");
        std::fs::copy(lock, generated.root().join("Cargo.lock")).expect("the lock file of this repository");
        for (path, text) in files {
            generated.write(path, text);
        }
        generated
    }

    /// Writes one more file, or another text into one.
    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().expect("a file has a directory")).expect("a directory");
        std::fs::write(path, text).expect("a file");
    }

    /// The directory of the root manifest, without symbolic links, as Cargo prints it.
    pub(crate) fn root(&self) -> PathBuf {
        self.directory.path().canonicalize().expect("the temporary directory")
    }

    /// The surroundings of this test, inside the workspace, and free of what a caller's Cargo may have set.
    pub(crate) fn environment(&self) -> Environment {
        let mut environment = Environment::of_process().expect("a current directory");
        environment.current_dir = self.root();
        environment.variables.retain(|name, _| {
            let name = name.to_string_lossy();
            let of_cargo =
                ["CARGO_BUILD_", "CARGO_ENCODED_", "CARGO_TARGET_", "RUSTFLAGS", "CARGO_PKG_", "CARGO_MANIFEST_"];
            !of_cargo.iter().any(|prefix| name.starts_with(prefix))
        });
        environment
    }

    /// Loads it.
    pub(crate) fn load(&self, selection: &Selection) -> Workspace {
        load(selection, &self.environment()).unwrap_or_else(|error| panic!("failed to {error}"))
    }
}
