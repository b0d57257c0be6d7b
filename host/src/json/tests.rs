use std::time::{Duration, Instant};

use super::{JsonError, JsonKind, JsonText, MAX_DEPTH, canonical, quote};

fn check(body: &str, expected: &str) {
    let made = canonical(body.as_bytes()).unwrap();
    assert_eq!(made.as_str(), expected, "for {body}");
    assert_eq!(canonical(expected.as_bytes()).unwrap(), made, "canonical text stays as it is");
}

fn refused(body: &str) -> JsonError {
    canonical(body.as_bytes()).unwrap_err()
}

#[test]
fn scalars_and_white_space() {
    check(" null ", "null");
    check("\t[ true , false ,\r\n null ]", "[true,false,null]");
    check("{ \"a\" : { } , \"b\" : [ ] }", r#"{"a":{},"b":[]}"#);
}

#[test]
fn the_whole_body_is_trimmed_as_javascript_trims() {
    check("\u{feff}{\"a\":1}", r#"{"a":1}"#);
    check("\u{a0}\u{3000}\u{2028}1\u{2029}\u{b}\u{c}\u{1680}\u{200a}\u{202f}\u{205f}", "1");
    assert_eq!(refused("\u{85}1"), JsonError::Syntax { offset: 0 });
    assert_eq!(refused("[\u{a0}1]"), JsonError::Syntax { offset: 1 });
}

#[test]
fn nothing_is_not_a_value() {
    for body in ["", " \n", "\u{feff}", "\u{3000}"] {
        assert_eq!(refused(body), JsonError::Empty);
    }
}

#[test]
fn the_grammar_is_strict() {
    for body in [
        "{bad",
        "{\"a\":1,}",
        "[1,]",
        "[,1]",
        "{,}",
        "{\"a\"}",
        "{\"a\":}",
        "{'a':1}",
        "[1 2]",
        "1 2",
        "]",
        "}",
        "[}",
        "{]",
        "[",
        "{",
        "\"",
        "\"\\",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\n\"",
        "\"\u{1}\"",
        "tru",
        "truex",
        "nul",
        "01",
        "-",
        "+1",
        ".5",
        "1.",
        "1e",
        "1e+",
        "-01",
        "0x10",
        "NaN",
        "Infinity",
        "undefined",
        "{\"a\":1/*x*/}",
        "// x\n1",
        "{\"a\" \"b\"}",
        "[1]]",
        "{\"a\":1}}",
    ] {
        assert!(matches!(refused(body), JsonError::Syntax { .. }), "{body}");
    }
    assert_eq!(refused("  {\"a\": x}"), JsonError::Syntax { offset: 8 });
}

#[test]
fn numbers_are_doubles_printed_as_ecmascript_prints_them() {
    for (written, printed) in [
        ("1.0", "1"),
        ("1e3", "1000"),
        ("12345678901234567890", "12345678901234567000"),
        ("1e21", "1e+21"),
        ("123456789012345678901234", "1.2345678901234569e+23"),
        ("1E-7", "1e-7"),
        ("0.000001", "0.000001"),
        ("-0", "0"),
        ("-0.0", "0"),
        ("0e5", "0"),
        ("1e-400", "0"),
        ("-1.50", "-1.5"),
        ("9007199254740993", "9007199254740992"),
        ("5e-324", "5e-324"),
        ("1.7976931348623157e308", "1.7976931348623157e+308"),
        ("1e400", "1e999"),
        ("-1e400", "-1e999"),
        ("100000000000000000000", "100000000000000000000"),
        ("123456789012345", "123456789012345"),
    ] {
        check(written, printed);
    }
}

#[test]
fn strings_are_written_as_json_stringify_writes_them() {
    for (written, printed) in [
        (r#""\u00e9\ud83e\udd80\/\t\"""#, "\"é🦀/\\t\\\"\""),
        (r#""\u2028\u007f""#, "\"\u{2028}\u{7f}\""),
        (r#""\u0008\u0009\u000A\u000b\u000C\u000D\u0000\u001F""#, r#""\b\t\n\u000b\f\r\u0000\u001f""#),
        (r#""\u0041\u005c\u0022""#, r#""A\\\"""#),
        (r#""\uD800""#, r#""\ud800""#),
        (r#""\udc00\ud800x""#, r#""\udc00\ud800x""#),
        (r#""\ud800\ud83e\udd80""#, "\"\\ud800🦀\""),
        (r#""\ud800\n""#, r#""\ud800\n""#),
        (r#""a\\tb""#, r#""a\\tb""#),
    ] {
        check(written, printed);
    }
    let mut quoted = String::new();
    quote("a\"\\\n\u{1}é", &mut quoted);
    assert_eq!(quoted, "\"a\\\"\\\\\\n\\u0001é\"");
}

#[test]
fn invalid_utf8_becomes_the_replacement_character() {
    assert_eq!(canonical(b"\"a\xffb\"").unwrap().as_str(), "\"a\u{fffd}b\"");
    assert_eq!(canonical(b"\"\xed\xa0\x80\"").unwrap().as_str(), "\"\u{fffd}\u{fffd}\u{fffd}\"");
}

#[test]
fn of_duplicates_the_last_value_wins_at_the_first_place() {
    check(r#"{"a":1,"b":2,"a":3}"#, r#"{"a":3,"b":2}"#);
    check(r#"{"a":1,"\u0061":{"x":1,"x":[2]},"a":{"y":1,"y":2}}"#, r#"{"a":{"y":2}}"#);
    check(r#"[{"k":1,"k":2},{"k":1}]"#, r#"[{"k":2},{"k":1}]"#);
    let many: Vec<String> = (0..20).map(|n| format!("\"k{}\":{n}", n % 15)).collect();
    let made = canonical(format!("{{{}}}", many.join(",")).as_bytes()).unwrap();
    assert!(made.as_str().starts_with(r#"{"k0":15,"k1":16,"#));
    assert_eq!(made.members().unwrap().len(), 15);
}

#[test]
fn array_indices_come_first_and_ascending() {
    check(r#"{"b":1,"10":2,"9":3,"a":4,"0":5}"#, r#"{"0":5,"9":3,"10":2,"b":1,"a":4}"#);
    check(r#"{"x":1,"4294967294":2}"#, r#"{"4294967294":2,"x":1}"#);
    check(
        r#"{"x":1,"4294967295":2,"01":3,"-1":4,"1.5":5,"":6}"#,
        r#"{"x":1,"4294967295":2,"01":3,"-1":4,"1.5":5,"":6}"#,
    );
    check(
        r#"{"z":{"b":{"2":1,"1":2},"1":0},"7":[{"c":0,"3":1}]}"#,
        r#"{"7":[{"3":1,"c":0}],"z":{"1":0,"b":{"1":2,"2":1}}}"#,
    );
}

#[test]
fn proto_members_vanish_below_the_outermost_object() {
    check(r#"{"s":{"__proto__":{"x":1},"constructor":1,"ok":2}}"#, r#"{"s":{"constructor":1,"ok":2}}"#);
    check(r#"[{"\u005f_proto__":1}]"#, r#"[{}]"#);
    check(r#"{"action":1,"__proto__":{"x":1}}"#, r#"{"action":1,"__proto__":{"x":1}}"#);
}

#[test]
fn depth_is_bounded_and_costs_no_thread_stack() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    for levels in [100, 500, MAX_DEPTH] {
        check(&nested(levels), &nested(levels));
    }
    assert_eq!(refused(&nested(MAX_DEPTH + 1)), JsonError::TooDeep);
    assert_eq!(refused(&"[".repeat(200_000)), JsonError::TooDeep);
}

/// A quadratic reader takes minutes for these; the bound is loose enough for a slow, busy machine and a debug build.
#[test]
fn hostile_bodies_take_linear_time() {
    let distinct: Vec<String> = (0..30_000).map(|n| format!("\"k{n}\":1")).collect();
    let same = vec!["\"k\":1"; 43_000];
    let indices: Vec<String> = (0..30_000).rev().map(|n| format!("\"{n}\":1")).collect();
    let bodies = [
        format!("{{{}}}", distinct.join(",")),
        format!("{{{}}}", same.join(",")),
        format!("{{{}}}", indices.join(",")),
        format!("{}[{}]{}", r#"{"a":1,"a":"#.repeat(999), "1,".repeat(100_000) + "1", "}".repeat(999)),
        format!("[{}[]]", "[[[]]],".repeat(30_000)),
        format!("\"{}\"", "\\u0000".repeat(43_000)),
        "9".repeat(262_144),
    ];
    for body in bodies {
        let begun = Instant::now();
        canonical(body.as_bytes()).unwrap();
        assert!(begun.elapsed() < Duration::from_secs(2), "{}", &body[..40]);
    }
}

#[test]
fn a_value_tells_its_type_and_its_members() {
    let value = canonical(r#"{"s":"a\nb","o":{"x":[1,"]}"]},"n":-1.5,"é\ud800":null,"b":true}"#.as_bytes()).unwrap();
    assert_eq!(value.kind(), JsonKind::Object);
    let members = value.members().unwrap();
    let names: Vec<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
    assert_eq!(names, ["s", "o", "n", "é\u{fffd}", "b"]);
    let values: Vec<&str> = members.iter().map(|(_, value)| *value).collect();
    assert_eq!(values, [r#""a\nb""#, r#"{"x":[1,"]}"]}"#, "-1.5", "null", "true"]);
    assert_eq!(canonical(b"{}").unwrap().members().unwrap(), []);
    assert!(canonical(b"[]").unwrap().members().is_none());
    assert_eq!(JsonText::string("a\n").as_string_lossy().unwrap(), "a\n");
    assert_eq!(canonical(br#""\ud800!""#).unwrap().as_string_lossy().unwrap(), "\u{fffd}!");
}

#[test]
fn strings_are_trimmed_in_their_json_form() {
    let trimmed = |text: &str| canonical(text.as_bytes()).unwrap().trimmed().into_string();
    assert_eq!(trimmed(r#"" \t\n\u000b\f\r\u00a0\ufeffx y\u2028 ""#), r#""x y""#);
    assert_eq!(trimmed(r#""\\t ""#), r#""\\t""#);
    assert_eq!(trimmed(r#""\\\t""#), r#""\\""#);
    assert_eq!(trimmed(r#"" \n ""#), r#""""#);
    assert_eq!(trimmed(r#""\b""#), r#""\b""#);
    assert_eq!(trimmed(r#"[" "]"#), r#"[" "]"#);
    let collapsed = |text: &str| canonical(text.as_bytes()).unwrap().collapsed().into_string();
    assert_eq!(collapsed(r#""  half \n\t way\\n  there ""#), r#""half way\\n there""#);
}

#[test]
fn safe_integers_and_numbers_out_of_range_are_told_apart() {
    let integer = |text: &str| canonical(text.as_bytes()).unwrap().as_safe_integer();
    assert_eq!(integer("1e0"), Some(1));
    assert_eq!(integer("-0"), Some(0));
    assert_eq!(integer("9007199254740991"), Some(9_007_199_254_740_991));
    for text in ["9007199254740992", "-1", "1.5", "1e400", "\"1\"", "true"] {
        assert_eq!(integer(text), None, "{text}");
    }
    let beyond = |text: &str| canonical(text.as_bytes()).unwrap().has_out_of_range_number();
    assert!(beyond(r#"{"a":[1,-1e500]}"#));
    assert!(!beyond(r#"{"1e999":"\"1e999","n":1e99}"#));
}
