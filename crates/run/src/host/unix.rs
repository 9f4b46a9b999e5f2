/// The host's name, for people; identity comes from elsewhere.
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
