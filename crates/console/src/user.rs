//! `user list`, `user create`, `user reset`, `user remove`.

use std::io::Write;

use reqwest::Method;
use serde::Serialize;
use watchpost_event::api::{UserCreated, UserInfo, UserRequest, UsersResponse};

use crate::{Client, ConsoleError, Exit, Renderer, harmless, table};

const USERS: &str = "/api/v1/users";

/// Makes a user and writes the one-time password: alone on its line, so that a script can take it.
pub async fn create(client: &Client, name: &str, json: bool, out: &mut dyn Write) -> Result<Exit, ConsoleError> {
    let request = UserRequest {
        name: name.to_owned(),
        role: None,
    };
    let created: UserCreated = client.change(Method::POST, USERS, &request).await?;
    write_password(&created, json, out)
}

/// Gives a user another one-time password and writes it; their sessions end.
pub async fn reset(client: &Client, name: &str, json: bool, out: &mut dyn Write) -> Result<Exit, ConsoleError> {
    let path = format!("{}/reset", path(name)?);
    let created: UserCreated = client.change(Method::POST, &path, &serde_json::json!({})).await?;
    write_password(&created, json, out)
}

fn write_password(created: &UserCreated, json: bool, out: &mut dyn Write) -> Result<Exit, ConsoleError> {
    if json {
        writeln!(out, "{}", text(created)?)?;
    } else {
        writeln!(out, "{}", created.password.0)?;
        writeln!(
            std::io::stderr(),
            "This password is shown once and works once: {} logs in with it and chooses another.",
            harmless(&created.info.name)
        )?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// Writes all users, without their passwords.
pub async fn list(client: &Client, renderer: &Renderer, json: bool, out: &mut dyn Write) -> Result<Exit, ConsoleError> {
    let response: UsersResponse = client.get(USERS, &[]).await?;
    if json {
        for user in &response.users {
            writeln!(out, "{}", text(user)?)?;
        }
    } else if !response.users.is_empty() {
        let mut rows = vec![
            ["name", "role", "created", "last log-in", ""]
                .map(str::to_owned)
                .to_vec(),
        ];
        rows.extend(response.users.iter().map(|user| row(user, renderer)));
        out.write_all(table::render(&rows, 0).as_bytes())?;
    }
    out.flush()?;
    Ok(if response.users.is_empty() {
        Exit::NothingFound
    } else {
        Exit::Done
    })
}

fn row(user: &UserInfo, renderer: &Renderer) -> Vec<String> {
    let time = |moment| renderer.time(moment, "%Y-%m-%d %H:%M");
    let pending = if user.must_change_password {
        "has a one-time password"
    } else {
        ""
    };
    vec![
        harmless(&user.name),
        harmless(&user.role),
        time(user.created),
        user.last_login.map_or_else(|| "never".to_owned(), time),
        pending.to_owned(),
    ]
}

/// Removes a user; their sessions end at once.
pub async fn remove(client: &Client, name: &str, out: &mut dyn Write) -> Result<Exit, ConsoleError> {
    let path = path(name)?;
    let info: UserInfo = client.change(Method::DELETE, &path, &serde_json::json!({})).await?;
    writeln!(out, "removed {}", harmless(&info.name))?;
    out.flush()?;
    Ok(Exit::Done)
}

/// The name becomes a part of the path: what is no name must not change which path it is.
fn path(name: &str) -> Result<String, ConsoleError> {
    let usable = |c: char| c.is_alphanumeric() || "._-@+".contains(c);
    if name.chars().any(char::is_alphanumeric) && name.chars().all(usable) {
        return Ok(format!("{USERS}/{name}"));
    }
    Err(ConsoleError::Refused {
        status: 404,
        code: "not_found".to_owned(),
        message: format!("there is no user {:?}", harmless(name)),
    })
}

fn text(value: &impl Serialize) -> Result<String, ConsoleError> {
    serde_json::to_string(value).map_err(|source| ConsoleError::NotUnderstood {
        request: USERS.to_owned(),
        source,
    })
}
