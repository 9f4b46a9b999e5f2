//! Texts as they look when something else encodes them: base64 within base64, other dashes, patterns.

use rsigma_parser::{Modifier, SpecialChar, StringPart};

/// What Windows programs take for the dash of an option (Sigma specification, `windash`).
const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];
/// So many dashes of one text are changed independently; of more, all at once.
const DASHES_MAX: usize = 3;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// A text as bytes: UTF-8, or what a modifier says.
pub(crate) fn bytes(text: &str, modifiers: &[Modifier]) -> Vec<u8> {
    let has = |modifier| modifiers.contains(&modifier);
    if has(Modifier::Utf16be) {
        return text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    }
    if !has(Modifier::Wide) && !has(Modifier::Utf16) {
        return text.as_bytes().to_vec();
    }
    let mark: &[u8] = if has(Modifier::Utf16) { &[0xff, 0xfe] } else { &[] };
    let units = text.encode_utf16().flat_map(u16::to_le_bytes);
    mark.iter().copied().chain(units).collect()
}

/// How bytes look within base64, at each of the three places where they may begin. Characters that depend on what
/// stands before or behind are left away.
pub(crate) fn base64_offsets(bytes: &[u8]) -> Vec<String> {
    let at = |offset: usize| {
        let padded: Vec<u8> = std::iter::repeat_n(0, offset).chain(bytes.iter().copied()).collect();
        let first = (offset * 4).div_ceil(3);
        let last = padded.len() * 8 / 6;
        let text: String = (first..last).map(|place| sextet(&padded, place)).collect();
        text
    };
    (0..3).map(at).filter(|text| !text.is_empty()).collect()
}

/// The base64 character at a place.
fn sextet(bytes: &[u8], place: usize) -> char {
    let bit = place * 6;
    let byte = |at: usize| u16::from(bytes.get(at).copied().unwrap_or_default());
    let pair = (byte(bit / 8) << 8) | byte(bit / 8 + 1);
    char::from(ALPHABET[usize::from((pair >> (10 - bit % 8)) & 0x3f)])
}

/// A text with every kind of dash where one begins an option.
pub(crate) fn windash(parts: &[StringPart]) -> Vec<Vec<StringPart>> {
    let places = dashes(parts);
    if places.is_empty() {
        return vec![parts.to_vec()];
    }
    let free = if places.len() <= DASHES_MAX { places.len() } else { 1 };
    let count = DASHES.len().pow(u32::try_from(free).unwrap_or(1));
    let variant = |number: usize| {
        let mut changed = parts.to_vec();
        // From the end, so that places before keep their offsets.
        for (nth, (part, offset)) in places.iter().enumerate().rev() {
            let digit = if free == 1 {
                number
            } else {
                number / DASHES.len().pow(u32::try_from(nth).unwrap_or(0))
            };
            if let StringPart::Plain(text) = &mut changed[*part] {
                text.replace_range(*offset..=*offset, DASHES[digit % DASHES.len()].encode_utf8(&mut [0; 4]));
            }
        }
        changed
    };
    (0..count).map(variant).collect()
}

/// Where a dash or slash stands between what is no word and a word: part and offset.
fn dashes(parts: &[StringPart]) -> Vec<(usize, usize)> {
    let word = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    let mut found = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let StringPart::Plain(text) = part else { continue };
        for (offset, _) in text.char_indices().filter(|(_, letter)| matches!(letter, '-' | '/')) {
            if !word(text[..offset].chars().next_back()) && word(text[offset + 1..].chars().next()) {
                found.push((at, offset));
            }
        }
    }
    found
}

/// A part of a text as a regular expression.
pub(crate) fn pattern(part: &StringPart) -> String {
    match part {
        StringPart::Special(SpecialChar::WildcardMulti) => ".*".to_owned(),
        StringPart::Special(SpecialChar::WildcardSingle) => ".".to_owned(),
        StringPart::Plain(text) => {
            let mut pattern = String::with_capacity(text.len() + 8);
            for letter in text.chars() {
                if "\\.+*?()|[]{}^$#&-~".contains(letter) {
                    pattern.push('\\');
                }
                pattern.push(letter);
            }
            pattern
        }
    }
}
