//! A list of domains: one a line, or in the form of a hosts file. A name stands for everything below it.

use std::collections::HashSet;
use std::io;
use std::net::IpAddr;
use std::path::Path;

use super::lines;
use crate::indicator::domain_name;

/// Names of every hosts file.
const OF_THIS_HOST: [&str; 4] = ["localhost", "localhost.localdomain", "local", "broadcasthost"];

#[derive(Debug, Default)]
pub(super) struct Domains(HashSet<Box<str>>);

impl Domains {
    /// Answers how many lines were no entries, too.
    pub(super) fn read(path: &Path) -> io::Result<(Self, u64)> {
        let mut domains = Self::default();
        let skipped = lines::each(path, |line| domains.add(line))?;
        Ok((domains, skipped))
    }

    fn add(&mut self, line: &str) -> usize {
        let line = line.split('#').next().unwrap_or_default();
        let mut words = line
            .split(|c: char| c.is_whitespace() || c == ',')
            .filter(|word| !word.is_empty());
        let Some(first) = words.next() else { return 0 };
        if first.parse::<IpAddr>().is_ok() {
            return words.map(|name| usize::from(self.add_name(name))).sum();
        }
        usize::from(self.add_name(first))
    }

    fn add_name(&mut self, name: &str) -> bool {
        let name = name.trim_start_matches("*.").trim_start_matches('.');
        match domain_name(name) {
            Some(name) if name.contains('.') && !OF_THIS_HOST.contains(&name.as_str()) => {
                self.0.insert(name.into_boxed_str());
                true
            }
            _ => false,
        }
    }

    /// Whether the name, or one that it is below, stands there.
    pub(super) fn contains(&self, name: &str) -> bool {
        let mut rest = name;
        loop {
            if self.0.contains(rest) {
                return true;
            }
            match rest.split_once('.') {
                Some((_, parent)) => rest = parent,
                None => return false,
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cover_what_is_below_them() {
        let mut list = Domains::default();
        assert_eq!(list.add("Evil.Example.org"), 1);
        assert_eq!(list.add("*.bad.test # seen in March"), 1);
        assert_eq!(list.add("0.0.0.0 ads.test track.test"), 2);
        assert_eq!(list.add("127.0.0.1 localhost"), 0);
        assert_eq!(list.add("com"), 0);
        for (name, is_there) in [
            ("evil.example.org", true),
            ("a.b.evil.example.org", true),
            ("notevil.example.org", false),
            ("example.org", false),
            ("x.bad.test", true),
            ("track.test", true),
            ("localhost", false),
        ] {
            assert_eq!(list.contains(name), is_there, "{name}");
        }
    }
}
