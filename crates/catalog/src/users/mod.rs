//! Users: people who log in with a name and a password. A password is kept as its Argon2id hash only; one that was
//! drawn here works for one log-in, and another must be chosen then.

mod error;
mod password;

use std::sync::Arc;

use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Set, UpdateMany,
};
use serde::{Deserialize, Serialize};
use watchpost_kit::Secret;

use crate::db::{Db, within};
use crate::tables::users::{ActiveModel, Column, Entity, Model};
use crate::{Login, Session, SessionToken, Sessions, limits};
pub use error::UserError;
use password::Hasher;

/// Longest name in bytes.
const NAME_BYTES_MAX: usize = 128;
/// Longest password in bytes: hashing more would be work for whoever wants us to be busy.
const PASSWORD_BYTES_MAX: usize = 1024;
const PASSWORD_CHARS_MIN: usize = 10;
/// The user that the first start makes.
const FIRST: &str = "admin";
/// These stand for others in what is written down.
const RESERVED: [&str; 3] = ["local", "process", "server"];

/// What a user may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Search and administrate.
    Admin,
}

impl Role {
    /// As it is stored and shown.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
        }
    }

    /// The role of this name.
    pub fn read(name: &str) -> Option<Self> {
        [Self::Admin].into_iter().find(|role| role.name() == name)
    }
}

/// A user as known, without the password. Times are nanoseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Its number, never used again.
    pub id: i64,
    /// As it was given; found in any letters.
    pub name: String,
    /// What they may do; absent when a newer program gave a role that this one does not know: they may nothing then.
    pub role: Option<Role>,
    /// Whether they have to choose a password.
    pub one_time: bool,
    /// When they were made.
    pub created_ns: i64,
    /// Since when they have this password.
    pub password_ns: i64,
    /// When they last logged in.
    pub last_login_ns: Option<i64>,
}

/// The users of a catalog. Clones share it.
#[derive(Clone)]
pub struct Users {
    db: Db,
    hasher: Hasher,
    sessions: Sessions,
}

impl Users {
    pub(crate) fn new(db: Db, sessions: Sessions) -> Self {
        Self {
            db,
            hasher: Hasher::default(),
            sessions,
        }
    }

    /// The same users.
    pub(crate) fn on(&self, db: Db, sessions: Sessions) -> Self {
        Self {
            db,
            hasher: self.hasher.clone(),
            sessions,
        }
    }

    /// Makes a user; the one-time password is its only copy.
    pub async fn create(&self, name: &str, role: Role, now: i64) -> Result<(User, Secret), UserError> {
        check_name(name)?;
        let (password, hash) = self.draw().await?;
        let row = new_row(name, role, hash, now);
        let made = within("make a user", async {
            let mut write = self.db.begin().await?;
            write.lock_users().await?;
            if find(write.on(), name).await?.is_some() {
                return Ok(None);
            }
            let row = row.insert(write.on()).await?;
            write.note(|note| note.about(&row.id, &row.name));
            write.commit().await?;
            Ok(Some(row))
        });
        let row = made.await?.ok_or_else(|| UserError::Exists { name: name.to_owned() })?;
        Ok((User::from_row(row), password))
    }

    /// Makes the first user, `admin`, with a one-time password. As long as nobody has ever logged in, a later call gives
    /// it another password; `None` once somebody has, or when there are others.
    pub async fn first(&self, now: i64) -> Result<Option<(User, Secret)>, UserError> {
        if first_of(&self.some().await?).is_err() {
            return Ok(None);
        }
        let (password, hash) = self.draw().await?;
        let row = within("make the first user", async {
            let write = self.db.begin().await?;
            write.lock_users().await?;
            let rows = Entity::find().limit(2).all(write.on()).await?;
            let row = match first_of(&rows) {
                Err(Settled) => return Ok(None),
                Ok(None) => new_row(FIRST, Role::Admin, hash, now).insert(write.on()).await?,
                Ok(Some(id)) => {
                    one_time(id, hash, now).exec(write.on()).await?;
                    rows[0].clone()
                }
            };
            write.commit().await?;
            Ok(Some(row))
        });
        Ok(row.await?.map(|row| (User::from_row(row), password)))
    }

    /// Whether there is anybody who could log in.
    pub async fn any(&self) -> Result<bool, UserError> {
        Ok(!self.some().await?.is_empty())
    }

    async fn some(&self) -> Result<Vec<Model>, UserError> {
        let rows = Entity::find().limit(2).all(self.db.connection());
        Ok(within("look for users", rows).await?)
    }

    /// All users in the order of their names.
    pub async fn list(&self) -> Result<Vec<User>, UserError> {
        let rows = Entity::find().order_by_asc(Column::Folded).all(self.db.connection());
        let rows = within("list users", rows).await?;
        Ok(rows.into_iter().map(User::from_row).collect())
    }

