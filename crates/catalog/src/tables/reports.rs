#![expect(unreachable_pub, reason = "the derive makes public items of a private module")]

use sea_orm::entity::prelude::*;

/// A report that was made.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "reports")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub kind: String,
    pub subject: Option<String>,
    /// Of the configuration; empty: somebody asked for it.
    pub schedule: String,
    pub from_ns: i64,
    pub to_ns: i64,
    pub made_ns: i64,
    pub made_by: String,
    /// JSON.
    pub body: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
