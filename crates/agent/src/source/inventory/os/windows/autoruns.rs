//! What starts with the system or with a logon.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use watchpost_event::Timestamp;

use super::super::super::row::{Row, Rows};
use super::hives;
use super::names::Names;
use super::registry::{Data, Key, Root, open};

/// Keys whose values are all commands.
const KEYS: [&str; 3] = [
    r"Microsoft\Windows\CurrentVersion\Run",
    r"Microsoft\Windows\CurrentVersion\RunOnce",
    r"Microsoft\Windows\CurrentVersion\Policies\Explorer\Run",
];
/// A key with other values too.
const WINLOGON: &str = r"Microsoft\Windows NT\CurrentVersion\Winlogon";
const WINLOGON_VALUES: [&str; 2] = ["Shell", "Userinit"];
/// Below the folder of a user, and below that of all.
const STARTUP: &str = r"Microsoft\Windows\Start Menu\Programs\Startup";
/// What Windows itself has in such folders.
const FOLDER_SETTINGS: &str = "desktop.ini";
/// Files of one folder at most.
const FILES_LIMIT: usize = 10_000;

pub(super) fn read(rows: &mut Rows) -> io::Result<()> {
    let machine = [
        (Root::Machine, r"HKLM\SOFTWARE"),
        (Root::Machine32, r"HKLM\SOFTWARE\WOW6432Node"),
    ];
    for (root, shown) in machine {
        if let Some(software) = open(root, "SOFTWARE")? {
            registry(&software, shown, |row| row, rows)?;
        }
    }
    let mut names = Names::default();
    for hive in hives::loaded(rows)? {
        let Some(software) = hive.key.open("Software")? else {
            continue;
        };
        let name = names.of(&hive.sid);
        let with = |row: Row| {
            row.with("user.id", hive.sid.as_str())
                .with_aside("user.name", name.as_str())
        };
        registry(&software, &format!("{}Software", hive.place()), with, rows)?;
    }
    folders(&mut names, rows)
}

fn registry(software: &Key, shown: &str, with: impl Fn(Row) -> Row, rows: &mut Rows) -> io::Result<()> {
    for path in KEYS {
        let Some(key) = software.open(path)? else { continue };
        for (name, data) in key.values()? {
            add(&format!(r"{shown}\{path}"), &name, data, &with, rows);
        }
    }
    let Some(key) = software.open(WINLOGON)? else {
        return Ok(());
    };
    for name in WINLOGON_VALUES {
        if let Some(data) = key.value(name)? {
            add(&format!(r"{shown}\{WINLOGON}"), name, data, &with, rows);
        }
    }
    Ok(())
}

fn add(key: &str, name: &str, data: Data, with: impl Fn(Row) -> Row, rows: &mut Rows) {
    let command = match data {
        Data::Text(text) => text,
        Data::Number(_) | Data::Other => String::new(),
    };
    let path = format!(r"{key}\{name}");
    let hive = key.split('\\').next().unwrap_or_default();
    let row = Row::new()
        .with("registry.hive", hive)
        .with("registry.path", path.as_str())
        .with("registry.value", name)
        .with("process.command_line", command);
    rows.add(path, with(row));
}

/// `%ProgramData%`.
#[expect(clippy::disallowed_methods, reason = "Windows names its folders there")]
fn all_users() -> Option<OsString> {
    std::env::var_os("ProgramData")
}

/// Files in the folders of everybody and of each user.
fn folders(names: &mut Names, rows: &mut Rows) -> io::Result<()> {
    if let Some(data) = all_users() {
        files(&Path::new(&data).join(STARTUP), |row| row, rows);
    }
    for (sid, folder) in hives::profiles()? {
        if folder.is_empty() || folder.contains('%') {
            // Those of services, below the system's folder.
            continue;
        }
        let folder = PathBuf::from(folder).join(r"AppData\Roaming").join(STARTUP);
        let name = names.of(&sid);
        let with = |row: Row| row.with("user.id", sid.as_str()).with_aside("user.name", name.as_str());
        files(&folder, with, rows);
    }
    Ok(())
}

fn files(folder: &Path, with: impl Fn(Row) -> Row, rows: &mut Rows) {
    let place = format!(r"{}\", folder.display());
    match listed(folder) {
        Ok(found) => {
            rows.read(place);
            for (path, row) in found {
                rows.add(path, with(row));
            }
        }
        Err(error) => rows.unread(place, Some(format!("{}: {error}", folder.display()))),
    }
}

fn listed(folder: &Path) -> io::Result<Vec<(String, Row)>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found = Vec::new();
    for entry in entries.take(FILES_LIMIT) {
        let entry = entry?;
        let metadata = entry.metadata()?;
        let name = entry.file_name();
        if metadata.is_dir() || name.eq_ignore_ascii_case(FOLDER_SETTINGS) {
            continue;
        }
        let path = entry.path().display().to_string();
        let row = Row::new()
            .with("file.path", path.as_str())
            .with("file.name", name.to_string_lossy().into_owned())
            .with("file.size", metadata.len())
            .with("file.mtime", metadata.modified().map(time).unwrap_or_default());
        found.push((path, row));
    }
    Ok(found)
}

fn time(time: std::time::SystemTime) -> String {
    let since = time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_nanos()).unwrap_or_default()).to_string()
}
