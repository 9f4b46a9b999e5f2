//! What a transaction writes down when it is committed.

use std::sync::Arc;

use sea_orm::{ConnectionTrait, DbErr, EntityTrait};
use serde_json::Value;

use super::NewAudit;
use crate::tables::audit::Entity;

/// Rows of one statement: few enough for the parameters of one.
const ROWS: usize = 500;

/// An entry on its way, and what the catalog learns of it meanwhile.
pub(crate) struct Pending {
    entry: NewAudit,
    /// Ids and names of what was changed; empty: the entry says it.
    objects: Vec<(String, String)>,
}

impl Pending {
    pub(crate) fn new(entry: &Arc<NewAudit>) -> Self {
        Self {
            entry: NewAudit::clone(entry),
            objects: Vec::new(),
        }
    }

    /// One more object: an entry of its own. An empty name is the entry's.
    pub(crate) fn about(&mut self, id: &(impl ToString + ?Sized), name: &str) {
        let name = if name.is_empty() { &self.entry.object.name } else { name };
        self.objects.push((id.to_string(), name.to_owned()));
    }

    /// Who it was is known here only.
    pub(crate) fn by(&mut self, name: &str) {
        name.clone_into(&mut self.entry.actor.name);
    }

    /// What is known here only.
    pub(crate) fn detail(&mut self, name: &str, value: Value) {
        self.entry.details.insert(name.to_owned(), value);
    }

    pub(crate) async fn write(self, on: &impl ConnectionTrait) -> Result<(), DbErr> {
        let Self { entry, mut objects } = self;
        if objects.is_empty() {
            objects.push((entry.object.id.clone(), entry.object.name.clone()));
        }
        for piece in objects.chunks(ROWS) {
            let rows = piece.iter().map(|(id, name)| entry.row(id, name));
            Entity::insert_many(rows).exec_without_returning(on).await?;
        }
        Ok(())
    }
}
