//! Policies as people write them: what each key does, how files come together, and that every mistake is reported with its
//! place and the nearest known word.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use cargo_covenant::error::Error;
use cargo_covenant::obligation::crossing::{Subject, Value};
use cargo_covenant::policy::file::Grade;
use cargo_covenant::policy::load::{Sources, built_in_names};
use cargo_covenant::policy::{Loaded, Policy, load};
use cargo_covenant::source::SourceFile;
use cargo_covenant::vocabulary::term::Metric;
use cargo_covenant::vocabulary::{Code, Delivery, Domain, Level, Relation, TermId, Word};
use tempfile::TempDir;

/// A workspace's root with these files.
fn root(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

fn load_at(root: &Path) -> Result<Loaded, Error> {
    load(&Sources { root: Some(root), ..Sources::default() })
}

/// The policy of a workspace with these files.
fn policy(files: &[(&str, &str)]) -> Policy {
    let root = root(files);
    load_at(root.path()).unwrap_or_else(|error| panic!("{error}\n{files:#?}")).policy
}

/// The policy of this text alone.
fn own(text: &str) -> Policy {
    policy(&[("covenant.toml", text)])
}

/// What is wrong with a workspace with these files, line by line.
fn faults(files: &[(&str, &str)]) -> Vec<String> {
    let root = root(files);
    match load_at(root.path()) {
        Ok(_) => panic!("nothing is found wrong with {files:#?}"),
        Err(error) => error.to_string().lines().map(str::to_owned).collect(),
    }
}

/// What is wrong with this text.
fn wrong(text: &str) -> Vec<String> {
    faults(&[("covenant.toml", text)])
}

fn metadata(text: &str) -> Result<Loaded, Error> {
    load(&Sources { manifest: Some(SourceFile::new("Cargo.toml", text)), ..Sources::default() })
}

fn today() -> jiff::civil::Date {
    jiff::civil::date(2026, 11, 23)
}

#[test]
fn every_mistake_has_its_place_and_the_nearest_word() {
    let cases = [
        // Keys.
        ("exeption = []", "1:1: unknown key `exeption`: did you mean `exception`?"),
        ("[context]\ncomercial = true", "2:1: unknown key `comercial`: did you mean `commercial`?"),
        (
            "[context]\nannual-revenue-USD = 1",
            "2:1: unknown key `annual-revenue-USD`: did you mean `annual-revenue-usd`?",
        ),
        ("[product.a]\nfeature = []", "2:1: unknown key `feature`: did you mean `features`?"),
        ("[build]\ntarget = []", "2:1: unknown key `target`: did you mean `targets`?"),
        ("[open]\nminimun = 'hosted'", "2:1: unknown key `minimun`: did you mean `minimum`?"),
        ("[open]\nsoftwear = []", "2:1: unknown key `softwear`: did you mean `software`?"),
        ("[licenses]\nalow = []", "2:1: unknown key `alow`: did you mean `allow`?"),
        ("[[exception]]\nexpire = 2027-01-01", "2:1: unknown key `expire`: did you mean `expires`?"),
        ("[[license]]\nid = 'LicenseRef-A'\nterm = []", "3:1: unknown key `term`: did you mean `terms`?"),
        (
            "[[clarify]]\ncomponent = 'a'\nlicense = 'MIT'\nfiles = [{ path = 'a', sha265 = 'b' }]",
            "4:24: unknown key `sha265`: did you mean `sha256`?",
        ),
        ("[[choice]]\ncomponents = 'a'", "2:1: unknown key `components`: did you mean `component`?"),
        ("[[attestation]]\nevidense = 'a'", "2:1: unknown key `evidense`: did you mean `evidence`?"),
        ("[[crossing]]\nreasons = 'a'", "2:1: unknown key `reasons`: did you mean `reason`?"),
        ("[[model]]\nlicence = 'MIT'", "2:1: unknown key `licence`: did you mean `license`?"),
        (
            "[[model]]\nname = 'a'\nuse = 'dev'\n[model.parts]\nweigths = 'MIT'",
            "5:1: unknown key `weigths`: did you mean `weights`?",
        ),
        // Words.
        ("extends = ['opensource']", "1:12: unknown policy `opensource`: did you mean `open-source`?"),
        ("[context]\ndelivery = ['binery']", "2:13: unknown delivery context `binery`: did you mean `binary`?"),
        ("[open]\nsoftware = ['ozi']", "2:13: unknown authority `ozi`: did you mean `osi`?"),
        (
            "[open]\nminimum = 'open-weight'",
            "2:11: unknown grade of openness `open-weight`: did you mean `open-weights`?",
        ),
        ("[lints]\nnot-opensource = 'deny'", "2:1: unknown finding `not-opensource`: did you mean `not-open-source`?"),
        ("[lints]\nunlicensed = 'deni'", "2:14: unknown level `deni`: did you mean `deny`?"),
        ("[terms]\nsorce = 'deny'", "2:1: unknown term `sorce`: did you mean `source`?"),
        ("[terms]\nscale-limt = 'deny'", "2:1: unknown term `scale-limt`: did you mean `scale-limit`?"),
        ("[relations]\ntrained_on = 'deny'", "2:1: unknown relation `trained_on`: did you mean `trained-on`?"),
        ("[licenses]\ndeny = ['AGPL-3.0-olny']", "2:9: unknown licence `AGPL-3.0-olny`: did you mean `AGPL-3.0-only`?"),
        (
            "[[choice]]\ncomponent = 'a'\nlicense = 'Apach-2.0'",
            "3:11: unknown licence `Apach-2.0`: did you mean `Apache-2.0`?",
        ),
        (
            "[[clarify]]\ncomponent = 'a'\nlicense = 'MIT AND Apach-2.0'",
            "3:11: unknown licence `Apach-2.0`: did you mean `Apache-2.0`?",
        ),
        ("[product.a]\nlicense = 'Apach-2.0'", "2:11: unknown licence `Apach-2.0`: did you mean `Apache-2.0`?"),
        (
            "[[exception]]\ncomponent = 'a'\nfinding = 'unlicenced'\nreason = 'b'\nexpires = 2027-01-01",
            "3:11: unknown finding `unlicenced`: did you mean `unlicensed`?",
        ),
        (
            "[[exception]]\ncomponent = 'a'\nfinding = 'unlicensed'\nreason = 'b'\nexpires = 2027-01-01\nterms = ['scale']",
            "6:9: unknown term `scale`: did you mean `scale-limit`?",
        ),
        (
            "[[attestation]]\nobligation = 'display-atribution'\ncomponent = 'a'\nevidence = 'b'\nby = 'c'\ndate = 2026-01-01",
            "2:14: unknown term `display-atribution`: did you mean `display-attribution`?",
        ),
        (
            "[[crossing]]\nterm = 'source-of-wrok'\nrelation = 'embedded'\nvalue = 'up'\nreason = 'a'",
            "2:8: unknown term `source-of-wrok`: did you mean `source-of-work`?",
        ),
        (
            "[[crossing]]\nterm = 'source'\nrelation = 'embeded'\nvalue = 'up'\nreason = 'a'",
            "3:12: unknown relation `embeded`: did you mean `embedded`?",
        ),
        (
            "[[crossing]]\nterm = 'source'\nrelation = 'embedded'\nvalue = 'ask(upp)'\nreason = 'a'",
            "4:9: unknown crossing `ask(upp)`: did you mean `ask(up)`?",
        ),
        (
            "[[model]]\nname = 'a'\nuse = 'embeded'",
            "3:7: unknown use of an artefact `embeded`: did you mean `embedded`?",
        ),
        ("[[model]]\nname = 'a'\nuse = 'dev'\nkind = 'modell'", "4:8: unknown kind `modell`: did you mean `model`?"),
        (
            "[[license]]\nid = 'LicenseRef-A'\nterms = ['scale-limt']",
            "3:10: unknown term `scale-limt`: did you mean `scale-limit`?",
        ),
        (
            "[[license]]\nid = 'LicenseRef-A'\nterms = [{ id = 'same-license', scop = 'work' }]",
            "3:33: unknown key `scop`: did you mean `scope`?",
        ),
        (
            "[[license]]\nid = 'LicenseRef-A'\nfacts = ['open-later']",
            "3:10: unknown fact `open-later`: did you mean `opens-later`?",
        ),
        // Types.
        ("extends = 'open-source'", "1:11: `extends` is a list, not a string"),
        ("context = 1", "1:11: `context` is a table, not an integer"),
        ("lints = []", "1:9: `lints` is a table, not an array"),
        ("exception = {}", "1:13: `exception` is an array of tables (`[[exception]]`), not a table"),
        ("exception = [1]", "1:14: invalid type: integer `1`, expected a table"),
        ("[context]\ncommercial = 'yes'", "2:14: invalid type: string \"yes\", expected a boolean"),
        ("[context]\nheadcount = -1", "2:13: invalid value: integer `-1`, expected a whole number"),
        ("[context]\nheadcount = [1]", "2:14: invalid type: integer `1`, expected a table"),
        ("[lints]\nunlicensed = 1", "2:14: invalid type: integer `1`, expected a string"),
        ("[open]\nsoftware = 'osi'", "2:12: `software` is a list, not a string"),
        // What is missing, empty, or does not fit.
        ("[[choice]]\ncomponent = 'a'", "1:1: missing field `license`"),
        ("[[choice]]\ncomponent = ' '\nlicense = 'MIT'", "2:13: `component` is empty"),
        (
            "[[exception]]\ncomponent = 'a'\nfinding = 'unlicensed'\nreason = ' '\nexpires = 2027-01-01",
            "4:10: an exception says why",
        ),
        (
            "[[crossing]]\nterm = 'source'\nrelation = 'embedded'\nvalue = 'up'\nreason = ''",
            "5:10: an override says why",
        ),
        ("[terms]\nnot-open = 'deny'", "2:1: unknown term `not-open`: did you mean `notice`?"),
        (
            "[[license]]\nid = 'LicenseRef-A'\nterms = ['scale-limit']",
            "1:1: `scale-limit` by scale needs `metric` and `threshold`",
        ),
        (
            "[[license]]\nid = 'LicenseRef-A'\nterms = [{ id = 'same-license', scope = 'grant' }]",
            "1:1: `same-license` takes no scope `grant`",
        ),
        (
            "[[license]]\nid = 'Acme Licence'",
            "1:1: `Acme Licence` is no licence id: it is one word, such as `LicenseRef-Acme`",
        ),
        (
            "[[license]]\nid = 'MIT OR LicenseRef-A'",
            "1:1: `MIT OR LicenseRef-A` is no licence id: it is one word, such as `LicenseRef-Acme`",
        ),
        (
            "[[clarify]]\ncomponent = 'a'\nlicense = 'MIT'\nfiles = [{ path = 'LICENSE', sha256 = 'abc' }]",
            "4:39: a SHA-256 is 64 hexadecimal digits",
        ),
        ("[[model]]\nuse = 'dev'", "1:1: a model needs a `name` or a `purl`"),
        // Dates.
        (
            "[[exception]]\ncomponent = 'a'\nfinding = 'unlicensed'\nreason = 'b'\nexpires = '2027-01-01'",
            "5:11: invalid type: string \"2027-01-01\", expected a date such as 2027-03-01, without quotes",
        ),
        (
            "[[exception]]\ncomponent = 'a'\nfinding = 'unlicensed'\nreason = 'b'\nexpires = 2027-01-01T10:00:00Z",
            "5:11: this is no date such as 2027-03-01",
        ),
        (
            "[[exception]]\ncomponent = 'a'\nfinding = 'unlicensed'\nreason = 'b'\nexpires = 10:00:00",
            "5:11: this is no date such as 2027-03-01",
        ),
        (
            "[context]\nheadcount = [{ on = 2026-01-01, value = 1 }, { on = 2026-01-01, value = 2 }]",
            "2:53: two numbers for 2026-01-01",
        ),
    ];
    let found = cases.map(|(text, _)| wrong(text));
    let expected = cases.map(|(_, expected)| vec![format!("covenant.toml:{expected}")]);
    let differ: Vec<_> = found.iter().zip(&expected).filter(|(found, expected)| found != expected).collect();
    assert!(differ.is_empty(), "{differ:#?}");
}

#[test]
fn a_path_of_a_clarified_text_stays_in_the_component() {
    let sum = "a".repeat(64);
    let text = format!(
        "[[clarify]]\ncomponent = 'a'\nlicense = 'MIT'\nfiles = [\n{{ path = '../LICENSE', sha256 = '{sum}' }},\n{{ path = '/etc/passwd', sha256 = '{sum}' }},\n]"
    );
    assert_eq!(
        wrong(&text),
        ["covenant.toml:5:10: the path leaves the component", "covenant.toml:6:10: the path leaves the component"]
    );
}

#[test]
fn all_mistakes_are_reported_at_once_in_the_order_in_which_they_stand() {
    let files = [
        (
            "covenant.toml",
            "extends = ['base.toml']\n[licenses]\nallow = ['MITT']\n[lints]\nx = 'deny'\n[open]\ndata = ['nobody']\n",
        ),
        (
            "base.toml",
            "[open]\nsoftware = ['ozi']\n[[choice]]\ncomponent = 'a'\nlicense = '('\n[terms]\nsource = 'no'\n",
        ),
    ];
    let found = faults(&files);
    let places: Vec<&str> = found.iter().map(|line| line.split(": ").next().unwrap()).collect();
    assert_eq!(
        places,
        [
            "covenant.toml:3:10",
            "covenant.toml:5:1",
            "covenant.toml:7:9",
            "base.toml:2:13",
            "base.toml:5:11",
            "base.toml:7:10"
        ],
        "{found:#?}"
    );
}

#[test]
fn a_mistake_is_found_also_where_another_file_wins() {
    let files = [
        ("covenant.toml", "extends = ['base.toml']\n[open]\nsoftware = ['osi']\n[licenses]\nallow = ['MIT']\n"),
        ("base.toml", "[open]\nsoftware = ['fsff']\n[licenses]\nallow = ['MITT']\n"),
    ];
    let found = faults(&files);
    assert_eq!(found.len(), 2, "{found:#?}");
    assert!(found[0].starts_with("base.toml:2:13: unknown authority `fsff`"), "{found:#?}");
    assert!(found[1].starts_with("base.toml:4:10: unknown licence `MITT`"), "{found:#?}");
}

#[test]
fn broken_toml_has_its_place() {
    for (text, place) in [
        ("a = \n", "covenant.toml:1:"),
        ("[lints]\nunlicensed = 'warn'\nunlicensed = 'deny'\n", "covenant.toml:3:1: duplicate key"),
        ("[context]\n[context]\n", "covenant.toml:2:"),
        ("[[choice]]\n[choice]\n", "covenant.toml:2:"),
        ("[context]\ncommercial = true\u{1b}[31m\n", "covenant.toml:2:"),
    ] {
        let found = wrong(text);
        assert!(found.iter().any(|line| line.starts_with(place)), "{found:#?}");
        assert!(!found.concat().contains('\u{1b}'), "{found:#?}");
    }
}

#[test]
fn hostile_files_end_in_faults() {
    let deep = 20_000;
    let cases = [
        format!("context = {}{}", "[".repeat(deep), "]".repeat(deep)),
        format!("context = {}1{}", "{ a = ".repeat(deep), " }".repeat(deep)),
        format!("context{} = 1", ".a".repeat(deep)),
        format!("[context{}]", ".a".repeat(deep)),
        format!("[[model]]\nname = 'a'\nuse = 'dev'\n[[model{}]]\nname = 'b'", ".from".repeat(deep)),
        format!(
            "[[model]]\nname = 'a'\n{}",
            (1..70).map(|n| format!("[[model{}]]\nname = 'b'\n", ".from".repeat(n))).collect::<String>()
        ),
        format!("[[choice]]\ncomponent = 'a'\nlicense = '{}MIT{}'", "(".repeat(deep), ")".repeat(deep)),
        format!("exception = [{}]", "1,".repeat(deep)),
        (0..deep).map(|n| format!("key-{n} = 1\n")).collect(),
        "\u{0}".repeat(deep),
        "=\n".repeat(deep),
        "\"\\u001b[31m\\n\" = 1\n[lints]\n\"a\\u001b\\nb\" = 'deny'\n[relations]\ndev = \"\\u001b\"".to_owned(),
    ];
    for text in cases {
        let found = wrong(&text);
        assert!((1..=101).contains(&found.len()), "{}", found.len());
        assert!(found.iter().all(|line| line.starts_with("covenant.toml:")), "{found:#?}");
        assert!(!found.concat().contains(char::is_control), "{found:#?}");
    }
}

#[test]
fn a_condition_nests_but_not_without_end() {
    let model = |deep: usize| {
        let condition = format!("cfg({}unix{})", "not(".repeat(deep), ")".repeat(deep));
        format!("[[model]]\nname = 'a'\nuse = 'dev'\ntarget = '{condition}'")
    };
    assert_eq!(own(&model(60)).models.len(), 1);
    assert_eq!(wrong(&model(20_000)), ["covenant.toml:4:10: this is no platform: it is nested deeper than 64"]);
}

#[test]
fn lineage_nests_but_not_without_end() {
    let nested = |levels: usize| {
        let origins = (1..=levels).map(|level| format!("[[model{}]]\nname = 'b'\n", ".from".repeat(level)));
        format!("[[model]]\nname = 'a'\nuse = 'dev'\n{}", origins.collect::<String>())
    };
    assert_eq!(own(&nested(16)).models[0].from.len(), 1);
    assert_eq!(wrong(&nested(17)), ["covenant.toml:1:1: lineage is nested deeper than 16"]);
}

#[test]
fn what_is_no_utf8_is_pointed_at() {
    let root = root(&[]);
    fs::write(root.path().join("covenant.toml"), b"[lints]\n# caf\xe9\n").unwrap();
    let error = load_at(root.path()).unwrap_err().to_string();
    assert_eq!(error, "covenant.toml:2:6: this is not UTF-8: save the file as UTF-8");
}

#[test]
fn a_byte_order_mark_is_no_mistake() {
    assert_eq!(own("\u{feff}[lints]\nunlicensed = 'warn'\n").lint(Code::Unlicensed), Level::Warn);
}

#[test]
fn what_stands_in_the_place_of_the_policy_is_read_or_fails() {
    let root = root(&[("covenant.toml/keep", "")]);
    let error = load_at(root.path()).unwrap_err().to_string();
    assert!(error.starts_with("failed to read the policy"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_nowhere_is_not_the_default_policy() {
    let root = root(&[]);
    std::os::unix::fs::symlink("gone.toml", root.path().join("covenant.toml")).unwrap();
    let error = load_at(root.path()).unwrap_err().to_string();
    assert!(error.starts_with("failed to read the policy"), "{error}");
}

#[test]
fn no_file_at_all_is_the_default_policy() {
    let (none, default) = (policy(&[]), own("extends = ['open-source']"));
    for code in Code::ALL {
        assert_eq!(none.lint(*code), default.lint(*code));
    }
    for domain in Domain::ALL {
        assert_eq!(none.authorities(*domain), default.authorities(*domain));
    }
    assert!(!none.authorities(Domain::Software).is_empty());
}

#[test]
fn the_built_in_default_says_what_the_code_says() {
    // With `extends = []` nothing is read but what is compiled in as code.
    let (bare, default) = (own("extends = []"), own("extends = ['open-source']"));
    for code in Code::ALL {
        assert_eq!(default.lint(*code), code.default_level(), "{code}");
        assert_eq!(bare.lint(*code), code.default_level(), "{code}");
    }
    for relation in Relation::ALL {
        assert_eq!(default.cap(*relation), bare.cap(*relation), "{relation}");
    }
    for term in TermId::ALL {
        assert_eq!(default.term_level(*term), bare.term_level(*term), "{term}");
    }
    assert_eq!(default.minimum(), bare.minimum());
    let text = include_str!("../policies/open-source.toml");
    for code in Code::ALL {
        assert!(text.contains(&format!("\n{code} = \"{}\"\n", code.default_level())), "{code} is not written out");
    }
}

#[test]
fn every_built_in_policy_is_sound_and_does_what_its_name_says() {
    for name in built_in_names() {
        let loaded = load(&Sources { given: Some(name), ..Sources::default() });
        assert!(loaded.is_ok(), "{name}: {}", loaded.unwrap_err());
        let policy = own(&format!("extends = ['{name}']"));
        assert!(policy.loosened.is_empty(), "{name}");
        let strict = ["osi-strict"].contains(&name);
        assert_eq!(policy.cap(Relation::Dev), if strict { Level::Deny } else { Level::Warn }, "{name}");
        assert_eq!(policy.authorities(Domain::Software).contains(&"fsf".to_owned()), !strict, "{name}");
        let source = (name == "permissive").then_some(Level::Deny).or((name == "copyleft-ok").then_some(Level::Allow));
        assert_eq!(policy.term_level(TermId::SourceOfFiles), source, "{name}");
        let minimum = if name == "open-source-ai" { Grade::OpenSourceAi } else { Grade::OpenWeights };
        assert_eq!(policy.minimum(), minimum, "{name}");
        let unmet = if name == "release" { Level::Deny } else { Level::Allow };
        assert_eq!(policy.lint(Code::UnmetObligation), unmet, "{name}");
        if name == "release" {
            assert!(Code::ALL.iter().all(|code| policy.lint(*code) == Level::Deny));
        }
    }
}

#[test]
fn a_policy_extends_the_default_unless_it_says_otherwise() {
    assert!(!own("").authorities(Domain::Software).is_empty());
    assert!(own("extends = []").authorities(Domain::Software).is_empty());
    assert_eq!(own("extends = ['permissive']").term_level(TermId::SameLicense), Some(Level::Deny));
}

#[test]
fn this_file_wins_and_tables_merge_by_key() {
    let policy = policy(&[
        (
            "covenant.toml",
            "extends = ['base.toml']
            [context]
            commercial = true
            headcount = 5
            [product.server]
            features = ['tls']
            [terms]
            source = 'deny'
            [relations]
            build-tool = 'allow'
            [lints]
            unused-exception = 'deny'
            [licenses]
            deny = ['MPL-2.0']
            ",
        ),
        (
            "base.toml",
            "[context]
            commercial = false
            interactive = true
            headcount = 4
            daily-active-users = 7
            delivery = ['service']
            [product.server]
            delivery = ['internal']
            features = ['one', 'two']
            ship = false
            [build]
            targets = ['x86_64-unknown-linux-gnu']
            [terms]
            source = 'warn'
            notice = 'warn'
            [relations]
            build-tool = 'warn'
            hosted = 'warn'
            [lints]
            unused-exception = 'allow'
            open-washing = 'deny'
            [licenses]
            allow = ['MIT']
            deny = ['AGPL-3.0-only', 'GPL-3.0-only']
            ",
        ),
    ]);
    let situation = policy.situation(today());
    assert_eq!(
        (situation.commercial, situation.interactive, situation.consumer_device),
        (Some(true), Some(true), None)
    );
    assert_eq!(situation.scales[&(Metric::Headcount, None)][0].value, 5);
    assert_eq!(situation.scales[&(Metric::DailyActiveUsers, None)][0].value, 7);
    let (server, _) = &policy.products["server"];
    assert_eq!(server.features, Some(vec!["tls".to_owned()]));
    assert_eq!(server.ship, Some(false));
    assert_eq!(policy.delivery("server", false), [Delivery::Internal]);
    assert_eq!(policy.delivery("other", false), [Delivery::Service]);
    assert_eq!(policy.targets, ["x86_64-unknown-linux-gnu"]);
    assert_eq!(policy.term_level(TermId::SourceOfWork), Some(Level::Deny));
    assert_eq!(policy.term_level(TermId::IncludeNotice), Some(Level::Warn));
    assert_eq!((policy.cap(Relation::BuildTool), policy.cap(Relation::Hosted)), (Level::Allow, Level::Warn));
    assert_eq!(policy.lint(Code::UnusedException), Level::Deny);
    assert_eq!(policy.lint(Code::OpenWashing), Level::Deny);
    assert_eq!(policy.allowed().collect::<Vec<_>>(), ["MIT"]);
    assert_eq!(policy.denied().collect::<Vec<_>>(), ["MPL-2.0"]);
}

#[test]
fn lists_of_open_are_replaced_each_by_itself() {
    let policy = own("[open]\nsoftware = ['osi']\nservice = ['reviewed']\nminimum = 'hosted'\n");
    assert_eq!(policy.authorities(Domain::Software), ["osi"]);
    assert_eq!(policy.authorities(Domain::Data), ["osi", "fsf", "open-data"]);
    assert_eq!(policy.authorities(Domain::Service), ["reviewed"]);
    assert_eq!(policy.minimum(), Grade::Hosted);
}

#[test]
fn arrays_of_tables_append_and_the_last_word_counts() {
    let row = |component: &str, license: &str| {
        format!(
            "[[choice]]\ncomponent = '{component}'\nlicense = '{license}'\n[[clarify]]\ncomponent = '{component}'\nlicense = '{license}'\n"
        )
    };
    let base = row("a", "MIT") + &row("b", "MIT");
    let own = "extends = ['base.toml']\n".to_owned() + &row("a", "Apache-2.0");
    let policy = policy(&[("covenant.toml", &own), ("base.toml", &base)]);
    assert_eq!((policy.choices.len(), policy.clarify.len()), (3, 3));
    assert_eq!(policy.choice(|name| name == "a").unwrap().to_string(), "Apache-2.0");
    assert_eq!(policy.choice(|name| name == "b").unwrap().to_string(), "MIT");
    assert_eq!(policy.clarification(|name| name == "a").unwrap().license.to_string(), "Apache-2.0");
}

#[test]
fn a_loosened_lint_is_shown_with_its_place() {
    let policy = policy(&[
        ("covenant.toml", "extends = ['base.toml']\n[lints]\nunused-exception = 'warn'\nunlicensed = 'deny'\n"),
        ("base.toml", "[lints]\nunused-exception = 'deny'\nunlicensed = 'warn'\n"),
    ]);
    let shown: Vec<String> = policy
        .loosened
        .iter()
        .map(|loosened| {
            let place = loosened.mark.place();
            format!("{}:{}: {}", place.file, place.line, loosened.sentence())
        })
        .collect();
    assert_eq!(
        shown,
        [
            "base.toml:3: `unlicensed` is loosened from deny to warn",
            "covenant.toml:3: `unused-exception` is loosened from deny to warn",
        ]
    );
}

#[test]
fn paths_are_relative_to_the_file_that_names_them() {
    let files = [
        ("covenant.toml", "extends = ['policies/company.toml']\n"),
        ("policies/company.toml", "extends = ['./shared/base.toml', 'osi-strict']\n"),
        ("policies/shared/base.toml", "[lints]\nopen-washing = 'deny'\n"),
    ];
    let policy = policy(&files);
    assert_eq!(policy.lint(Code::OpenWashing), Level::Deny);
    assert_eq!(policy.authorities(Domain::Software), ["osi"]);
    let broken = [files[0], files[1], ("policies/shared/base.toml", "[lints]\nopen-washing = 'denny'\n")];
    assert_eq!(faults(&broken), ["policies/shared/base.toml:2:16: unknown level `denny`: did you mean `deny`?"]);
}

#[test]
fn a_base_that_two_policies_share_is_merged_once() {
    let exception = "[[exception]]\ncomponent = 'a'\nfinding = 'unlicensed'\nreason = 'b'\nexpires = 2027-01-01\n";
    let policy = policy(&[
        ("covenant.toml", "extends = ['one.toml', 'sub/../two.toml']\n"),
        ("sub/keep", ""),
        ("one.toml", "extends = ['base.toml']\n[lints]\nopen-washing = 'deny'\n"),
        ("two.toml", "extends = ['./base.toml']\n"),
        ("base.toml", &format!("{exception}[lints]\nopen-washing = 'allow'\n")),
    ]);
    assert_eq!(policy.exceptions.len(), 1);
    // `two` comes after `one`, but their base does not come again on top of `one`.
    assert_eq!(policy.lint(Code::OpenWashing), Level::Deny);
}

#[test]
fn a_circle_is_an_error_where_it_closes() {
    let files = [
        ("covenant.toml", "extends = ['a.toml']\n"),
        ("a.toml", "extends = [\n  'b.toml',\n]\n"),
        ("b.toml", "extends = ['open-source', 'a.toml']\n"),
    ];
    assert_eq!(faults(&files), ["b.toml:1:27: `extends` goes round in circles through `a.toml`"]);
    assert_eq!(
        wrong("extends = ['covenant.toml']"),
        ["covenant.toml:1:12: `extends` goes round in circles through `covenant.toml`"]
    );
}

#[test]
fn a_file_that_is_not_there_is_an_error_where_it_is_named() {
    let found = wrong("extends = ['open-source', 'policies/gone.toml']");
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("covenant.toml:1:27: the policy it extends cannot be read: "), "{found:#?}");
    let found = wrong("extends = ['zzz']");
    assert!(found[0].starts_with("covenant.toml:1:12: unknown policy `zzz`: built in are `open-source`"), "{found:#?}");
}

#[test]
fn the_command_line_names_a_built_in_policy_or_a_file() {
    let root =
        root(&[("covenant.toml", "[lints]\nunlicensed = 'allow'\n"), ("ci.toml", "[lints]\nunlicensed = 'warn'\n")]);
    let given = |given| load(&Sources { given: Some(given), root: Some(root.path()), manifest: None });
    assert_eq!(given("release").unwrap().policy.lint(Code::UnmetObligation), Level::Deny);
    assert_eq!(given("release").unwrap().policy.lint(Code::Unlicensed), Level::Deny);
    assert_eq!(given("ci.toml").unwrap().policy.lint(Code::Unlicensed), Level::Warn);
    assert_eq!(given("relese").unwrap_err().to_string(), "relese: unknown policy `relese`: did you mean `release`?");
    assert!(given("gone.toml").unwrap_err().to_string().starts_with("failed to read the policy"));
}

#[test]
fn the_manifest_comes_on_top() {
    let root = root(&[("covenant.toml", "[lints]\nunlicensed = 'warn'\nopen-washing = 'deny'\n")]);
    let manifest = "[workspace.metadata.covenant.lints]\nunlicensed = 'allow'\n";
    let manifest: Option<Arc<SourceFile>> = Some(SourceFile::new("Cargo.toml", manifest));
    let policy = load(&Sources { given: None, root: Some(root.path()), manifest }).unwrap().policy;
    assert_eq!(policy.lint(Code::Unlicensed), Level::Allow);
    assert_eq!(policy.lint(Code::OpenWashing), Level::Deny);
    assert_eq!(policy.loosened.len(), 2);
}

#[test]
fn mistakes_in_the_manifest_have_their_places() {
    let wrong = |text| metadata(text).unwrap_err().to_string();
    assert_eq!(
        wrong("[workspace.metadata.covenant]\nextends = ['release']\nlint = {}\n"),
        "Cargo.toml:2:1: `extends` stands in `covenant.toml`: what stands here comes on top of that\n\
         Cargo.toml:3:1: unknown key `lint`: did you mean `lints`?"
    );
    assert_eq!(wrong("[workspace.metadata]\ncovenant = 1\n"), "Cargo.toml:2:12: `covenant` is a table, not an integer");
    assert!(metadata("[workspace.metadata.other]\nlint = 1\n").is_ok());
}

#[test]
fn scales_are_numbers_or_lists_by_day() {
    let policy = own("[context]
        monthly-active-users = 2_000_000
        headcount = [{ on = 2024-01-01, value = 90 }, { on = 2026-01-01, value = 120 }]
        annual-revenue-usd = 5_000_000
        annual-revenue-eur = 4_000_000
        monthly-revenue-jpy = 0
        ");
    let scales = policy.situation(today()).scales;
    let money = |metric, currency: &str| scales[&(metric, Some(currency.to_owned()))][0].value;
    assert_eq!(scales[&(Metric::MonthlyActiveUsers, None)][0].on, None);
    assert_eq!(scales[&(Metric::MonthlyActiveUsers, None)][0].value, 2_000_000);
    let by_day: Vec<(String, u64)> =
        scales[&(Metric::Headcount, None)].iter().map(|entry| (entry.on.unwrap().to_string(), entry.value)).collect();
    assert_eq!(by_day, [("2024-01-01".to_owned(), 90), ("2026-01-01".to_owned(), 120)]);
    assert_eq!(money(Metric::AnnualRevenue, "usd"), 5_000_000);
    assert_eq!(money(Metric::AnnualRevenue, "eur"), 4_000_000);
    assert_eq!(money(Metric::MonthlyRevenue, "jpy"), 0);
    for key in ["annual-revenue", "annual-revenue-dollar", "monthly-revenue-"] {
        let found = wrong(&format!("[context]\n{key} = 1"));
        assert!(found[0].starts_with(&format!("covenant.toml:2:1: unknown key `{key}`")), "{found:#?}");
    }
}

#[test]
fn a_product_is_delivered_as_said_of_it_then_of_all_then_by_its_kind() {
    let policy =
        own("[context]\ndelivery = ['service', 'binary', 'service']\n[product.cli]\ndelivery = ['internal']\n");
    assert_eq!(policy.delivery("cli", true), [Delivery::Internal]);
    assert_eq!(policy.delivery("other", true), [Delivery::Binary, Delivery::Service]);
    let silent = own("[context]\ndelivery = []\n");
    assert_eq!(silent.delivery("lib", true), [Delivery::Source]);
    assert_eq!(silent.delivery("bin", false), [Delivery::Binary]);
}

#[test]
fn a_term_beats_its_class() {
    let policy = own("[terms]\nsource = 'deny'\nsource-of-files = 'allow'\n");
    assert_eq!(policy.term_level(TermId::SourceOfFiles), Some(Level::Allow));
    assert_eq!(policy.term_level(TermId::SourceOfWork), Some(Level::Deny));
    assert_eq!(policy.term_level(TermId::KeepCopyright), None);
}

#[test]
fn crossings_are_overridden_by_term_class_or_judgement() {
    let row = |term: &str, value: &str| {
        format!("[[crossing]]\nterm = '{term}'\nrelation = 'embedded'\nvalue = '{value}'\nreason = 'counsel'\n")
    };
    let policy = own(&(row("source-of-work", "up") + &row("source", "stop") + &row("not-open", "ask(warn)")));
    let read: Vec<(Subject, Value)> = policy.crossings.iter().map(|row| (row.subject, row.value)).collect();
    assert_eq!(
        read,
        [
            (Subject::Term(TermId::SourceOfWork), Value::Up),
            (Subject::Class(cargo_covenant::vocabulary::Class::Source), Value::Stop),
            (Subject::NotOpen, Value::AskWarn),
        ]
    );
}

#[test]
fn a_licence_of_ones_own_is_known_and_on_no_list() {
    let root = root(&[(
        "covenant.toml",
        "[licenses]\nallow = ['LicenseRef-Acme', 'acme']\n[[license]]\nid = 'LicenseRef-Acme'\naliases = ['acme']\nterms = ['keep-copyright', { id = 'scale-limit', metric = 'annual-revenue', threshold = 1_000_000, currency = 'USD' }]\n",
    )]);
    let catalogue = load_at(root.path()).unwrap().catalogue;
    let own = catalogue.licenses().find(|license| license.id == "LicenseRef-Acme").unwrap();
    assert_eq!(own.terms.len(), 2);
    assert!(!catalogue.authorities().any(|authority| catalogue.ruled_open(authority, "LicenseRef-Acme")));
}

#[test]
fn a_licence_is_listed_with_or_without_its_exception() {
    let policy = own("[licenses]\ndeny = ['GPL-2.0-only WITH Classpath-exception-2.0']\n");
    assert_eq!(policy.denied().collect::<Vec<_>>(), ["GPL-2.0-only WITH Classpath-exception-2.0"]);
    assert_eq!(
        wrong("[licenses]\ndeny = ['GPL-2.0-olny WITH Classpath-exception-2.0']\n"),
        ["covenant.toml:2:9: unknown licence `GPL-2.0-olny`: did you mean `GPL-2.0-only`?"]
    );
}

#[test]
fn a_known_licence_cannot_be_redefined() {
    for (text, word) in [
        ("id = 'MIT'", "MIT"),
        ("id = 'mit'", "mit"),
        ("id = 'LicenseRef-A'\naliases = ['Apache-2.0']", "Apache-2.0"),
        ("id = 'LicenseRef-A'\naliases = ['llama2']", "llama2"),
    ] {
        let expected = format!(
            "covenant.toml:1:1: `{word}` is a known licence: give yours an id of its own, such as `LicenseRef-…`"
        );
        assert_eq!(wrong(&format!("[[license]]\n{text}\n")), [expected]);
    }
    assert_eq!(
        wrong("[[license]]\nid = 'LicenseRef-A'\n[[license]]\nid = 'LicenseRef-A'\n"),
        ["covenant.toml:3:1: two rows of `[[license]]` are called `licenseref-a`"]
    );
}

#[test]
fn an_exception_keeps_all_that_narrows_it() {
    let policy = own("[[exception]]
        component = 'llama-2-7b-chat'
        finding = 'not-open-source'
        reason = 'replaced in release 3'
        expires = 2027-03-01
        approved-by = 'ospo'
        product = 'assistant'
        version = '1.2.3'
        terms = ['scale-limit', 'acceptable-use']
        ");
    let [exception] = policy.exceptions.as_slice() else { panic!("one exception") };
    assert_eq!(exception.expires.to_string(), "2027-03-01");
    assert_eq!(exception.terms.as_deref(), Some(&[TermId::ScaleLimit, TermId::AcceptableUse][..]));
    assert_eq!(exception.mark.place().line, 1);
    let narrowed = [&exception.approved_by, &exception.product, &exception.version];
    assert_eq!(narrowed.map(Option::as_deref), [Some("ospo"), Some("assistant"), Some("1.2.3")]);
}

#[test]
fn an_attestation_and_a_model_are_kept() {
    let policy = own("[[attestation]]
        obligation = 'display-attribution'
        component = 'llama-3.1-8b'
        evidence = 'docs/about.png'
        by = 'release manager'
        date = 2026-11-02
        [[model]]
        crate = 'kalosm-llama'
        name = 'llama-3.1-8b'
        use = 'downloaded'
        license = 'llama3.1'
        [[model.from]]
        relation = 'derived'
        how = 'quantized'
        name = 'llama'
        ");
    assert_eq!(policy.attestations[0].obligation, TermId::DisplayAttribution);
    assert_eq!(policy.attestations[0].date.to_string(), "2026-11-02");
    assert_eq!(policy.models[0].crate_.as_deref(), Some("kalosm-llama"));
    assert_eq!(policy.models[0].from[0].relation, Relation::Derived);
}
