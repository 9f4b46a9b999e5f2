//! Reports that are made by themselves: which, when, and who gets them.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan};
use tokio::sync::Notify;
use watchpost_alert::{Alerting, Attachment};
use watchpost_catalog::NewReport;
use watchpost_event::Timestamp;
use watchpost_kit::{Clock, Schedule, chain};
use watchpost_report::{Language, Report, Tone};
use watchpost_run::Shutdown;
use watchpost_store::Cancel;

use super::{DeliverySource, Gatherer, Wanted};
use crate::ServerError;
use crate::alerting::ChannelBoard;
use crate::config::{ReportKind, ReportSection};

/// How often the clock is looked at: it may be set.
const LOOK_EVERY: Duration = Duration::from_secs(20);
const DAY_NS: i64 = 24 * 3_600 * 1_000_000_000;
const DAYS_MAX: i64 = 92;
/// Times of a schedule that are looked through for the last one.
const TIMES_MAX: usize = 100_000;
/// What an attachment may have together: more than that, no mail server takes.
const ATTACHED_BYTES_MAX: usize = 700 << 10;

/// One `[[report]]`, checked.
#[derive(Clone, Debug)]
pub(crate) struct ReportPlan {
    /// What names it for ever.
    name: String,
    host: Option<String>,
    schedule: Schedule,
    days: i64,
    to: Vec<String>,
    zone: TimeZone,
    language: Language,
}

/// Checks the sections.
pub(crate) fn plans(sections: &[ReportSection], alerting: &Alerting) -> Result<Vec<ReportPlan>, ServerError> {
    sections.iter().map(|section| plan(section, alerting)).collect()
}

fn plan(section: &ReportSection, alerting: &Alerting) -> Result<ReportPlan, ServerError> {
    let bad = |key: &'static str, reason: String| ServerError::Config { key, reason };
    let host = match (section.kind, section.host.as_str()) {
        (ReportKind::Host, "") => return Err(bad("report.host", "is missing: the host's name".to_owned())),
        (ReportKind::Security, "") => None,
        (ReportKind::Security, _) => return Err(bad("report.host", "is for kind = \"host\"".to_owned())),
        (ReportKind::Host, host) => Some(host.to_owned()),
    };
    let schedule = Schedule::parse(&section.schedule).map_err(|error| bad("report.schedule", error.to_string()))?;
    let names_weekdays = section
        .schedule
        .split_whitespace()
        .nth(4)
        .is_some_and(|field| field != "*");
    let days = match section.period {
        Some(period) => period.as_nanos_i64() / DAY_NS,
        None if names_weekdays => 7,
        None => 1,
    };
    if !(1..=DAYS_MAX).contains(&days) {
        let reason = format!("is not between one day and {DAYS_MAX} days");
        return Err(bad("report.period", reason));
    }
    if let Some(name) = section
        .to
        .iter()
        .find(|name| !alerting.channel_names().any(|known| known == *name))
    {
        return Err(bad("report.to", format!("no channel is named {name:?}")));
    }
    let zone = zone(&section.timezone).map_err(|reason| bad("report.timezone", reason))?;
    Ok(ReportPlan {
        name: format!(
            "{}|{}|{days}d|{}|{:?}|{}",
            section.host,
            section.schedule,
            section.timezone,
            section.language,
            section.to.join(",")
        ),
        host,
        schedule,
        days,
        to: section.to.clone(),
        zone,
        language: language(section.language),
    })
}

/// A zone by its name; empty: this system's.
pub(crate) fn zone(name: &str) -> Result<TimeZone, String> {
    if name.is_empty() {
        let system = TimeZone::system();
        // A report is kept with its zone's name.
        return Ok(if system.iana_name().is_some() {
            system
        } else {
            TimeZone::UTC
        });
    }
    TimeZone::get(name).map_err(|_| format!("{name:?} is not a time zone such as \"Europe/Moscow\" or \"UTC\""))
}

pub(crate) const fn language(language: watchpost_alert::Language) -> Language {
    match language {
        watchpost_alert::Language::En => Language::En,
        watchpost_alert::Language::Ru => Language::Ru,
    }
}

impl ReportPlan {
    /// The last time it was to be made, at most a period ago.
    fn due(&self, now: i64) -> Option<i64> {
        let mut at = now.saturating_sub(self.days.saturating_mul(DAY_NS));
        let mut due = None;
        for _ in 0..TIMES_MAX {
            match self.schedule.after(at) {
                Some(next) if next <= now => {
                    at = next;
                    due = Some(next);
                }
                _ => break,
            }
        }
        due
    }

    /// The whole days before the day on which it is made.
    fn wanted(&self, due: i64) -> Option<Wanted> {
        let due = jiff::Timestamp::from_nanosecond(i128::from(due)).ok()?;
        let to = due.to_zoned(self.zone.clone()).start_of_day().ok()?;
        let from = to.checked_sub(self.days.days()).ok()?;
        let nanos = |time: &jiff::Zoned| i64::try_from(time.timestamp().as_nanosecond()).ok().map(Timestamp);
        Some(Wanted {
            host: self.host.clone(),
            from: nanos(&from)?,
            to: nanos(&to)?,
            zone: self.zone.clone(),
            language: self.language,
        })
    }
}

