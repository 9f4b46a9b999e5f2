//! Installed programs, as the list in the settings has them.

use std::io;

use super::super::super::facts::install_date;
use super::super::super::row::{Row, Rows};
use super::hives;
use super::names::Names;
use super::registry::{Key, Root, open};

const UNINSTALL: &str = r"Microsoft\Windows\CurrentVersion\Uninstall";

pub(super) fn read(rows: &mut Rows) -> io::Result<()> {
    let machine = [
        (Root::Machine, r"HKLM\SOFTWARE", std::env::consts::ARCH),
        (Root::Machine32, r"HKLM\SOFTWARE\WOW6432Node", "x86"),
    ];
    for (root, shown, architecture) in machine {
        if let Some(list) = open(root, &format!(r"SOFTWARE\{UNINSTALL}"))? {
            let with = |row: Row| row.with("package.architecture", architecture);
            programs(&list, &format!(r"{shown}\{UNINSTALL}"), with, rows)?;
        }
    }
    let mut names = Names::default();
    for hive in hives::loaded(rows)? {
        let Some(list) = hive.key.open(&format!(r"Software\{UNINSTALL}"))? else {
            continue;
        };
        let name = names.of(&hive.sid);
        let with = |row: Row| {
            row.with("user.id", hive.sid.as_str())
                .with_aside("user.name", name.as_str())
        };
        programs(&list, &format!(r"{}Software\{UNINSTALL}", hive.place()), with, rows)?;
    }
    Ok(())
}

fn programs(list: &Key, shown: &str, with: impl Fn(Row) -> Row, rows: &mut Rows) -> io::Result<()> {
    for name in list.keys()? {
        let Some(key) = list.open(&name)? else { continue };
        if let Some(row) = program(&key)? {
            rows.add(format!(r"{shown}\{name}"), with(row));
        }
    }
    Ok(())
}

/// `None` for what the settings do not show: parts of the system, and updates of programs.
fn program(key: &Key) -> io::Result<Option<Row>> {
    let name = key.display_text("DisplayName")?;
    let is_hidden = key.number("SystemComponent")? == Some(1) || !key.text("ParentKeyName")?.is_empty();
    if name.is_empty() || is_hidden {
        return Ok(None);
    }
    let row = Row::new()
        .with("package.name", name)
        .with("package.type", "windows")
        .with("package.version", key.text("DisplayVersion")?)
        .with("package.path", key.text("InstallLocation")?)
        .with("package.installed", install_date(&key.text("InstallDate")?))
        .with("watchpost.inventory.publisher", key.text("Publisher")?);
    Ok(Some(row))
}
