//! Rule documents of our own kinds: told from Sigma's by the key `watchpost`, and read.

use serde::Deserialize;
use watchpost_event::{LogSource, Severity};
use watchpost_kit::DurationText;
use yaml_serde::Value;

use crate::rule::STORY_WINDOW;
use crate::{Problem, Rule, RuleKind};

/// Documents of one text at most.
const DOCUMENTS_MAX: usize = 10_000;
/// Fields that a rule names in one list.
const FIELDS_MAX: usize = 8;

/// A rule of ours as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuleFile {
    pub(super) title: String,
    id: Option<String>,
    name: Option<String>,
    description: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    level: Option<String>,
    #[serde(default)]
    pub(super) logsource: LogSource,
    pub(super) watchpost: Value,
    watchpost_group_by: Option<Vec<String>>,
    watchpost_window: Option<DurationText>,
    // What else Sigma's rules say of themselves.
    #[serde(rename = "status", default)]
    _status: Value,
    #[serde(rename = "references", default)]
    _references: Value,
    #[serde(rename = "author", default)]
    _author: Value,
    #[serde(rename = "date", default)]
    _date: Value,
    #[serde(rename = "modified", default)]
    _modified: Value,
    #[serde(rename = "license", default)]
    _license: Value,
    #[serde(rename = "falsepositives", default)]
    _falsepositives: Value,
}

/// One text's documents.
pub(crate) struct Documents {
    /// Those of Sigma, with every line where it was; `None` when there are none.
    pub(crate) sigma: Option<String>,
    /// Those of ours, each behind as many empty lines as stand before it.
    pub(crate) ours: Vec<String>,
}

/// Divides a text, so that each parser sees its own documents and names the right lines.
pub(crate) fn divide(text: &str) -> Documents {
    if !text.lines().any(is_ours) {
        return Documents {
            sigma: Some(text.to_owned()),
            ours: Vec::new(),
        };
    }
    let mut documents: Vec<Vec<&str>> = vec![Vec::new()];
    for line in text.lines() {
        if is_divider(line) && documents.len() < DOCUMENTS_MAX {
            documents.push(Vec::new());
        }
        if let Some(document) = documents.last_mut() {
            document.push(line);
        }
    }
    let mut sigma = String::new();
    let mut ours = Vec::new();
    let mut has_sigma = false;
    let mut line = 0;
    for document in documents {
        if document.iter().copied().any(is_ours) {
            // A comment does not begin a document, as an empty line between two dividers would.
            sigma.extend(std::iter::repeat_n("#\n", document.len()));
            let lines: Vec<&str> = document
                .iter()
                .map(|line| if is_divider(line) { "" } else { *line })
                .collect();
            ours.push(format!("{}{}\n", "\n".repeat(line), lines.join("\n")));
        } else {
            has_sigma |= document.iter().any(|line| is_content(line));
            for line in &document {
                sigma.push_str(line);
                sigma.push('\n');
            }
        }
        line += document.len();
    }
    Documents {
        sigma: has_sigma.then_some(sigma),
        ours,
    }
}

fn is_ours(line: &str) -> bool {
    line.starts_with("watchpost:")
}

fn is_divider(line: &str) -> bool {
    line.strip_prefix("---")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
}

fn is_content(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#') && !is_divider(line)
}

/// Reads one document.
pub(super) fn read(file: &str, text: &str) -> Result<RuleFile, Problem> {
    let rule: RuleFile = yaml_serde::from_str(text).map_err(|error| Problem {
        file: file.to_owned(),
        rule: None,
        message: error.to_string(),
        unsupported: false,
    })?;
    Ok(rule)
}

impl RuleFile {
    /// What the rule says of itself. `story`: which fields make two detections the same story unless it says otherwise.
    pub(super) fn head(
        &self,
        file: &str,
        kind: RuleKind,
        story: Vec<String>,
        window: Option<i64>,
    ) -> Result<Rule, String> {
        let own = self.watchpost_window.map(DurationText::as_nanos_i64);
        Ok(Rule {
            key: self.id.clone().unwrap_or_else(|| self.title.clone()),
            id: self.id.clone(),
            name: self.name.clone(),
            title: self.title.clone(),
            level: severity(self.level.as_deref())?,
            tags: self.tags.clone(),
            description: self.description.clone(),
            group_by: self.watchpost_group_by.clone().unwrap_or(story),
            window: own.or(window).unwrap_or(STORY_WINDOW),
            file: file.to_owned(),
            kind,
        })
    }
}

fn severity(level: Option<&str>) -> Result<Severity, String> {
    Ok(match level {
        None | Some("low") => Severity::Warning,
        Some("informational") => Severity::Info,
        Some("medium") => Severity::Error,
        Some("high") => Severity::Critical,
        Some("critical") => Severity::Emergency,
        Some(other) => {
            let known = "informational, low, medium, high or critical";
            return Err(format!("level {other:?} is not known: use {known}"));
        }
    })
}

/// A list of field names that is not too long.
pub(super) fn held(key: &str, fields: &[String]) -> Result<(), String> {
    if fields.len() > FIELDS_MAX {
        return Err(format!(
            "`{key}` names {} fields: use at most {FIELDS_MAX}",
            fields.len()
        ));
    }
    match fields.iter().find(|name| name.trim().is_empty()) {
        Some(_) => Err(format!("`{key}` names a field without a name")),
        None => Ok(()),
    }
}
