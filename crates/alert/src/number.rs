//! An alert gets its number by the transaction that opens it, after its messages were written: until a message leaves, a
//! character that no value can hold ([`crate::clean`] replaces it) stands where the number belongs.

use std::borrow::Cow;
use std::fmt::Display;

/// Stands for the alert's number.
pub(crate) const NUMBER: char = '\u{1}';

/// A text with the number in its place; of a message that belongs to no alert, 0.
pub(crate) fn numbered(text: &str, alert: i64) -> Cow<'_, str> {
    if text.contains(NUMBER) {
        Cow::Owned(text.replace(NUMBER, &alert.to_string()))
    } else {
        Cow::Borrowed(text)
    }
}

/// The page of an alert.
pub(crate) fn link(address: &str, alert: impl Display) -> String {
    format!("{address}/alerts/{alert}")
}
