//! Values as the text that Windows writes for them (MS-EVEN6, 2.2.12 and 3.1.4.7.3).

use std::fmt::{Display, Write};

use jiff::Timestamp;

use super::cursor::{u16_at, u32_at, u64_at};

pub(super) const NULL: u8 = 0x00;
pub(super) const TEXT: u8 = 0x01;
pub(super) const BINARY_XML: u8 = 0x21;
const ANSI_TEXT: u8 = 0x02;
const SID: u8 = 0x13;
const ARRAY: u8 = 0x80;
/// A revision, a count and an authority of six bytes; then numbers of four.
const SID_BYTES: usize = 8;
/// Between 1601 and 1970.
const SECONDS_TO_1970: i64 = 11_644_473_600;
const TICKS_PER_SECOND: u64 = 10_000_000;

pub(super) fn is_array(kind: u8) -> bool {
    kind & ARRAY != 0
}

/// Items of an array.
pub(super) fn count(kind: u8, bytes: &[u8]) -> usize {
    match width(kind & !ARRAY) {
        Some(width) => bytes.len() / width,
        None => variable(kind & !ARRAY, bytes).count(),
    }
}

/// An item of an array: its kind and bytes.
pub(super) fn item(kind: u8, bytes: &[u8], at: usize) -> Option<(u8, &[u8])> {
    let kind = kind & !ARRAY;
    let item = match width(kind) {
        Some(width) => bytes.chunks_exact(width).nth(at),
        None => variable(kind, bytes).nth(at),
    };
    item.map(|item| (kind, item))
}

/// Bytes of a value, where all of a kind have the same.
fn width(kind: u8) -> Option<usize> {
    match kind {
        0x03 | 0x04 => Some(1),
        0x05 | 0x06 => Some(2),
        0x07 | 0x08 | 0x0b | 0x0d | 0x14 => Some(4),
        0x09 | 0x0a | 0x0c | 0x11 | 0x15 => Some(8),
        0x0f | 0x12 => Some(16),
        _ => None,
    }
}

/// Texts end in a zero each, SIDs say how long they are, and anything else is one item.
fn variable(kind: u8, bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (item, gone) = match kind {
            TEXT => {
                let units = rest.chunks_exact(2).position(|unit| unit == [0, 0]);
                units.map_or((rest.len(), rest.len()), |units| (units * 2, units * 2 + 2))
            }
            ANSI_TEXT => {
                let zero = rest.iter().position(|byte| *byte == 0);
                zero.map_or((rest.len(), rest.len()), |zero| (zero, zero + 1))
            }
            SID => {
                let numbers = rest.get(1).map_or(0, |count| usize::from(*count));
                let bytes = (SID_BYTES + numbers * 4).min(rest.len());
                (bytes, bytes)
            }
            _ => (rest.len(), rest.len()),
        };
        let (first, behind) = (&rest[..item], &rest[gone..]);
        rest = behind;
        Some(first)
    })
}

/// Appends a value as text in which nothing is markup or ends a line. What is shorter than its kind, or of no known
/// kind, comes as its bytes in hexadecimal.
pub(super) fn push(kind: u8, bytes: &[u8], out: &mut String) {
    if width(kind).is_some_and(|width| width != bytes.len()) {
        return push_bytes(bytes, out);
    }
    match kind {
        NULL => {}
        TEXT => push_units(bytes, out),
        ANSI_TEXT => {
            let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            bytes[..end].iter().for_each(|byte| push_char(char::from(*byte), out));
        }
        0x0f => push_guid(bytes, out),
        SID => push_sid(bytes, out),
        0x12 => push_system_time(bytes, out),
        0x11 => push_file_time(bytes, out),
        0x0b => put(f32::from_bits(number(bytes) as u32), out),
        0x0c => put(f64::from_bits(number(bytes)), out),
        0x0d => put(number(bytes) != 0, out),
        0x14 | 0x15 => put(format_args!("{:#x}", number(bytes)), out),
        // As wide as an address of the computer.
        0x10 if matches!(bytes.len(), 4 | 8) => put(format_args!("{:#x}", number(bytes)), out),
        0x03 => put(number(bytes) as i8, out),
        0x05 => put(number(bytes) as i16, out),
        0x07 => put(number(bytes) as i32, out),
        0x09 => put(number(bytes) as i64, out),
        0x04 | 0x06 | 0x08 | 0x0a => put(number(bytes), out),
        _ => push_bytes(bytes, out),
    }
}

