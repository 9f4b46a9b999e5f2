//! The one place of the program that reads environment variables.

use std::ffi::OsString;

/// A variable as it stands.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub(crate) fn get_os(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// A variable as text; an empty one counts as absent.
pub(crate) fn get(name: &str) -> Option<String> {
    get_os(name)?.into_string().ok().filter(|value| !value.is_empty())
}
