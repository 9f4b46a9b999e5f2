//! A program of one's own.

use std::path::Path;

use super::ChannelSection;
use crate::AlertError;

const ARGS_MAX: usize = 64;

#[derive(Clone, Debug)]
pub(crate) struct ScriptSettings {
    /// An absolute path and arguments; never empty.
    pub(crate) command: Vec<String>,
}

/// Checks what only such a channel has.
pub(super) fn read(key: &str, section: &ChannelSection) -> Result<ScriptSettings, AlertError> {
    let bad = |reason: &str| Err(AlertError::config(format!("{key}.command"), reason));
    let command = &section.command;
    let wanted = "such as [\"/usr/local/bin/tell\", \"--quietly\"]";
    match command.first() {
        None => bad(&format!("is missing: the program and its arguments, {wanted}")),
        Some(program) if !Path::new(program).is_absolute() => bad(&format!(
            "begins with no absolute path: no shell and no search path is used, {wanted}"
        )),
        Some(_) if command.len() > ARGS_MAX => bad("has more than 64 parts"),
        Some(_) if command.iter().any(|part| part.contains('\0')) => bad("holds a character no argument can have"),
        Some(_) => Ok(ScriptSettings {
            command: command.clone(),
        }),
    }
}
