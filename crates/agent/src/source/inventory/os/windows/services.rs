//! Services and drivers, as the registry has them: those too that are hidden from the service manager's list.

use std::io;

use super::super::super::facts::{service_start, service_type};
use super::super::super::row::{Row, Rows};
use super::registry::{Key, Root, open};

const SERVICES: &str = r"SYSTEM\CurrentControlSet\Services";

pub(super) fn read(rows: &mut Rows) -> io::Result<()> {
    let Some(list) = open(Root::Machine, SERVICES)? else {
        return Ok(());
    };
    for name in list.keys()? {
        let Some(key) = list.open(&name)? else { continue };
        if let Some(row) = service(&name, &key)? {
            rows.add(name, row);
        }
    }
    Ok(())
}

/// `None` where it is something else: drivers and programs keep settings here too.
fn service(name: &str, key: &Key) -> io::Result<Option<Row>> {
    let Some(kind) = key.number("Type")?.and_then(service_type) else {
        return Ok(None);
    };
    let is_delayed = key.number("DelayedAutostart")? == Some(1);
    let start = key
        .number("Start")?
        .map_or("", |start| service_start(start, is_delayed));
    let library = match key.open("Parameters")? {
        Some(parameters) => parameters.text("ServiceDll")?,
        None => String::new(),
    };
    let row = Row::new()
        .with("service.name", name)
        .with("process.command_line", key.text("ImagePath")?)
        .with("user.name", key.text("ObjectName")?)
        .with("watchpost.inventory.type", kind)
        .with("watchpost.inventory.start", start)
        .with("watchpost.inventory.library", library)
        // In the language of the system, from files that may change.
        .with_aside("watchpost.inventory.display_name", key.display_text("DisplayName")?);
    Ok(Some(row))
}
