//! The socket of the process connector (netlink(7), `NETLINK_CONNECTOR`).

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, recvfrom, sendto, socket_with, sockopt,
};

use super::message::{self, Message, What};

/// Room for about 100,000 messages: seconds of the busiest machine.
const ROOM: usize = 64 << 20;
/// The multicast group of the process connector.
const GROUP: u32 = 1;
/// The kernel answers a request at once, or never.
const PATIENCE: i64 = 2_000_000_000;
/// Any number that says which answer is ours.
const REQUEST: u32 = 0x7761_7463;

/// A socket that receives every fork, exec and exit.
pub(super) struct Connector {
    socket: OwnedFd,
    buffer: Vec<u8>,
}

/// What a read came to.
pub(super) enum Received {
    Messages(Vec<Message>),
    /// Nothing more for now.
    Nothing,
    /// The socket's buffer was full: some are missing, the numbers say how many.
    Overrun,
}

impl Connector {
    /// Opens it and asks the kernel to tell. An error says that this process may not know.
    pub(super) fn open() -> io::Result<Self> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let socket = socket_with(
            AddressFamily::NETLINK,
            SocketType::DGRAM,
            flags,
            Some(netlink::CONNECTOR),
        )?;
        if sockopt::set_socket_recv_buffer_size_force(&socket, ROOM).is_err() {
            sockopt::set_socket_recv_buffer_size(&socket, ROOM)?;
        }
        report_overruns(&socket)?;
        bind(&socket, &SocketAddrNetlink::new(0, GROUP))?;
        let mut connector = Self {
            socket,
            buffer: vec![0; 4096],
        };
        let request = message::listen(REQUEST);
        sendto(
            &connector.socket,
            &request,
            SendFlags::empty(),
            &SocketAddrNetlink::new(0, 0),
        )?;
        connector.wait_for_answer()?;
        Ok(connector)
    }

    pub(super) const fn socket(&self) -> &OwnedFd {
        &self.socket
    }

    /// Reads one datagram.
    pub(super) fn receive(&mut self) -> io::Result<Received> {
        let (_, length, from) = match recvfrom(&self.socket, self.buffer.as_mut_slice(), RecvFlags::empty()) {
            Ok(received) => received,
            Err(Errno::AGAIN | Errno::INTR) => return Ok(Received::Nothing),
            Err(Errno::NOBUFS) => return Ok(Received::Overrun),
            Err(error) => return Err(error.into()),
        };
        // Only the kernel is believed.
        let kernel = from
            .and_then(|from| SocketAddrNetlink::try_from(from).ok())
            .is_some_and(|from| from.pid() == 0);
        if !kernel {
            return Ok(Received::Messages(Vec::new()));
        }
        let datagram = self.buffer.get(..length).unwrap_or_default();
        Ok(Received::Messages(message::parse(datagram)))
    }

    /// In a container the kernel says nothing at all, without the capability it refuses.
    fn wait_for_answer(&mut self) -> io::Result<()> {
        let deadline = super::since_boot() + PATIENCE;
        loop {
            if let Received::Messages(messages) = self.receive()? {
                for message in messages {
                    match message.what {
                        What::Acknowledged {
                            request: REQUEST,
                            error: 0,
                        } => return Ok(()),
                        What::Acknowledged {
                            request: REQUEST,
                            error,
                        } => {
                            return Err(io::Error::from_raw_os_error(error as i32));
                        }
                        _ => {}
                    }
                }
                if super::since_boot() < deadline {
                    continue;
                }
            }
            let left = deadline - super::since_boot();
            if left <= 0 {
                let message = "the kernel does not answer, as in a container";
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, message));
            }
            let mut wait = [PollFd::new(&self.socket, PollFlags::IN)];
            poll(&mut wait, Some(&timespec(left)))?;
        }
    }
}

/// So many nanoseconds.
pub(super) fn timespec(nanos: i64) -> Timespec {
    Timespec {
        tv_sec: nanos / 1_000_000_000,
        tv_nsec: nanos % 1_000_000_000,
    }
}

/// Without this the kernel takes a full buffer of the only listener for "nobody listens" and falls silent for ever.
fn report_overruns(socket: &OwnedFd) -> io::Result<()> {
    let on: libc::c_int = 1;
    #[expect(unsafe_code, reason = "rustix has no NETLINK_BROADCAST_ERROR")]
    // SAFETY: the descriptor is open, and the pointer and length are those of a living int.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_NETLINK,
            libc::NETLINK_BROADCAST_ERROR,
            (&raw const on).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
