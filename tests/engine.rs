//! Small graphs, and what must come of them: which findings at which level, and what each obligation comes to.
//!
//! A case is a few lines. `KIND ID LICENCE {more}` is a component, `UPPER -RELATION-> LOWER` a relation (`derived:quantized`
//! with its `how`). `! LEVEL CODE PRODUCT COMPONENT` lines are all findings there are. `= PRODUCT COMPONENT TERM STATUS
//! BINDS PATH` lines are all arrivals of that term of that component; `= PRODUCT COMPONENT TERM -` says that there is none.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that panics has failed, and says where")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_covenant::analysis::{Request, analyse};
use cargo_covenant::gate::Verdict;
use cargo_covenant::report;
use cargo_covenant::workspace::{Environment, Selection};
use serde_json::{Value, json};

/// What a case's lines say.
#[derive(Default)]
struct Case {
    components: Vec<Value>,
    relations: Vec<Value>,
    findings: BTreeSet<String>,
    obligations: BTreeMap<String, BTreeSet<String>>,
}

fn read(text: &str) -> Case {
    let mut case = Case::default();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        if let Some(finding) = line.strip_prefix("! ") {
            case.findings.insert(finding.to_owned());
        } else if let Some(line) = line.strip_prefix("= ") {
            let words: Vec<&str> = line.splitn(4, ' ').collect();
            let [product, component, term, rest] = words[..] else { panic!("not an obligation: {line}") };
            let lines = case.obligations.entry(format!("{product} {component} {term}")).or_default();
            if rest != "-" {
                lines.insert(rest.to_owned());
            }
        } else if let Some((from, rest)) = line.split_once(" -") {
            let (relation, to) = rest.split_once("-> ").expect("a relation has a lower end");
            let (to, products) = to.split_once(" for ").map_or((to, None), |(to, product)| (to, Some(vec![product])));
            let (relation, how) = relation.split_once(':').map_or((relation, None), |(name, how)| (name, Some(how)));
            case.relations
                .push(json!({ "from": from, "to": to, "relation": relation, "how": how, "products": products }));
        } else {
            let (kind, rest) = line.split_once(' ').expect("a component has a kind");
            let (rest, more) = rest.split_at(rest.find('{').unwrap_or(rest.len()));
            let (id, license) = rest.trim().split_once(' ').map_or((rest.trim(), None), |(id, text)| (id, Some(text)));
            let more = if more.is_empty() { "{}" } else { more };
            let mut component: serde_json::Map<String, Value> = serde_json::from_str(more).expect(line);
            component.insert("id".to_owned(), json!(id));
            component.insert("kind".to_owned(), json!(kind));
            if let Some(license) = license {
                component.insert("license".to_owned(), json!(license.trim()));
            }
            case.components.push(Value::Object(component));
        }
    }
    case
}

fn judge_file(folder: &Path, graph: &str, policy: &str) -> Verdict {
    std::fs::write(folder.join("graph.json"), graph).unwrap();
    std::fs::write(folder.join("policy.toml"), policy).unwrap();
    let request = Request {
        selection: Selection::default(),
        policy: Some("policy.toml".to_owned()),
        context: Vec::new(),
        graph: Some("graph.json".into()),
        today: "2026-11-20".parse().unwrap(),
    };
    let environment = Environment { current_dir: folder.to_path_buf(), variables: BTreeMap::new() };
    match analyse(&request, &environment) {
        Ok(verdict) => verdict,
        Err(error) => panic!("{error:?}"),
    }
}

fn judge(case: &Case, policy: &str) -> Verdict {
    let graph = json!({
        "format": "covenant-graph", "version": 1, "components": case.components, "relations": case.relations,
    });
    let folder = tempfile::tempdir().unwrap();
    let policy = format!("extends = [\"open-source\"]\n{policy}");
    judge_file(folder.path(), &graph.to_string(), &policy)
}