/// Makes them.
pub(crate) struct Scheduler {
    pub(crate) plans: Vec<ReportPlan>,
    pub(crate) gatherer: Gatherer,
    pub(crate) delivery: DeliverySource,
    pub(crate) channels: Arc<ChannelBoard>,
    pub(crate) clock: Arc<dyn Clock>,
    /// To be rung when a message waits.
    pub(crate) messages: Arc<Notify>,
}

impl Scheduler {
    pub(crate) async fn run(self, shutdown: Shutdown) {
        if self.plans.is_empty() {
            return;
        }
        // Up to where the last one went; a failure is tried again at the next look.
        let mut done: Vec<Option<Timestamp>> = vec![None; self.plans.len()];
        loop {
            for (plan, done) in self.plans.iter().zip(&mut done) {
                let due = plan.due(self.clock.now());
                let Some(wanted) = due.and_then(|due| plan.wanted(due)) else {
                    continue;
                };
                let to = Some(wanted.to);
                if *done == to {
                    continue;
                }
                match self.make(plan, wanted, &shutdown).await {
                    Ok(()) => *done = to,
                    Err(error) => tracing::error!(
                        report = plan.name,
                        error = chain(&error),
                        "Cannot make a report, trying again"
                    ),
                }
            }
            tokio::select! {
                () = shutdown.wait() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    /// Makes it unless it is there, and sees to it that it is told: both have no effect when they are done again.
    async fn make(&self, plan: &ReportPlan, wanted: Wanted, shutdown: &Shutdown) -> Result<(), ServerError> {
        let reports = self.gatherer.catalog.reports();
        let to = wanted.to;
        if reports.of_schedule(&plan.name, to.0).await?.is_none() {
            let Some(report) = self.gather(plan, wanted, shutdown).await? else {
                return Ok(());
            };
            let head = reports.add(new_report(plan, &report)?, self.clock.now()).await?;
            tracing::info!(report = head.id, schedule = plan.name, "Report made");
        }
        let untold = self.untold(plan, to).await?;
        if untold.is_empty() {
            return Ok(());
        }
        let Some((head, body)) = reports.of_schedule(&plan.name, to.0).await? else {
            return Ok(());
        };
        let report = super::read(&body).map_err(|error| ServerError::Report {
            reason: error.to_string(),
        })?;
        self.tell(plan, &untold, head.id, report).await
    }

    /// The channels that were not sent it yet.
    async fn untold<'a>(&self, plan: &'a ReportPlan, to: Timestamp) -> Result<Vec<&'a str>, ServerError> {
        let (queue, name) = (self.gatherer.catalog.messages(), message_name(plan, to));
        let mut untold = Vec::new();
        for channel in &plan.to {
            if !queue.is_enqueued(channel, &name).await? {
                untold.push(channel.as_str());
            }
        }
        Ok(untold)
    }

    /// `None`: the server ends first.
    async fn gather(
        &self,
        plan: &ReportPlan,
        wanted: Wanted,
        shutdown: &Shutdown,
    ) -> Result<Option<Report>, ServerError> {
        let cancel = Cancel::default();
        let stop = cancel.clone();
        let making = async {
            let delivery = (self.delivery)(plan.host.clone()).await?;
            let now = Timestamp(self.clock.now());
            self.gatherer.report(wanted, delivery, now, cancel).await
        };
        tokio::select! {
            made = making => made.map(Some),
            () = shutdown.wait() => {
                stop.cancel();
                Ok(None)
            }
        }
    }

    async fn tell(&self, plan: &ReportPlan, channels: &[&str], id: i64, report: Report) -> Result<(), ServerError> {
        let text = text(&report);
        let (time, to) = (report.made, report.to);
        let attachments = tokio::task::spawn_blocking(move || attachments(&report)).await;
        let attachments = attachments.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        let name = message_name(plan, to);
        for channel in channels {
            let body = self.channels.alerting().letter(
                channel,
                &name,
                &text,
                time,
                &attachments,
                &format!("/reports?report={id}"),
            );
            let queue = self.gatherer.catalog.messages();
            queue.enqueue(channel, &name, &body, self.clock.now()).await?;
        }
        self.messages.notify_one();
        Ok(())
    }
}

/// By its schedule and time: one that was removed and made again is not told again.
fn message_name(plan: &ReportPlan, to: Timestamp) -> String {
    format!("report/{}/{}", plan.name, to.0)
}

fn new_report(plan: &ReportPlan, report: &Report) -> Result<NewReport, ServerError> {
    Ok(NewReport {
        kind: if plan.host.is_some() { "host" } else { "security" }.to_owned(),
        subject: plan.host.clone(),
        schedule: plan.name.clone(),
        from_ns: report.from.0,
        to_ns: report.to.0,
        made_by: "schedule".to_owned(),
        body: serde_json::to_string(report).map_err(|error| ServerError::Report {
            reason: error.to_string(),
        })?,
    })
}

/// Its title, its time, and what is most important.
fn text(report: &Report) -> String {
    let day = |time: Timestamp, back: SignedDuration| {
        let time = jiff::Timestamp::from_nanosecond(i128::from(time.0)).unwrap_or_default();
        let time = time.checked_sub(back).unwrap_or(time);
        time.to_zoned(report.zone.clone()).strftime("%Y-%m-%d").to_string()
    };
    let (first, last) = (
        day(report.from, SignedDuration::ZERO),
        day(report.to, SignedDuration::from_secs(1)),
    );
    let time = if first == last {
        first
    } else {
        format!("{first} – {last}")
    };
    let subject = report
        .subject
        .as_ref()
        .map(|subject| format!(", {subject}"))
        .unwrap_or_default();
    let mut lines = vec![format!("{}{subject}: {time}", report.title)];
    lines.extend(report.summary.iter().map(|finding| {
        let mark = match finding.tone {
            Tone::Bad => "!",
            Tone::Attention => "?",
            Tone::Plain | Tone::Good => "-",
        };
        format!("{mark} {}", finding.text)
    }));
    lines.join("\n")
}

/// PDF and HTML, as far as a mail server takes them.
fn attachments(report: &Report) -> Vec<Attachment> {
    let mut all = Vec::new();
    match watchpost_report::pdf(report) {
        Ok(pdf) => all.push(Attachment::new("report.pdf", "application/pdf", &pdf)),
        Err(error) => tracing::error!(error = chain(&error), "A report cannot be made a PDF"),
    }
    all.push(Attachment::new(
        "report.html",
        "text/html; charset=utf-8",
        watchpost_report::html(report).as_bytes(),
    ));
    let mut bytes = 0;
    all.retain(|attachment| {
        let fits = bytes + attachment.bytes() <= ATTACHED_BYTES_MAX;
        bytes += if fits { attachment.bytes() } else { 0 };
        fits
    });
    all
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    fn plan(schedule: &str, days: i64) -> ReportPlan {
        ReportPlan {
            name: schedule.to_owned(),
            host: None,
            schedule: Schedule::parse(schedule).unwrap(),
            days,
            to: Vec::new(),
            zone: TimeZone::get("Europe/Moscow").unwrap(),
            language: Language::En,
        }
    }

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().0
    }

