//! What a build includes, held against Cargo: generated workspaces, one for each way in which builds are hard to guess.

#![expect(clippy::indexing_slicing, reason = "a test that panics has failed, and says where")]

use std::collections::BTreeSet;

use cargo_covenant::workspace::{EdgeKind, Node, Note, Selection, Side, Source, Workspace};
use generated::Generated;

mod exact;
#[path = "exact/generated.rs"]
mod generated;

/// Every member and library, for one target, offline.
fn everything() -> Selection {
    Selection {
        workspace: true,
        libraries: true,
        offline: true,
        targets: vec!["host-tuple".to_owned()],
        ..Selection::default()
    }
}

/// Compares every product, and returns the workspace for what the test has to say beyond that.
fn assert_exact(generated: &Generated, selection: &Selection) -> Workspace {
    let workspace = generated.load(selection);
    let report = exact::compare(&workspace, selection, &generated.environment(), true);
    assert!(report.products > 0 && report.packages > report.products, "nothing was compared: {report}");
    assert!(report.differences.is_empty(), "\n{report}");
    workspace
}

/// The components of the product `key` as `name@version`, `#host` and `?dev` behind the name.
fn components(workspace: &Workspace, key: &str) -> BTreeSet<String> {
    let product = workspace.products().iter().find(|product| product.key == key).expect("the product");
    let build = workspace.build(product);
    let name = |component: &cargo_covenant::workspace::Component| {
        let host = if component.side == Side::Host { "#host" } else { "" };
        let dev = if component.dev_only { "?dev" } else { "" };
        format!("{}{host}{dev}", workspace.package(component.package))
    };
    build.components.iter().map(name).collect()
}

/// The names of those components, without version and marks.
fn names(components: &BTreeSet<String>) -> BTreeSet<&str> {
    components.iter().filter_map(|name| name.split('@').next()).collect()
}

/// The edges of the product `key`: `upper -kind-> lower`, with `?` for those that only development has.
fn edges(workspace: &Workspace, key: &str) -> BTreeSet<String> {
    let product = workspace.products().iter().find(|product| product.key == key).expect("the product");
    let build = workspace.build(product);
    let name = |node: Node| match node {
        Node::Root => "root".to_owned(),
        Node::Component(index) => {
            let component = &build.components[index];
            let host = if component.side == Side::Host { "#host" } else { "" };
            format!("{}{host}", workspace.package(component.package).name)
        }
    };
    let kind = |kind: EdgeKind| match kind {
        EdgeKind::Normal => "normal",
        EdgeKind::ProcMacro => "macro",
        EdgeKind::Build => "build",
        EdgeKind::Dev => "dev",
    };
    let line = |edge: &cargo_covenant::workspace::Edge| {
        let dev = if edge.dev_only { "?" } else { "" };
        format!("{} -{}{dev}-> {}", name(edge.from), kind(edge.kind), name(Node::Component(edge.to)))
    };
    build.edges.iter().map(line).collect()
}

fn assert_edges(workspace: &Workspace, key: &str, expected: &[&str]) {
    let edges = edges(workspace, key);
    for edge in expected {
        let edge = (*edge).to_owned();
        assert!(edges.contains(&edge), "{edge} is not among {edges:#?}");
    }
}

