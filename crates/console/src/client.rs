//! One connection to one server: over the socket in its data folder, or over HTTP(S).

use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use watchpost_event::protocol::{ApiError, ErrorBody};

use crate::{ConsoleError, local};

/// A whole answer is at most this large; a search for more takes several.
const BODY_LIMIT: usize = 64 << 20;
/// An error's explanation is short.
const ERROR_LIMIT: usize = 64 << 10;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where the server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// On this host: the socket in its data folder; it knows us by our user id.
    Socket(PathBuf),
    /// Anywhere.
    Url {
        /// `https://watch.example.org:7443`
        url: String,
        /// The key to show.
        token: Option<String>,
        /// A file with certificates to trust (PEM), for a server that signs its own.
        ca: Option<PathBuf>,
    },
}

/// Talks to one server.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    place: String,
    token: Option<String>,
}

impl Client {
    /// Prepares a client; nothing is sent yet.
    pub fn new(target: &Target) -> Result<Self, ConsoleError> {
        install_crypto();
        let builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("watchpost/", env!("CARGO_PKG_VERSION")))
            .no_proxy();
        let (builder, base, place, token) = match target {
            Target::Socket(path) => {
                let place = path.display().to_string();
                let builder = local::through(builder, path).map_err(|source| ConsoleError::Local {
                    place: place.clone(),
                    source,
                })?;
                (builder, "http://localhost".to_owned(), place, None)
            }
            Target::Url { url, token, ca } => {
                let base = url.trim_end_matches('/').to_owned();
                if !base.starts_with("http://") && !base.starts_with("https://") {
                    return Err(ConsoleError::BadUrl { url: url.clone() });
                }
                let builder = match ca {
                    Some(path) => trust(builder, path)?,
                    None => builder,
                };
                (builder, base.clone(), base, token.clone())
            }
        };
        let http = builder.build().map_err(|source| ConsoleError::Setup {
            place: place.clone(),
            source,
        })?;
        Ok(Self {
            http,
            base,
            place,
            token,
        })
    }

    /// What people call this server.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// `GET`, read whole.
    pub async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, ConsoleError> {
        let response = self
            .send(Method::GET, path, |request| request.query(query), find(query, "q"))
            .await?;
        self.read(path, response).await
    }

    /// `GET` that turns into a stream of both directions (RFC 9110 §7.8).
    pub(crate) async fn upgrade(
        &self,
        path: &str,
        query: &[(&str, &str)],
        headers: &[(&'static str, &'static str)],
    ) -> Result<reqwest::Upgraded, ConsoleError> {
        let fill = |request: RequestBuilder| {
            let request = request.version(reqwest::Version::HTTP_11).query(query);
            headers
                .iter()
                .fold(request, |request, (name, value)| request.header(*name, *value))
        };
        let response = self.send(Method::GET, path, fill, find(query, "q")).await?;
        response
            .upgrade()
            .await
            .map_err(|source| broken_off(&self.place, source))
    }

    /// `POST` or `DELETE` with a JSON body, read whole.
    pub async fn change<B: Serialize + ?Sized, T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: &B,
    ) -> Result<T, ConsoleError> {
        let response = self.send(method, path, |request| request.json(body), None).await?;
        self.read(path, response).await
    }

    /// `GET`, read piece by piece.
    pub(crate) async fn pieces(&self, path: &str, query: &[(&str, &str)]) -> Result<Pieces, ConsoleError> {
        let response = self
            .send(Method::GET, path, |request| request.query(query), find(query, "q"))
            .await?;
        let place = self.place.clone();
        Ok(Pieces { response, place })
    }

    /// `POST` with a JSON body, read piece by piece.
    pub(crate) async fn post_pieces<B: Serialize + ?Sized>(
        &self,
        path: &str,
        body: &B,
        query: &str,
    ) -> Result<Pieces, ConsoleError> {
        let response = self
            .send(Method::POST, path, |request| request.json(body), Some(query))
            .await?;
        let place = self.place.clone();
        Ok(Pieces { response, place })
    }

    /// A document as it is.
    pub(crate) async fn get_bytes(&self, path: &str, query: &[(&str, &str)]) -> Result<Vec<u8>, ConsoleError> {
        let response = self
            .send(Method::GET, path, |request| request.query(query), None)
            .await?;
        self.whole(path, response, BODY_LIMIT).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        fill: impl FnOnce(RequestBuilder) -> RequestBuilder,
        query: Option<&str>,
    ) -> Result<Response, ConsoleError> {
        let mut request = fill(self.http.request(method, format!("{}{path}", self.base)));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let unreachable = |source: reqwest::Error| ConsoleError::Unreachable {
            place: self.place.clone(),
            source: source.without_url(),
        };
        let response = request.send().await.map_err(unreachable)?;
        if response.status().is_success() || response.status() == reqwest::StatusCode::SWITCHING_PROTOCOLS {
            return Ok(response);
        }
        let status = response.status();
        let body = self.whole(path, response, ERROR_LIMIT).await.unwrap_or_default();
        let error = serde_json::from_slice::<ErrorBody>(&body).map_or_else(
            |_| ApiError {
                code: "unknown".to_owned(),
                message: format!("{} answered {status} to {path}", self.place),
                details: None,
            },
            |body| body.error,
        );
        Err(ConsoleError::refused(status.as_u16(), error, query))
    }

    async fn read<T: DeserializeOwned>(&self, path: &str, response: Response) -> Result<T, ConsoleError> {
        let body = self.whole(path, response, BODY_LIMIT).await?;
        serde_json::from_slice(&body).map_err(|source| ConsoleError::NotUnderstood {
            request: path.to_owned(),
            source,
        })
    }

    async fn whole(&self, path: &str, mut response: Response, limit: usize) -> Result<Vec<u8>, ConsoleError> {
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|source| broken_off(&self.place, source))?
        {
            if body.len() + chunk.len() > limit {
                return Err(ConsoleError::TooLarge {
                    request: path.to_owned(),
                    limit,
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// An answer as it comes.
pub(crate) struct Pieces {
    response: Response,
    place: String,
}

impl Pieces {
    /// What came next; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<u8>>, ConsoleError> {
        let piece = self.response.chunk().await;
        let piece = piece.map_err(|source| broken_off(&self.place, source))?;
        Ok(piece.map(|piece| piece.to_vec()))
    }
}

fn broken_off(place: &str, source: reqwest::Error) -> ConsoleError {
    ConsoleError::BrokenOff {
        place: place.to_owned(),
        source: source.without_url(),
    }
}

fn find<'a>(query: &[(&str, &'a str)], name: &str) -> Option<&'a str> {
    query.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
}

/// One crypto provider for the whole process. Whoever was first has set the same one.
fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

fn trust(mut builder: reqwest::ClientBuilder, path: &Path) -> Result<reqwest::ClientBuilder, ConsoleError> {
    let failed = |source| ConsoleError::Certificates {
        path: path.display().to_string(),
        source,
    };
    let pem = std::fs::read(path).map_err(failed)?;
    let certificates =
        reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| failed(std::io::Error::other(error)))?;
    for certificate in certificates {
        builder = builder.add_root_certificate(certificate);
    }
    Ok(builder)
}