    #[test]
    fn a_report_is_of_the_whole_days_before_it_is_due() {
        let weekly = plan("0 7 * * MON Europe/Moscow", 7);
        // 2026-11-23 is a Monday.
        let due = at("2026-11-23T04:00:00Z");
        for now in ["2026-11-23T04:00:00Z", "2026-11-26T12:00:00Z", "2026-11-30T03:59:59Z"] {
            assert_eq!(weekly.due(at(now)), Some(due), "{now}");
        }
        let wanted = weekly.wanted(due).unwrap();
        assert_eq!(wanted.from.0, at("2026-11-15T21:00:00Z"));
        assert_eq!(wanted.to.0, at("2026-11-22T21:00:00Z"));
    }

    #[test]
    fn one_that_was_missed_for_longer_than_its_time_is_not_made_up_for() {
        let daily = plan("0 7 * * * UTC", 1);
        assert_eq!(daily.due(at("2026-11-23T06:59:00Z")), Some(at("2026-11-22T07:00:00Z")));
        let yearly = plan("0 7 1 1 * UTC", 1);
        assert_eq!(yearly.due(at("2026-11-23T06:59:00Z")), None);
    }

    #[test]
    fn mistakes_name_the_key() {
        let alerting = Alerting::try_from(watchpost_alert::AlertSections::default()).unwrap();
        let section = |change: fn(&mut ReportSection)| {
            let mut section = ReportSection {
                schedule: "0 7 * * MON".to_owned(),
                ..ReportSection::default()
            };
            change(&mut section);
            plans(&[section], &alerting)
                .map(|plans| plans.len())
                .map_err(|error| chain(&error))
        };
        assert_eq!(section(|_| {}), Ok(1));
        for (change, key) in [
            (
                (|section| section.schedule = "weekly".to_owned()) as fn(&mut ReportSection),
                "report.schedule",
            ),
            (|section| section.to = vec!["nobody".to_owned()], "report.to"),
            (|section| section.kind = ReportKind::Host, "report.host"),
            (|section| section.host = "web-1".to_owned(), "report.host"),
            (|section| section.timezone = "Mars".to_owned(), "report.timezone"),
            (|section| section.period = Some("1h".parse().unwrap()), "report.period"),
        ] {
            let error = section(change).unwrap_err();
            assert!(error.contains(key), "{key}: {error}");
        }
    }
}
