//! What keeps a process running: disk, supervisor, shutdown, own metrics
