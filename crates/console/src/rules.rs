//! `rules`: those the server uses, what people make of them, and what one would have found.

use std::fmt::Write as _;
use std::io::Write;
use std::path::Path;

use reqwest::Method;
use watchpost_event::Timestamp;
use watchpost_event::api::{
    BacktestDetection, BacktestEnd, BacktestLine, BacktestRequest, NewExceptionRequest, RuleExceptionInfo, RuleInfo,
    RuleReason, RuleView, RulesResponse,
};

use crate::alerts::write_json;
use crate::{Client, ConsoleError, Exit, Progress, Renderer, harmless, table};

/// A line of a back-test is at most this long.
const LINE_BYTES_MAX: usize = 1 << 20;

/// Lists the rules of the server, and says what is not in use.
pub async fn list_rules(
    client: &Client,
    renderer: &Renderer,
    json: bool,
    out: &mut dyn Write,
) -> Result<Exit, ConsoleError> {
    let response: RulesResponse = client.get("/api/v1/rules", &[]).await?;
    if json {
        for rule in &response.rules {
            write_json(rule, out)?;
        }
    } else {
        let names = ["hits", "found", "cost", "state", "level", "kind", "title", "file"];
        let mut rows = vec![names.map(str::to_owned).to_vec()];
        rows.extend(response.rules.iter().map(row));
        out.write_all(table::render(&rows, 3).as_bytes())?;
        let off = response.rules.iter().filter(|rule| !rule.enabled).count();
        let loaded = renderer.time(response.loaded, "%Y-%m-%d %H:%M:%S");
        write!(out, "\n{} rules, loaded {loaded}", response.rules.len() - off)?;
        if off > 0 {
            write!(out, "; {off} switched off")?;
        }
        writeln!(out)?;
    }
    for problem in &response.problems {
        writeln!(out, "left out: {}", harmless(problem))?;
    }
    if let Some(why) = &response.refused {
        writeln!(out, "the changed files are not used: {}", harmless(why))?;
    }
    out.flush()?;
    let good = response.problems.is_empty() && response.refused.is_none();
    Ok(if good { Exit::Done } else { Exit::Failed })
}

fn row(rule: &RuleInfo) -> Vec<String> {
    let mut state = if rule.enabled { "on" } else { "off" }.to_owned();
    if rule.exceptions > 0 {
        // Writing to a String cannot fail.
        let _ = write!(state, ", {} exc.", rule.exceptions);
    }
    if rule.together > 0 {
        state.push_str(", too much");
    }
    let cost = |nanos: u64| format!("{:.1} µs", nanos as f64 / 1_000.0);
    vec![
        rule.hits.to_string(),
        rule.detections.to_string(),
        rule.cost_ns.map_or_else(|| "-".to_owned(), cost),
        state,
        rule.level.clone(),
        harmless(&rule.kind),
        harmless(&rule.title),
        harmless(&rule.file),
    ]
}

/// A rule by its key, title, name, or its file's name without folder and ending.
async fn find(client: &Client, text: &str) -> Result<RuleInfo, ConsoleError> {
    let response: RulesResponse = client.get("/api/v1/rules", &[]).await?;
    let by = |is_it: &dyn Fn(&RuleInfo) -> bool| response.rules.iter().filter(|rule| is_it(rule)).collect::<Vec<_>>();
    let stem = |rule: &RuleInfo| {
        Path::new(&rule.file)
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
    };
    let mut found = by(&|rule| rule.key == text);
    if found.is_empty() {
        found = by(&|rule| rule.title.eq_ignore_ascii_case(text));
    }
    if found.is_empty() {
        found = by(&|rule| stem(rule).as_deref() == Some(text));
    }
    let bad = |meant| ConsoleError::BadRule {
        text: text.to_owned(),
        meant,
    };
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        // The list has no names; the server knows them.
        [] => match client
            .get::<RuleView>(&format!("/api/v1/rules/{}", encoded(text)), &[])
            .await
        {
            Ok(named) => Ok(named.info),
            Err(ConsoleError::Refused { status: 404, .. }) => Err(bad("no")),
            Err(error) => Err(error),
        },
        _ => Err(bad("more than one")),
    }
}

