#![expect(unreachable_pub, reason = "the derive makes public items of a private module")]

use sea_orm::entity::prelude::*;

/// What nobody is to be told for a time.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "silences")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    /// Which detections, in the query language.
    pub query: String,
    /// When within that time; empty: always.
    pub hours: String,
    pub reason: String,
    pub from_ns: i64,
    pub until_ns: i64,
    pub created_by: String,
    pub created_ns: i64,
    pub ended_by: Option<String>,
    pub ended_ns: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
