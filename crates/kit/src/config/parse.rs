//! One file's text → a tree with lines.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use toml_edit::{Document, Item};

use super::entry::{Entry, Value};
use super::{ConfigError, Origin};

/// Tables and arrays within one another.
const DEPTH_MAX: usize = 32;

/// A text whose lines can be named.
struct Source<'a> {
    path: Arc<Path>,
    text: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
}

/// Reads TOML, or JSON when the first character is `{`.
pub(super) fn parse(path: &Path, text: &str) -> Result<Entry, ConfigError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let newlines = text.match_indices('\n').map(|(at, _)| at + 1);
    let source = Source {
        path: Arc::from(path),
        text,
        lines: std::iter::once(0).chain(newlines).collect(),
    };
    if text.trim_start().starts_with('{') {
        let json = text.trim();
        if let Err(error) = serde_json::from_str::<IgnoredAny>(json) {
            let line = error.line().max(1) as u32 - 1 + source.line_of(json);
            return Err(source.syntax(line, &error.to_string()));
        }
        return source.json(json, 0);
    }
    match Document::parse(text) {
        Ok(document) => source.toml(document.as_item(), source.origin(0), 0),
        Err(error) => {
            let line = source.line(error.span().map_or(0, |span| span.start));
            Err(source.syntax(line, error.message()))
        }
    }
}

/// A value from the environment or the command line: lists, tables and quoted texts are TOML, the rest is text.
pub(super) fn parse_raw(text: &str, origin: &Origin) -> Value {
    let trimmed = text.trim();
    if trimmed.starts_with(['[', '{', '"', '\'']) {
        let document = format!("value = {trimmed}");
        if let Ok(document) = Document::parse(document.as_str())
            && document.as_table().len() == 1
        {
            let source = Source {
                path: Arc::from(Path::new("")),
                text: "",
                lines: Vec::new(),
            };
            if let Some(item) = document.as_table().get("value")
                && let Ok(entry) = source.toml(item, origin.clone(), 0)
            {
                return entry.value;
            }
        }
    }
    Value::Raw(text.to_owned())
}

impl Source<'_> {
    fn line(&self, offset: usize) -> u32 {
        self.lines.partition_point(|start| *start <= offset).max(1) as u32
    }

    /// The line of a part of this text.
    fn line_of(&self, part: &str) -> u32 {
        self.line((part.as_ptr() as usize).saturating_sub(self.text.as_ptr() as usize))
    }

    fn at_line(&self, line: u32) -> Origin {
        Origin::File {
            path: Arc::clone(&self.path),
            line,
        }
    }

    fn origin(&self, offset: usize) -> Origin {
        self.at_line(self.line(offset))
    }

    fn syntax(&self, line: u32, message: &str) -> ConfigError {
        ConfigError::Syntax {
            origin: self.at_line(line),
            // One line: parsers explain themselves over several.
            message: message.split('\n').map(str::trim).collect::<Vec<_>>().join(", "),
        }
    }

    /// Where a thing stands, or where what holds it does: values from outside a file have no lines of their own.
    fn origin_or(&self, span: Option<std::ops::Range<usize>>, parent: &Origin) -> Origin {
        match span {
            Some(span) if !self.lines.is_empty() => self.origin(span.start),
            _ => parent.clone(),
        }
    }

    fn toml(&self, item: &Item, origin: Origin, depth: usize) -> Result<Entry, ConfigError> {
        if depth > DEPTH_MAX {
            return Err(ConfigError::TooDeep { origin, max: DEPTH_MAX });
        }
        let value = match item {
            Item::None => Value::Absent,
            Item::Table(_) | Item::Value(toml_edit::Value::InlineTable(_)) => {
                let mut table = BTreeMap::new();
                if let Some(items) = item.as_table_like() {
                    for (name, child) in items.iter() {
                        let span = items.key(name).and_then(toml_edit::Key::span);
                        let origin = self.origin_or(span.or_else(|| child.span()), &origin);
                        table.insert(name.to_owned(), self.toml(child, origin, depth + 1)?);
                    }
                }
                Value::Table(table)
            }
            Item::ArrayOfTables(tables) => {
                let mut items = Vec::new();
                for table in tables {
                    let origin = self.origin_or(table.span(), &origin);
                    items.push(self.toml(&Item::Table(table.clone()), origin, depth + 1)?);
                }
                Value::Array { items, of_tables: true }
            }
            Item::Value(toml_edit::Value::Array(array)) => {
                let mut items = Vec::new();
                for value in array {
                    let origin = self.origin_or(value.span(), &origin);
                    items.push(self.toml(&Item::Value(value.clone()), origin, depth + 1)?);
                }
                Value::Array {
                    items,
                    of_tables: false,
                }
            }
            Item::Value(toml_edit::Value::String(text)) => Value::Text(text.value().clone()),
            Item::Value(toml_edit::Value::Integer(number)) => Value::Integer(*number.value()),
            Item::Value(toml_edit::Value::Float(number)) => Value::Float(*number.value()),
            Item::Value(toml_edit::Value::Boolean(value)) => Value::Bool(*value.value()),
            Item::Value(toml_edit::Value::Datetime(time)) => Value::Text(time.value().to_string()),
        };
        Ok(Entry::new(value, origin))
    }

    /// `json` is a valid part of this text.
    fn json(&self, json: &str, depth: usize) -> Result<Entry, ConfigError> {
        let line = self.line_of(json);
        let origin = self.at_line(line);
        if depth > DEPTH_MAX {
            return Err(ConfigError::TooDeep { origin, max: DEPTH_MAX });
        }
        let bad = |error: serde_json::Error| self.syntax(line, &error.to_string());
        let value = match json.as_bytes().first() {
            Some(b'{') => {
                let parts: BTreeMap<String, &RawValue> = serde_json::from_str(json).map_err(bad)?;
                let mut table = BTreeMap::new();
                for (name, part) in parts {
                    if part.get() != "null" {
                        table.insert(name, self.json(part.get(), depth + 1)?);
                    }
                }
                Value::Table(table)
            }
            Some(b'[') => {
                let parts: Vec<&RawValue> = serde_json::from_str(json).map_err(bad)?;
                let items = parts.iter().map(|part| self.json(part.get(), depth + 1));
                Value::Array {
                    items: items.collect::<Result<_, _>>()?,
                    of_tables: false,
                }
            }
            _ => Entry::from_json_value(serde_json::from_str(json).map_err(bad)?).value,
        };
        Ok(Entry::new(value, origin))
    }
}
