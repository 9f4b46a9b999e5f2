//! The one place that reads environment variables.

use std::ffi::OsString;

/// A variable as it stands.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn get_os(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// A variable as text; an empty one counts as absent.
pub fn get(name: &str) -> Option<String> {
    get_os(name)?.into_string().ok().filter(|value| !value.is_empty())
}
