use super::message;
use crate::json::canonical;

/// Each sentence is what V8 says of the text; the line and the column are what its newer releases add.
const SAID: [(&str, &str); 111] = [
    ("{\"a\":1,}", "Expected double-quoted property name in JSON at position 7 (line 1 column 8)"),
    ("{\"message\":\"x\"", "Expected ',' or '}' after property value in JSON at position 14 (line 1 column 15)"),
    ("{\"message\":\"x", "Unterminated string in JSON at position 13 (line 1 column 14)"),
    ("{\"message\":", "Unexpected end of JSON input"),
    ("{\"message\"", "Expected ':' after property name in JSON at position 10 (line 1 column 11)"),
    ("{\"a\" 1}", "Expected ':' after property name in JSON at position 5 (line 1 column 6)"),
    ("{\"a\":1 \"b\":2}", "Expected ',' or '}' after property value in JSON at position 7 (line 1 column 8)"),
    ("[1 2]", "Expected ',' or ']' after array element in JSON at position 3 (line 1 column 4)"),
    ("[1,2", "Expected ',' or ']' after array element in JSON at position 4 (line 1 column 5)"),
    ("[1,]", "Unexpected token ']', \"[1,]\" is not valid JSON"),
    ("[", "Unexpected end of JSON input"),
    ("{", "Expected property name or '}' in JSON at position 1 (line 1 column 2)"),
    ("{\"a\":1}}", "Unexpected non-whitespace character after JSON at position 7 (line 1 column 8)"),
    ("{\"a\":1} x", "Unexpected non-whitespace character after JSON at position 8 (line 1 column 9)"),
    ("1 2", "Unexpected non-whitespace character after JSON at position 2 (line 1 column 3)"),
    ("\"\\q\"", "Bad escaped character in JSON at position 2 (line 1 column 3)"),
    ("{\"a\":\"\u{1}\"}", "Bad control character in string literal in JSON at position 6 (line 1 column 7)"),
    ("{\"a\":\"\n\"}", "Bad control character in string literal in JSON at position 6 (line 1 column 7)"),
    ("{\"a\":01}", "Unexpected number in JSON at position 6 (line 1 column 7)"),
    ("-", "No number after minus sign in JSON at position 1 (line 1 column 2)"),
    ("1.", "Unterminated fractional number in JSON at position 2 (line 1 column 3)"),
    ("1e", "Exponent part is missing a number in JSON at position 2 (line 1 column 3)"),
    ("{\"a\":-}", "No number after minus sign in JSON at position 6 (line 1 column 7)"),
    ("{\"a\":1.}", "Unterminated fractional number in JSON at position 7 (line 1 column 8)"),
    ("tru", "Unexpected end of JSON input"),
    ("nul", "Unexpected end of JSON input"),
    ("{\"a\":tru}", "Unexpected token '}', \"{\"a\":tru}\" is not valid JSON"),
    ("{\"a\":undefined}", "Unexpected token 'u', \"{\"a\":undefined}\" is not valid JSON"),
    ("{'a':1}", "Expected property name or '}' in JSON at position 1 (line 1 column 2)"),
    ("not json", "Unexpected token 'o', \"not json\" is not valid JSON"),
    ("{\"a\":\"\\u12\"}", "Bad Unicode escape in JSON at position 10 (line 1 column 11)"),
    ("{\"a\":\"\\u12G4\"}", "Bad Unicode escape in JSON at position 10 (line 1 column 11)"),
    (
        "{\"message\":\"hello world this is a very long text that goes on and on\", bad}",
        "Expected double-quoted property name in JSON at position 71 (line 1 column 72)",
    ),
    (
        "{\"message\":\"hello world this is a very long text that goes on and on\" bad}",
        "Expected ',' or '}' after property value in JSON at position 70 (line 1 column 71)",
    ),
    ("<xml/>", "Unexpected token '<', \"<xml/>\" is not valid JSON"),
    ("message=hi&x=1", "Unexpected token 'm', \"message=hi&x=1\" is not valid JSON"),
    ("{\"a\":.5}", "Unexpected token '.', \"{\"a\":.5}\" is not valid JSON"),
    ("{\"a\":+5}", "Unexpected token '+', \"{\"a\":+5}\" is not valid JSON"),
    ("{\"a\":1,,\"b\":2}", "Expected double-quoted property name in JSON at position 7 (line 1 column 8)"),
    ("{,}", "Expected property name or '}' in JSON at position 1 (line 1 column 2)"),
    ("[,]", "Unexpected token ',', \"[,]\" is not valid JSON"),
    ("NaN", "\"NaN\" is not valid JSON"),
    ("{\"a\":\"b}", "Unterminated string in JSON at position 8 (line 1 column 9)"),
    ("{\"a\":1]", "Expected ',' or '}' after property value in JSON at position 6 (line 1 column 7)"),
    ("[1}", "Expected ',' or ']' after array element in JSON at position 2 (line 1 column 3)"),
    ("é", "Unexpected token 'é', \"é\" is not valid JSON"),
    ("{\"é\":1 x}", "Expected ',' or '}' after property value in JSON at position 7 (line 1 column 8)"),
    ("{\"a\":00}", "Unexpected number in JSON at position 6 (line 1 column 7)"),
    ("0x1", "Unexpected non-whitespace character after JSON at position 1 (line 1 column 2)"),
    ("{\"text\":\"hi\",\n\"mode\":now}", "Unexpected token 'o', ...\",\n\"mode\":now}\" is not valid JSON"),
    ("{\n  \"text\": \"hi\",\n  \"mode\" \"now\"\n}", "Unexpected string in JSON at position 27 (line 3 column 10)"),
    ("-x", "No number after minus sign in JSON at position 1 (line 1 column 2)"),
    ("1.x", "Unterminated fractional number in JSON at position 2 (line 1 column 3)"),
    ("1ex", "Exponent part is missing a number in JSON at position 2 (line 1 column 3)"),
    ("\"abc", "Unterminated string in JSON at position 4 (line 1 column 5)"),
    ("{\"a\":t", "Unexpected end of JSON input"),
    ("{\"a\":truefoo}", "Expected ',' or '}' after property value in JSON at position 9 (line 1 column 10)"),
    (
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
        "Unexpected token 'a', \"abcdefghij\"... is not valid JSON",
    ),
    ("{\"a\":1,\"b\"}", "Unexpected token '}', \"{\"a\":1,\"b\"}\" is not valid JSON"),
    ("{\"a\":\"x\"y}", "Expected ',' or '}' after property value in JSON at position 8 (line 1 column 9)"),
    ("{1:2}", "Expected property name or '}' in JSON at position 1 (line 1 column 2)"),
    ("{a:1}", "Expected property name or '}' in JSON at position 1 (line 1 column 2)"),
    ("{]", "Expected property name or '}' in JSON at position 1 (line 1 column 2)"),
    ("{bad", "Expected property name or '}' in JSON at position 1 (line 1 column 2)"),
    (" {\n é}", "Expected property name or '}' in JSON at position 3 (line 2 column 2)"),
    ("nope", "Unexpected token 'o', \"nope\" is not valid JSON"),
    ("message=hi", "Unexpected token 'm', \"message=hi\" is not valid JSON"),
    (
        "{\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":x,\"f\":6,\"g\":7}",
        "Unexpected token 'x', ...\"\"d\":4,\"e\":x,\"f\":6,\"g\"... is not valid JSON",
    ),
    ("\"\\", "Unexpected end of JSON input"),
    ("\"\\u", "Bad Unicode escape in JSON at position 3 (line 1 column 4)"),
    ("{\"a\":1,\"b\" 2}", "Unexpected number in JSON at position 11 (line 1 column 12)"),
    ("{\"a\":1,\"b\"", "Unexpected end of JSON input"),
    ("n1", "Unexpected number in JSON at position 1 (line 1 column 2)"),
    ("t\"x\"", "Unexpected string in JSON at position 1 (line 1 column 2)"),
    ("{\"a\":1,", "Expected double-quoted property name in JSON at position 7 (line 1 column 8)"),
    ("[1,", "Unexpected end of JSON input"),
    ("{\"a\":[1,{\"b\":}]}", "Unexpected token '}', \"{\"a\":[1,{\"b\":}]}\" is not valid JSON"),
    ("12345678901234567890x", "Unexpected non-whitespace character after JSON at position 20 (line 1 column 21)"),
    ("[1,2,3,4,5,6,7,8,9,x]", "Unexpected token 'x', ...\"5,6,7,8,9,x]\" is not valid JSON"),
    ("[1,2,3,4,5,6,7,8,x,9]", "Unexpected token 'x', ...\"4,5,6,7,8,x,9]\" is not valid JSON"),
    ("[1,2,3,4,x,5,6,7,8,9,0]", "Unexpected token 'x', \"[1,2,3,4,x,5,6,7,8,\"... is not valid JSON"),
    ("x2345678901234567890", "Unexpected token 'x', \"x2345678901234567890\" is not valid JSON"),
    ("x23456789012345678901", "Unexpected token 'x', \"x234567890\"... is not valid JSON"),
    ("[object Object]", "\"[object Object]\" is not valid JSON"),
    ("Infinity", "\"Infinity\" is not valid JSON"),
    ("undefined", "\"undefined\" is not valid JSON"),
    ("undefined ", "\"undefined\" is not valid JSON"),
    ("{\"a\":NaN}", "Unexpected token 'N', \"{\"a\":NaN}\" is not valid JSON"),
    ("-0x", "Unexpected non-whitespace character after JSON at position 2 (line 1 column 3)"),
    ("{\"a\":1}\n\n}", "Unexpected non-whitespace character after JSON at position 9 (line 3 column 1)"),
    ("tré", "Unexpected token 'é', \"tré\" is not valid JSON"),
    ("{\"é😀\":\"b\"\n ]", "Expected ',' or '}' after property value in JSON at position 12 (line 2 column 2)"),
    ("{\"a\":\"tab\there\"}", "Bad control character in string literal in JSON at position 9 (line 1 column 10)"),
    ("[1]]", "Unexpected non-whitespace character after JSON at position 3 (line 1 column 4)"),
    ("{\"a\":{\"b\":1}", "Expected ',' or '}' after property value in JSON at position 12 (line 1 column 13)"),
    ("[[1,2]", "Expected ',' or ']' after array element in JSON at position 6 (line 1 column 7)"),
    ("{\"key\": value}", "Unexpected token 'v', \"{\"key\": value}\" is not valid JSON"),
    ("{\"key\": \"value\",}", "Expected double-quoted property name in JSON at position 16 (line 1 column 17)"),
    ("'x'", "Unexpected token ''', \"'x'\" is not valid JSON"),
    ("// c\n{}", "Unexpected token '/', \"// c\n{}\" is not valid JSON"),
    ("{\"a\":1} // c", "Unexpected non-whitespace character after JSON at position 8 (line 1 column 9)"),
    ("{\"a\":\"\\x41\"}", "Bad escaped character in JSON at position 7 (line 1 column 8)"),
    ("1.5.5", "Unexpected non-whitespace character after JSON at position 3 (line 1 column 4)"),
    ("+1", "Unexpected token '+', \"+1\" is not valid JSON"),
    (".5", "Unexpected token '.', \".5\" is not valid JSON"),
    ("1e5e5", "Unexpected non-whitespace character after JSON at position 3 (line 1 column 4)"),
    ("--1", "No number after minus sign in JSON at position 1 (line 1 column 2)"),
    ("{{}}", "Expected property name or '}' in JSON at position 1 (line 1 column 2)"),
    ("[{]", "Expected property name or '}' in JSON at position 2 (line 1 column 3)"),
    ("{\"a\":1;\"b\":2}", "Expected ',' or '}' after property value in JSON at position 6 (line 1 column 7)"),
    ("%7B%7D", "Unexpected token '%', \"%7B%7D\" is not valid JSON"),
];

#[test]
fn what_is_wrong_is_said_as_v8_says_it() {
    for (body, expected) in SAID {
        let error = canonical(body.as_bytes()).unwrap_err();
        assert_eq!(message(body.as_bytes(), error), expected, "{body}");
    }
}

#[test]
fn every_message_names_json_and_stays_short() {
    let (deep, wide) = ("[".repeat(5_000), "[".repeat(100_000) + "x");
    let long = format!("{{\"a\":\"{}\" x}}", "é".repeat(10_000));
    let bodies =
        [deep.as_bytes(), wide.as_bytes(), long.as_bytes(), b"\xff\xfe{", b"\xe3\x80", b"{\"a\":\"\x01\"}", b"1 2"];
    for body in bodies {
        let Err(error) = canonical(body) else { continue };
        let said = message(body, error);
        assert!(said.contains("JSON") && said.len() < 300, "{said}");
    }
}
