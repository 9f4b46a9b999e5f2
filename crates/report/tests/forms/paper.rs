//! The PDF form, read back by a reader of the tests' own.

use proptest::prelude::*;
use watchpost_event::Timestamp;
use watchpost_report::{Block, Cell, Language, Report, html, pdf};

use crate::page::nasty;
use crate::reader::{Said, read};
use crate::sample::{long_table, saying};

/// A4 and what is left free at its sides, in points.
const PAPER: (f32, f32) = (595.28, 841.89);
const SIDE: f32 = 42.0;

fn pages(report: &Report) -> Vec<Vec<Said>> {
    read(&pdf(report).unwrap())
}

fn text(page: &[Said]) -> String {
    page.iter()
        .map(|said| said.text.as_str())
        .collect::<Vec<_>>()
        .join("\n")
}

fn assert_on_paper(pages: &[Vec<Said>]) {
    for said in pages.iter().flatten() {
        assert!(
            said.left >= SIDE - 0.1 && said.right <= PAPER.0 - SIDE + 0.3,
            "beside: {said:?}"
        );
        assert!((20.0..PAPER.1 - 20.0).contains(&said.y), "above or below: {said:?}");
    }
}

#[test]
fn a_report_can_be_read_and_copied_in_both_alphabets() {
    let pages_ru = pages(&saying("Вход через ssh: Ёжик из «офиса»", Language::Ru));
    let whole: String = pages_ru.iter().map(|page| text(page)).collect();
    for said in [
        "Вход через ssh: Ёжик",
        "Главное",
        "критический",
        "… и ещё 214",
        "пн 16",
        "1,5\u{a0}МБ",
        "12\u{a0}345",
    ] {
        assert!(whole.contains(said), "{said}\n{whole}");
    }
    assert!(whole.contains("Составлен 2026-11-23 07:00, время указано в поясе Europe/Moscow, UTC+03:00"));
    let first = text(&pages(&saying("Who came in", Language::En))[0]);
    for said in [
        "Watchpost",
        "Who came in",
        "2026-11-16 00:00 – 2026-11-23 00:00",
        "page 1 of 1",
    ] {
        assert!(first.contains(said), "{said}\n{first}");
    }
}

#[test]
fn what_no_typeface_has_and_what_would_be_obeyed_is_told_by_number() {
    let page = text(&pages(&saying("a\u{202e}張\n", Language::En))[0]);
    assert!(page.contains("‹U+202E›‹U+5F35›‹\\n›"), "{page}");
}

#[test]
fn a_report_of_nothing_is_a_page() {
    let mut report = saying("", Language::En);
    for block in &mut report.sections[0].blocks {
        match block {
            Block::Numbers { numbers } => numbers.clear(),
            Block::Bars(chart) => chart.bars.clear(),
            Block::Times(chart) => chart.series.clear(),
            Block::Table(table) => {
                table.columns.clear();
                table.rows.push(vec![Cell::Unknown; 20]);
            }
            Block::Text { .. } | Block::Nothing { .. } => {}
        }
    }
    assert_eq!(pages(&report).len(), 1);
    assert!(html(&report).ends_with("</html>\n"));
    report.sections.clear();
    report.summary.clear();
    (report.from, report.to, report.made) = (Timestamp(i64::MIN), Timestamp(i64::MAX), Timestamp(i64::MIN));
    assert!(text(&pages(&report)[0]).contains("page 1 of 1"));
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let report = saying("Отчёт", Language::Ru);
    assert_eq!(pdf(&report).unwrap(), pdf(&report).unwrap());
}

#[test]
fn a_long_table_has_its_head_and_the_number_on_every_page() {
    let pages = pages(&long_table(300));
    assert!(pages.len() > 5, "{} pages", pages.len());
    assert_on_paper(&pages);
    let mut rows = 0;
    for (n, page) in pages.iter().enumerate() {
        let whole = text(page);
        assert_eq!(whole.matches("When it was").count(), 1, "page {}", n + 1);
        assert!(whole.contains(&format!("page {} of {}", n + 1, pages.len())));
        rows += whole.matches("rule number").count();
        // The head stands above every row of its page.
        let y = |word: &str| {
            page.iter()
                .filter(|said| said.text.contains(word))
                .map(|said| said.y)
                .fold(0.0, f32::max)
        };
        assert!(y("When it was") > y("rule number"), "page {}", n + 1);
    }
    assert_eq!(rows, 300, "no row is lost or doubled at the end of a page");
}

#[test]
fn ten_thousand_rows_are_written_and_no_more() {
    let pages = pages(&long_table(10_100));
    assert!((150..600).contains(&pages.len()), "{} pages", pages.len());
    let last = text(pages.last().unwrap());
    assert!(last.contains("… and 100 more"), "{last}");
}

#[test]
fn a_heading_never_ends_a_page() {
    for rows in 20..60 {
        let mut report = long_table(rows);
        let mut second = saying("Heading", Language::En).sections;
        second[0].title = "A heading".to_owned();
        report.sections.append(&mut second);
        for page in pages(&report) {
            let lowest = page
                .iter()
                .filter(|said| said.y > 40.0)
                .min_by(|a, b| a.y.total_cmp(&b.y));
            assert_ne!(lowest.map(|said| said.text.as_str()), Some("A heading"), "{rows} rows");
        }
    }
}

#[test]
fn long_words_and_long_texts_stay_on_paper() {
    for text in [
        "W".repeat(100_000),
        "щ ".repeat(50_000),
        "/".repeat(5_000),
        "\u{202e}".repeat(5_000),
    ] {
        let pages = pages(&saying(&text, Language::En));
        assert_on_paper(&pages);
        assert!(pages.len() < 30, "{} pages", pages.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn no_text_leaves_the_paper_or_breaks_the_file(text in nasty()) {
        assert_on_paper(&pages(&saying(&text, Language::Ru)));
    }
}
