//! `{{ name }}` in a value. Who owns a key decides which names it knows: a channel's template speaks of events, an
//! agent's name of its host.

/// A placeholder that cannot be filled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpandError {
    /// No such name.
    #[error("unknown name `{name}` in braces; known: {known}")]
    Unknown {
        /// What stands in the braces.
        name: String,
        /// What may stand there.
        known: String,
    },
    /// `{{` without `}}`.
    #[error("`{{{{` without `}}}}`")]
    Unclosed,
}

/// Fills every `{{ name }}` from `names`.
pub fn expand(text: &str, names: &[(&str, &str)]) -> Result<String, ExpandError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").ok_or(ExpandError::Unclosed)?;
        let name = name.trim();
        let (_, value) = names
            .iter()
            .find(|(known, _)| *known == name)
            .ok_or_else(|| ExpandError::Unknown {
                name: name.to_owned(),
                known: names.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", "),
            })?;
        out.push_str(before);
        out.push_str(value);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}
