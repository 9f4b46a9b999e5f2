//! Windows: the registry, the tasks' folder, the accounts' database and the tables of open ports.

mod accounts;
mod autoruns;
mod hives;
mod names;
mod ports;
mod programs;
mod registry;
mod services;
mod tasks;

use std::io;
use std::sync::Arc;

use watchpost_kit::chain;

use super::super::row::{Kind, Look, Rows};

/// Looks at this host.
pub fn this_host() -> Option<Arc<dyn Look>> {
    Some(Arc::new(ThisHost))
}

struct ThisHost;

impl Look for ThisHost {
    fn look(&self, kind: Kind, rows: &mut Rows) -> Result<(), String> {
        let read: fn(&mut Rows) -> io::Result<()> = match kind {
            Kind::Program => programs::read,
            Kind::Service => services::read,
            Kind::Task => tasks::read,
            Kind::Autorun => autoruns::read,
            Kind::User => accounts::users,
            Kind::Group => accounts::groups,
            Kind::Port => ports::read,
        };
        read(rows).map_err(|error| chain(&error))
    }
}
