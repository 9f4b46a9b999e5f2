//! The parts of a report, one function each.

use std::collections::BTreeMap;

use watchpost_event::protocol::Tone as DeliveryTone;
use watchpost_event::{Severity, Timestamp};
use watchpost_query::Cell as Value;
use watchpost_report::{
    Align, Amount, Bar, BarChart, Better, Block, Cell, Column, Finding, KeyNumber, Section, Series, Step, Table,
    TimeChart, Tone,
};

use super::gather::{Sources, severity, text, whole};
use crate::ServerError;

type Made<T> = Result<T, ServerError>;

/// Rows of a table.
const ROWS: usize = 15;
const HOUR_NS: i64 = 3_600 * 1_000_000_000;
const DAY_NS: i64 = 24 * HOUR_NS;
/// Longer times are shown by days.
const HOURS_MAX: i64 = 72;

/// The first part, and the numbers that the summary speaks of.
pub(super) struct Overview {
    pub(super) section: Section,
    failed_logins: (u64, u64),
    events: (u64, u64),
}

pub(super) fn overview(sources: &Sources<'_>) -> Made<Overview> {
    let say = sources.say;
    let events = sources.count("NOT event.kind:alert")?;
    let failed = sources.count("event.category:authentication AND event.outcome:failure AND NOT event.kind:alert")?;
    let logins = sources.count("event.category:authentication AND event.outcome:success AND NOT event.kind:alert")?;
    let hosts = sources.table("host.name:* | stats count() by host.name")?.len() as u64;
    let (alerts, alerts_before) = match &sources.wanted.host {
        Some(_) => (opened(sources).count() as u64, None),
        None => (sources.alerts_opened.0, Some(sources.alerts_opened.1)),
    };
    let severe = opened(sources).filter(|alert| alert.level >= 80).count() as u64;
    let number = |label: String, amount: u64, before: Option<u64>, better| KeyNumber {
        label,
        amount: Amount::Count(amount),
        before: before.map(Amount::Count),
        better,
        tone: Tone::Plain,
    };
    let fewer = Some(Better::Fewer);
    let mut numbers = vec![
        number(say.of("Alerts", "Оповещения"), alerts, alerts_before, fewer),
        KeyNumber {
            tone: if severe > 0 { Tone::Bad } else { Tone::Plain },
            ..number(
                say.of("High and critical", "Высокие и критические"),
                severe,
                None,
                fewer,
            )
        },
        number(
            say.of("Failed logins", "Неудачные входы"),
            failed.0,
            Some(failed.1),
            fewer,
        ),
        number(say.of("Logins", "Входы"), logins.0, Some(logins.1), None),
        number(say.of("Events", "События"), events.0, Some(events.1), None),
    ];
    if sources.wanted.host.is_none() {
        let label = say.of("Hosts that reported", "Узлы с событиями");
        numbers.push(number(label, hosts, None, Some(Better::More)));
    }
    let section = Section {
        title: say.of("In numbers", "В цифрах"),
        intro: Some(say.of(
            "Each beside that of the time before.",
            "Рядом — то же за предыдущий период.",
        )),
        blocks: vec![Block::Numbers { numbers }],
    };
    Ok(Overview {
        section,
        failed_logins: failed,
        events,
    })
}

/// Alerts that began in the report's time.
fn opened<'a>(sources: &'a Sources<'_>) -> impl Iterator<Item = &'a watchpost_catalog::Alert> {
    let from = sources.wanted.from.0;
    sources.alerts.iter().filter(move |alert| alert.first_ns >= from)
}

pub(super) fn summary(sources: &Sources<'_>, overview: &Overview) -> Vec<Finding> {
    let say = sources.say;
    let mut findings = Vec::new();
    let open = sources.alerts.iter().filter(|alert| alert.state.name() == "open");
    let severe = open.clone().filter(|alert| alert.level >= 80).count();
    if severe > 0 {
        findings.push(Finding {
            tone: Tone::Bad,
            text: say
                .of(
                    "{} alerts of level high or critical are still open.",
                    "Открытых оповещений высокого и критического уровня: {}.",
                )
                .replace("{}", &severe.to_string()),
        });
    }
    let (failed, before) = overview.failed_logins;
    if failed > 100 && failed > before.saturating_mul(2) {
        findings.push(Finding {
            tone: Tone::Attention,
            text: say
                .of(
                    "Logins failed {} times, more than twice as often as in the time before.",
                    "Неудачных входов {}: более чем вдвое больше, чем за предыдущий период.",
                )
                .replace("{}", &failed.to_string()),
        });
    }
    let lost = sources
        .delivery
        .findings
        .iter()
        .filter(|finding| finding.tone == DeliveryTone::Bad);
    for finding in lost.take(3) {
        findings.push(Finding {
            tone: Tone::Bad,
            text: finding.what.clone(),
        });
    }
    if findings.is_empty() {
        let text = if overview.events.0 == 0 {
            say.of("No events came in this time.", "За это время не было событий.")
        } else {
            say.of(
                "Nothing in this time asks for action.",
                "Ничего, что требовало бы действий.",
            )
        };
        let tone = if overview.events.0 == 0 {
            Tone::Attention
        } else {
            Tone::Good
        };
        findings.push(Finding { tone, text });
    }
    findings
}

