//! The texts through their door.

use serde_json::{Value, json};

use super::super::{Condition, Scope, Shape, Text, TextError, Values};

/// A scope as a workflow named `ci-deploy` has it after the steps `test` and `classify`.
fn scope() -> Scope {
    let members = |names: &[&str], others: Option<&str>| Shape::Members {
        known: names
            .iter()
            .map(|&name| (name.to_owned(), if name == "json" { Shape::Any } else { Shape::Plain }))
            .collect(),
        others: others.map(str::to_owned),
    };
    let webhook = [("body", Shape::Any), ("headers", Shape::Headers), ("path", Shape::Plain)];
    let known = webhook.into_iter().map(|(name, shape)| (name.to_owned(), shape)).collect();
    let mut scope = Scope::default();
    scope.add("webhook", Shape::Members { known, others: None });
    scope.add("test", members(&["stdout", "json", "success", "exitCode", "skipped"], None));
    scope.add("classify", members(&["stdout", "json", "success"], Some("json")));
    scope.add("index", Shape::Plain);
    scope.add_alias("branch", "args", &["branch"], Shape::Any);
    scope.add_alias("ci-deploy", "$flow", &[], members(&["result"], None));
    scope.refuse("later", "runs later");
    scope
}

fn values() -> Values {
    let mut values = Values::default();
    values.set(
        "webhook",
        json!({
            "body": { "title": "it's ${webhook.path} $test.stdout", "n": 3, "f": 2.5, "tags": ["a", { "b": true }], "none": null, "x-y": "hyphen",
                "items": [{ "id": "a", "ok": true }, { "id": "b", "ok": false }] },
            "headers": { "x-github-event": "push" },
            "path": "/taskflow/deploy",
        }),
    );
    values
        .set("test", json!({ "stdout": "12\n", "json": { "n": 7 }, "success": true, "exitCode": 0, "skipped": false }));
    values.set("classify", json!({ "json": { "category": "bug" }, "success": false }));
    values.set("args", json!({ "branch": "main" }));
    values.set("$flow", json!({ "result": "4 steps" }));
    values.set("index", json!(4));
    values
}

