#![expect(unreachable_pub, reason = "the derive makes public items of a private module")]

use sea_orm::entity::prelude::*;

/// What people set in the web interface that could also stand in the configuration.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "settings")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    /// `channel`, `routes`
    pub kind: String,
    pub name: String,
    pub body: String,
    /// Rises with every change.
    pub version: i64,
    pub changed_by: String,
    pub changed_ns: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
