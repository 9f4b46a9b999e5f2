#![expect(clippy::unwrap_used, reason = "tests")]

use std::fmt::Write;

use proptest::prelude::*;

use super::text::{percent_decoded, split_quoted, unescaped};
use crate::Codec;
use crate::golden::{assert_golden, decode, decode_as};

#[test]
fn lines_and_what_they_say() {
    assert_golden(include_str!("golden.txt"));
}

#[test]
fn the_codec_takes_what_auto_is_not_sure_of() {
    let line = "example.org reader anna b [20/Nov/2026:22:41:07 +0000] \"GET / HTTP/1.1\" 200 0";
    let event = decode_as(Codec::Access, line);
    assert_eq!(event.fields.text("user.name"), Some("anna b"));
    assert_eq!(event.fields.text("source.address"), Some("example.org"));
    assert_eq!(decode(line).fields.len(), 0);
    let other = "Nov 20 22:41:07 web-1 sshd[1]: x";
    let event = decode_as(Codec::Access, other);
    assert_eq!((event.message.as_str(), event.fields.len()), (other, 0));
}

#[test]
fn one_byte_that_is_no_text_hides_nothing() {
    assert_eq!(percent_decoded("/%ff/%2e%2E/%2F%c3%a9%zz%2".into()), "/%ff/..//é%zz%2");
    assert_eq!(percent_decoded("%252e".into()), "%2e", "once");
    assert_eq!(unescaped(r#"\"a\\\x41\xff\xC3\xA9\q\n"#), "\"a\\A\\xffé\\q\n");
    assert_eq!(unescaped("\\"), "\\");
}

#[test]
fn a_quoted_field_ends_at_a_quote_without_a_backslash() {
    assert_eq!(split_quoted(r#"a\"b\\" c"#), Some((r#"a\"b\\"#, " c")));
    assert_eq!(split_quoted(r"a\"), None);
    assert_eq!(split_quoted("é\\é\""), Some(("é\\é", "")));
}

/// As Apache and nginx write what a client sent.
fn escaped(text: &str, nginx: bool) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' if !nginx => out.extend(['\\', char::from(byte)]),
            b' ' | b'!' | b'#'..=b'[' | b']'..=b'~' => out.push(char::from(byte)),
            _ => write!(out, "\\x{byte:02X}").unwrap(),
        }
    }
    out
}

proptest! {
    #[test]
    fn what_a_client_sends_changes_nothing_but_its_own_field(user in client(), target in client(), referrer in client(), agent in client(), nginx: bool) {
        let field = |text: &str| escaped(text, nginx);
        let line = format!(
            "203.0.113.9 - {} [20/Nov/2026:22:41:07 +0000] \"GET /{} HTTP/1.1\" 403 7 \"{}\" \"{}\"",
            field(&user), field(&target), field(&referrer), field(&agent)
        );
        let event = decode(&line);
        prop_assert_eq!(&event.message, &line);
        prop_assert_eq!(event.time.to_string(), "2026-11-20T22:41:07.000Z");
        prop_assert_eq!(event.fields.text("source.ip"), Some("203.0.113.9"));
        prop_assert_eq!(event.fields.get("http.response.status_code"), Some(&403.into()));
        prop_assert_eq!(event.fields.get("http.response.body.bytes"), Some(&7.into()));
        let expected = |text: &str| Some(text.to_owned()).filter(|text| !matches!(text.as_str(), "" | "-"));
        let have = |name: &str| event.fields.text(name).map(str::to_owned);
        // Without quotes around it, so Apache writes that there was none.
        if user != "\"\"" {
            prop_assert_eq!(have("user.name"), expected(&user));
        }
        prop_assert_eq!(have("http.request.referrer"), expected(&referrer));
        prop_assert_eq!(have("user_agent.original"), expected(&agent));
    }

    #[test]
    fn decoding_never_panics_and_never_grows(text: String) {
        prop_assert!(unescaped(&text).len() <= text.len());
        prop_assert!(percent_decoded(text.as_str().into()).len() <= text.len());
        let line = format!("203.0.113.9 - - [20/Nov/2026:22:41:07 +0000] \"{text}\" 200 5 \"{text}\" \"{text}\"");
        prop_assert_eq!(decode_as(Codec::Access, &line).message, line);
    }

    #[test]
    fn runs_of_escapes_never_panic(pieces in proptest::collection::vec("%|%[0-9a-fA-F]{2}|%[c-f][0-9a-f]%[89ab][0-9a-f]|\\\\x[0-9a-fc-f]{2}|\\\\|\\\\\"|é|a|\"", 0..16)) {
        let text = pieces.concat();
        prop_assert!(unescaped(&text).len() <= text.len());
        prop_assert!(percent_decoded(unescaped(&text)).len() <= text.len());
    }

    #[test]
    fn pieces_of_lines_in_any_order_do_not_panic(pieces in proptest::collection::vec(PIECE, 0..12)) {
        let line = pieces.concat();
        let event = decode(&line);
        prop_assert!(line.ends_with(&event.message));
        decode_as(Codec::Access, &line);
    }
}

const PIECE: &str = "203\\.0\\.113\\.9| |-|h:80|\\[20/Nov/2026:22:41:07 \\+0000\\]|\\[|\\] \"|\"GET /%2e\\?\\\\x41 HTTP/1\\.1\"|\"|200|5|2026/11/20 22:41:07| \\[error\\] |1#1:|\\[Fri Nov 20 22:41:07 2026\\]| \\[core:error\\]| \\[pid 1:tid 2\\]| \\[client |192\\.0\\.2\\.1:5\\] |é";

/// Texts that look like the line they stand in.
fn client() -> impl Strategy<Value = String> {
    let parts = "(\\] \"| \\[20/Nov/2026:00:00:00 \\+0000\\]|GET|/|\"|\\\\|HTTP/1.1|200|5|-| |\\x00|\n|é){0,10}";
    prop_oneof![any::<String>(), parts.prop_map(String::from)]
}

#[test]
fn bytes_that_are_none_are_not_counted() {
    let line = |bytes: &str| format!("203.0.113.9 - - [20/Nov/2026:22:41:07 +0000] \"GET / HTTP/1.1\" 200 {bytes}");
    let counted = |bytes: &str| decode(&line(bytes)).fields.get("http.response.body.bytes").cloned();
    assert_eq!(counted("18446744073709551616"), None);
    assert_eq!(counted("9007199254740993").unwrap(), 9_007_199_254_740_993_u64);
    assert_eq!(decode(&line("x")).fields.len(), 0, "not of this shape");
}
