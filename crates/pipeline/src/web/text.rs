//! Escapes in quoted fields and in addresses. What was not text before it was escaped stays as it is written.

use std::borrow::Cow;

/// A quoted field up to its closing quote, and what follows; the opening quote is read.
pub(super) fn split_quoted(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(at) == Some(&b'"') {
            return Some((text.get(..at)?, text.get(at + 1..)?));
        }
        at += 2;
    }
}

/// Undoes what nginx (`\xHH`) and Apache (`\"`, `\\`, `\n`…, `\xhh`) put in place of quotes, backslashes, control characters
/// and what is not ASCII.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    replaced(text, b'\\', |rest| match *rest.get(1)? {
        b'x' => Some((byte(rest.get(2..4)?)?, 4)),
        b'n' => Some((b'\n', 2)),
        b'r' => Some((b'\r', 2)),
        b't' => Some((b'\t', 2)),
        b'b' => Some((8, 2)),
        b'v' => Some((11, 2)),
        quoted @ (b'"' | b'\\') => Some((quoted, 2)),
        _ => None,
    })
}

/// Undoes percent-encoding, once.
pub(super) fn percent_decoded(text: Cow<'_, str>) -> Cow<'_, str> {
    let percent = |rest: &[u8]| Some((byte(rest.get(1..3)?)?, 3));
    match text {
        Cow::Borrowed(text) => replaced(text, b'%', percent),
        Cow::Owned(text) => Cow::Owned(replaced(&text, b'%', percent).into_owned()),
    }
}

/// A byte from two hexadecimal digits.
fn byte(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    match digits {
        [high, low] => Some((digit(*high)? * 16 + digit(*low)?) as u8),
        _ => None,
    }
}

/// Replaces what begins with a mark: `read` says for which byte it stands and how long it is. Bytes that are not UTF-8
/// together with their neighbours stay as they are written, whatever stands elsewhere, so that one of them hides nothing.
fn replaced(text: &str, mark: u8, read: impl Fn(&[u8]) -> Option<(u8, usize)>) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let Some(first) = memchr::memchr(mark, bytes) else {
        return text.into();
    };
    let mut out = text.get(..first).unwrap_or_default().to_owned();
    let mut at = first;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let (mut run, mut length) = (Vec::new(), 0);
        while let Some(found) = rest.get(length..).filter(|rest| rest.first() == Some(&mark)) {
            let Some((byte, long)) = read(found) else { break };
            run.push((byte, length));
            length += long;
        }
        put_run(&mut out, &run, text.get(at..at + length).unwrap_or_default());
        at += length;
        // What could not be read begins with a mark, too: it goes over, with all up to the next one.
        let plain = bytes.get(at..).unwrap_or_default();
        let skipped = usize::from(plain.first() == Some(&mark));
        let end = memchr::memchr(mark, plain.get(skipped..).unwrap_or_default());
        let end = at + end.map_or(plain.len(), |end| end + skipped);
        out.push_str(text.get(at..end).unwrap_or_default());
        at = end;
    }
    out.into()
}

/// Bytes of one run with the places in `written` where they stood, as text where they are text.
fn put_run(out: &mut String, run: &[(u8, usize)], written: &str) {
    let decoded: Vec<u8> = run.iter().map(|(byte, _)| *byte).collect();
    let place = |at: usize| run.get(at).map_or(written.len(), |(_, place)| *place);
    let mut at = 0;
    for chunk in decoded.utf8_chunks() {
        out.push_str(chunk.valid());
        at += chunk.valid().len();
        let end = at + chunk.invalid().len();
        out.push_str(written.get(place(at)..place(end)).unwrap_or_default());
        at = end;
    }
}