pub(super) fn alerts(sources: &Sources<'_>) -> Made<Section> {
    let say = sources.say;
    let title = say.of("Alerts", "Оповещения");
    if sources.alerts.is_empty() {
        return Ok(nothing(
            title,
            say.of("No rule found anything.", "Правила ничего не нашли."),
        ));
    }
    let mut rules: BTreeMap<(&str, u8), u64> = BTreeMap::new();
    for alert in sources.alerts {
        *rules.entry((&alert.rule_title, alert.level)).or_default() += 1;
    }
    let mut rules: Vec<_> = rules.into_iter().collect();
    rules.sort_by_key(|((_, level), count)| std::cmp::Reverse((*count, *level)));
    let bars = rules.iter().take(ROWS).map(|((rule, level), count)| Bar {
        label: (*rule).to_owned(),
        count: *count,
        severity: Some(severity(*level)),
    });
    let by_rule = BarChart {
        title: Some(say.of("By rule", "По правилам")),
        bars: bars.collect(),
        more: rules.len().saturating_sub(ROWS) as u64,
    };
    let mut worst: Vec<_> = sources.alerts.iter().collect();
    worst.sort_by_key(|alert| std::cmp::Reverse((alert.level, alert.last_ns)));
    let rows = worst.iter().take(ROWS * 2).map(|alert| {
        vec![
            Cell::Code(format!("#{}", alert.id)),
            Cell::Level(severity(alert.level)),
            Cell::Text(alert.rule_title.clone()),
            known(alert.host_name.clone()),
            known(alert.username.clone()),
            Cell::Amount(Amount::Count(alert.count)),
            Cell::Time(Timestamp(alert.last_ns)),
            Cell::Text(say.state(alert.state.name())),
        ]
    });
    let names = [
        ("", "", false),
        ("level", "уровень", false),
        ("rule", "правило", false),
        ("host", "узел", false),
        ("user", "пользователь", false),
        ("times", "раз", true),
        ("last", "последнее", false),
        ("state", "состояние", false),
    ];
    let table = table(
        sources,
        say.of("The worst first", "Сначала самые важные"),
        &names,
        rows.collect(),
        worst.len(),
    );
    Ok(Section {
        title,
        intro: None,
        blocks: vec![Block::Times(over_time(sources)?), Block::Bars(by_rule), table],
    })
}

/// Detections by hour or day, stacked by level.
fn over_time(sources: &Sources<'_>) -> Made<TimeChart> {
    let wanted = sources.wanted;
    let by_hour = wanted.to.0.saturating_sub(wanted.from.0) <= HOURS_MAX * HOUR_NS;
    let (step, length) = if by_hour {
        (Step::Hour, HOUR_NS)
    } else {
        (Step::Day, DAY_NS)
    };
    let steps = usize::try_from(wanted.to.0.saturating_sub(wanted.from.0).div_euclid(length) + 1).unwrap_or(1);
    // Of a rule that finds too much one event stands for many detections.
    let mut rows = sources
        .table("event.kind:alert AND NOT watchpost.alert.times:* | stats count() by @timestamp:1h, rule.level")?;
    rows.extend(sources.table(
        "event.kind:alert AND watchpost.alert.times:* | stats sum(watchpost.alert.times) by @timestamp:1h, rule.level",
    )?);
    let mut levels: BTreeMap<Severity, Vec<u64>> = BTreeMap::new();
    for row in &rows {
        let [Value::Time(time), level, count] = row.as_slice() else {
            continue;
        };
        let at = usize::try_from(time.0.saturating_sub(wanted.from.0).div_euclid(length)).unwrap_or(0);
        let level = match text(level).as_deref() {
            Some("critical") => Severity::Emergency,
            Some("high") => Severity::Critical,
            Some("medium") => Severity::Error,
            Some("low") => Severity::Warning,
            _ => Severity::Info,
        };
        let counts = levels.entry(level).or_insert_with(|| vec![0; steps]);
        if let Some(sum) = counts.get_mut(at) {
            *sum += whole(count);
        }
    }
    let series = levels.into_iter().map(|(severity, counts)| Series {
        label: Some(sources.say.level(severity)),
        severity: Some(severity),
        counts,
    });
    Ok(TimeChart {
        title: Some(sources.say.of("Detections over time", "Срабатывания по времени")),
        from: wanted.from,
        step,
        series: series.collect(),
    })
}