/// A key within an address.
fn encoded(key: &str) -> String {
    let mut text = String::with_capacity(key.len());
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

/// Switches a rule on or off.
pub async fn switch_rule(
    client: &Client,
    rule: &str,
    (on, reason): (bool, &str),
    out: &mut dyn Write,
) -> Result<Exit, ConsoleError> {
    let found = find(client, rule).await?;
    let what = if on { "enable" } else { "disable" };
    let path = format!("/api/v1/rules/{}/{what}", encoded(&found.key));
    let request = RuleReason {
        reason: reason.to_owned(),
    };
    let now: RuleView = client.change(Method::POST, &path, &request).await?;
    let state = if now.info.enabled { "on" } else { "off" };
    writeln!(out, "{} is {state}", harmless(&now.info.title))?;
    out.flush()?;
    Ok(Exit::Done)
}

/// Makes an exception.
pub async fn add_exception(
    client: &Client,
    rule: &str,
    request: NewExceptionRequest,
    out: &mut dyn Write,
) -> Result<Exit, ConsoleError> {
    let found = find(client, rule).await?;
    let path = format!("/api/v1/rules/{}/exceptions", encoded(&found.key));
    let made: RuleExceptionInfo = client.change(Method::POST, &path, &request).await?;
    writeln!(
        out,
        "exception {}: {} does not find {}",
        made.id,
        harmless(&found.title),
        harmless(&made.when)
    )?;
    out.flush()?;
    Ok(Exit::Done)
}

/// Lists the exceptions of a rule. None is exit code 3.
pub async fn list_exceptions(
    client: &Client,
    rule: &str,
    (renderer, json): (&Renderer, bool),
    out: &mut dyn Write,
) -> Result<Exit, ConsoleError> {
    let found = find(client, rule).await?;
    let view: RuleView = client
        .get(&format!("/api/v1/rules/{}", encoded(&found.key)), &[])
        .await?;
    let exceptions = &view.exception_list;
    if json {
        for exception in exceptions {
            write_json(exception, out)?;
        }
    } else if exceptions.is_empty() {
        writeln!(out, "no exceptions")?;
    } else {
        let names = ["id", "now", "until", "by", "which", "name", "reason"];
        let mut rows = vec![names.map(str::to_owned).to_vec()];
        rows.extend(exceptions.iter().map(|one| exception_row(one, renderer)));
        out.write_all(table::render(&rows, 0).as_bytes())?;
    }
    out.flush()?;
    Ok(if exceptions.is_empty() {
        Exit::NothingFound
    } else {
        Exit::Done
    })
}

fn exception_row(one: &RuleExceptionInfo, renderer: &Renderer) -> Vec<String> {
    let until = one.ended.or(one.until);
    vec![
        one.id.to_string(),
        if one.active { "in force" } else { "over" }.to_owned(),
        until.map_or_else(|| "-".to_owned(), |time| renderer.time(time, "%Y-%m-%d %H:%M")),
        harmless(&one.created_by),
        harmless(&one.when),
        harmless(&one.name),
        harmless(&one.reason),
    ]
}

/// Ends an exception.
pub async fn end_exception(client: &Client, id: i64, out: &mut dyn Write) -> Result<Exit, ConsoleError> {
    let path = format!("/api/v1/rules/exceptions/{id}/end");
    let ended: RuleExceptionInfo = client.change(Method::POST, &path, &serde_json::json!({})).await?;
    writeln!(out, "exception {id} is over: {}", harmless(&ended.when))?;
    out.flush()?;
    Ok(Exit::Done)
}

/// What to try on what is stored.
#[derive(Clone, Debug, Default)]
pub struct BacktestWanted {
    /// A text; otherwise `rule`.
    pub text: Option<String>,
    /// A rule of the server.
    pub rule: Option<String>,
    /// Only events that match this.
    pub query: String,
    /// Earliest time.
    pub from: Option<Timestamp>,
    /// Latest time, excluded.
    pub to: Option<Timestamp>,
    /// Detections that are shown.
    pub limit: u64,
}

/// Tells what a rule would have found. Nothing found is exit code 3.
pub async fn backtest_rule(
    client: &Client,
    wanted: &BacktestWanted,
    (renderer, json): (&Renderer, bool),
    out: &mut dyn Write,
) -> Result<Exit, ConsoleError> {
    const PATH: &str = "/api/v1/rules/backtest";
    let key = match &wanted.rule {
        Some(rule) => Some(find(client, rule).await?.key),
        None => None,
    };
    let request = BacktestRequest {
        text: wanted.text.clone(),
        key,
        q: wanted.query.clone(),
        from: wanted.from.map(|time| time.to_string()),
        to: wanted.to.map(|time| time.to_string()),
        limit: Some(wanted.limit),
    };
    let progress = Progress::start("looking back");
    let mut pieces = client.post_pieces(PATH, &request, &wanted.query).await?;
    let mut rest = Vec::new();
    while let Some(piece) = pieces.next().await? {
        rest.extend_from_slice(&piece);
        if rest.len() > LINE_BYTES_MAX && !rest.contains(&b'\n') {
            return Err(ConsoleError::TooLarge {
                request: PATH.to_owned(),
                limit: LINE_BYTES_MAX,
            });
        }
        while let Some(at) = rest.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = rest.drain(..=at).collect();
            let read = serde_json::from_slice(&line).map_err(|source| ConsoleError::NotUnderstood {
                request: PATH.to_owned(),
                source,
            })?;
            if let Some(exit) = tell(read, &progress, (renderer, json), out)? {
                return Ok(exit);
            }
        }
    }
    let reason = "the server's answer broke off".to_owned();
    Err(ConsoleError::Backtest { reason })
}

