#![expect(unreachable_pub, reason = "the derive makes public items of a private module")]

use sea_orm::entity::prelude::*;

/// Who did what: rows are added, and removed when they are old; none is ever changed.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub time_ns: i64,
    pub who: String,
    /// `user`, `key`, `local`, `agent`, `chat`, `nobody`
    pub who_kind: String,
    /// What people call it: a key's name.
    pub who_label: String,
    pub address: String,
    pub action: String,
    /// `done`, `refused`
    pub outcome: String,
    pub object_kind: String,
    pub object_id: String,
    pub object_name: String,
    /// A small JSON object.
    pub details: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
