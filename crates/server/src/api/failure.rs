use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use watchpost_event::protocol::{ApiError, ErrorBody};
use watchpost_query::ParseError;
use watchpost_store::StoreError;

use crate::ingest::Refusal;
use watchpost_kit::chain;

/// An error on its way out: the one place where codes meet HTTP.
#[derive(Debug)]
pub(crate) struct ApiFailure {
    status: StatusCode,
    body: ApiError,
    retry_after_seconds: Option<u64>,
}

impl ApiFailure {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            body: ApiError {
                code: code.to_owned(),
                message: message.into(),
                details: None,
            },
            retry_after_seconds: None,
        }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub(crate) fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self {
            retry_after_seconds: Some(1),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message)
        }
    }

    pub(crate) fn timeout() -> Self {
        let message = "the search took too long: narrow the time range or the query";
        Self::new(StatusCode::GATEWAY_TIMEOUT, "timeout", message)
    }

    /// Too often: after so many seconds it would be answered.
    pub(crate) fn too_often(code: &str, message: impl Into<String>, seconds: u64) -> Self {
        Self {
            retry_after_seconds: Some(seconds),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, code, message)
        }
    }

    /// Something broke here; the log has the cause.
    pub(crate) fn internal(what: &'static str, error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error = chain(error), "{what}");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            format!("{what}: see the server's log"),
        )
    }

    pub(super) fn with_details(mut self, details: Value) -> Self {
        self.body.details = Some(details);
        self
    }

    /// As it stands in JSON.
    pub(crate) fn into_body(self) -> ErrorBody {
        ErrorBody { error: self.body }
    }
}

impl From<ParseError> for ApiFailure {
    fn from(error: ParseError) -> Self {
        let details = serde_json::json!({ "at": error.at, "len": error.len });
        Self::new(StatusCode::BAD_REQUEST, "bad_query", error.message).with_details(details)
    }
}

impl From<StoreError> for ApiFailure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::TooMuch { .. } => Self::new(StatusCode::BAD_REQUEST, "too_much", error.to_string()),
            error => Self::internal("the store could not answer", &error),
        }
    }
}

impl From<Refusal> for ApiFailure {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Full(message) => Self::new(StatusCode::TOO_MANY_REQUESTS, "full", message),
            Refusal::Unavailable => Self::unavailable("the server cannot answer now, try again"),
        }
    }
}

impl From<watchpost_catalog::CatalogError> for ApiFailure {
    fn from(error: watchpost_catalog::CatalogError) -> Self {
        match error {
            watchpost_catalog::CatalogError::BadKey(reason) => Self::bad_request(reason),
            error => Self::internal("the catalog could not answer", &error),
        }
    }
}

impl IntoResponse for ApiFailure {
    fn into_response(self) -> Response {
        let (status, retry_after) = (self.status, self.retry_after_seconds);
        let mut response = (status, Json(self.into_body())).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let scheme = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        if let Some(seconds) = retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

pub(super) fn not_found(request: &Request) -> ApiFailure {
    let message = format!("there is nothing at {}", request.uri().path());
    ApiFailure::new(StatusCode::NOT_FOUND, "not_found", message)
}

pub(super) async fn method_not_allowed(request: Request) -> ApiFailure {
    let message = format!("{} does not understand {}", request.uri().path(), request.method());
    ApiFailure::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
}
