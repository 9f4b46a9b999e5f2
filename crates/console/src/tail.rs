//! `tail`: events as they arrive, until the caller stops asking.

use std::io::Write;

use crate::{Client, ConsoleError, Renderer, search, socket};

/// Writes matching events from now on. Ends when the server does, or when the caller drops the future; every line is
/// written whole or not at all.
pub async fn tail(client: &Client, query: &str, renderer: &Renderer, out: &mut dyn Write) -> Result<(), ConsoleError> {
    let mut socket = socket::open(client, "/api/v1/tail", &[("q", query)]).await?;
    let mut text = String::new();
    while let Some(message) = socket.next().await? {
        let event = serde_json::from_str(&message).map_err(|source| ConsoleError::NotUnderstood {
            request: "/api/v1/tail".to_owned(),
            source,
        })?;
        text.clear();
        search::push(&mut text, renderer, event);
        out.write_all(text.as_bytes())?;
        out.flush()?;
    }
    Ok(())
}
