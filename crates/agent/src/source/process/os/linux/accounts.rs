//! Names of user ids, from `/etc/passwd` (passwd(5)).

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use watchpost_event::Timestamp;

use super::super::super::record::Account;

/// The file is looked at again at most this often.
const LOOK_EVERY_NANOS: i64 = 5_000_000_000;
/// A larger file is not read.
const BYTES: u64 = 8 << 20;

/// Who stands behind user ids.
pub(in super::super::super) struct Accounts {
    path: PathBuf,
    names: HashMap<String, Account>,
    looked: Option<Timestamp>,
    modified: Option<SystemTime>,
}

impl Accounts {
    /// The host's own.
    pub(in super::super::super) fn new() -> Self {
        Self::of(Path::new("/etc/passwd"))
    }

    fn of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            names: HashMap::new(),
            looked: None,
            modified: None,
        }
    }

    /// The account of an id, if it has one.
    pub(in super::super::super) fn find(&mut self, id: &str, now: Timestamp) -> Option<&Account> {
        // A clock that was set back looks again, too.
        let fresh = self
            .looked
            .is_some_and(|looked| (0..LOOK_EVERY_NANOS).contains(&(now.0 - looked.0)));
        if !fresh {
            self.looked = Some(now);
            self.look();
        }
        self.names.get(id)
    }

    fn look(&mut self) {
        let Ok(metadata) = std::fs::metadata(&self.path) else {
            return;
        };
        let modified = metadata.modified().ok();
        if metadata.len() > BYTES || (modified.is_some() && modified == self.modified) {
            return;
        }
        if let Ok(text) = std::fs::read(&self.path) {
            self.modified = modified;
            self.names = parse(&String::from_utf8_lossy(&text));
        }
    }
}

/// `name:password:uid:…`, the first name of an id counts.
fn parse(text: &str) -> HashMap<String, Account> {
    let mut names = HashMap::new();
    for line in text.lines() {
        let mut parts = line.split(':');
        let (Some(name), Some(uid)) = (parts.next(), parts.nth(1)) else {
            continue;
        };
        let is_number = !uid.is_empty() && uid.bytes().all(|byte| byte.is_ascii_digit());
        if is_number && !name.is_empty() && !name.starts_with('#') {
            let account = || Account {
                name: name.to_owned(),
                domain: None,
            };
            names.entry(uid.to_owned()).or_insert_with(account);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn the_first_name_counts_and_a_change_is_seen_after_a_few_seconds() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("passwd");
        std::fs::write(&path, "root:x:0:0::/:/bin/sh\ntoor:x:0:0\n#x:x:7:\nbad\nanna:x:1000:\n").unwrap();
        let mut accounts = Accounts::of(&path);
        let mut name = |id: &str, at: i64| accounts.find(id, Timestamp(at)).map(|account| account.name.clone());
        assert_eq!(name("0", 0).as_deref(), Some("root"));
        assert_eq!(name("1000", 0).as_deref(), Some("anna"));
        assert_eq!(name("7", 0), None);
        std::fs::write(&path, "root:x:0:0\nnina:x:1000:\n").unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(name("1000", LOOK_EVERY_NANOS - 1).as_deref(), Some("anna"));
        assert_eq!(name("1000", LOOK_EVERY_NANOS).as_deref(), Some("nina"));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(name("1000", 9 * LOOK_EVERY_NANOS).as_deref(), Some("nina"));
    }
}