/// Host and target ask for different features of one crate; dev-dependencies for others again. `resolver` is the line
/// that decides what comes of it.
fn divided(resolver: &str, edition: &str) -> Generated {
    let root = format!("[workspace]\nmembers = [\"app\", \"tool\", \"windows-only\"]\n{resolver}\n");
    let app = format!(
        r#"
        [package]
        name = "app"
        version = "0.1.0"
        edition = "{edition}"
        [dependencies]
        serde_json = {{ version = "1", default-features = false, features = ["std"] }}
        semver = "1"
        [target.'cfg(windows)'.dependencies]
        windows-only = {{ path = "../windows-only" }}
        [build-dependencies]
        serde_json = {{ version = "1", features = ["raw_value"] }}
        tool = {{ path = "../tool" }}
        [dev-dependencies]
        semver = {{ version = "1", features = ["serde"] }}
        tempfile = "3"
        "#
    );
    let tool = format!(
        r#"
        [package]
        name = "tool"
        version = "0.1.0"
        edition = "{edition}"
        [dependencies]
        semver = {{ version = "1", default-features = false }}
        serde = {{ version = "1", features = ["derive"] }}
        # Without a build script, this is resolved and never built; guppy follows the other to it.
        [build-dependencies]
        either = "1"
        [dev-dependencies]
        either = "1"
        "#
    );
    let windows_only = format!(
        r#"
        [package]
        name = "windows-only"
        version = "0.1.0"
        edition = "{edition}"
        [dependencies]
        serde_json = {{ version = "1", default-features = false, features = ["preserve_order"] }}
        "#
    );
    Generated::new(&[
        ("Cargo.toml", &root),
        ("app/Cargo.toml", &app),
        ("app/src/main.rs", "fn main() {}"),
        ("app/build.rs", "fn main() {}"),
        ("tool/Cargo.toml", &tool),
        ("tool/src/lib.rs", ""),
        ("windows-only/Cargo.toml", &windows_only),
        ("windows-only/src/lib.rs", ""),
    ])
}

#[test]
fn resolver_1_unites_what_resolver_2_and_3_keep_apart() {
    let one = assert_exact(&divided("", "2018"), &everything());
    let two = assert_exact(&divided("resolver = \"2\"", "2021"), &everything());
    let three = assert_exact(&divided("resolver = \"3\"", "2024"), &everything());
    // The build script's `raw_value` is no package, but the features of another platform bring one in.
    assert!(names(&components(&one, "app")).contains("indexmap"));
    assert!(!names(&components(&two, "app")).contains("indexmap"));
    assert_eq!(components(&two, "app"), components(&three, "app"));
}

#[test]
fn the_edition_of_the_root_package_decides_where_no_resolver_is_named() {
    for edition in ["2015", "2018", "2021", "2024"] {
        let manifest = format!(
            r#"
            [package]
            name = "alone"
            version = "0.1.0"
            edition = "{edition}"
            [dependencies]
            semver = {{ version = "1", default-features = false }}
            # `stable_graph` is `serde?/alloc`, a weak feature, which Cargo's metadata takes for a strong one.
            petgraph = {{ version = "0.8", default-features = false, features = ["stable_graph"] }}
            [build-dependencies]
            semver = {{ version = "1", features = ["serde"] }}
            "#
        );
        let generated =
            Generated::new(&[("Cargo.toml", &manifest), ("src/main.rs", "fn main() {}"), ("build.rs", "fn main() {}")]);
        let workspace = assert_exact(&generated, &everything());
        let linked =
            components(&workspace, "alone").iter().any(|name| name.starts_with("serde_core@") && !name.contains('#'));
        assert_eq!(linked, matches!(edition, "2015" | "2018"), "{edition}");
    }
}

