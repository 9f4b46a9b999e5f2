//! The same lines with other numbers: what a system says in another week. Words, lengths of numbers and what stands
//! beside what stay; ids, large numbers and addresses change. One text becomes the same other text within one round.

use crate::random::Random;

/// Digits of the shortest decimal number that is changed: years, ports and durations stay.
const DECIMALS: usize = 5;
/// Digits of the shortest hexadecimal id that is changed.
const HEXADECIMALS: usize = 8;

/// Appends a line as it is in a round; in round 0 as it is.
pub(crate) fn vary(line: &str, round: u64, out: &mut String) {
    if round == 0 {
        return out.push_str(line);
    }
    let mut rest = line;
    while let Some(start) = rest.bytes().position(|byte| byte.is_ascii_alphanumeric()) {
        let (gap, token) = rest.split_at(start);
        out.push_str(gap);
        rest = if let Some((octets, after)) = address(token) {
            write_address(octets, round, out);
            after
        } else {
            let end = token.bytes().position(|byte| !byte.is_ascii_alphanumeric());
            let (token, after) = token.split_at(end.unwrap_or(token.len()));
            vary_token(token, round, out);
            after
        };
    }
    out.push_str(rest);
}

/// An IPv4 address at the beginning of a text, and what follows it.
fn address(text: &str) -> Option<([u8; 4], &str)> {
    let mut octets = [0; 4];
    let mut rest = text;
    for (at, octet) in octets.iter_mut().enumerate() {
        if at > 0 {
            rest = rest.strip_prefix('.')?;
        }
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        *octet = rest.get(..digits)?.parse().ok()?;
        rest = &rest[digits..];
    }
    let ends = |byte: u8| !byte.is_ascii_alphanumeric() && byte != b'.';
    rest.bytes().next().is_none_or(ends).then_some((octets, rest))
}

fn write_address([a, b, c, d]: [u8; 4], round: u64, out: &mut String) {
    use std::fmt::Write;
    // One address of a round for one of the corpus: those that were frequent still are.
    let moved = |octet: u8, step: u64| (u64::from(octet) + step * round) % 256;
    // Writing to a String cannot fail.
    let _ = write!(out, "{a}.{b}.{}.{}", moved(c, 37), moved(d, 101));
}

fn vary_token(token: &str, round: u64, out: &mut String) {
    let decimal = token.bytes().all(|byte| byte.is_ascii_digit());
    let hexadecimal = token.bytes().all(|byte| byte.is_ascii_hexdigit()) && token.bytes().any(|b| b.is_ascii_digit());
    let alphabet: &[u8] = match (decimal, hexadecimal, token.len()) {
        (true, _, DECIMALS..) => b"0123456789",
        (false, true, HEXADECIMALS..) if token.bytes().any(|byte| byte.is_ascii_uppercase()) => b"0123456789ABCDEF",
        (false, true, HEXADECIMALS..) => b"0123456789abcdef",
        _ => return out.push_str(token),
    };
    let begin = Random::new(round).next();
    let mut random = Random::new(token.bytes().fold(begin, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    }));
    for (at, byte) in token.bytes().enumerate() {
        // The first digit of a number says how large it is.
        let is_kept = decimal && at == 0;
        let digit = alphabet[random.below(alphabet.len() as u64) as usize];
        out.push(char::from(if is_kept { byte } else { digit }));
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::corpus::Corpus;

    fn varied(line: &str, round: u64) -> String {
        let mut out = String::new();
        vary(line, round, &mut out);
        out
    }

    #[test]
    fn words_years_and_short_numbers_stay() {
        let line = "Nov 20 2026 09:14:01 h3 sshd[4711]: Failed password für root port 2222 ssh2 v1.2.3 deadbeef";
        assert_eq!(varied(line, 9), line);
        assert_eq!(varied("", 9), "");
    }

    #[test]
    fn ids_numbers_and_addresses_change_and_stay_what_they_are() {
        let line = "trace=00f1e2d3c4b5a697 A1B2C3D4 pid 123456 from 10.250.200.9: 00f1e2d3c4b5a697";
        assert_eq!(varied(line, 0), line);
        let first = varied(line, 1);
        assert_eq!(first, varied(line, 1));
        assert_ne!(first, varied(line, 2));
        assert!(first.contains(" from 10.250.237.110: "), "{first}");
        let words: Vec<&str> = first.split([' ', '=']).collect();
        assert_eq!(words[1].len(), 16);
        assert_eq!(words.last(), Some(&words[1]), "one id became two");
        assert!(words[1].bytes().all(|byte| b"0123456789abcdef".contains(&byte)));
        assert_ne!(words[1], "00f1e2d3c4b5a697");
        assert!(words[2].bytes().all(|byte| b"0123456789ABCDEF".contains(&byte)));
        assert!(words[4].starts_with('1') && words[4].len() == 6 && words[4].parse::<u32>().is_ok());
    }

    #[test]
    fn other_rounds_compress_like_the_corpus_itself() {
        let folder = tempfile::tempdir().unwrap();
        let corpus = Corpus::generate(folder.path(), 2, 1).unwrap();
        let text = std::fs::read_to_string(&corpus.lines).unwrap();
        let compressed = |round| {
            let all: Vec<String> = text.lines().map(|line| varied(line, round) + "\n").collect();
            zstd::bulk::compress(all.concat().as_bytes(), 3).unwrap().len() as f64
        };
        let original = compressed(0);
        for round in [1, 9, 100] {
            let ratio = compressed(round) / original;
            assert!((0.97..1.03).contains(&ratio), "round {round}: {ratio}");
        }
    }
}