fn value(text: &str) -> Value {
    Text::parse(text, &scope()).and_then(|text| text.value(&values())).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn refusal(text: &str) -> String {
    Text::parse(text, &scope()).expect_err(text).to_string()
}

#[test]
fn values_are_put_into_texts() {
    for (text, expected) in [
        ("plain", json!("plain")),
        ("", json!("")),
        ("$test.success", json!(true)),
        ("$test.exitCode", json!(0)),
        ("is $test.success.", json!("is true.")),
        ("$webhook.body.tags", json!(["a", { "b": true }])),
        ("tags: $webhook.body.tags", json!(r#"tags: ["a",{"b":true}]"#)),
        ("$webhook.body.tags.0 ${webhook.body.tags[1].b} $webhook.body.tags[0]", json!("a true a")),
        ("[$webhook.body.none] [$webhook.body.missing.deeper]", json!("[] []")),
        ("$webhook.body.missing", Value::Null),
        ("is ${{'c': 1, 'a': {'z': 2, 'y': 3}, 'b': 4}}", json!(r#"is {"a":{"y":3,"z":2},"b":4,"c":1}"#)),
        ("部署完成: $ci-deploy.result", json!("部署完成: 4 steps")),
        ("部署${test.success ? '成功' : '失败'}", json!("部署成功")),
        ("部署${classify.success ? '成功' : '失败'}", json!("部署失败")),
        ("feishu:${classify.category}-team", json!("feishu:bug-team")),
        ("$classify.category", json!("bug")),
        ("$branch $webhook.headers.X-GitHub-Event", json!("main push")),
        ("${webhook.headers.x-github-event}", json!("push")),
        ("${webhook.headers['X-GitHub-Event']}", json!("push")),
        ("${webhook.body[\"x-y\"]}", json!("hyphen")),
        ("$test.stdout-x", json!("12\n-x")),
        ("$5 and $ 6, 7$", json!("$5 and $ 6, 7$")),
        ("$$test.success $${test.success} $$$test.success", json!("$test.success ${test.success} $true")),
        ("${index + 1} ${test.json.n * 2} ${webhook.body.f + 0.5}", json!("5 14 3")),
        (
            "${size(webhook.body.items)} ${webhook.body.items.filter(item, item.ok).map(item, item.id)}",
            json!("2 [\"a\"]"),
        ),
        ("${has(webhook.body.title) && !has($webhook.body.nothing)}", json!(true)),
        ("${webhook.path.startsWith('/task') ? \"}\" : '{'}", json!("}")),
        ("${$branch + '-' + ${branch}}", json!("main-main")),
        ("${ {'a': test.json.n} }", json!({ "a": 7 })),
        // What came from outside is never read again.
        ("$webhook.body.title", json!("it's ${webhook.path} $test.stdout")),
        ("${webhook.body.title + '!'}", json!("it's ${webhook.path} $test.stdout!")),
    ] {
        assert_eq!(value(text), expected, "{text}");
    }
}

#[test]
fn a_condition_is_answered_as_javascript_would() {
    for (text, expected) in [
        ("$test.success", true),
        ("test.success", true),
        ("${test.success}", true),
        ("!$test.success", false),
        ("!${test.success} || $test.skipped", false),
        ("$test.stdout", true),
        ("$webhook.body.none", false),
        ("$webhook.body.none || $webhook.body.tags", true),
        ("$test.json.n > 5 && ($test.exitCode == 0)", true),
        ("$test.json.n == 7 && $test.json.n != 8 && $test.json.n <= 7", true),
        ("$webhook.body.missing > 5", false),
        ("$webhook.body.missing < 5", false),
        ("$test.stdout > 5", true),
        ("$classify.category == 'bug' && $webhook.body.none == null", true),
        ("$branch in ['main', 'release']", true),
        ("true", true),
        ("false", false),
        ("-1 < $index", true),
    ] {
        let condition = Condition::parse(text, &scope()).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(condition.is_true(&values()), Ok(expected), "{text}");
    }
}

#[test]
fn what_leads_nowhere_is_refused_when_it_is_read() {
    for (text, expected) in [
        (
            "$tset.success",
            "there is no `tset` here; did you mean `test`? (a dollar sign that is only text is written `$$`)",
        ),
        ("$nothing.like.it", "there is no `nothing` here; there are branch, ci-deploy, classify, index, test, webhook"),
        ("$later.stdout", "`later` cannot be used here: it runs later"),
        ("$test.succes", "`test` has no `succes`; did you mean `success`?"),
        ("$test.category", "`test` has no `category`; there are exitCode, json, skipped, stdout, success"),
        (
            "$classify.succes",
            "`classify` has no `succes`; did you mean `success`? A member of that name in its JSON is `classify.json.succes`",
        ),
        ("$test.stdout.lines", "`test.stdout` has no `lines`; it is a plain value"),
        ("$webhook.bdy", "`webhook` has no `bdy`; did you mean `body`?"),
        (
            "$classify.category-team",
            "it is not clear whether `-team` belongs to `classify.category`; write `${classify.category}-team`",
        ),
        ("${test.success", "`${` without its `}`; write `$${`"),
        ("${}", "not valid CEL"),
        ("${test.success ? 'a'}", "not valid CEL"),
        ("${test.success = true}", "not valid CEL"),
        ("${success}", "there is no `success` here"),
        ("${category == bug}", "there is no `category` here"),
        (
            "${test.stdout == ok}",
            "there is no `ok` here; there are branch, ci-deploy, classify, index, test, webhook; a text stands in quotes, `'ok'`",
        ),
        ("${test.stdout.matches('x')}", "there is no function `matches`"),
        ("${load('x')}", "there is no function `load`"),
        ("${r'x'}", "`r` before a quote is not part of an expression here"),
        ("${'''x'''}", "a text in three quotes is not"),
        ("${'x}", "a text without its closing quote"),
        ("${1 // 2}", "`//` is not part of"),
        ("${`x`}", "``` is not part of"),
        ("${_r0}", "there is no `_r0` here"),
    ] {
        let refusal = refusal(text);
        assert!(refusal.starts_with(expected), "{text}: {refusal}");
        assert!(!refusal.contains('\n') && refusal.len() < 400, "{refusal}");
    }
    assert!(matches!(Condition::parse(" ", &scope()), Err(TextError::Expression(_))));
    assert!(matches!(Condition::parse("'yes'", &scope()), Err(TextError::Expression(_))));
}

#[test]
fn a_value_that_does_not_fit_is_an_error_that_quotes_the_author_only() {
    for (text, expected) in [
        ("${webhook.body.title + 1}", "the values do not fit the expression `webhook.body.title + 1`"),
        ("${b'x' == b'x' ? bytes(webhook.path) : b'y'}", ""),
        ("${webhook.body.tags[5 + 9]}", "the values do not fit"),
    ] {
        let error = Text::parse(text, &scope()).and_then(|text| text.value(&values())).unwrap_err().to_string();
        assert!(error.starts_with(expected) && !error.contains("it's"), "{text}: {error}");
    }
    let mut many = values();
    many.set("webhook", json!({ "body": vec![0; 2_000] }));
    let text = Text::parse("${webhook.body.exists(x, x == 1)}", &scope()).unwrap();
    assert!(matches!(text.value(&many), Err(TextError::TooMuch(_))));
    many.set("webhook", json!({ "body": "x".repeat(super::RENDERED_MAX_BYTES) }));
    let text = Text::parse("$webhook.body$webhook.body", &scope()).unwrap();
    assert_eq!(text.render(&many), Err(TextError::TooLarge));
}

#[test]
fn a_syntax_error_names_the_column_that_the_author_sees() {
    let error = refusal("${webhook.body.title == test.stdout )}");
    assert!(error.contains("column 35") || error.contains("column 34"), "{error}");
}

#[test]
fn no_beginning_and_no_end_of_a_text_makes_the_reader_panic() {
    let text = "$ci-deploy.result ${has($test.json[\"é\"]) ? webhook.body.items.filter(x, x.a in [1, 2]) : {'k': !branch}} $$x $5 ${${test.json.0}[1]}";
    for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
        for part in [&text[..at], &text[at..]] {
            let _ = Text::parse(part, &scope()).and_then(|text| text.value(&values()));
            let _ = Condition::parse(part, &scope()).and_then(|condition| condition.is_true(&values()));
        }
    }
}