pub(super) fn logins(sources: &Sources<'_>) -> Made<Section> {
    let say = sources.say;
    let own = "event.category:authentication AND NOT event.kind:alert";
    let failed = sources.table(&format!(
        "{own} AND event.outcome:failure | stats count(), uniq(user.name) by source.ip | sort -count | head 100"
    ))?;
    let good = sources.table(&format!(
        "{own} AND event.outcome:success | stats count() by user.name, host.name, source.ip | sort -count | head 100"
    ))?;
    let title = say.of("Logins", "Входы");
    if failed.is_empty() && good.is_empty() {
        let text = say.of("Nobody logged in or tried to.", "Никто не входил и не пытался.");
        return Ok(nothing(title, text));
    }
    let failed_names = [
        ("from", "откуда", false),
        ("failures", "неудачи", true),
        ("names tried", "разных имён", true),
    ];
    let good_names = [
        ("user", "пользователь", false),
        ("host", "узел", false),
        ("from", "откуда", false),
        ("times", "раз", true),
    ];
    Ok(Section {
        title,
        intro: None,
        blocks: vec![
            grouped(
                sources,
                say.of("Failed, by address", "Неудачные, по адресам"),
                &failed_names,
                &failed,
            ),
            grouped(sources, say.of("Successful", "Успешные"), &good_names, &good),
        ],
    })
}

pub(super) fn privilege(sources: &Sources<'_>) -> Made<Section> {
    let say = sources.say;
    let rows = sources.table(
        "event.action:(sudo OR su) AND NOT event.kind:alert | stats count() by user.name, user.effective.name, host.name, \
         event.outcome | sort -count | head 100",
    )?;
    let title = say.of("Privilege", "Повышение прав");
    if rows.is_empty() {
        let text = say.of("Nobody used sudo or su.", "sudo и su не использовались.");
        return Ok(nothing(title, text));
    }
    let names = [
        ("user", "пользователь", false),
        ("became", "стал", false),
        ("host", "узел", false),
        ("outcome", "исход", false),
        ("times", "раз", true),
    ];
    Ok(section(title, grouped(sources, String::new(), &names, &rows)))
}

pub(super) fn programs(sources: &Sources<'_>) -> Made<Section> {
    let say = sources.say;
    let rows = sources.table(
        "event.action:process-started AND process.title:* AND watchpost.launch:true AND NOT event.kind:alert | stats count() \
         by process.title, user.name, host.name | sort -count | head 100",
    )?;
    let title = say.of("Watched programs", "Наблюдаемые программы");
    if rows.is_empty() {
        let text = say.of("None was started.", "Ни одна не запускалась.");
        return Ok(nothing(title, text));
    }
    let names = [
        ("program", "программа", false),
        ("user", "пользователь", false),
        ("host", "узел", false),
        ("starts", "запусков", true),
    ];
    Ok(section(title, grouped(sources, String::new(), &names, &rows)))
}

