#![expect(unreachable_pub, reason = "the derive makes public items of a private module")]

use sea_orm::entity::prelude::*;

/// What a rule is not to find.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "rule_exceptions")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub rule: String,
    pub name: String,
    /// Which events, in the query language.
    pub query: String,
    pub reason: String,
    pub created_by: String,
    pub created_ns: i64,
    /// Without it: until it is ended.
    pub until_ns: Option<i64>,
    pub ended_by: Option<String>,
    pub ended_ns: Option<i64>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