#[test]
fn weak_and_renamed_features_bring_in_what_cargo_brings_in() {
    let generated = Generated::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"base\", \"app\", \"quiet\"]\nresolver = \"3\""),
        (
            "base/Cargo.toml",
            r#"
            [package]
            name = "base"
            version = "0.1.0"
            edition = "2024"
            [features]
            default = ["std"]
            std = ["json?/std", "map?/std"]
            json = ["dep:json", "std"]
            ordered = ["json?/preserve_order"]
            both = ["json", "ordered"]
            [dependencies]
            json = { package = "serde_json", version = "1", default-features = false, optional = true }
            map = { package = "indexmap", version = "2", default-features = false, optional = true }
            either = { version = "1", optional = true }
            "#,
        ),
        ("base/src/lib.rs", ""),
        (
            "quiet/Cargo.toml",
            r#"
            [package]
            name = "quiet"
            version = "0.1.0"
            edition = "2024"
            [dependencies]
            base = { path = "../base", features = ["ordered"] }
            "#,
        ),
        ("quiet/src/main.rs", "fn main() {}"),
        (
            "app/Cargo.toml",
            r#"
            [package]
            name = "app"
            version = "0.1.0"
            edition = "2024"
            [features]
            full = ["renamed/both", "extra"]
            extra = ["renamed/either"]
            [dependencies]
            renamed = { package = "base", path = "../base" }
            [[bin]]
            name = "plain"
            path = "src/main.rs"
            [[bin]]
            name = "full"
            path = "src/main.rs"
            required-features = ["full"]
            "#,
        ),
        ("app/src/main.rs", "fn main() {}"),
    ]);
    let workspace = assert_exact(&generated, &everything());
    assert_eq!(names(&components(&workspace, "app:bin/plain")), BTreeSet::from(["base"]));
    assert_eq!(names(&components(&workspace, "quiet")), BTreeSet::from(["base"]));
    let full = components(&workspace, "app:bin/full");
    for name in ["base", "serde_json", "indexmap", "either"] {
        assert!(names(&full).contains(name), "{name} is not among {full:?}");
    }
    // Features of the command line reach the products that have them, and dependencies by `dependency/feature`.
    for (features, brought) in
        [("full", "indexmap"), ("renamed/json", "serde_json"), ("app/extra,renamed/std", "either")]
    {
        let selection = Selection {
            packages: vec!["app".to_owned()],
            workspace: false,
            features: vec![features.to_owned()],
            ..everything()
        };
        let workspace = assert_exact(&generated, &selection);
        assert!(names(&components(&workspace, "app:bin/plain")).contains(brought), "{features}");
    }
    let selection = Selection { no_default_features: true, ..everything() };
    assert_exact(&generated, &selection);
    let selection = Selection { all_features: true, ..everything() };
    let workspace = assert_exact(&generated, &selection);
    assert!(names(&components(&workspace, "app:bin/plain")).contains("either"));
}

/// Path packages whose names say under which condition they are used.
fn conditional(conditions: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut root = String::from("[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n");
    let mut files =
        vec![("src/main.rs".to_owned(), "fn main() {}".to_owned()), ("build.rs".to_owned(), "fn main() {}".to_owned())];
    for (name, condition) in conditions {
        let dependencies = format!(
            "[target.'{condition}'.dependencies]\n{name} = {{ path = \"{name}\" }}\n\
             [target.'{condition}'.build-dependencies]\nbuild-{name} = {{ path = \"build-{name}\" }}\n"
        );
        root.push_str(&dependencies);
        for name in [(*name).to_owned(), format!("build-{name}")] {
            files.push((
                format!("{name}/Cargo.toml"),
                format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n"),
            ));
            files.push((format!("{name}/src/lib.rs"), String::new()));
        }
    }
    files.push(("Cargo.toml".to_owned(), root));
    files
}

fn generate(files: &[(String, String)]) -> Generated {
    let files: Vec<_> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    Generated::new(&files)
}

#[test]
fn conditions_on_platforms_are_read_as_cargo_reads_them() {
    let files = conditional(&[
        ("on-unix", "cfg(unix)"),
        ("on-windows", "cfg(windows)"),
        ("on-sse2", "cfg(target_feature = \"sse2\")"),
        ("on-amx", "cfg(target_feature = \"amx-tile\")"),
        ("on-gnu", "cfg(all(target_os = \"linux\", not(target_env = \"musl\")))"),
        ("on-atomics", "cfg(target_has_atomic = \"64\")"),
        ("on-panic", "cfg(panic = \"unwind\")"),
        ("on-triple", "x86_64-unknown-linux-gnu"),
        ("on-apple", "aarch64-apple-darwin"),
        ("never", "cfg(any())"),
        ("always", "cfg(all())"),
        ("yes", "cfg(true)"),
        ("no", "cfg(false)"),
        ("debug", "cfg(debug_assertions)"),
        ("tests", "cfg(test)"),
        ("feature", "cfg(feature = \"x\")"),
        ("unheard", "cfg(target_of_no_compiler = \"x\")"),
    ]);
    let generated = generate(&files);
    for target in
        ["x86_64-unknown-linux-gnu", "x86_64-pc-windows-msvc", "wasm32-unknown-unknown", "aarch64-apple-darwin"]
    {
        let selection = Selection { targets: vec![target.to_owned()], ..everything() };
        let workspace = assert_exact(&generated, &selection);
        let linked = names(&components(&workspace, "app")).contains("on-unix");
        assert_eq!(linked, target.contains("linux") || target.contains("apple"), "{target}");
    }

    // `all` has no witness in the unit graph: what can hold anywhere is in, what cannot is out.
    let selection = Selection { targets: vec!["all".to_owned()], ..everything() };
    let workspace = generated.load(&selection);
    let all = components(&workspace, "app");
    for (name, included) in
        [("on-windows", true), ("on-apple", true), ("build-on-windows", true), ("never", false), ("no", false)]
    {
        assert_eq!(names(&all).contains(name), included, "{name}");
    }
    // Two targets give what each of them gives.
    let targets = ["x86_64-unknown-linux-gnu", "x86_64-pc-windows-msvc"];
    let selection = Selection { targets: targets.map(str::to_owned).to_vec(), ..everything() };
    let both = components(&generated.load(&selection), "app");
    let each = targets.map(|target| {
        components(&generated.load(&Selection { targets: vec![target.to_owned()], ..everything() }), "app")
    });
    assert_eq!(both, &each[0] | &each[1]);
}

