//! A report that holds one of everything.

use jiff::tz::TimeZone;
use watchpost_event::{Severity, Timestamp};
use watchpost_report::{
    Align, Amount, Bar, BarChart, Better, Block, Cell, Column, Finding, KeyNumber, Language, Report, Section, Series,
    Step, Table, TimeChart, Tone, Version,
};

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Every place that may hold a text of an event holds this one.
pub(crate) fn saying(text: &str, language: Language) -> Report {
    let said = || text.to_owned();
    Report {
        version: Version,
        title: said(),
        subject: Some(said()),
        from: time("2026-11-15T21:00:00Z"),
        to: time("2026-11-22T21:00:00Z"),
        made: time("2026-11-23T04:00:00Z"),
        zone: TimeZone::get("Europe/Moscow").unwrap(),
        language,
        summary: vec![Finding {
            tone: Tone::Attention,
            text: said(),
        }],
        sections: vec![Section {
            title: said(),
            intro: Some(said()),
            blocks: vec![
                Block::Numbers {
                    numbers: vec![KeyNumber {
                        label: said(),
                        amount: Amount::Count(12_345),
                        before: Some(Amount::Count(10_000)),
                        better: Some(Better::Fewer),
                        tone: Tone::Bad,
                    }],
                },
                Block::Bars(BarChart {
                    title: Some(said()),
                    bars: vec![Bar {
                        label: said(),
                        count: 7,
                        severity: Some(Severity::Error),
                    }],
                    more: 2,
                }),
                Block::Times(times(text)),
                Block::Table(table(text)),
                Block::Text { text: said() },
                Block::Nothing { text: said() },
            ],
        }],
    }
}

fn times(text: &str) -> TimeChart {
    let series = |severity, counts: &[u64]| Series {
        severity,
        label: Some(text.to_owned()),
        counts: counts.to_vec(),
    };
    TimeChart {
        title: Some(text.to_owned()),
        from: time("2026-11-15T21:00:00Z"),
        step: Step::Day,
        series: vec![
            series(Some(Severity::Info), &[4, 0, 3, 8, 1, 0, 2]),
            series(None, &[1, 1, 1, 1, 1, 1, 1]),
        ],
    }
}

fn table(text: &str) -> Table {
    let column = |align| Column {
        title: text.to_owned(),
        align,
    };
    Table {
        title: Some(text.to_owned()),
        columns: vec![
            column(Align::Left),
            column(Align::Left),
            column(Align::Right),
            column(Align::Left),
        ],
        rows: vec![
            vec![
                Cell::Text(text.to_owned()),
                Cell::Code(text.to_owned()),
                Cell::Amount(Amount::Bytes(1_500_000)),
                Cell::Time(time("2026-11-19T01:12:09Z")),
            ],
            vec![Cell::Severity(Severity::Critical), Cell::Unknown],
        ],
        rows_max: 50,
        more: 214,
    }
}

/// Rows of a table that fills pages.
pub(crate) fn long_table(rows: usize) -> Report {
    let mut report = saying("x", Language::En);
    let row = |n: usize| {
        vec![
            Cell::Time(time("2026-11-19T01:12:09Z")),
            Cell::Severity(Severity::ALL[n % 6]),
            Cell::Text(format!("rule number {}", n % 31)),
            Cell::Code(format!(
                "/usr/bin/program-{n} --with arguments --that are=long enough /to/be/broken"
            )),
        ]
    };
    let column = |title: &str| Column {
        title: title.to_owned(),
        align: Align::Left,
    };
    report.sections[0].blocks = vec![Block::Table(Table {
        title: None,
        columns: ["When it was", "Severity", "Rule", "What"].map(column).to_vec(),
        rows: (0..rows).map(row).collect(),
        rows_max: rows,
        more: 0,
    })];
    report
}
