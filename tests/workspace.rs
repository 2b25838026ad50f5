//! Which products a workspace has, and what is said when it cannot be read.

use std::path::Path;

use cargo_covenant::workspace::{
    Environment, Error, Outline, ProductKind, ProductRelease, Refusal, Release, Selection, Side, load,
};
use generated::Generated;

#[path = "exact/generated.rs"]
mod generated;

fn offline() -> Selection {
    Selection { offline: true, ..Selection::default() }
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// A workspace of all sorts of members; `published` is the library that `app` and `wrapper` use.
fn sorts() -> Generated {
    let member = |name: &str, rest: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\nlicense = \"MIT\"\n{rest}")
    };
    let published = "published = { path = \"../published\" }";
    let generated = Generated::new(&[
        (
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"*/\"]\ndefault-members = [\"app\", \"published\"]\n\
             [workspace.metadata.covenant]\nlints = {}\n",
        ),
        (
            "app/Cargo.toml",
            &member(
                "app",
                &format!(
                    "[features]\nchat = []\n[dependencies]\n{published}\n[[bin]]\nname = \"admin\"\nrequired-features = [\"chat\"]"
                ),
            ),
        ),
        ("app/src/main.rs", "fn main() {}"),
        ("app/src/bin/admin.rs", "fn main() {}"),
        ("published/Cargo.toml", &member("published", "[dependencies]\nitoa = \"1\"")),
        ("published/src/lib.rs", ""),
        ("wrapper/Cargo.toml", &member("wrapper", &format!("[dependencies]\n{published}"))),
        ("wrapper/src/lib.rs", ""),
        ("tool/Cargo.toml", &member("tool", "publish = false")),
        ("tool/src/lib.rs", ""),
        ("bindings/Cargo.toml", &member("bindings", "[lib]\ncrate-type = [\"cdylib\", \"rlib\"]")),
        ("bindings/src/lib.rs", ""),
        (
            "builder/Cargo.toml",
            &member(
                "builder",
                "[build-dependencies]\ntool = { path = \"../tool\" }\nwrapper = { path = \"../wrapper\" }",
            ),
        ),
        ("builder/src/main.rs", "fn main() {}"),
        ("builder/build.rs", "fn main() {}"),
    ]);
    generated.load(&offline());
    generated
}

fn keys(generated: &Generated, selection: &Selection) -> Vec<String> {
    generated.load(selection).products().iter().map(|product| product.key.clone()).collect()
}

#[test]
fn products_are_what_a_workspace_hands_out() {
    let generated = sorts();
    let select = |packages: &[&str]| Selection { packages: strings(packages), ..offline() };
    for (selection, expected) in [
        // The default members; the published library is contained in both binaries.
        (offline(), &["app:bin/admin", "app:bin/app"][..]),
        (select(&["published"]), &["published"]),
        // Of two libraries, the upper one contains the lower one.
        (select(&["published", "wrapper"]), &["wrapper"]),
        // What only a build script uses is not contained.
        (select(&["builder", "wrapper"]), &["builder", "wrapper"]),
        (select(&["tool"]), &["tool"]),
        (select(&["tool", "wrapper"]), &["wrapper"]),
        (select(&["bindings"]), &["bindings"]),
        (
            Selection { workspace: true, ..offline() },
            &["app:bin/admin", "app:bin/app", "bindings", "builder", "wrapper"],
        ),
        (Selection { workspace: true, exclude: strings(&["app", "b*"]), ..offline() }, &["wrapper"]),
        (
            Selection { libraries: true, packages: strings(&["app", "tool", "bindings", "published"]), ..offline() },
            &["app:bin/admin", "app:bin/app", "bindings:cdylib/bindings", "bindings:lib/bindings", "published", "tool"],
        ),
    ] {
        assert_eq!(keys(&generated, &selection), strings(expected), "{selection:?}");
    }

    // As in Cargo, the member that one stands in is the selection.
    let mut environment = generated.environment();
    environment.current_dir = generated.root().join("wrapper");
    let workspace = load(&offline(), &environment).unwrap_or_else(|error| panic!("failed to {error}"));
    assert_eq!(workspace.products().len(), 1);
    assert_eq!(workspace.root(), generated.root());
    let manifest = Selection { manifest_path: Some("wrapper/Cargo.toml".into()), ..offline() };
    assert_eq!(keys(&generated, &manifest), ["wrapper"]);
}