#[test]
fn rustflags_are_for_the_target_and_reach_keys_and_names() {
    let files = conditional(&[
        ("fast", "cfg(backend = \"fast\")"),
        ("slow", "cfg(not(backend = \"fast\"))"),
        ("mine", "cfg(my_flag)"),
        ("theirs", "cfg(not(my_flag))"),
        ("popcnt", "cfg(target_feature = \"popcnt\")"),
    ]);
    let generated = generate(&files);
    generated.write(
        ".cargo/config.toml",
        "[build]\nrustflags = ['--cfg=backend=\"fast\"', '--cfg', 'my_flag', '-Ctarget-feature=+popcnt']\n",
    );
    let workspace = assert_exact(&generated, &everything());
    assert_eq!(
        components(&workspace, "app"),
        ["fast@0.1.0", "mine@0.1.0", "popcnt@0.1.0", "build-slow@0.1.0#host", "build-theirs@0.1.0#host"]
            .map(str::to_owned)
            .into()
    );
    // Without a target, they are for build scripts as well.
    let plain = generated.load(&Selection { targets: Vec::new(), ..everything() });
    assert!(names(&components(&plain, "app")).contains("build-mine"));
    assert!(!names(&components(&plain, "app")).contains("build-theirs"));
    // A target of the configuration counts as named.
    generated.write(
        ".cargo/config.toml",
        "[build]\ntarget = 'x86_64-unknown-linux-gnu'\n[target.'cfg(unix)']\nrustflags = '--cfg my_flag'\n",
    );
    assert_exact(&generated, &everything());
    let configured = generated.load(&Selection { targets: Vec::new(), ..everything() });
    assert!(names(&components(&configured, "app")).contains("mine"));
    assert!(names(&components(&configured, "app")).contains("build-theirs"));
    // The environment beats the file.
    let mut environment = generated.environment();
    environment.variables.insert("RUSTFLAGS".into(), "--cfg backend=\"fast\"".into());
    let workspace =
        cargo_covenant::workspace::load(&everything(), &environment).unwrap_or_else(|error| panic!("{error}"));
    let report = exact::compare(&workspace, &everything(), &environment, true);
    assert!(report.differences.is_empty(), "{report}");
    assert!(names(&components(&workspace, "app")).contains("fast"));
}