/// Appends a name; what no name may hold becomes `_`.
pub(super) fn push_name(units: &[u8], out: &mut String) {
    let from = out.len();
    for character in characters(units) {
        let first = out.len() == from;
        let fits = character.is_alphabetic() || character == '_' || !first && is_inner(character);
        out.push(if fits { character } else { '_' });
    }
    if out.len() == from {
        out.push('_');
    }
}

fn is_inner(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '.' | '-' | ':')
}

fn put(value: impl Display, out: &mut String) {
    // Writing to a string cannot fail.
    let _ = write!(out, "{value}");
}

fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

fn characters(units: &[u8]) -> impl Iterator<Item = char> {
    let units = units.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]]));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
}

fn push_units(bytes: &[u8], out: &mut String) {
    let used = bytes.chunks_exact(2).rposition(|unit| unit != [0, 0]);
    let end = used.map_or(0, |last| (last + 1) * 2);
    characters(&bytes[..end]).for_each(|character| push_char(character, out));
}

fn push_char(character: char, out: &mut String) {
    match character {
        '<' => out.push_str("&lt;"),
        '>' => out.push_str("&gt;"),
        '&' => out.push_str("&amp;"),
        '"' => out.push_str("&quot;"),
        '\0' => out.push(char::REPLACEMENT_CHARACTER),
        _ if character.is_control() => put(format_args!("&#{};", u32::from(character)), out),
        _ => out.push(character),
    }
}

fn push_bytes(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        put(format_args!("{byte:02X}"), out);
    }
}

fn push_guid(bytes: &[u8], out: &mut String) {
    let (Some(first), Some(second), Some(third), Some(rest)) =
        (u32_at(bytes, 0), u16_at(bytes, 4), u16_at(bytes, 6), bytes.get(8..16))
    else {
        return push_bytes(bytes, out);
    };
    put(format_args!("{{{first:08x}-{second:04x}-{third:04x}-"), out);
    for (at, byte) in rest.iter().enumerate() {
        put(format_args!("{}{byte:02x}", if at == 2 { "-" } else { "" }), out);
    }
    out.push('}');
}

fn push_sid(bytes: &[u8], out: &mut String) {
    let count = bytes.get(1).map_or(0, |count| usize::from(*count));
    if bytes.len() < SID_BYTES || bytes.len() != SID_BYTES + count * 4 {
        return push_bytes(bytes, out);
    }
    let authority = bytes[2..SID_BYTES]
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte));
    put(format_args!("S-{}-{authority}", bytes[0]), out);
    for part in bytes[SID_BYTES..].chunks_exact(4) {
        put(format_args!("-{}", number(part)), out);
    }
}

/// Units of 100 ns since 1601.
fn push_file_time(bytes: &[u8], out: &mut String) {
    let ticks = u64_at(bytes, 0).unwrap_or_default();
    let seconds = (ticks / TICKS_PER_SECOND) as i64 - SECONDS_TO_1970;
    match Timestamp::from_second(seconds) {
        Ok(time) => {
            let second = time.strftime("%Y-%m-%dT%H:%M:%S");
            put(format_args!("{second}.{:07}Z", ticks % TICKS_PER_SECOND), out);
        }
        Err(_) => put(ticks, out),
    }
}

/// Year, month, day of the week, day, hour, minute, second and millisecond.
fn push_system_time(bytes: &[u8], out: &mut String) {
    let part = |at: usize| u16_at(bytes, at * 2).unwrap_or_default();
    let (year, month, day) = (part(0), part(1), part(3));
    let (hour, minute, second, milli) = (part(4), part(5), part(6), part(7));
    let date = format_args!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z").to_string();
    out.push_str(&date);
}
