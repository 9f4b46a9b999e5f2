//! Every value as text, for `config show`, `get` and `list`, with secrets masked.

use std::fmt::Write;

use super::entry::{Entry, Value};
use super::{Merged, Origin};
use crate::MASK;

/// One value for showing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its dotted key; items of a list of tables as `source.file[0].name`.
    pub key: String,
    /// The value in TOML's notation.
    pub toml: String,
    /// The value as plain text: strings without quotes.
    pub plain: String,
    /// Where it came from.
    pub origin: Origin,
    /// Whether it is a secret, shown as `***`.
    pub masked: bool,
}

impl Merged {
    /// Every value, in key order. Empty tables and lists are values too: naming a source switches it on.
    pub fn list(&self) -> Vec<Listed> {
        let mut out = Vec::new();
        walk(&self.root, "", "", &mut out);
        out
    }

    /// The value of one key.
    pub fn get(&self, key: &str) -> Option<Listed> {
        self.list().into_iter().find(|listed| listed.key == key)
    }

    /// What lies under a key, itself included.
    pub fn list_under(&self, key: &str) -> Vec<Listed> {
        let mut all = self.list();
        all.retain(|listed| {
            let rest = listed.key.strip_prefix(key);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        });
        all
    }
}

fn walk(entry: &Entry, key: &str, name: &str, out: &mut Vec<Listed>) {
    match &entry.value {
        Value::Absent => {}
        Value::Table(table) if !table.is_empty() => {
            for (name, entry) in table {
                let quoted = toml_edit::Key::new(name).display_repr().into_owned();
                let child = if key.is_empty() {
                    quoted
                } else {
                    format!("{key}.{quoted}")
                };
                walk(entry, &child, name, out);
            }
        }
        Value::Array { items, .. } if items.iter().any(|item| item.table().is_some()) => {
            for (n, item) in items.iter().enumerate() {
                walk(item, &format!("{key}[{n}]"), name, out);
            }
        }
        // The empty root.
        Value::Table(_) if key.is_empty() => {}
        _ => out.push(leaf(entry, key, name)),
    }
}

fn leaf(entry: &Entry, key: &str, name: &str) -> Listed {
    let mut masked = false;
    let toml = toml_text(entry, name, &mut masked);
    let plain = match &entry.value {
        Value::Text(text) | Value::Raw(text) => mask(text, name).0,
        _ => toml.clone(),
    };
    Listed {
        key: key.to_owned(),
        toml,
        plain,
        origin: entry.origin.clone(),
        masked,
    }
}

fn toml_text(entry: &Entry, name: &str, masked: &mut bool) -> String {
    match &entry.value {
        Value::Absent => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Float(value) => toml_edit::Value::from(*value).to_string(),
        Value::Text(text) | Value::Raw(text) => {
            let (text, secret) = mask(text, name);
            *masked |= secret;
            toml_edit::Value::from(text).to_string()
        }
        Value::Array { items, .. } => {
            let items: Vec<String> = items.iter().map(|item| toml_text(item, name, masked)).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Table(table) => {
            let mut out = String::from("{");
            for (n, (name, entry)) in table.iter().enumerate() {
                let comma = if n == 0 { " " } else { ", " };
                let text = toml_text(entry, name, masked);
                // Writing to a string cannot fail.
                let _ = write!(out, "{comma}{} = {text}", toml_edit::Key::new(name).display_repr());
            }
            out.push_str(if table.is_empty() { "}" } else { " }" });
            out
        }
    }
}

/// The text as it may be seen, and whether something was hidden. Where a secret is kept is not secret.
fn mask(text: &str, name: &str) -> (String, bool) {
    if is_secret_name(name) && !text.is_empty() && text != MASK {
        let reference = ['@', '$']
            .iter()
            .any(|sign| text.starts_with(*sign) && !text[1..].starts_with(*sign));
        return if reference {
            (text.to_owned(), false)
        } else {
            (MASK.to_owned(), true)
        };
    }
    // The password in postgres://user:password@host.
    if let Some((scheme, rest)) = text.split_once("://") {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        if let Some((user, host)) = authority.rsplit_once('@')
            && let Some((user, password)) = user.split_once(':')
            && !password.is_empty()
        {
            let path = &rest[authority.len()..];
            return (format!("{scheme}://{user}:{MASK}@{host}{path}"), true);
        }
    }
    (text.to_owned(), false)
}

fn is_secret_name(name: &str) -> bool {
    const NAMES: [&str; 10] = [
        "key",
        "password",
        "passphrase",
        "token",
        "secret",
        "auth",
        "authorization",
        "credentials",
        "webhook",
        "cookie",
    ];
    let name = name.to_ascii_lowercase().replace('-', "_");
    NAMES.iter().any(|secret| {
        name.strip_suffix(secret)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('_'))
    })
}
