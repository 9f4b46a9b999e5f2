//! Pipes: the stages behind the expression.

use watchpost_event::names;

use super::term::{begins_name, continues_name};
use super::{Parsed, Parser, short};
use crate::pipe::DEFAULT_ROWS;
use crate::{Expr, ParseError, Pipeline, Query, Search, SortKey, Stage, Top};

/// Most stages of one pipeline.
const STAGE_LIMIT: usize = 16;
/// Most names in one stage.
const NAME_LIMIT: usize = 64;
const STAGES: [&str; 7] = ["stats", "top", "rare", "sort", "fields", "head", "where"];
/// What other languages call a stage.
const OTHERS: [(&str, &str); 12] = [
    ("limit", "head"),
    ("take", "head"),
    ("count", "stats count()"),
    ("group", "stats"),
    ("summarize", "stats"),
    ("timechart", "stats count() by @timestamp:1h"),
    ("table", "fields"),
    ("keep", "fields"),
    ("project", "fields"),
    ("filter", "where"),
    ("search", "where"),
    ("order", "sort"),
];

/// Reads a query and the pipes behind it.
pub fn parse_search(text: &str) -> Result<Search, ParseError> {
    let mut parser = Parser::new(text, true)?;
    let mut all = vec![parser.whole()?];
    let before = parser.at;
    let mut pipeline = Pipeline::default();
    // The columns rows have, once a stage has named them.
    let mut columns: Option<Vec<String>> = None;
    while parser.at_pipe() {
        let at = parser.at;
        parser.at += 1;
        if pipeline.stages.len() >= STAGE_LIMIT {
            let message = format!("more than {STAGE_LIMIT} pipes: leave some out");
            return Err(parser.error(at, 1, message));
        }
        match parser.stage(&mut columns)? {
            Stage::Where(expr) if pipeline.stages.is_empty() => all.push(expr),
            stage => pipeline.stages.push(stage),
        }
        parser.skip_space();
        if parser.peek().is_some() && !parser.at_pipe() {
            return Err(parser.error(parser.at, 1, "this pipe ends before this: write | before the next one"));
        }
    }
    all.retain(|expr| *expr != Expr::All);
    let expr = match all.len() {
        0 => Expr::All,
        1 => all.remove(0),
        _ => Expr::And(all),
    };
    Ok(Search {
        text: text.to_owned(),
        filter: Query {
            text: text[..before].trim().to_owned(),
            expr,
            hints: parser.hints,
        },
        pipeline,
    })
}