    /// The user of a name, in any letters.
    pub async fn named(&self, name: &str) -> Result<Option<User>, UserError> {
        let row = within("look up a user", find(self.db.connection(), name)).await?;
        Ok(row.map(User::from_row))
    }

    /// Gives a user a one-time password, its only copy, and ends their sessions.
    pub async fn reset(&self, name: &str, now: i64) -> Result<(User, Secret), UserError> {
        let (password, hash) = self.draw().await?;
        let done = within("reset a user's password", async {
            let mut write = self.db.begin().await?;
            let Some(row) = find(write.on(), name).await? else {
                return Ok(None);
            };
            one_time(row.id, hash, now).exec(write.on()).await?;
            Sessions::end_of(write.on(), row.id, None).await?;
            write.note(|note| note.about(&row.id, &row.name));
            write.commit().await?;
            Ok(Some(row))
        });
        let row = done.await?.ok_or_else(|| unknown(name))?;
        self.sessions.forget();
        let user = User {
            one_time: true,
            password_ns: now,
            ..User::from_row(row)
        };
        Ok((user, password))
    }

    /// Removes a user and ends their sessions; the last admin stays.
    pub async fn remove(&self, name: &str) -> Result<User, UserError> {
        let done = within("remove a user", async {
            let mut write = self.db.begin().await?;
            write.lock_users().await?;
            let Some(row) = find(write.on(), name).await? else {
                return Ok(Err(unknown(name)));
            };
            let others = Entity::find()
                .filter(Column::Role.eq(Role::Admin.name()))
                .filter(Column::Id.ne(row.id));
            if row.role == Role::Admin.name() && others.count(write.on()).await? == 0 {
                return Ok(Err(UserError::LastAdmin { name: row.name }));
            }
            Sessions::end_of(write.on(), row.id, None).await?;
            Entity::delete_by_id(row.id).exec(write.on()).await?;
            write.note(|note| note.about(&row.id, &row.name));
            write.commit().await?;
            Ok(Ok(row))
        });
        let row = done.await??;
        self.sessions.forget();
        Ok(User::from_row(row))
    }

    /// Checks name and password and begins a session. Every refusal is [`UserError::BadLogin`] and takes as long.
    pub async fn log_in(
        &self,
        name: &str,
        password: &Secret,
        from: Login,
        now: i64,
    ) -> Result<(Arc<Session>, SessionToken), UserError> {
        if name.len() > NAME_BYTES_MAX || password.expose().len() > PASSWORD_BYTES_MAX {
            return Err(UserError::BadLogin);
        }
        let row = within("look up a user", find(self.db.connection(), name)).await?;
        let phc = row.as_ref().map(|row| row.password_hash.clone());
        let right = self.hasher.verify(password, phc).await?;
        let (true, Some(row)) = (right, row) else {
            return Err(UserError::BadLogin);
        };
        let role = Role::read(&row.role).ok_or(UserError::BadLogin)?;
        let token = SessionToken::draw().map_err(UserError::Random)?;
        let begun = within("begin a session", async {
            let mut write = self.db.begin().await?;
            // Only with the password that was checked; and with a one-time password only one of two at once.
            let mut used = Entity::update_many()
                .col_expr(Column::LastLoginNs, Expr::value(now))
                .col_expr(Column::PasswordUsed, Expr::value(true))
                .filter(Column::Id.eq(row.id))
                .filter(Column::PasswordHash.eq(&row.password_hash));
            if row.one_time {
                used = used.filter(Column::PasswordUsed.eq(false));
            }
            if used.exec(write.on()).await?.rows_affected == 0 {
                return Ok(None);
            }
            let session = Sessions::begin(write.on(), &token, row.id, from, now).await?;
            write.note(|note| {
                note.by(&row.name);
                note.about(&row.id, &row.name);
            });
            write.commit().await?;
            Ok(Some(session))
        });
        let stored = begun.await?.ok_or(UserError::BadLogin)?;
        self.sessions.forget();
        let session = Session::new(&stored, &row, role).ok_or(UserError::BadLogin)?;
        Ok((Arc::new(session), token))
    }

    /// Whether a chosen password will do; [`Users::change_password`] asks this first.
    pub fn check_password(current: &Secret, password: &Secret) -> Result<(), UserError> {
        check_password(current, password)
    }

