//! Names of user ids, from `/etc/passwd` (passwd(5)).

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use watchpost_event::Timestamp;

/// The file is looked at again at most this often.
const LOOK_EVERY_NANOS: i64 = 5_000_000_000;
/// A larger file is not read.
const BYTES: u64 = 8 << 20;

pub(super) struct Users {
    path: PathBuf,
    names: HashMap<u32, String>,
    looked: Option<Timestamp>,
    modified: Option<SystemTime>,
}

impl Users {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            names: HashMap::new(),
            looked: None,
            modified: None,
        }
    }

    /// The name of an id, if it has one.
    pub(super) fn name(&mut self, uid: u32, now: Timestamp) -> Option<&str> {
        // A clock that was set back looks again, too.
        let fresh = self
            .looked
            .is_some_and(|looked| (0..LOOK_EVERY_NANOS).contains(&(now.0 - looked.0)));
        if !fresh {
            self.looked = Some(now);
            self.look();
        }
        self.names.get(&uid).map(String::as_str)
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
fn parse(text: &str) -> HashMap<u32, String> {
    let mut names = HashMap::new();
    for line in text.lines() {
        let mut parts = line.split(':');
        let (Some(name), Some(uid)) = (parts.next(), parts.nth(1)) else {
            continue;
        };
        if let (false, Ok(uid)) = (name.is_empty() || name.starts_with('#'), uid.parse()) {
            names.entry(uid).or_insert_with(|| name.to_owned());
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
        let mut users = Users::new(&path);
        assert_eq!(users.name(0, Timestamp(0)), Some("root"));
        assert_eq!(users.name(1000, Timestamp(0)), Some("anna"));
        assert_eq!(users.name(7, Timestamp(0)), None);
        std::fs::write(&path, "root:x:0:0\nnina:x:1000:\n").unwrap();
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
        assert_eq!(users.name(1000, Timestamp(LOOK_EVERY_NANOS - 1)), Some("anna"));
        assert_eq!(users.name(1000, Timestamp(LOOK_EVERY_NANOS)), Some("nina"));
        std::fs::remove_file(&path).unwrap();
        assert_eq!(users.name(1000, Timestamp(9 * LOOK_EVERY_NANOS)), Some("nina"));
    }
}