impl Parser<'_> {
    fn stage(&mut self, columns: &mut Option<Vec<String>>) -> Parsed<Stage> {
        self.skip_space();
        let at = self.at;
        let word = self.word().to_lowercase();
        match word.as_str() {
            "stats" => {
                let stats = self.stats()?;
                let groups = stats.by.iter().map(|key| key.name().to_owned());
                *columns = Some(groups.chain(stats.calls.iter().map(|call| call.name.clone())).collect());
                Ok(Stage::Stats(stats))
            }
            "top" | "rare" => {
                let limit = self.number()?.unwrap_or(DEFAULT_ROWS);
                let fields = self.names(&word, None)?;
                *columns = Some(
                    fields
                        .iter()
                        .cloned()
                        .chain(["count", "percent"].map(str::to_owned))
                        .collect(),
                );
                let rarest = word == "rare";
                Ok(Stage::Top(Top { fields, limit, rarest }))
            }
            "sort" => Ok(Stage::Sort(self.sort_keys(columns.as_deref())?)),
            "fields" => {
                let fields = self.names(&word, columns.as_deref())?;
                *columns = Some(fields.clone());
                Ok(Stage::Fields(fields))
            }
            "head" => Ok(Stage::Head(self.number()?.unwrap_or(DEFAULT_ROWS))),
            "where" => {
                self.skip_space();
                if self.peek().is_none() || self.at_pipe() {
                    return Err(self.error(at, word.len(), "where needs a condition behind it: where count:>10"));
                }
                self.whole().map(Stage::Where)
            }
            _ => Err(self.unknown_stage(&word, at)),
        }
    }

    fn unknown_stage(&self, word: &str, at: usize) -> ParseError {
        let all = STAGES.join(", ");
        if word.is_empty() {
            return self.error(at, 1, format!("a pipe is missing behind |: write one of {all}"));
        }
        let meant = OTHERS.iter().find(|(other, _)| *other == word).map(|(_, ours)| *ours);
        let message = match meant.or_else(|| nearest(word, STAGES)) {
            Some(near) => format!("there is no pipe {}: did you mean {near}?", short(word)),
            None => format!("there is no pipe {}: write one of {all}", short(word)),
        };
        self.error(at, word.len(), message)
    }

    /// Letters, digits and `_` that stand here.
    pub(super) fn word(&mut self) -> &str {
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_alphanumeric() || c == '_') {
            self.take();
        }
        &self.text[start..self.at]
    }

    /// A whole number, when one stands here on its own.
    pub(super) fn number(&mut self) -> Parsed<Option<u64>> {
        self.skip_space();
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.take();
        }
        if start == self.at {
            return Ok(None);
        }
        match self.text[start..self.at].parse() {
            Ok(0) | Err(_) => Err(self.error(start, self.at - start, "write a number of rows from 1 on")),
            Ok(number) => Ok(Some(number)),
        }
    }

    /// A field's or a column's name; `None` when there stands none.
    pub(super) fn name(&mut self) -> Parsed<Option<String>> {
        self.skip_space();
        if self.peek() == Some('"') {
            return self.quoted().map(Some);
        }
        if !self.peek().is_some_and(begins_name) {
            return Ok(None);
        }
        let start = self.at;
        while self.peek().is_some_and(continues_name) {
            self.take();
        }
        Ok(Some(self.text[start..self.at].to_owned()))
    }

    /// A column as `stats` names them: `count`, `count()`, `sum(bytes)`, or a plain name.
    fn column(&mut self) -> Parsed<Option<String>> {
        let Some(name) = self.name()? else { return Ok(None) };
        if self.peek() != Some('(') {
            return Ok(Some(name));
        }
        let open = self.at;
        let Some(length) = self.rest().find(')') else {
            return Err(self.error(open, 1, "this ( is never closed: add a )"));
        };
        self.at += length + 1;
        let inside: Vec<&str> = self.text[open + 1..self.at - 1].split(',').map(str::trim).collect();
        Ok(Some(super::calls::column_name(&name, &inside.join(", "))))
    }

    pub(super) fn comma(&mut self) -> bool {
        self.skip_space();
        let found = self.peek() == Some(',');
        self.at += usize::from(found);
        found
    }

    pub(super) fn names(&mut self, stage: &str, columns: Option<&[String]>) -> Parsed<Vec<String>> {
        let mut names: Vec<String> = Vec::new();
        loop {
            self.skip_space();
            let at = self.at;
            let Some(name) = self.column()? else {
                let message = format!(
                    "{stage} needs the names of fields, with commas between them: {stage} user.name, host.name"
                );
                return Err(self.error(at, 1, message));
            };
            self.check_name(&name, at, &names, columns)?;
            names.push(name);
            if !self.comma() {
                return Ok(names);
            }
        }
    }

    /// Named once, not too many, and known where the columns are.
    fn check_name(&self, name: &str, at: usize, before: &[String], columns: Option<&[String]>) -> Parsed<()> {
        let len = self.at - at;
        if before.iter().any(|have| have == name) {
            return Err(self.error(at, len, format!("{} stands here twice: name it once", short(name))));
        }
        if before.len() >= NAME_LIMIT {
            let message = format!("more than {NAME_LIMIT} names: leave some out");
            return Err(self.error(at, len, message));
        }
        let Some(columns) = columns.filter(|columns| !columns.iter().any(|have| have == name)) else {
            return Ok(());
        };
        let message = match nearest(name, columns.iter().map(String::as_str)) {
            Some(near) => format!("there is no column {} any more: did you mean {near}?", short(name)),
            None => format!(
                "there is no column {} any more: there are {}",
                short(name),
                columns.join(", ")
            ),
        };
        Err(self.error(at, len, message))
    }

    fn sort_keys(&mut self, columns: Option<&[String]>) -> Parsed<Vec<SortKey>> {
        let mut keys: Vec<SortKey> = Vec::new();
        let mut names = Vec::new();
        loop {
            self.skip_space();
            let at = self.at;
            let descending = self.peek() == Some('-');
            self.at += usize::from(matches!(self.peek(), Some('-' | '+')));
            let Some(name) = self.column()? else {
                let message =
                    "sort needs names of columns, with - before those whose greatest come first: sort -bytes, name";
                return Err(self.error(at, 1, message));
            };
            self.check_name(&name, at, &names, columns)?;
            names.push(name.clone());
            keys.push(SortKey { name, descending });
            if !self.comma() {
                return Ok(keys);
            }
        }
    }

    /// Whether a word stands here on its own, in whatever case; takes it in.
    pub(super) fn takes(&mut self, word: &str) -> bool {
        self.skip_space();
        let start = self.at;
        if self.word().eq_ignore_ascii_case(word) && !self.peek().is_some_and(|c| continues_name(c) || c == '(') {
            return true;
        }
        self.at = start;
        false
    }
}

/// What was probably meant.
pub(super) fn nearest<'n>(word: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let near = names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(word, name), name));
    let most = (word.chars().count() / 3).max(1);
    near.filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, name)| name)
}

/// Whether a group's name is the time's.
pub(super) fn is_time(name: &str) -> bool {
    name == names::TIMESTAMP
}
