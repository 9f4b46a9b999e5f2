//! The session cookie. The `__Host-` prefix makes browsers refuse it without `Secure`, with a `Domain` or another path
//! (RFC 6265bis §4.1.3.2); they take `Secure` cookies from loopback addresses without TLS too.

use axum::http::{HeaderMap, HeaderValue, header};
use watchpost_catalog::{SESSION_MAX_NS, SessionToken};

pub(crate) const NAME: &str = "__Host-watchpost";
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";
const MAX_AGE_SECONDS: i64 = SESSION_MAX_NS / 1_000_000_000;

/// The token a request shows, as it stands there.
pub(super) fn read(headers: &HeaderMap) -> Option<&str> {
    let lines = headers.get_all(header::COOKIE).into_iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    pairs
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == NAME).then_some(value))
}

/// Gives a browser its token.
pub(crate) fn set(token: &SessionToken) -> Option<HeaderValue> {
    let text = format!("{NAME}={}; {ATTRIBUTES}; Max-Age={MAX_AGE_SECONDS}", token.expose());
    let mut value = HeaderValue::try_from(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Takes it away.
pub(crate) fn clear() -> Option<HeaderValue> {
    HeaderValue::try_from(format!("{NAME}=; {ATTRIBUTES}; Max-Age=0")).ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_cookie_is_found_among_others() {
        let found = |lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::COOKIE, HeaderValue::from_static(line));
            }
            read(&headers).map(str::to_owned)
        };
        assert_eq!(found(&["__Host-watchpost=a1"]).unwrap(), "a1");
        assert_eq!(found(&["x=1; __Host-watchpost=a1; y=2"]).unwrap(), "a1");
        assert_eq!(found(&["x=1", "y;z=; __Host-watchpost=a=1"]).unwrap(), "a=1");
        for none in [
            "",
            "x=1",
            "watchpost=a1",
            "__host-watchpost=a1",
            "x__Host-watchpost=a1",
            "__Host-watchpost",
        ] {
            assert_eq!(found(&[none]), None, "{none}");
        }
    }
}