#[test]
fn a_product_is_built_with_what_it_requires_and_what_is_released() {
    let generated = sorts();
    let environment = generated.environment();
    let selection = offline();
    let outline = Outline::read(&selection, &environment).unwrap_or_else(|error| panic!("failed to {error}"));
    assert_eq!(outline.root(), generated.root());
    assert!(outline.has_covenant_metadata());
    assert_eq!(outline.product_keys().collect::<Vec<_>>(), ["app:bin/admin", "app:bin/app", "published"]);
    let release = Release {
        targets: strings(&["x86_64-pc-windows-msvc"]),
        products: [(
            "app:bin/app".to_owned(),
            ProductRelease { features: strings(&["chat"]), targets: strings(&["x86_64-unknown-linux-gnu", "all"]) },
        )]
        .into(),
    };
    let workspace = outline.load(&release).unwrap_or_else(|error| panic!("failed to {error}"));
    let [admin, app] = workspace.products() else { panic!("two products") };
    assert_eq!((admin.kind, admin.target.as_str()), (ProductKind::Binary, "admin"));
    assert_eq!(admin.platforms, ["x86_64-pc-windows-msvc"]);
    assert_eq!(app.platforms, ["x86_64-unknown-linux-gnu", "all"]);
    for product in [admin, app] {
        assert_eq!(product.features, ["chat"]);
        let build = workspace.build(product);
        assert_eq!(build.root_features, ["chat"]);
        let linked: Vec<_> = build
            .components
            .iter()
            .filter(|component| component.side == Side::Target)
            .map(|component| workspace.package(component.package).name.as_str())
            .collect();
        assert_eq!(linked, ["itoa", "published"]);
    }
    // The command line beats the policy.
    let selection = Selection { targets: strings(&["aarch64-apple-darwin"]), ..offline() };
    let outline = Outline::read(&selection, &environment).unwrap_or_else(|error| panic!("failed to {error}"));
    let workspace = outline.load(&release).unwrap_or_else(|error| panic!("failed to {error}"));
    assert!(workspace.products().iter().all(|product| product.platforms == ["aarch64-apple-darwin"]));
}

