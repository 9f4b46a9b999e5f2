//! A list of files' hashes: one a line, a comment behind it, or `hash,name`.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use super::lines;
use crate::indicator::HashKey;

const NOTE_CHARS_MAX: usize = 120;

#[derive(Debug, Default)]
pub(super) struct Hashes(HashMap<HashKey, Box<str>>);

impl Hashes {
    /// Answers how many lines were no entries, too.
    pub(super) fn read(path: &Path) -> io::Result<(Self, u64)> {
        let mut hashes = HashMap::new();
        let skipped = lines::each(path, |line| match entry(line) {
            Some((key, note)) => {
                hashes.insert(key, note);
                1
            }
            None => 0,
        })?;
        Ok((Self(hashes), skipped))
    }

    /// What stands beside it, if it stands there at all.
    pub(super) fn get(&self, key: &HashKey) -> Option<&str> {
        self.0.get(key).map(|note| &**note)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

fn entry(line: &str) -> Option<(HashKey, Box<str>)> {
    let ends = |c: char| c.is_whitespace() || ",;#\"".contains(c);
    let line = line.trim_start_matches('"');
    let (hash, rest) = line.split_at(line.find(ends).unwrap_or(line.len()));
    let key = HashKey::read(hash)?;
    let note: String = rest
        .trim_matches(|c: char| ends(c) || c == '*')
        .chars()
        .filter(|c| !c.is_control())
        .take(NOTE_CHARS_MAX)
        .collect();
    Some((key, note.into_boxed_str()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn a_hash_and_what_stands_behind_it() {
        let sha = "ab".repeat(32);
        for (line, note) in [
            (sha.clone(), ""),
            (format!("{sha}  Mimikatz 2.2"), "Mimikatz 2.2"),
            (format!("{sha} # dropped by mail"), "dropped by mail"),
            (format!("{sha},Emotet"), "Emotet"),
            (format!("\"{sha}\", \"Emotet\""), "Emotet"),
            (format!("{}  *tool.exe", sha.to_uppercase()), "tool.exe"),
        ] {
            let (key, found) = entry(&line).unwrap();
            assert_eq!(key, HashKey::read(&sha).unwrap(), "{line}");
            assert_eq!(&*found, note, "{line}");
        }
        assert!(entry("sha256_hash,signature").is_none());
        assert!(entry(&"a".repeat(63)).is_none());
    }
}
