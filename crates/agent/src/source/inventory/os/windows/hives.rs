//! The registry of each user, which is there while the user is logged on.

use std::io;

use super::super::super::row::Rows;
use super::registry::{Key, Root, open};

/// Which users there are, and where their folders lie.
const PROFILES: &str = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList";
/// What services and the system itself have.
const SYSTEM: [&str; 3] = ["S-1-5-18", "S-1-5-19", "S-1-5-20"];

/// A user's registry.
pub(super) struct Hive {
    pub(super) sid: String,
    pub(super) key: Key,
}

impl Hive {
    /// Where its rows' ids begin.
    pub(super) fn place(&self) -> String {
        place(&self.sid)
    }
}

fn place(sid: &str) -> String {
    format!(r"HKU\{sid}\")
}

/// The registries of those who are logged on. What users have who are not cannot be read now.
pub(super) fn loaded(rows: &mut Rows) -> io::Result<Vec<Hive>> {
    let loaded = match open(Root::Users, "")? {
        Some(users) => users.keys()?,
        None => Vec::new(),
    };
    let sids = loaded.iter().filter(|name| is_user(name));
    let mut hives = Vec::new();
    for sid in sids {
        match open(Root::Users, sid) {
            Ok(Some(key)) => {
                let hive = Hive { sid: sid.clone(), key };
                rows.read(hive.place());
                hives.push(hive);
            }
            Ok(None) => rows.unread(place(sid), None),
            Err(error) => rows.unread(place(sid), Some(format!(r"HKU\{sid}: {error}"))),
        }
    }
    for (sid, _) in profiles()? {
        if !loaded.contains(&sid) {
            rows.unread(place(&sid), None);
        }
    }
    Ok(hives)
}

/// Every user who ever logged on, with the folder of their own.
pub(super) fn profiles() -> io::Result<Vec<(String, String)>> {
    let Some(list) = open(Root::Machine, PROFILES)? else {
        return Ok(Vec::new());
    };
    let mut profiles = Vec::new();
    for sid in list.keys()? {
        if let Some(profile) = list.open(&sid)? {
            profiles.push((sid, profile.text("ProfileImagePath")?));
        }
    }
    Ok(profiles)
}

/// Not the classes that some users have beside, and not `.DEFAULT`, which is the system's under another name.
fn is_user(name: &str) -> bool {
    let is_person = name.starts_with("S-1-5-21-") || name.starts_with("S-1-12-1-");
    (is_person && !name.ends_with("_Classes")) || SYSTEM.contains(&name)
}
