//! Web servers: access logs in the common and combined formats (nginx, Apache and many others), and the error logs of
//! nginx and Apache.
//!
//! Whoever asks chooses the request, the referrer, the name of the browser and the name for a login. The servers put
//! quotes around them and escape quotes within, so a line is read from the left and taken only when its shape is right.
//! What an error log says behind its header is not escaped everywhere and stays message.

mod access;
mod error;
mod text;

#[cfg(test)]
mod tests;

pub(crate) use access::{any_access, sure_access};
pub(crate) use error::{apache_error, nginx_error};

use crate::facts::Facts;

/// What a web server writes into syslog.
pub(crate) fn message<'a>(program: &str, message: &'a str) -> Option<Facts<'a>> {
    match program.as_bytes() {
        b"nginx" | b"apache2" | b"httpd" | b"apache" => sure_access(message),
        _ => None,
    }
}