/// Judges a case by the built-in policy with some lines added, and compares.
#[track_caller]
fn hold_under(policy: &str, text: &str) {
    let case = read(text);
    let report: Value = serde_json::from_str(&report::json::write(&judge(&case, policy))).unwrap();
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let found: BTreeSet<String> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["exception"].is_null())
        .map(|one| {
            let (level, code) = (word(&one["level"]), word(&one["code"]));
            format!("{level} {code} {} {}", word(&one["product"]), word(&one["component"]))
        })
        .collect();
    assert_eq!(found, case.findings, "findings of\n{text}\n{:#}", report["findings"]);
    let mut arrived: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for product in report["products"].as_array().unwrap() {
        for one in product["obligations"].as_array().unwrap() {
            let key = format!("{} {} {}", word(&product["name"]), word(&one["component"]), word(&one["term"]));
            let path: Vec<String> = one["path"].as_array().unwrap().iter().map(word).collect();
            let line = format!("{} {} {}", word(&one["status"]), word(&one["binds"]), path.join(">"));
            arrived.entry(key).or_default().insert(line);
        }
    }
    for (key, wanted) in &case.obligations {
        let found = arrived.get(key).cloned().unwrap_or_default();
        assert_eq!(&found, wanted, "`{key}` of\n{text}");
    }
}

#[track_caller]
fn hold(text: &str) {
    hold_under("", text);
}

#[test]
fn what_forbids_changes_is_not_broken_by_linking_it_unchanged() {
    hold(
        r#"
        product app MIT
        package lib {"terms": [{"id": "no-derivatives", "when": "modified"}]}
        package always {"terms": ["no-derivatives"]}
        package source {"terms": [{"id": "no-derivatives", "only-in": ["source"]}]}
        app -static-link-> lib
        app -static-link-> always
        app -static-link-> source
        ! deny not-open-source app lib
        ! deny not-open-source app always
        ! deny not-open-source app source
        ! deny term-breached app always
        = app lib no-derivatives dormant work app>lib
        = app source no-derivatives dormant work app>source
        = app always no-derivatives breached work app>always
        "#,
    );
    hold(
        r#"
        product app MIT
        package lib {"modified": true, "terms": [{"id": "no-derivatives", "when": "modified"}]}
        app -static-link-> lib
        ! deny not-open-source app lib
        ! deny term-breached app lib
        = app lib no-derivatives breached work app>lib
        "#,
    );
    hold(
        r#"
        product app MIT
        model tuned MIT
        model converted MIT
        model base {"terms": [{"id": "no-derivatives", "when": "modified"}]}
        app -bundled-> tuned
        app -bundled-> converted
        tuned -derived:fine-tuned-> base
        converted -derived:converted-> base
        ! deny not-open-source app base
        ! deny term-breached app base
        = app base no-derivatives breached work app>tuned>base
        = app base no-derivatives dormant work app>converted>base
        "#,
    );
}

