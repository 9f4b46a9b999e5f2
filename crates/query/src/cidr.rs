use std::fmt;
use std::net::IpAddr;

/// An IP network such as `10.0.0.0/8` (RFC 4632 §3.1, RFC 4291 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    first: IpAddr,
    last: IpAddr,
    prefix: u8,
}

impl Cidr {
    /// Reads `address/length`; bits behind the length are ignored. `None`: not an address before the `/`.
    /// `Some(Err)`: the length is none of this family's.
    pub(crate) fn parse(text: &str) -> Option<Result<Self, String>> {
        let (address, length) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let bits: u8 = if address.is_ipv4() { 32 } else { 128 };
        let digits = !length.is_empty() && length.len() <= 3 && length.bytes().all(|b| b.is_ascii_digit());
        Some(match length.parse::<u8>() {
            // ::ffff:10.0.0.0/104 is 10.0.0.0/8, as ::ffff:10.0.0.7 is 10.0.0.7.
            Ok(prefix @ 96..=128) if digits && bits == 128 => match address.to_canonical() {
                IpAddr::V4(v4) => Ok(Self::new(v4.into(), prefix - 96)),
                IpAddr::V6(v6) => Ok(Self::new(v6.into(), prefix)),
            },
            Ok(prefix) if digits && prefix <= bits => Ok(Self::new(address, prefix)),
            _ => Err(format!(
                "this is not the length of a network: write a number from 0 to {bits}, as in {address}/{}",
                bits / 4
            )),
        })
    }

    fn new(address: IpAddr, prefix: u8) -> Self {
        let (first, last) = match address {
            IpAddr::V4(v4) => {
                let host = u32::MAX.checked_shr(prefix.into()).unwrap_or(0);
                (
                    IpAddr::from((v4.to_bits() & !host).to_be_bytes()),
                    IpAddr::from((v4.to_bits() | host).to_be_bytes()),
                )
            }
            IpAddr::V6(v6) => {
                let host = u128::MAX.checked_shr(prefix.into()).unwrap_or(0);
                (
                    IpAddr::from((v6.to_bits() & !host).to_be_bytes()),
                    IpAddr::from((v6.to_bits() | host).to_be_bytes()),
                )
            }
        };
        Self { first, last, prefix }
    }

    /// The lowest address of the network.
    pub const fn first(&self) -> IpAddr {
        self.first
    }

    /// The highest address of the network.
    pub const fn last(&self) -> IpAddr {
        self.last
    }

    /// Whether an address lies in the network. An IPv4 address mapped into IPv6 is the IPv4 address.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && self.first <= address && address <= self.last
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}
