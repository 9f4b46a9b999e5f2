use crate::source::eventlog::SharedLog;

pub(in crate::source::eventlog) fn log() -> Option<SharedLog> {
    None
}
