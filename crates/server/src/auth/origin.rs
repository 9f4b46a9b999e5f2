//! Whether a request comes from our own pages. Browsers send the cookie by themselves: a page elsewhere must not get
//! anything done, or read, with it.

use axum::http::{HeaderMap, HeaderName, Method, header};

use crate::api::ApiFailure;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses what another site's page makes a browser send. `authority` is where it was sent to, `host:port`.
///
/// What a browser says itself decides (Fetch Metadata, `Sec-Fetch-Site`), then `Origin` against `Host`. Without either,
/// only what changes nothing passes: browsers send `Origin` with everything else, WebSockets included.
pub(super) fn check(method: &Method, headers: &HeaderMap, authority: Option<&str>) -> Result<(), ApiFailure> {
    if headers.contains_key(SEC_FETCH_SITE) {
        return match only(headers, &SEC_FETCH_SITE) {
            Some("same-origin" | "none") => Ok(()),
            _ => Err(refused("another site's page made the browser send this request")),
        };
    }
    if headers.contains_key(header::ORIGIN) {
        let same = only(headers, &header::ORIGIN)
            .zip(authority)
            .is_some_and(|(origin, authority)| is_same(origin, authority));
        return if same {
            Ok(())
        } else {
            Err(refused(
                "the `Origin` of this request is not the `Host` it was sent to; a reverse proxy has to keep `Host`",
            ))
        };
    }
    let changes = method != Method::GET && method != Method::HEAD;
    if changes || headers.contains_key(header::UPGRADE) {
        return Err(refused(
            "a browser's request says where it comes from, and this one has neither `Sec-Fetch-Site` nor `Origin`: programs use `Authorization: Bearer KEY`",
        ));
    }
    Ok(())
}

fn refused(message: &'static str) -> ApiFailure {
    ApiFailure::new(axum::http::StatusCode::FORBIDDEN, "cross_site", message)
}

/// The header's value, when there is just one.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).into_iter();
    match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

/// Whether `scheme://host[:port]` is this `host[:port]`. The scheme is not compared: behind a proxy it is another one.
fn is_same(origin: &str, authority: &str) -> bool {
    let Some((scheme, host)) = origin.split_once("://") else {
        return false;
    };
    // Both leave out the scheme's usual port, but need not.
    let port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return false,
    };
    let bare = |authority: &str| authority.strip_suffix(port).unwrap_or(authority).to_ascii_lowercase();
    !host.is_empty() && bare(host) == bare(authority)
}

#[cfg(test)]
mod tests {
    use super::is_same;

    #[test]
    fn an_origin_is_the_host_or_it_is_not() {
        for (origin, authority) in [
            ("http://127.0.0.1:7480", "127.0.0.1:7480"),
            ("https://watch.example.org", "watch.example.org"),
            ("https://watch.example.org", "watch.example.org:443"),
            ("http://[::1]:7480", "[::1]:7480"),
            ("https://Watch.Example.org:7443", "watch.example.org:7443"),
        ] {
            assert!(is_same(origin, authority), "{origin} {authority}");
        }
        for (origin, authority) in [
            ("null", "null"),
            ("http://127.0.0.1:7481", "127.0.0.1:7480"),
            ("http://127.0.0.1", "127.0.0.1:7480"),
            ("https://watch.example.org.evil.example", "watch.example.org"),
            ("https://evil.example/watch.example.org", "watch.example.org"),
            ("file://", ""),
            ("http://", ""),
            ("chrome-extension://watch.example.org", "watch.example.org"),
            ("http://watch.example.org", "watch.example.org:443"),
        ] {
            assert!(!is_same(origin, authority), "{origin} {authority}");
        }
    }
}