#[test]
fn a_macro_and_its_library_are_two_things() {
    let generated = Generated::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"app\", \"derive\"]\nresolver = \"2\""),
        (
            "app/Cargo.toml",
            r#"
            [package]
            name = "app"
            version = "0.1.0"
            edition = "2021"
            [dependencies]
            serde = { version = "1", features = ["derive"] }
            derive = { path = "../derive" }
            quote = { version = "1", default-features = false }
            [build-dependencies]
            derive = { path = "../derive" }
            [dev-dependencies]
            thiserror = "2"
            "#,
        ),
        ("app/src/main.rs", "fn main() {}"),
        ("app/build.rs", "fn main() {}"),
        (
            "derive/Cargo.toml",
            r#"
            [package]
            name = "derive"
            version = "0.1.0"
            edition = "2021"
            [lib]
            proc-macro = true
            [dependencies]
            quote = "1"
            serde_derive = "1"
            [build-dependencies]
            version_check = "0.9"
            [dev-dependencies]
            either = "1"
            "#,
        ),
        ("derive/src/lib.rs", ""),
        ("derive/build.rs", "fn main() {}"),
    ]);
    let workspace = assert_exact(&generated, &everything());
    assert_edges(
        &workspace,
        "app",
        &[
            "root -macro-> derive#host",
            "root -build-> derive#host",
            "root -normal-> quote",
            "root -normal-> serde",
            "serde -macro-> serde_derive#host",
            "derive#host -normal-> quote#host",
            "derive#host -build-> version_check#host",
            "root -dev?-> thiserror",
            "thiserror -macro?-> thiserror-impl#host",
        ],
    );
    // As a product, a macro contains what is linked into it.
    assert_edges(
        &workspace,
        "derive",
        &[
            "root -normal-> quote",
            "quote -normal-> proc-macro2",
            "root -build-> version_check#host",
            "root -macro-> serde_derive#host",
            "serde_derive#host -normal-> quote#host",
        ],
    );
    // Neither is a product while nobody publishes it alone: `app` is one, and contains the macro.
    let selection = Selection { libraries: false, ..everything() };
    let keys: Vec<_> = generated.load(&selection).products().iter().map(|product| product.key.clone()).collect();
    assert_eq!(keys, ["app"]);
}

#[test]
fn cycles_through_dev_dependencies_end() {
    let generated = Generated::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"core\", \"helper\"]\nresolver = \"3\""),
        (
            "core/Cargo.toml",
            r#"
            [package]
            name = "core-of-it"
            version = "0.1.0"
            edition = "2024"
            [features]
            extra = ["dep:either"]
            [dependencies]
            itoa = "1"
            either = { version = "1", optional = true }
            [dev-dependencies]
            helper = { path = "../helper" }
            core-of-it = { path = ".", features = ["extra"] }
            "#,
        ),
        ("core/src/lib.rs", ""),
        ("core/tests/it.rs", ""),
        (
            "helper/Cargo.toml",
            r#"
            [package]
            name = "helper"
            version = "0.1.0"
            edition = "2024"
            [dependencies]
            core-of-it = { path = "../core" }
            "#,
        ),
        ("helper/src/lib.rs", ""),
    ]);
    let workspace = assert_exact(&generated, &everything());
    assert_edges(
        &workspace,
        "core-of-it",
        &[
            "root -normal-> itoa",
            "root -dev?-> helper",
            "root -dev?-> core-of-it",
            "helper -normal?-> core-of-it",
            "core-of-it -normal?-> itoa",
            "root -normal?-> either",
        ],
    );
    assert_eq!(
        components(&workspace, "core-of-it"),
        ["core-of-it@0.1.0?dev", "either@1.19.0?dev", "helper@0.1.0?dev", "itoa@1.0.19"].map(str::to_owned).into()
    );
}

#[test]
fn several_versions_and_renamed_packages_stay_apart() {
    let generated = Generated::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"app\"]\nexclude = [\"outside\"]\nresolver = \"3\""),
        (
            "app/Cargo.toml",
            r#"
            [package]
            name = "app"
            version = "0.1.0"
            edition = "2024"
            [features]
            old = ["dep:old-brown", "old-brown?/inline-more"]
            [dependencies]
            new-brown = { package = "hashbrown", version = "0.17", default-features = false }
            old-brown = { package = "hashbrown", version = "0.15", default-features = false, optional = true }
            outside = { path = "../outside", optional = true }
            getrandom = "0.3"
            [lib]
            crate-type = ["cdylib", "staticlib", "rlib"]
            "#,
        ),
        ("app/src/lib.rs", ""),
        ("app/src/main.rs", "fn main() {}"),
        (
            "outside/Cargo.toml",
            r#"
            [package]
            name = "outside"
            version = "3.2.1"
            edition = "2024"
            license = "MIT"
            [dependencies]
            hashbrown = { version = "0.15", features = ["default-hasher"] }
            "#,
        ),
        ("outside/src/lib.rs", ""),
    ]);
    let workspace = assert_exact(&generated, &everything());
    let keys: Vec<_> = workspace.products().iter().map(|product| product.key.as_str()).collect();
    assert_eq!(keys, ["app:bin/app", "app:cdylib/app", "app:staticlib/app", "app:lib/app"]);
    assert!(names(&components(&workspace, "app:bin/app")).contains("hashbrown"));
    let selection = Selection { features: vec!["old outside".to_owned()], ..everything() };
    let workspace = assert_exact(&generated, &selection);
    let all = components(&workspace, "app:cdylib/app");
    let versions = all.iter().filter(|name| name.starts_with("hashbrown@")).count();
    assert_eq!(versions, 2, "{all:?}");
    let outside = workspace.packages().iter().find(|package| package.name == "outside").expect("the path dependency");
    assert!(outside.is_modified() && !outside.is_member && outside.license.as_deref() == Some("MIT"));
    assert!(workspace.packages().iter().all(|package| package.is_modified() == (package.source == Source::Path)));
}

