//! `token create`, `token list`, `token revoke`.

use std::io::Write;

use reqwest::Method;
use watchpost_event::api::{TokenCreated, TokenInfo, TokenRequest, TokensResponse};

use crate::{Client, ConsoleError, Exit, Renderer, harmless, table};

/// Makes a key and writes it: alone on its line, so that a script can take it.
pub async fn create(
    client: &Client,
    request: &TokenRequest,
    json: bool,
    out: &mut dyn Write,
) -> Result<Exit, ConsoleError> {
    let created: TokenCreated = client.change(Method::POST, "/api/v1/tokens", request).await?;
    if json {
        let text = serde_json::to_string(&created).map_err(|source| ConsoleError::NotUnderstood {
            request: "/api/v1/tokens".to_owned(),
            source,
        })?;
        writeln!(out, "{text}")?;
    } else {
        writeln!(out, "{}", created.key)?;
        writeln!(
            std::io::stderr(),
            "This key is shown once. Its id is {}: `watchpost token revoke {0}` ends it.",
            created.info.id
        )?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// Writes all keys, without the keys themselves.
pub async fn list(client: &Client, renderer: &Renderer, json: bool, out: &mut dyn Write) -> Result<Exit, ConsoleError> {
    let response: TokensResponse = client.get("/api/v1/tokens", &[]).await?;
    if json {
        for token in &response.tokens {
            let text = serde_json::to_string(token).map_err(|source| ConsoleError::NotUnderstood {
                request: "/api/v1/tokens".to_owned(),
                source,
            })?;
            writeln!(out, "{text}")?;
        }
    } else if !response.tokens.is_empty() {
        let mut rows = vec![
            ["id", "name", "role", "agent", "created", "last used", ""]
                .map(str::to_owned)
                .to_vec(),
        ];
        rows.extend(response.tokens.iter().map(|token| row(token, renderer)));
        out.write_all(table::render(&rows, 0).as_bytes())?;
    }
    out.flush()?;
    Ok(if response.tokens.is_empty() {
        Exit::NothingFound
    } else {
        Exit::Done
    })
}

fn row(token: &TokenInfo, renderer: &Renderer) -> Vec<String> {
    let time = |moment| renderer.time(moment, "%Y-%m-%d %H:%M");
    vec![
        harmless(&token.id),
        harmless(&token.name),
        harmless(&token.role),
        token.agent.as_deref().map_or_else(|| "-".to_owned(), harmless),
        time(token.created),
        token.used.map_or_else(|| "never".to_owned(), time),
        token
            .revoked
            .map_or_else(String::new, |moment| format!("revoked {}", time(moment))),
    ]
}

/// Ends a key at once.
pub async fn revoke(client: &Client, id: &str, out: &mut dyn Write) -> Result<Exit, ConsoleError> {
    // The id becomes a part of the path: what is no id must not change which path it is.
    if id.is_empty() || !id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        let (status, code) = (404, "not_found".to_owned());
        return Err(ConsoleError::Refused {
            status,
            code,
            message: format!("there is no key with the id {:?}", harmless(id)),
        });
    }
    let info: TokenInfo = client
        .change(Method::DELETE, &format!("/api/v1/tokens/{id}"), &serde_json::json!({}))
        .await?;
    writeln!(out, "revoked {} ({})", harmless(&info.id), harmless(&info.name))?;
    out.flush()?;
    Ok(Exit::Done)
}