/// What is said, without the time and place of the test.
fn message(selection: &Selection, environment: &Environment) -> (Error, String) {
    let error = load(selection, environment).err().expect("an error");
    let text = error.to_string();
    assert!(text.starts_with(char::is_lowercase) || text.starts_with('`'), "it finishes `failed to …`: {text}");
    (error, text)
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest() {
    let generated = sorts();
    let environment = generated.environment();
    for (selection, said) in [
        (Selection { packages: strings(&["wraper"]), ..offline() }, &["`wraper`", "did you mean `wrapper`?"][..]),
        (Selection { workspace: true, exclude: strings(&["tol"]), ..offline() }, &["`tol`", "`tool`?"]),
        (Selection { features: strings(&["chta"]), ..offline() }, &["`chta`", "`app`", "`chat`?"]),
        (Selection { features: strings(&["published/none"]), ..offline() }, &["none"]),
        (
            Selection { targets: strings(&["x86_64-unknown-linux-gnuu"]), ..offline() },
            &["`x86_64-unknown-linux-gnuu`", "`x86_64-unknown-linux-gnu`?"],
        ),
        (Selection { targets: strings(&["nowhere.json"]), ..offline() }, &["`nowhere.json`"]),
    ] {
        let (_, text) = message(&selection, &environment);
        for words in said {
            assert!(text.contains(words), "{words} is not in: {text}");
        }
    }
    let selection = offline();
    for (key, product, said) in [
        ("app:bin/adnim", ProductRelease::default(), "did you mean `app:bin/admin`?"),
        ("app", ProductRelease::default(), "the products are: app:bin/admin, app:bin/app, published"),
        ("published", ProductRelease { features: strings(&["nothing"]), ..ProductRelease::default() }, "`nothing`"),
    ] {
        let outline = Outline::read(&selection, &environment).unwrap_or_else(|error| panic!("failed to {error}"));
        let release = Release { products: [(key.to_owned(), product)].into(), ..Release::default() };
        let text = outline.load(&release).err().expect("an error").to_string();
        assert!(text.contains(said), "{said} is not in: {text}");
    }
}

#[test]
fn cargo_is_heard_out() {
    let refusal = |selection: &Selection, environment: &Environment, said: &[&str]| {
        let (error, text) = message(selection, environment);
        for words in said {
            assert!(text.contains(words), "{words} is not in: {text}");
        }
        match error {
            Error::Cargo { reason, .. } => reason,
            other => panic!("{other:?}"),
        }
    };

    let empty = tempfile::TempDir::new().expect("a temporary directory");
    let mut nowhere = sorts().environment();
    nowhere.current_dir = empty.path().to_owned();
    assert_eq!(refusal(&offline(), &nowhere, &["--manifest-path"]), Refusal::NoManifest);
    let missing = Selection { manifest_path: Some("none/Cargo.toml".into()), ..offline() };
    assert_eq!(refusal(&missing, &nowhere, &["none/Cargo.toml"]), Refusal::NoManifest);

    let generated = sorts();
    let environment = generated.environment();
    generated.write("published/Cargo.toml", "[package]\nname = \"published\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[dependencies]\nitoa = \"1\"\nryu = \"1\"\n");
    let locked = Selection { locked: true, ..offline() };
    assert_eq!(refusal(&locked, &environment, &["cargo update", "--locked"]), Refusal::LockOutdated);
    generated.write(
        "published/Cargo.toml",
        "[package]\nname = \"published\"\nversion = \"1.0.0\"\n[dependencies]\nitoa = \"999\"\n",
    );
    refusal(&offline(), &environment, &["itoa"]);
    generated.write("published/Cargo.toml", "[package]\nname = published\n");
    assert_eq!(
        refusal(&offline(), &environment, &["published/Cargo.toml", "2 |", "string values must be quoted"]),
        Refusal::BrokenManifest
    );
    generated.write("published/Cargo.toml", "[package]\nname = \"published\"\nversion = 1\n");
    assert_eq!(refusal(&offline(), &environment, &["published/Cargo.toml", "3 |"]), Refusal::BrokenManifest);
}

/// A program that answers `metadata` with `text`, and everything else as rustc.
fn program(directory: &Path, text: &str) -> std::path::PathBuf {
    use std::os::unix::fs::PermissionsExt;
    let path = directory.join("cargo");
    let answer = directory.join("answer.json");
    std::fs::write(&answer, text).expect("a file");
    std::fs::write(&path, format!("#!/bin/sh\ncat '{}'\n", answer.display())).expect("a file");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("a program");
    path
}

#[test]
fn a_program_that_is_not_cargo_is_an_error_and_no_panic() {
    let generated = sorts();
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    let mut environment = generated.environment();
    for text in [
        "",
        "{",
        "[]",
        "null",
        "{\"packages\": 1}",
        r#"{"packages":[],"workspace_members":[1],"workspace_root":"/","target_directory":"/t","version":1}"#,
        r#"{"packages":[],"workspace_members":[],"workspace_root":"/","target_directory":"/t","version":2,"resolve":[]}"#,
    ] {
        environment.variables.insert("CARGO".into(), program(directory.path(), text).into());
        let (error, text) = message(&offline(), &environment);
        assert!(matches!(error, Error::Metadata { .. }), "{error:?}");
        assert!(text.contains("is `CARGO` set to another program?"), "{text}");
    }
    // A member without a manifest, and a resolve that leads nowhere.
    for text in [
        r#"{"packages":[],"workspace_members":["a"],"workspace_default_members":["a"],"workspace_root":"/nowhere","target_directory":"/t","version":1,"resolve":null}"#,
        &format!(
            r#"{{"packages":[],"workspace_members":["a"],"workspace_default_members":["a"],"workspace_root":"{}",
            "target_directory":"/t","version":1,"resolve":{{"nodes":[{{"id":"a","dependencies":["b"]}}],"root":null}}}}"#,
            generated.root().display()
        ),
    ] {
        environment.variables.insert("CARGO".into(), program(directory.path(), text).into());
        message(&offline(), &environment);
    }

    environment.variables.insert("CARGO".into(), "/nowhere/cargo".into());
    let (error, text) = message(&offline(), &environment);
    assert!(matches!(error, Error::Start { .. }) && text.contains("/nowhere/cargo"), "{text}");
    environment.variables.remove(std::ffi::OsStr::new("CARGO"));
    environment.variables.insert("RUSTC".into(), "/nowhere/rustc".into());
    let (error, text) = message(&offline(), &environment);
    assert!(matches!(error, Error::Start { .. }) && text.contains("/nowhere/rustc"), "{text}");
    environment.variables.insert("RUSTC".into(), "/bin/true".into());
    let (error, _) = message(&offline(), &environment);
    assert!(matches!(error, Error::Rustc { .. }), "{error:?}");
}

#[test]
fn a_broken_configuration_is_named() {
    let generated = sorts();
    generated.write(".cargo/config.toml", "[build]\ntarget = 1\n");
    let (_, text) = message(&offline(), &generated.environment());
    assert!(text.contains("config.toml") || text.contains("configuration"), "{text}");
}