#[test]
fn a_term_of_derived_models_wakes_where_one_is_on_the_path() {
    let credit = r#"{"terms": [{"id": "display-attribution", "when": "derived-model", "text": "Built with X"}]}"#;
    hold_under(
        "[lints]\nnot-open-source = \"allow\"\ninsufficient-openness = \"allow\"",
        &format!(
            "
            product app MIT
            product other MIT
            model base {credit}
            model tuned MIT
            model outside MIT
            app -bundled-> base for app
            other -bundled-> tuned for other
            other -bundled-> base for other
            tuned -derived:fine-tuned-> base
            outside -derived-> base
            = app base display-attribution dormant work app>base
            = other base display-attribution due work other>tuned>base
            "
        ),
    );
    // A model distilled from it is a derivative only where the licence says so.
    for (facts, line) in [("", "-"), (r#", "facts": ["distillation-is-derivative"]"#, "due work app>student>base")] {
        let base = credit.replace("]}", &format!("]{facts}}}")).replace("}]]", "}]");
        hold_under(
            "[lints]\nnot-open-source = \"allow\"\ninsufficient-openness = \"allow\"",
            &format!(
                "
                product app MIT
                model base {base}
                model student MIT
                app -bundled-> student
                student -distilled-> base
                = app base display-attribution {line}
                "
            ),
        );
    }
    hold(
        r#"
        product app MIT
        model tuned MIT
        model base {"license": "MIT", "terms": [{"id": "state-changes", "when": "modified"}]}
        app -embedded-> tuned
        tuned -derived-> base
        = app base state-changes due component app>tuned>base
        "#,
    );
}

#[test]
fn territories_are_compared_as_territories() {
    let with = |offered: &str, barred: &str, finding: &str, status: &str| {
        let policy = format!(
            "[lints]\nnot-open-source = \"allow\"\ninsufficient-openness = \"allow\"\n[context]\nterritories = [{offered}]"
        );
        let text = format!(
            "
            product app MIT
            model m {{\"terms\": [{{\"id\": \"territory-limit\", \"territories\": [{barred}]}}]}}
            app -bundled-> m
            {finding}
            = app m territory-limit {status} work app>m
            "
        );
        hold_under(&policy, &text);
    };
    let breach = "! deny territory-excluded app m";
    with("\"DE\"", "\"EU\"", breach, "breached");
    with("\"EU\"", "\"IE\"", breach, "breached");
    with("\"US\", \"uk\"", "\"GB\"", breach, "breached");
    with("\"US\"", "\"EU\", \"KR\"", "", "met");
    with("\"US\"", "\"us-embargoed-territories\"", "", "undecided");
    with("\"US\"", "\"EU\", \"unsupported-regions\"", "", "undecided");
    with("\"worldwide\"", "\"EU\"", "", "undecided");
    with("", "\"EU\"", "", "undecided");
}

#[test]
fn a_later_licence_replaces_the_earlier_from_its_day() {
    let lib = |released: &str, license: &str| {
        format!("product app MIT\npackage lib {license} {{\"released\": \"{released}\"}}\napp -static-link-> lib\n")
    };
    hold(&lib("2024-11-20", "FSL-1.1-MIT"));
    hold(&format!("{}! deny not-open-source app lib", lib("2024-11-21", "FSL-1.1-MIT")));
    hold(&lib("2020-01-01", "FSL-1.1-MIT AND Apache-2.0"));
    // No day is known: not yet.
    hold("product app MIT\npackage lib FSL-1.1-MIT\napp -static-link-> lib\n! deny not-open-source app lib");
    hold(
        "product app MIT\npackage lib BUSL-1.1 {\"released\": \"2010-01-01\"}\napp -static-link-> lib\n! deny not-open-source app lib",
    );
    let given = |fact: &str, released: &str| {
        format!(
            "product app MIT
             package lib BUSL-1.1 {{\"facts\": [{{\"id\": \"opens-later\", {fact}}}], \"released\": \"{released}\"}}
             app -static-link-> lib
             "
        )
    };
    let closed = "! deny not-open-source app lib";
    hold(&given(r#""date": "2026-11-20", "license": "MPL-2.0""#, "2026-01-01"));
    hold(&given(r#""date": "2026-11-20", "license": "MIT OR Apache-2.0""#, "2026-01-01"));
    hold(&format!("{}{closed}", given(r#""date": "2026-11-21", "license": "MPL-2.0""#, "2026-01-01")));
    hold(&format!("{}{closed}", given(r#""date": "2026-11-20""#, "2026-01-01")));
    hold(&given(r#""date": "2030-01-01", "after": "18 months", "license": "MIT""#, "2025-05-20"));
    hold(&format!("{}{closed}", given(r#""after": "18 months", "license": "MIT""#, "2025-05-21")));
    // What it opens to may be no more open.
    hold(&format!("{}{closed}", given(r#""date": "2026-01-01", "license": "CC-BY-NC-4.0""#, "2026-01-01")));
    // Terms given instead of a licence are replaced like one.
    hold(
        r#"
        product app MIT
        package lib {"terms": ["non-production"], "facts": [{"id": "opens-later", "date": "2026-01-01", "license": "MIT"}]}
        app -static-link-> lib
        = app lib non-production -
        = app lib include-license due component app>lib
        "#,
    );
}

#[test]
fn what_lies_beside_is_owed_where_it_is_handed_over() {
    hold(
        r#"
        product app MIT
        model m Apache-2.0
        native-library shipped LGPL-2.1-only {"ships": true}
        native-library system LGPL-2.1-only
        program tool GPL-3.0-only
        app -bundled-> m
        app -dynamic-link-> shipped
        app -dynamic-link-> system
        app -bundled-> tool
        = app m include-license due component app>m
        = app shipped include-license due component app>shipped
        = app system include-license dormant component app>system
        = app tool source-of-work due component app>tool
        "#,
    );
    // In a service that counts as distribution, what is bundled is owed as if it were handed over; else it sleeps.
    hold_under(
        "[lints]\nnot-open-source = \"allow\"\ninsufficient-openness = \"allow\"",
        r#"
        product app MIT {"delivery": ["service"]}
        product inside MIT {"delivery": ["internal"]}
        model counts {"terms": ["include-license"], "facts": ["hosting-is-distribution"]}
        model plain {"terms": ["include-license"]}
        app -bundled-> counts
        app -bundled-> plain
        inside -bundled-> counts
        ! deny unknown-terms app counts
        ! deny unknown-terms app plain
        ! deny unknown-terms inside counts
        = app counts include-license due component app>counts
        = app plain include-license dormant component app>plain
        = inside counts include-license dormant component inside>counts
        "#,
    );
    // Handing nothing on breaks nothing.
    for (delivery, finding, status) in
        [("internal", "", "due"), ("service", "", "due"), ("binary", "! deny term-breached app m", "breached")]
    {
        hold(&format!(
            "
            product app MIT {{\"delivery\": [\"{delivery}\"]}}
            model m {{\"terms\": [\"no-redistribution\"]}}
            app -bundled-> m
            ! deny not-open-source app m
            {finding}
            = app m no-redistribution {status} work app>m
            "
        ));
    }
}

#[test]
fn what_is_published_as_source_owes_for_its_own_files() {
    hold(
        r#"
        product lib MIT {"delivery": ["source"]}
        package dep MPL-2.0
        model m Apache-2.0
        model base Apache-2.0
        dataset words CC-BY-SA-4.0
        lib -static-link-> dep
        lib -embedded-> m
        lib -embedded-> words
        m -derived-> base
        = lib dep include-license dormant component lib>dep
        = lib dep source-of-files dormant files lib>dep
        = lib m include-license due component lib>m
        = lib base include-license due component lib>m>base
        = lib words credit-creator due component lib>words
        "#,
    );
}

#[test]
fn choices_are_made_for_the_kind_of_component() {
    hold(
        "
        product app MIT
        dataset data CC-BY-NC-4.0 OR MIT
        app -embedded-> data
        = app data non-commercial -
        = app data include-license due component app>data
        ",
    );
    // CC-BY-SA-3.0 makes data open, software not.
    hold(
        "
        product app MIT
        dataset data CC-BY-SA-3.0
        package crate CC-BY-SA-3.0
        app -embedded-> data
        app -static-link-> crate
        ! deny unknown-terms app crate
        ",
    );
    hold(
        "
        product app MIT
        package a Apache-2.0 WITH LLVM-exception
        package b GPL-2.0-only WITH Classpath-exception-2.0
        package c GPL-2.0
        package d GPL-2.0+
        package e MIT WITH Nobody-knows-this
        package f mit/apache-2.0
        model llama llama2
        package g other
        app -static-link-> a
        app -static-link-> b
        app -static-link-> c
        app -static-link-> d
        app -static-link-> e
        app -static-link-> f
        app -static-link-> g
        app -bundled-> llama
        ! warn unknown-terms app e
        ! deny unknown-terms app g
        ! deny not-open-source app llama
        = app b source-of-work -
        = app c source-of-work due work app>c
        = app d source-of-work due work app>d
        ",
    );
    hold(
        r#"
        product app MIT
        package roots CDLA-Permissive-2.0 {"data-package": true}
        package code CDLA-Permissive-2.0
        package closed CC-BY-NC-4.0 {"data-package": true}
        app -static-link-> roots
        app -static-link-> code
        app -static-link-> closed
        ! deny unknown-terms app code
        ! deny not-open-source app closed
        "#,
    );
}

#[test]
fn what_does_not_cross_gives_no_finding() {
    hold(
        r#"
        product app MIT
        model m MIT
        dataset evaluation CC-BY-NC-4.0 {"terms": ["no-redistribution", {"id": "territory-limit", "territories": ["EU"]}]}
        dataset unknown
        model teacher CC-BY-NC-4.0
        package tool GPL-3.0-only
        app -bundled-> m
        app -build-tool-> tool
        m -evaluated-on-> evaluation
        m -evaluated-on-> unknown
        m -distilled-> teacher
        = app evaluation non-commercial -
        = app teacher non-commercial -
        = app tool source-of-work -
        "#,
    );
}

#[test]
fn training_on_outputs_is_told_or_left_open() {
    let graph = |task: &str, scope: &str, finding: &str| {
        format!(
            "
            product app MIT
            model m MIT {{{task}}}
            dataset d MIT
            service s {{\"terms\": [{{\"id\": \"no-output-training\", \"scope\": \"{scope}\"}}]}}
            app -bundled-> m
            m -trained-on-> d
            d -output-of-> s
            {finding}
            "
        )
    };
    hold(&graph("", "any-model", "! deny output-training app m"));
    hold(&graph("", "other-llm", "! warn output-training app m"));
    hold(&graph("\"task\": \"text-generation\"", "other-llm", "! deny output-training app m"));
    hold(&graph("", "competing", "! warn output-training app m"));
    // The warning of an unsettled relation is not lost below it.
    hold(
        r#"
        product app MIT
        model m MIT
        dataset d MIT
        package tool CC-BY-NC-4.0
        app -bundled-> m
        m -derived:quantized-> d
        d -build-tool-> tool
        ! deny not-open-source app tool
        "#,
    );
    hold_under(
        "[relations]\ntrained-on = \"deny\"",
        r#"
        product app MIT
        model m MIT
        dataset d MIT
        package tool CC-BY-NC-4.0
        app -bundled-> m
        m -trained-on-> d
        d -build-tool-> tool
        ! warn not-open-source app tool
        "#,
    );
    // A family may train on its own outputs.
    let family = r#"{"terms": [{"id": "no-output-training", "scope": "any-model", "same-family-allowed": true}]}"#;
    hold_under(
        "[lints]\nnot-open-source = \"allow\"\ninsufficient-openness = \"allow\"",
        &format!(
            "
            product app MIT
            model base {family}
            model child MIT
            model stranger MIT
            dataset d MIT
            app -bundled-> child
            app -bundled-> stranger
            child -derived-> base
            child -trained-on-> d
            stranger -trained-on-> d
            d -output-of-> base
            ! deny output-training app stranger
            "
        ),
    );
}

#[test]
fn levels_are_the_highest_over_all_paths() {
    let text = "
        product app MIT
        package a MIT
        package z CC-BY-NC-4.0
        app -dev-> z
        app -static-link-> a
        a -static-link-> z
        ";
    hold(&format!("{text}\n! deny not-open-source app z\n= app z non-commercial undecided work app>a>z"));
    hold_under("[relations]\nstatic-link = \"warn\"", &format!("{text}\n! warn not-open-source app z"));
    hold_under("[relations]\nstatic-link = \"allow\"", &format!("{text}\n! warn not-open-source app z"));
    hold_under("[relations]\nstatic-link = \"allow\"\ndev = \"allow\"", text);
}

#[test]
fn exceptions_cover_what_they_name_and_nothing_else() {
    let text = r#"
        product app MIT
        product second MIT
        package lib@1.2.3 CC-BY-NC-4.0
        app -static-link-> lib@1.2.3
        second -static-link-> lib@1.2.3
        "#;
    let hold_with = |more: &str, findings: &[&str]| {
        let policy = format!(
            "[context]\ncommercial = true\n[[exception]]\ncomponent = \"lib\"\nreason = \"r\"\nexpires = 2027-01-01\n{more}"
        );
        let findings: Vec<String> = findings.iter().map(|finding| format!("! {finding}")).collect();
        hold_under(&policy, &format!("{text}\n{}", findings.join("\n")));
    };
    let (one, other) = ("deny not-open-source app lib@1.2.3", "deny not-open-source second lib@1.2.3");
    let (broken, both) = ("deny term-breached app lib@1.2.3", "deny term-breached second lib@1.2.3");
    let unused = "warn unused-exception - -";
    let not_open = "finding = \"not-open-source\"\n";
    hold_with(not_open, &[broken, both]);
    hold_with("finding = \"term-breached\"", &[one, other]);
    hold_with("finding = \"unlicensed\"", &[one, other, broken, both, unused]);
    hold_with(&format!("{not_open}product = \"app\""), &[other, broken, both]);
    hold_with(&format!("{not_open}version = \"1.2.3\""), &[broken, both]);
    hold_with(&format!("{not_open}version = \"1.2.4\""), &[one, other, broken, both, unused]);
    hold_with(&format!("{not_open}terms = [\"non-commercial\"]"), &[broken, both]);
    hold_with(&format!("{not_open}terms = [\"research-only\"]"), &[one, other, broken, both, unused]);
    let expired =
        "[[exception]]\ncomponent = \"lib\"\nfinding = \"not-open-source\"\nreason = \"r\"\nexpires = 2026-11-19";
    hold_under(expired, &format!("{text}\n! {one}\n! {other}\n! deny expired-exception - -"));
}

#[test]
fn models_are_graded_where_nothing_closes_them() {
    let strict = "[open]\nminimum = \"open-source-ai\"";
    hold_under(
        strict,
        r#"
        product app MIT
        model whole MIT {"parts": {"training-code": "MIT OR CC-BY-NC-4.0", "inference-code": "Apache-2.0", "data": "CC-BY-4.0"}}
        model weights MIT
        model closed CC-BY-NC-4.0
        model above MIT
        model teacher MIT
        app -bundled-> whole
        app -bundled-> weights
        app -bundled-> above
        above -derived-> closed
        whole -distilled-> teacher
        ! deny insufficient-openness app weights
        ! deny not-open-source app closed
        "#,
    );
    hold(
        "product app MIT\nmodel m MIT {\"parts\": {\"weights\": \"absent\"}}\napp -downloaded-> m\n! deny insufficient-openness app m",
    );
    hold_under(
        "[lints]\nnot-open-source = \"allow\"",
        "product app MIT\nmodel m CC-BY-NC-4.0\nadapter a MIT\napp -bundled-> a\na -adapter-of-> m
         ! deny insufficient-openness app m\n! deny insufficient-openness app a",
    );
    // A service is not open unless the policy names who rules on it.
    let service = "product app MIT\nservice s MIT\nservice unknown\napp -hosted-> s\napp -hosted-> unknown\n";
    hold(&format!("{service}! deny not-open-source app s\n! deny not-open-source app unknown"));
    hold_under(
        "[open]\nservice = [\"osi\"]\nminimum = \"hosted\"",
        &format!("{service}! deny not-open-source app unknown"),
    );
    hold_under(
        "[open]\nservice = [\"osi\"]",
        &format!("{service}! deny not-open-source app unknown\n! deny insufficient-openness app s"),
    );
    // What only its outputs reach stays unknown.
    hold("product app MIT\nservice s\nmodel m MIT\napp -bundled-> m\nm -distilled-> s\n! deny unlicensed app s");
}

#[test]
fn nothing_unknown_is_open() {
    hold(
        r#"
        product app MIT
        product closed CC-BY-NC-4.0
        product own
        package beside MIT {"terms": ["unknown-terms"]}
        package text {"license-file": "LICENSE", "terms": ["keep-copyright"]}
        app -static-link-> closed
        app -static-link-> own
        app -static-link-> beside
        app -static-link-> text
        ! deny not-open-source app closed
        ! deny unknown-terms app beside
        ! deny unknown-terms app text
        = closed closed non-commercial -
        "#,
    );
}

#[test]
fn facts_hold_beside_a_licence() {
    hold_under(
        "[lints]\nnot-open-source = \"allow\"",
        r#"
        product app MIT
        model m MIT
        dataset d CC-BY-NC-4.0 {"facts": [{"id": "results-unencumbered", "of": ["trained-models"]}]}
        app -bundled-> m
        m -trained-on-> d
        = app d non-commercial -
        "#,
    );
}

#[test]
fn a_network_user_is_owed_the_source_of_what_was_changed_or_built_in() {
    hold(
        r#"
        product app MIT {"delivery": ["service"]}
        package lib AGPL-3.0-only
        program tool AGPL-3.0-only
        program patched AGPL-3.0-only {"modified": true}
        model tuned MIT
        model base AGPL-3.0-only
        app -static-link-> lib
        app -bundled-> tool
        app -bundled-> patched
        app -embedded-> tuned
        tuned -derived-> base
        = app lib source-to-network-users due work app>lib
        = app tool source-to-network-users dormant component app>tool
        = app patched source-to-network-users due component app>patched
        = app base source-to-network-users due work app>tuned>base
        "#,
    );
}

#[test]
fn a_chain_of_a_hundred_thousand_ends() {
    let mut text = String::from(r#"{"format": "covenant-graph", "version": 1, "components": ["#);
    text.push_str(r#"{"id": "app", "kind": "product", "license": "MIT"}"#);
    for number in 0..100_000 {
        text.push_str(&format!(r#",{{"id": "c{number:06}", "kind": "package", "license": "MIT"}}"#));
    }
    text.push_str(r#",{"id": "last", "kind": "package", "license": "CC-BY-NC-4.0"}], "relations": ["#);
    text.push_str(r#"{"from": "app", "to": "c000000", "relation": "static-link"}"#);
    for number in 0..99_999 {
        let next = number + 1;
        text.push_str(&format!(r#",{{"from": "c{number:06}", "to": "c{next:06}", "relation": "static-link"}}"#));
    }
    for _ in 0..10_000 {
        text.push_str(r#",{"from": "c099999", "to": "c099999", "relation": "static-link"}"#);
    }
    text.push_str(r#",{"from": "c099999", "to": "last", "relation": "static-link"}]}"#);
    let folder = tempfile::tempdir().unwrap();
    let verdict = judge_file(folder.path(), &text, "extends = [\"open-source\"]");
    assert_eq!(verdict.findings.len(), 1);
    assert_eq!(verdict.findings[0].path.as_ref().unwrap().steps.len(), 100_001);
    assert!(report::human::write(&verdict, report::human::Options::default()).contains("`last` is not open source"));
}

#[test]
fn many_side_by_side_and_a_huge_id_end() {
    let huge = "x".repeat(1 << 20);
    let mut components = vec![json!({ "id": "app", "kind": "product", "license": "MIT" })];
    components.push(json!({ "id": huge, "kind": "package", "license": "CC-BY-NC-4.0" }));
    let mut relations = vec![json!({ "from": "app", "to": huge, "relation": "static-link" })];
    for number in 0..20_000 {
        let id = format!("c{number:06}");
        relations.push(json!({ "from": "app", "to": id, "relation": "static-link" }));
        components.push(json!({ "id": id, "kind": "package", "license": "LicenseRef-Nobody-Knows" }));
    }
    let graph = json!({ "format": "covenant-graph", "version": 1, "components": components, "relations": relations });
    let folder = tempfile::tempdir().unwrap();
    let policy = "extends = [\"open-source\"]\n[terms]\nunknown = \"deny\"";
    let verdict = judge_file(folder.path(), &graph.to_string(), policy);
    assert_eq!(verdict.findings.len(), 40_001);
    assert!(report::human::write(&verdict, report::human::Options::default()).contains("and 19991 more"));
    assert!(!report::json::write(&verdict).is_empty());
}
