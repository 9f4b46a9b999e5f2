#![expect(unreachable_pub, reason = "the derive makes public items of a private module")]

use std::fmt;

use sea_orm::entity::prelude::*;

/// A person who logs in.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "users")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub id: i64,
    pub name: String,
    /// The name by which it is found: unique.
    pub folded: String,
    /// A PHC string.
    pub password_hash: String,
    /// `admin`.
    pub role: String,
    /// Whether the password was drawn here, and another must be chosen.
    pub one_time: bool,
    /// Whether somebody has logged in with this password.
    pub password_used: bool,
    pub created_ns: i64,
    pub password_ns: i64,
    pub last_login_ns: Option<i64>,
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Model");
        shown.field("id", &self.id).field("name", &self.name);
        shown.finish_non_exhaustive()
    }
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
