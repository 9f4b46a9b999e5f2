//! The web interface: its files, and its page for every other address that is not the API's.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use watchpost_ui::{Accepts, Asset};

use super::failure;

/// Scripts and everything else from here only; styles may stand in the page, since the component library writes them.
/// What is framed are reports, which forbid themselves everything.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
                      font-src 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; \
                      frame-ancestors 'none'";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_AGAIN: &str = "no-cache";

/// What no route answers: a file, the page, or nothing.
pub(super) async fn serve(request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/');
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_read || path == "api" || path.starts_with("api/") {
        return failure::not_found(&request).into_response();
    }
    let accepts = accepts(request.headers());
    let asset = match watchpost_ui::find(path, accepts) {
        Some(asset) => asset,
        // An old page asks for a script that is gone: it must not be given a page instead.
        None if path.starts_with("assets/") => return failure::not_found(&request).into_response(),
        None => watchpost_ui::page(accepts),
    };
    answer(asset, request.headers())
}

fn answer(asset: Asset, headers: &HeaderMap) -> Response {
    let is_known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| {
        let known = known.to_str().unwrap_or_default();
        known == "*"
            || known
                .split(',')
                .any(|one| one.trim().trim_start_matches("W/") == asset.etag)
    });
    let (status, body) = if is_known {
        (StatusCode::NOT_MODIFIED, Body::empty())
    } else {
        let body = match asset.body {
            Cow::Borrowed(bytes) => Bytes::from_static(bytes),
            Cow::Owned(bytes) => Bytes::from(bytes),
        };
        (StatusCode::OK, Body::from(body))
    };
    let mut response = (status, body).into_response();
    let out = response.headers_mut();
    let caching = if asset.is_immutable { FOR_EVER } else { ASK_AGAIN };
    for (name, value) in [
        (header::CONTENT_TYPE, asset.content_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, caching),
        (header::VARY, "accept-encoding"),
    ] {
        out.insert(name, HeaderValue::from_static(value));
    }
    if let Some(encoding) = asset.encoding {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    if let Ok(etag) = HeaderValue::from_str(&asset.etag) {
        out.insert(header::ETAG, etag);
    }
    response
}

/// RFC 9110 §12.5.3, as far as it matters here: a coding is accepted unless its quality is 0.
fn accepts(headers: &HeaderMap) -> Accepts {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    let mut accepts = Accepts::default();
    for coding in values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
    {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let quality = parameters
            .trim()
            .strip_prefix("q=")
            .and_then(|q| q.trim().parse::<f32>().ok());
        if quality == Some(0.0) {
            continue;
        }
        match name.trim().to_ascii_lowercase().as_str() {
            "br" => accepts.br = true,
            "gzip" | "x-gzip" => accepts.gzip = true,
            _ => {}
        }
    }
    accepts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> Accepts {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(text));
        accepts(&headers)
    }

    #[test]
    fn codings_are_read_with_their_quality() {
        assert_eq!(read("gzip, deflate, br"), Accepts { br: true, gzip: true });
        assert_eq!(read("br;q=0, GZIP;q=0.5"), Accepts { br: false, gzip: true });
        assert_eq!(read("identity"), Accepts::default());
    }
}
