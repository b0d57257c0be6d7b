use super::*;

#[test]
fn what_will_not_work_or_is_not_safe_is_a_warning() {
    let private = |lines: &str| {
        format!(
            "webhooks.endpoints[0].url: the address is private, and nothing will be sent there; to allow it, add allowPrivate: [{lines}]"
        )
    };
    let plain = "webhooks.endpoints[0].url: over plain http everybody on the way".to_owned();
    let none = String::new();
    for (url, keys, expected) in [
        ("https://127.0.0.1:8443/x", "", private("\"127.0.0.1/32:8443\"")),
        ("https://2130706433/", "", private("\"127.0.0.1/32:443\"")),
        ("http://[::1]/x", "secret: 'x'", private("\"[::1]/128:80\"")),
        ("http://[::ffff:10.0.0.1]/x", "", private("\"10.0.0.1/32:80\"")),
        ("http://localhost:9", "secret: 'x'", private("\"127.0.0.1/32:9\", \"[::1]/128:9\"")),
        ("https://169.254.169.254/", "allowPrivate: ['10.0.0.0/8']", private("\"169.254.169.254/32:443\"")),
        ("https://10.0.0.1:8443", "allowPrivate: ['10.0.0.0/8:443']", private("\"10.0.0.1/32:8443\"")),
        ("https://10.0.0.1:8443", "allowPrivate: ['10.0.0.0/8']", none.clone()),
        ("http://localhost:9", "allowPrivate: ['127.0.0.1/32:9'], secret: 'x'", none.clone()),
        ("http://crm.internal", "allowPrivate: ['10.0.0.0/8'], secret: 'x'", none.clone()),
        ("https://127.0.0.1", "enabled: false", none.clone()),
        ("http://example.com", "", none.clone()),
        ("https://8.8.8.8", "secret: 'x'", none.clone()),
        ("http://example.com", "secret: 'x'", plain.clone()),
        ("http://8.8.8.8", "headers: { x: 'y' }", plain),
        (
            "https://x.example",
            "allowPrivate: ['0.0.0.0/0']",
            "webhooks.endpoints[0].url: allowPrivate has 0.0.0.0/0, which is every".into(),
        ),
        (
            "https://x.example",
            "secret: 'x', signing: 'none'",
            "webhooks.endpoints[0].signing: nothing is signed".into(),
        ),
        (
            "https://x.example",
            "secrets: [{ value: 'x', expiresAt: '2030-01-01T00:00:00Z' }]",
            "webhooks.endpoints[0].secrets: every secret expires".into(),
        ),
    ] {
        let config = webhooks(&format!("endpoints: [{{ name: 'a', url: '{url}', events: ['*'], {keys} }}]")).unwrap();
        let found = config.warnings;
        let right =
            if expected.is_empty() { found.is_empty() } else { found.len() == 1 && found[0].starts_with(&expected) };
        assert!(right, "{url} {keys}: {found:?}");
    }
}

#[test]
fn a_type_that_nobody_raises_is_a_warning() {
    for (pattern, expected) in [
        ("flow.failed", None),
        ("error.occurred", None),
        ("*", None),
        ("flow.fail*", None),
        ("my-app.custom_event2*", None),
        (
            "flow.fail",
            Some(
                "webhooks.endpoints[0].events[0]: no event of the type `flow.fail` is known here; did you mean `flow.failed`?",
            ),
        ),
        ("my-app.event", Some("webhooks.endpoints[0].events[0]: no event of the type `my-app.event` is known here")),
    ] {
        let text = format!("endpoints: [{{ name: 'a', url: 'https://x.example', events: ['{pattern}'] }}]");
        let warnings = webhooks(&text).unwrap().warnings;
        assert_eq!(warnings.first().map(String::as_str), expected, "{pattern}");
    }
}