/// One line; how it ended, with the last.
fn tell(
    line: BacktestLine,
    progress: &Progress,
    (renderer, json): (&Renderer, bool),
    out: &mut dyn Write,
) -> Result<Option<Exit>, ConsoleError> {
    match line {
        BacktestLine::Progress(now) => {
            progress.say(format!("{} events, {} found", now.events, now.detections));
            progress.share(now.done);
        }
        BacktestLine::Detection(found) if json => write_json(&found, out)?,
        BacktestLine::Detection(found) => show(&found, renderer, out)?,
        BacktestLine::End(end) => {
            if json {
                write_json(&end, out)?;
            } else {
                summary(&end, renderer, out)?;
            }
            out.flush()?;
            return Ok(Some(if end.detections > 0 {
                Exit::Done
            } else {
                Exit::NothingFound
            }));
        }
        BacktestLine::Error(error) => return Err(ConsoleError::Backtest { reason: error.message }),
    }
    Ok(None)
}

fn show(found: &BacktestDetection, renderer: &Renderer, out: &mut dyn Write) -> std::io::Result<()> {
    let time = renderer.time(found.time, "%Y-%m-%d %H:%M:%S");
    writeln!(out, "{time}  {}  {}", found.level, harmless(&found.message))
}

fn summary(end: &BacktestEnd, renderer: &Renderer, out: &mut dyn Write) -> std::io::Result<()> {
    if end.shown < end.detections {
        writeln!(out, "… and {} more", end.detections - end.shown)?;
    }
    let format = if end.interval_seconds < 86_400 {
        "%Y-%m-%d %H:00"
    } else {
        "%Y-%m-%d"
    };
    if !end.histogram.is_empty() {
        let mut rows = vec![["count", "when"].map(str::to_owned).to_vec()];
        let row =
            |one: &watchpost_event::api::BacktestBucket| vec![one.count.to_string(), renderer.time(one.time, format)];
        rows.extend(end.histogram.iter().map(row));
        write!(out, "\n{}", table::render(&rows, 1))?;
    }
    for sentence in &end.damage {
        writeln!(out, "not looked at: {}", harmless(sentence))?;
    }
    writeln!(
        out,
        "{} found in {} events, of which {} match ({} kept back by exceptions); {:.1} s",
        end.detections,
        end.events,
        end.hits,
        end.excepted,
        end.took_ms as f64 / 1_000.0
    )
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn keys_stay_one_part_of_an_address() {
        assert_eq!(encoded("4f4e3a8e-53a0"), "4f4e3a8e-53a0");
        assert_eq!(encoded("A rule/of ours?"), "A%20rule%2Fof%20ours%3F");
    }
}