/// A home for Cargo that knows the whole index, but has downloaded only `crates`.
fn home_with(crates: &[&str]) -> tempfile::TempDir {
    let real = std::env::var_os("CARGO_HOME")
        .map_or_else(|| std::env::home_dir().expect("a home").join(".cargo"), std::path::PathBuf::from);
    let home = tempfile::TempDir::new().expect("a temporary directory");
    let registry = home.path().join("registry");
    std::fs::create_dir_all(registry.join("cache")).expect("a directory");
    std::os::unix::fs::symlink(real.join("registry/index"), registry.join("index")).expect("a link");
    for index in std::fs::read_dir(real.join("registry/cache")).expect("the downloaded crates") {
        let index = index.expect("an index");
        let cache = registry.join("cache").join(index.file_name());
        std::fs::create_dir(&cache).expect("a directory");
        for file in std::fs::read_dir(index.path()).expect("an index") {
            let file = file.expect("a crate");
            let name = file.file_name().to_string_lossy().into_owned();
            if crates.iter().any(|wanted| name.rsplit_once('-').is_some_and(|(name, _)| name == *wanted)) {
                std::fs::copy(file.path(), cache.join(name)).expect("a copy");
            }
        }
    }
    home
}

#[test]
fn what_a_plain_build_downloads_is_enough() {
    for (resolver, edition) in [("2", "2021"), ("1", "2018")] {
        let generated = Generated::new(&[
            (
                "Cargo.toml",
                &format!(
                    r#"
                    [package]
                    name = "app"
                    version.workspace = true
                    edition.workspace = true
                    license.workspace = true
                    [workspace]
                    resolver = "{resolver}"
                    members = ["lib", "other"]
                    [workspace.package]
                    version = "0.3.0"
                    edition = "{edition}"
                    license = "MIT OR Apache-2.0"
                    [workspace.dependencies]
                    itoa = "1"
                    lib = {{ path = "lib", default-features = false }}
                    [package.metadata.covenant]
                    model = []
                    [features]
                    default = ["lib/small"]
                    loud = ["dep:ryu", "tempfile/nightly", "lib?/small"]
                    [dependencies]
                    itoa.workspace = true
                    lib = {{ workspace = true, optional = true }}
                    ryu = {{ package = "memchr", version = "2", optional = true }}
                    [dev-dependencies]
                    tempfile = "3"
                    [target.'cfg(unix)'.dev-dependencies]
                    either = "1"
                    [[bin]]
                    name = "loud"
                    required-features = ["loud"]
                    "#
                ),
            ),
            ("src/main.rs", "fn main() {}"),
            ("src/bin/loud.rs", "fn main() {}"),
            ("build.rs", "fn main() {}"),
            (
                "lib/Cargo.toml",
                r#"
                [package]
                name = "lib"
                version.workspace = true
                edition.workspace = true
                [features]
                default = ["dep:semver"]
                small = []
                [dependencies]
                semver = { version = "1", optional = true }
                [target.'cfg(windows)'.dependencies]
                clap = "4"
                [dev-dependencies]
                app = { path = ".." }
                "#,
            ),
            ("lib/src/lib.rs", ""),
            (
                "other/Cargo.toml",
                "[package]\nname = \"other\"\nversion.workspace = true\n[dependencies]\nclap = \"4\"\n",
            ),
            ("other/src/main.rs", "fn main() {}"),
        ]);
        let selection = Selection { workspace: false, libraries: false, ..everything() };
        let whole = generated.load(&selection);
        assert_eq!(whole.notes(), []);
        let lock = std::fs::read(generated.root().join("Cargo.lock")).expect("the lock file");

        let home = home_with(&["itoa", "memchr"]);
        let mut environment = generated.environment();
        environment.variables.insert("CARGO_HOME".into(), home.path().into());
        let load = |selection: &Selection| cargo_covenant::workspace::load(selection, &environment);
        let workspace = load(&selection).unwrap_or_else(|error| panic!("failed to {error}"));
        assert_eq!(workspace.notes(), [Note::DevNotDownloaded]);
        assert_eq!(workspace.root(), generated.root());
        for product in workspace.products() {
            let expected = exact::units(&workspace, product, &selection, &environment, false);
            let simulated = exact::simulated(&workspace, product, false);
            assert_eq!(exact::differences(&expected, &simulated), Vec::<String>::new(), "{}", product.key);
            let same = whole.products().iter().find(|other| other.key == product.key).expect("the same product");
            assert_eq!(exact::simulated(&whole, same, false), simulated);
            let package = workspace.package(product.package);
            assert!(package.is_member && package.has_covenant_metadata);
            assert_eq!(package.manifest_path, generated.root().join("Cargo.toml"));
            assert_eq!(package.license.as_deref(), Some("MIT OR Apache-2.0"));
        }
        let keys: Vec<_> = workspace.products().iter().map(|product| product.key.as_str()).collect();
        assert_eq!(keys, ["app:bin/app", "app:bin/loud"]);
        assert_eq!(std::fs::read(generated.root().join("Cargo.lock")).expect("the lock file"), lock);

        // Frozen works too; what a build would miss as well is missed.
        let frozen = Selection { offline: false, frozen: true, ..selection.clone() };
        assert!(load(&frozen).is_ok());
        let error =
            load(&Selection { packages: vec!["other".to_owned()], ..selection.clone() }).err().expect("an error");
        let message = error.to_string();
        assert!(message.contains("run `cargo fetch`") && message.contains("failed to download `"), "{message}");
    }
}

