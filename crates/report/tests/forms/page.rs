//! The HTML form.

use proptest::prelude::*;
use watchpost_report::{Block, Language, html};

use crate::sample::{long_table, saying};

/// Texts as people who attack a page write them, and any others.
pub(crate) fn nasty() -> impl Strategy<Value = String> {
    let known = prop::sample::select(vec![
        "<script>alert(1)</script>",
        "</style><script src=//evil.example/x>",
        "\"><img src=x onerror=alert(1)>",
        "' onmouseover='alert(1)",
        "</title></head><body onload=alert(1)>",
        "<!--",
        "-->",
        "]]>",
        "<svg/onload=alert(1)>",
        "&lt;script&gt;",
        "&#60;script&#62;",
        "javascript:alert(1)",
        "\u{202e}gpj.exe\u{202c}",
        "\u{2066}\u{2067}\u{2069}\u{200f}",
        "\u{1b}]0;title\u{7}\u{9b}31m\0",
        "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
        "\u{feff}\u{e000}\u{10ffff}\u{fff9}",
        "Ёлка 漢字 عربى 👩\u{200d}💻",
        "(\\)/Tj ET\nendstream",
    ]);
    let part = prop_oneof![3 => known.prop_map(str::to_owned), 2 => any::<String>(), 1 => "[ -~]{0,300}"];
    prop::collection::vec(part, 0..4).prop_map(|parts| parts.concat())
}

/// The tags of a page in their order, with all that stands in them.
fn tags(page: &str) -> Vec<&str> {
    let starts = page.match_indices('<').map(|(at, _)| at);
    let tags = starts.map(|at| page[at..].split_inclusive('>').next().unwrap());
    tags.filter(|tag| !matches!(*tag, "<i>" | "</i>")).collect()
}

fn assert_harmless(page: &str) {
    let lower = page.to_lowercase();
    assert!(!lower.contains("<script"), "a script");
    for outside in ["http://", "https://", "url(", "@import", "src=", "href="] {
        let within_tags = tags(page).iter().any(|tag| tag.to_lowercase().contains(outside));
        assert!(!within_tags, "{outside} within a tag");
    }
    let obeyed = |c: char| {
        c != '\n' && c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    assert_eq!(page.chars().find(|c| obeyed(*c)), None, "a character that is obeyed");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_text_changes_the_markup(text in nasty()) {
        let page = html(&saying(&text, Language::En));
        assert_harmless(&page);
        let plain = html(&saying("x", Language::En));
        prop_assert_eq!(tags(&page), tags(&plain));
    }
}

#[test]
fn the_page_needs_nothing_else() {
    let page = html(&saying("x", Language::Ru));
    assert_harmless(&page);
    assert!(page.contains("default-src 'none'"));
    assert!(page.contains("<html lang=\"ru\" dir=\"ltr\">"));
    let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    assert!(!style.contains("url(") && !style.contains("@import"));
}

#[test]
fn the_crates_own_words_are_in_the_reports_language() {
    let english = html(&saying("x", Language::En));
    for word in [
        "Summary",
        "… and 214 more",
        "Nothing was found",
        "critical",
        "12,345",
        "+23\u{a0}%, 10,000 before",
    ] {
        assert!(english.contains(word), "{word}");
    }
    assert!(english.contains("Made 2026-11-23 07:00, times are in Europe/Moscow, UTC+03:00"));
    assert!(english.contains("2026-11-16 00:00 – 2026-11-23 00:00"));
    let russian = html(&saying("x", Language::Ru));
    for word in [
        "Главное",
        "… и ещё 214",
        "Ничего не найдено",
        "критический",
        "пн 16",
        "было 10\u{a0}000",
        "МБ",
    ] {
        assert!(russian.contains(word), "{word}");
    }
}

#[test]
fn a_table_shows_no_more_rows_than_it_may() {
    let mut report = long_table(120);
    let Block::Table(table) = &mut report.sections[0].blocks[0] else {
        panic!("a table");
    };
    table.rows_max = 100;
    let page = html(&report);
    assert_eq!(page.matches("rule number").count(), 100);
    assert!(page.contains("… and 20 more"));
    assert!(
        html(&long_table(20_000)).contains("… and 10,000 more"),
        "whatever its own limit says"
    );
}