pub(super) fn changes(sources: &Sources<'_>) -> Made<Section> {
    let say = sources.say;
    let software = sources.table(
        "event.category:package AND NOT event.kind:alert | stats count() by package.name, event.action, host.name | sort \
         -count | head 100",
    )?;
    let files = sources.table(
        "event.category:file AND NOT event.kind:alert | stats count() by file.path, event.action, host.name | sort -count | \
         head 100",
    )?;
    let accounts = sources.table(
        "event.category:iam AND NOT event.action:(sudo OR su) AND NOT event.kind:alert | stats count() by event.action, \
         user.target.name, host.name | sort -count | head 100",
    )?;
    let title = say.of("What changed", "Что изменилось");
    let mut blocks = Vec::new();
    let host = ("host", "узел", false);
    let what = ("what", "что", false);
    let times = ("times", "раз", true);
    for (rows, head, first) in [
        (
            software,
            say.of("Software", "Программное обеспечение"),
            [("package", "пакет", false), what],
        ),
        (
            files,
            say.of("Files that are watched", "Наблюдаемые файлы"),
            [("file", "файл", false), what],
        ),
        (
            accounts,
            say.of("Accounts", "Учётные записи"),
            [what, ("account", "учётная запись", false)],
        ),
    ] {
        if !rows.is_empty() {
            let names = [first[0], first[1], host, times];
            blocks.push(grouped(sources, head, &names, &rows));
        }
    }
    if blocks.is_empty() {
        let text = say.of(
            "No change of software, watched files or accounts was reported.",
            "Изменений программ, наблюдаемых файлов и учётных записей не было.",
        );
        return Ok(nothing(title, text));
    }
    Ok(Section {
        title,
        intro: None,
        blocks,
    })
}

pub(super) fn talkers(sources: &Sources<'_>) -> Made<Section> {
    let say = sources.say;
    let rows =
        sources.table("NOT event.kind:alert | stats count() by host.name, log.file.path | sort -count | head 100")?;
    let title = say.of("Who says most", "Больше всего записей");
    if rows.is_empty() {
        return Ok(nothing(title, say.of("Nothing came in.", "Ничего не поступало.")));
    }
    let bars = rows.iter().take(ROWS).map(|row| {
        let part = |at: usize| row.get(at).and_then(text);
        let label = [part(0), part(1)].into_iter().flatten().collect::<Vec<_>>().join("  ");
        Bar {
            label: if label.is_empty() { "-".to_owned() } else { label },
            count: row.last().map_or(0, whole),
            severity: None,
        }
    });
    let chart = BarChart {
        title: None,
        bars: bars.collect(),
        more: rows.len().saturating_sub(ROWS) as u64,
    };
    Ok(section(title, Block::Bars(chart)))
}

pub(super) fn delivery(sources: &Sources<'_>) -> Section {
    let say = sources.say;
    let title = say.of("Delivery", "Доставка");
    let findings = &sources.delivery.findings;
    if findings.is_empty() {
        let text = say.of(
            "Everything that was read arrived; nothing is silent that should not be.",
            "Всё прочитанное доставлено; никто не молчит без причины.",
        );
        return nothing(title, text);
    }
    let rows = findings
        .iter()
        .map(|finding| vec![Cell::Text(finding.what.clone()), Cell::Text(finding.remedy.clone())]);
    let names = [("what", "что", false), ("what to do", "что делать", false)];
    let all = findings.len() + usize::try_from(sources.delivery.findings_left_out).unwrap_or(0);
    let intro = say.of("As it is when this report is made.", "На момент составления отчёта.");
    Section {
        intro: Some(intro),
        ..section(title, table(sources, String::new(), &names, rows.collect(), all))
    }
}

fn section(title: String, block: Block) -> Section {
    Section {
        title,
        intro: None,
        blocks: vec![block],
    }
}

fn nothing(title: String, text: String) -> Section {
    section(title, Block::Nothing { text })
}

fn known(value: Option<String>) -> Cell {
    value.map_or(Cell::Unknown, Cell::Text)
}

/// A table of groups: columns that are at their end are numbers.
fn grouped(sources: &Sources<'_>, title: String, names: &[(&str, &str, bool)], rows: &[Vec<Value>]) -> Block {
    let shown = rows.iter().take(ROWS).map(|row| {
        let cells = row.iter().zip(names).map(|(cell, (_, _, is_number))| {
            if *is_number {
                Cell::Amount(Amount::Count(whole(cell)))
            } else {
                known(text(cell))
            }
        });
        cells.collect()
    });
    table(sources, title, names, shown.collect(), rows.len())
}

fn table(
    sources: &Sources<'_>,
    title: String,
    names: &[(&str, &str, bool)],
    rows: Vec<Vec<Cell>>,
    all: usize,
) -> Block {
    let columns = names.iter().map(|(en, ru, is_number)| Column {
        title: sources.say.of(en, ru),
        align: if *is_number { Align::Right } else { Align::Left },
    });
    Block::Table(Table {
        title: Some(title).filter(|title| !title.is_empty()),
        columns: columns.collect(),
        more: all.saturating_sub(rows.len()) as u64,
        rows_max: rows.len(),
        rows,
    })
}
