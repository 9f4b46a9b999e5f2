#![expect(unreachable_pub, reason = "the derive makes public items of a private module")]

use sea_orm::entity::prelude::*;

/// A version of a rule made by people.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "own_rules")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub rule: String,
    pub version: i64,
    /// There is none after it.
    pub newest: bool,
    /// From this version on there is no such rule.
    pub deleted: bool,
    /// Sigma, YAML; of a deletion what there was last.
    pub body: String,
    pub note: String,
    pub made_by: String,
    pub made_ns: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