    /// Sets the password its user has chosen, and ends all their sessions but this one.
    pub async fn change_password(
        &self,
        session: &Session,
        current: &Secret,
        password: &Secret,
        now: i64,
    ) -> Result<(), UserError> {
        check_password(current, password)?;
        let row = Entity::find_by_id(session.user_id).one(self.db.connection());
        let row = within("look up a user", row).await?;
        let row = row.ok_or_else(|| unknown(&session.user))?;
        let verified = self.hasher.verify(current, Some(row.password_hash.clone())).await?;
        if !verified {
            return Err(UserError::WrongPassword);
        }
        let hash = self.hasher.hash(password).await?;
        let changed = within("change a user's password", async {
            let write = self.db.begin().await?;
            let changed = Entity::update_many()
                .col_expr(Column::PasswordHash, Expr::value(hash))
                .col_expr(Column::OneTime, Expr::value(false))
                .col_expr(Column::PasswordUsed, Expr::value(true))
                .col_expr(Column::PasswordNs, Expr::value(now))
                .filter(Column::Id.eq(row.id))
                .filter(Column::PasswordHash.eq(&row.password_hash))
                .exec(write.on())
                .await?;
            if changed.rows_affected == 0 {
                return Ok(false);
            }
            Sessions::end_of(write.on(), row.id, Some(session.id)).await?;
            write.commit().await?;
            Ok(true)
        });
        let changed = changed.await?;
        self.sessions.forget();
        if changed { Ok(()) } else { Err(UserError::WrongPassword) }
    }

    async fn draw(&self) -> Result<(Secret, String), UserError> {
        let password = password::draw().map_err(UserError::Random)?;
        let hash = self.hasher.hash(&password).await?;
        Ok((password, hash))
    }
}

impl User {
    fn from_row(row: Model) -> Self {
        Self {
            id: row.id,
            role: Role::read(&row.role),
            name: row.name,
            one_time: row.one_time,
            created_ns: row.created_ns,
            password_ns: row.password_ns,
            last_login_ns: row.last_login_ns,
        }
    }
}

/// Somebody else than the first start sees to the users.
struct Settled;

/// The user that the first start made, when it is the only one and nobody has ever logged in; `None` without users.
fn first_of(rows: &[Model]) -> Result<Option<i64>, Settled> {
    match rows {
        [] => Ok(None),
        [row] if row.folded == FIRST && row.one_time && row.last_login_ns.is_none() => Ok(Some(row.id)),
        _ => Err(Settled),
    }
}

fn new_row(name: &str, role: Role, hash: String, now: i64) -> ActiveModel {
    ActiveModel {
        name: Set(name.to_owned()),
        folded: Set(fold(name)),
        password_hash: Set(hash),
        role: Set(role.name().to_owned()),
        one_time: Set(true),
        password_used: Set(false),
        created_ns: Set(now),
        password_ns: Set(now),
        ..Default::default()
    }
}

fn one_time(id: i64, hash: String, now: i64) -> UpdateMany<Entity> {
    Entity::update_many()
        .col_expr(Column::PasswordHash, Expr::value(hash))
        .col_expr(Column::OneTime, Expr::value(true))
        .col_expr(Column::PasswordUsed, Expr::value(false))
        .col_expr(Column::PasswordNs, Expr::value(now))
        .filter(Column::Id.eq(id))
}

async fn find(on: &impl ConnectionTrait, name: &str) -> Result<Option<Model>, DbErr> {
    // PostgreSQL takes no NUL, and no name has one.
    if name.len() > NAME_BYTES_MAX || name.contains('\0') {
        return Ok(None);
    }
    Entity::find().filter(Column::Folded.eq(fold(name))).one(on).await
}

fn fold(name: &str) -> String {
    name.to_lowercase()
}

fn unknown(name: &str) -> UserError {
    UserError::Unknown {
        name: limits::text(name, NAME_BYTES_MAX),
    }
}

fn check_name(name: &str) -> Result<(), UserError> {
    let usable = |c: char| c.is_alphanumeric() || "._-@+".contains(c);
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.chars().all(usable) {
        return Err(UserError::BadName(
            "it must have 1 to 128 bytes, letters and digits and any of . _ - @ +",
        ));
    }
    // Otherwise it would be no part of a path: /users/..
    if !name.chars().any(char::is_alphanumeric) {
        return Err(UserError::BadName("it must have a letter or a digit"));
    }
    if RESERVED.contains(&fold(name).as_str()) {
        return Err(UserError::BadName("local, process and server stand for others"));
    }
    Ok(())
}

fn check_password(current: &Secret, password: &Secret) -> Result<(), UserError> {
    let (current, password) = (current.expose(), password.expose());
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(UserError::WeakPassword("it must have at least 10 characters"));
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(UserError::WeakPassword("it must have at most 1024 bytes"));
    }
    if password == current {
        return Err(UserError::WeakPassword("it is the one you have"));
    }
    if current.len() > PASSWORD_BYTES_MAX {
        return Err(UserError::WrongPassword);
    }
    Ok(())
}