#[test]
fn a_wrong_simulation_is_noticed() {
    let generated = divided("resolver = \"2\"", "2021");
    let workspace = generated.load(&everything());
    let app = workspace.products().iter().find(|product| product.key == "app").expect("the product");
    let right = exact::units(&workspace, app, &everything(), &generated.environment(), false);
    assert_eq!(exact::differences(&right, &exact::simulated(&workspace, app, false)), Vec::<String>::new());

    let place = |side, name: &str| {
        let found = right.keys().find(|(other, id)| *other == side && id.contains(name));
        found.cloned().unwrap_or_else(|| panic!("{name} is not there"))
    };
    let mut without_feature = right.clone();
    without_feature.get_mut(&place(Side::Host, "#serde_json@")).expect("the unit").remove("raw_value");
    let mut with_feature = right.clone();
    with_feature.get_mut(&place(Side::Target, "#serde_json@")).expect("the unit").insert("raw_value".to_owned());
    let mut without_package = right.clone();
    without_package.remove(&place(Side::Target, "#semver@"));
    let mut on_the_wrong_side = right.clone();
    let features = on_the_wrong_side.remove(&place(Side::Host, "/tool#")).expect("the unit");
    on_the_wrong_side.insert((Side::Target, place(Side::Host, "/tool#").1), features);
    for wrong in [without_feature, with_feature, without_package, on_the_wrong_side] {
        assert!(!exact::differences(&right, &wrong).is_empty());
        assert!(!exact::differences(&wrong, &right).is_empty());
    }

    // The whole comparison notices as well: the wrong resolver version loses packages.
    let other = divided("resolver = \"1\"", "2021");
    std::fs::copy(other.root().join("Cargo.toml"), generated.root().join("Cargo.toml")).expect("the other manifest");
    let report = exact::compare(&workspace, &everything(), &generated.environment(), true);
    assert!(report.differences.iter().any(|line| line.contains("is missing")), "{report}");
    assert!(report.differences.iter().any(|line| line.contains("lost")), "{report}");
    assert!(report.differences.iter().any(|line| line.contains("only in the tree")), "{report}");
}
