//! A list of addresses and networks: one a line, anything behind it.

use std::collections::{HashMap, HashSet};
use std::io;
use std::net::IpAddr;
use std::path::Path;

use super::lines;

/// Networks by the number of bits they fix; looked up once for each number that occurs.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    v4: HashMap<u8, HashSet<u32>>,
    v6: HashMap<u8, HashSet<u128>>,
    entries: usize,
}

impl Addresses {
    /// Answers how many lines were no entries, too.
    pub(super) fn read(path: &Path) -> io::Result<(Self, u64)> {
        let mut addresses = Self::default();
        let skipped = lines::each(path, |line| usize::from(addresses.add(line)))?;
        Ok((addresses, skipped))
    }

    fn add(&mut self, line: &str) -> bool {
        let ends = |c: char| c.is_whitespace() || ",;#".contains(c);
        let text = line.split(ends).next().unwrap_or_default();
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, bits.parse::<u8>().ok()),
            None => (text, Some(u8::MAX)),
        };
        let (Ok(address), Some(bits)) = (address.trim_matches(['[', ']']).parse::<IpAddr>(), bits) else {
            return false;
        };
        let is_whole = bits == u8::MAX;
        match address {
            IpAddr::V4(address) if is_whole || bits <= 32 => {
                let bits = bits.min(32);
                self.v4
                    .entry(bits)
                    .or_default()
                    .insert(address.to_bits() & mask32(bits));
            }
            IpAddr::V6(address) if is_whole || bits <= 128 => {
                let bits = bits.min(128);
                self.v6
                    .entry(bits)
                    .or_default()
                    .insert(address.to_bits() & mask128(bits));
            }
            _ => return false,
        }
        self.entries += 1;
        true
    }

    pub(super) fn contains(&self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(address) => self
                .v4
                .iter()
                .any(|(bits, networks)| networks.contains(&(address.to_bits() & mask32(*bits)))),
            IpAddr::V6(address) => self
                .v6
                .iter()
                .any(|(bits, networks)| networks.contains(&(address.to_bits() & mask128(*bits)))),
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.entries
    }
}

fn mask32(bits: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0)
}

fn mask128(bits: u8) -> u128 {
    u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn addresses_and_networks_of_both_kinds() {
        let mut list = Addresses::default();
        for line in [
            "203.0.113.7",
            "198.51.100.0/24 ; SBL1",
            "2001:db8:bad::/48",
            "2001:db8::1,c2",
        ] {
            assert!(list.add(line), "{line}");
        }
        for line in ["address", "1.2.3.4/33", "::/129", "1.2.3", "1.2.3.4/x", ""] {
            assert!(!list.add(line), "{line}");
        }
        assert_eq!(list.len(), 4);
        for (address, is_there) in [
            ("203.0.113.7", true),
            ("203.0.113.8", false),
            ("198.51.100.255", true),
            ("::ffff:198.51.100.1", true),
            ("198.51.101.0", false),
            ("2001:db8:bad:1::2", true),
            ("2001:db8::1", true),
            ("2001:db8::2", false),
        ] {
            assert_eq!(list.contains(address.parse().unwrap()), is_there, "{address}");
        }
        let mut all = Addresses::default();
        assert!(all.add("0.0.0.0/0"));
        assert!(all.contains("8.8.8.8".parse().unwrap()) && !all.contains("::1".parse().unwrap()));
    }
}
