//! The web interface's files, as `make web` has built them: compressed once, when they are built, and carried inside the
//! program. Without them there is a placeholder page, so the program builds without Node.js.
//!
//! No HTTP here: who serves them decides about headers. Start at [`find`].
//!
//! ```
//! let page = watchpost_ui::page(watchpost_ui::Accepts { br: true, gzip: true });
//! assert_eq!(page.content_type, "text/html; charset=utf-8");
//! assert!(!page.is_immutable, "its name stays while its content changes");
//! ```

use std::borrow::Cow;
use std::io::Read;

use flate2::read::GzDecoder;
use rust_embed::{Embed, EmbeddedFile};

/// Largest file that is handed out to someone who understands no compression.
const PLAIN_BYTES_MAX: u64 = 16 << 20;
const PLACEHOLDER: &str = include_str!("placeholder.html");
/// Names below this folder hold a hash of their content.
const HASHED: &str = "assets/";

#[derive(Embed)]
#[folder = "../../web/dist"]
struct Built;

/// What a client understands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accepts {
    /// Brotli (RFC 7932).
    pub br: bool,
    /// gzip (RFC 1952).
    pub gzip: bool,
}

/// A file on its way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// For `Content-Type`.
    pub content_type: &'static str,
    /// For `Content-Encoding`: `br`, `gzip` or nothing.
    pub encoding: Option<&'static str>,
    /// For `ETag`, quotes included; another one for every encoding.
    pub etag: String,
    /// Its name holds a hash of its content: it may be kept for ever.
    pub is_immutable: bool,
    /// The bytes.
    pub body: Cow<'static, [u8]>,
}

/// Whether the interface is in this program, and not the placeholder only.
pub fn is_built() -> bool {
    stored("index.html", Accepts { br: true, gzip: true }).is_some()
}

/// The page every address of the interface begins with: the same for all, or the placeholder.
pub fn page(accepts: Accepts) -> Asset {
    find("index.html", accepts).unwrap_or_else(|| Asset {
        content_type: "text/html; charset=utf-8",
        encoding: None,
        etag: "\"placeholder\"".to_owned(),
        is_immutable: false,
        body: Cow::Borrowed(PLACEHOLDER.as_bytes()),
    })
}

/// A file by its path, without the slash at the beginning.
pub fn find(path: &str, accepts: Accepts) -> Option<Asset> {
    let (file, encoding) = stored(path, accepts)?;
    let etag = etag(&file, encoding);
    let (body, encoding) = match encoding {
        Some("gzip") if !accepts.gzip => (Cow::Owned(unpacked(&file.data)?), None),
        encoding => (file.data, encoding),
    };
    Some(Asset {
        content_type: content_type(path),
        encoding,
        etag,
        is_immutable: path.starts_with(HASHED),
        body,
    })
}

/// The best variant that is here; gzip also for those who do not understand it.
fn stored(path: &str, accepts: Accepts) -> Option<(EmbeddedFile, Option<&'static str>)> {
    let is_variant = path
        .rsplit_once('.')
        .is_some_and(|(_, last)| matches!(last, "br" | "gz"));
    if is_variant || path.starts_with('.') {
        return None;
    }
    let brotli = || Some((Built::get(&format!("{path}.br"))?, Some("br")));
    let gzip = || Some((Built::get(&format!("{path}.gz"))?, Some("gzip")));
    let plain = || Some((Built::get(path)?, None));
    accepts.br.then(brotli).flatten().or_else(plain).or_else(gzip)
}

fn etag(file: &EmbeddedFile, encoding: Option<&str>) -> String {
    let hash = file.metadata.sha256_hash();
    let start = hash.iter().take(8).fold(0_u64, |all, &byte| all << 8 | u64::from(byte));
    format!("\"{start:016x}-{}\"", encoding.unwrap_or("plain"))
}

fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    GzDecoder::new(bytes)
        .take(PLAIN_BYTES_MAX)
        .read_to_end(&mut plain)
        .ok()?;
    Some(plain)
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Accepts = Accepts { br: true, gzip: true };

    #[test]
    fn there_is_always_a_page() {
        for accepts in [Accepts::default(), ALL] {
            let page = page(accepts);
            assert!(!page.body.is_empty());
            assert_eq!(page.content_type, "text/html; charset=utf-8");
        }
        let plain = page(Accepts::default());
        assert!(plain.encoding.is_none() && plain.body.starts_with(b"<!doctype html>"));
    }

    #[test]
    fn nothing_else_is_found_by_odd_paths() {
        for path in [
            "",
            "/",
            "../Cargo.toml",
            "assets/",
            "index.html.br",
            ".gitignore",
            "assets/../index.html",
        ] {
            assert!(find(path, ALL).is_none(), "{path:?}");
        }
    }
}
