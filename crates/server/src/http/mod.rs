//! Sockets: the accept loops, TLS, time limits, and the socket for the command line. HTTP ends here; what is asked is
//! answered in [`crate::api`].

mod connection;
mod lingering;
mod listen;
mod local;

pub(crate) use connection::Served;
pub(crate) use listen::{bind, serve};
pub(crate) use local::LocalSocket;
