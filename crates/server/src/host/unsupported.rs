/// Not known here: name the server in `server.public_url`.
pub(crate) fn host_name() -> Option<String> {
    None
}
