//! How often somebody may try to log in: per address, so that nobody tries many names; and per name, so that many
//! addresses do not try one.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use watchpost_kit::Clock;

/// 10 a minute from one address.
const ADDRESS_BURST: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);
const ADDRESS_EVERY: Duration = Duration::from_secs(6);
/// 20 in ten minutes for one name, the first 5 at once.
const NAME_BURST: NonZeroU32 = NonZeroU32::MIN.saturating_add(4);
const NAME_EVERY: Duration = Duration::from_secs(30);
/// Addresses and names are told apart by so many numbers. Two that share one, which nobody can bring about because the
/// hash is keyed, share what is allowed; and nobody can fill our memory.
const KEYS: u64 = 1 << 16;
/// After so many attempts, those that have recovered are forgotten.
const SWEEP_EVERY: u64 = 1_024;

#[derive(Clone, Debug)]
struct Time(Arc<dyn Clock>);

impl governor::clock::Clock for Time {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.monotonic()
    }
}

type Limiter = RateLimiter<u64, HashMapStateStore<u64>, Time, NoOpMiddleware<Duration>>;

/// Counts attempts.
pub(crate) struct Attempts {
    hash: RandomState,
    time: Time,
    counted: AtomicU64,
    addresses: Limiter,
    names: Limiter,
}

impl fmt::Debug for Attempts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attempts").finish_non_exhaustive()
    }
}

impl Attempts {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Self {
        let time = Time(clock);
        let limiter = |every: Duration, burst| {
            let quota = Quota::with_period(every).unwrap_or(Quota::per_minute(burst));
            Limiter::hashmap_with_clock(quota.allow_burst(burst), time.clone())
        };
        Self {
            hash: RandomState::new(),
            counted: AtomicU64::new(0),
            addresses: limiter(ADDRESS_EVERY, ADDRESS_BURST),
            names: limiter(NAME_EVERY, NAME_BURST),
            time,
        }
    }

    /// Counts an attempt; an error is how many seconds to wait.
    pub(crate) fn count(&self, address: IpAddr, name: &str) -> Result<(), u64> {
        if self.counted.fetch_add(1, Ordering::Relaxed) % SWEEP_EVERY == SWEEP_EVERY - 1 {
            self.addresses.retain_recent();
            self.names.retain_recent();
        }
        self.one(&self.addresses, &network(address))?;
        self.one(&self.names, &name.to_lowercase())
    }

    fn one(&self, limiter: &Limiter, key: &impl std::hash::Hash) -> Result<(), u64> {
        let checked = limiter.check_key(&(self.hash.hash_one(key) % KEYS));
        checked.map_err(|until| {
            let wait = until.wait_time_from(self.time.now());
            wait.as_secs() + 1
        })
    }
}

/// Who may be one person: an IPv6 host has 2^64 addresses to choose from.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(network.into())
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use watchpost_kit::ManualClock;

    use super::*;

    fn address(n: u32) -> IpAddr {
        IpAddr::V4(n.into())
    }

    #[test]
    fn a_name_has_five_tries_at_once_and_one_in_half_a_minute() {
        let clock = Arc::new(ManualClock::new(0));
        let attempts = Attempts::new(clock.clone());
        for n in 0..5 {
            attempts.count(address(n), "Admin").unwrap();
        }
        let wait = attempts.count(address(9), "admin").unwrap_err();
        assert!((29..=31).contains(&wait), "{wait}");
        attempts.count(address(9), "anna").unwrap();
        clock.advance(Duration::from_secs(wait));
        attempts.count(address(9), "ADMIN").unwrap();
        attempts.count(address(9), "ADMIN").unwrap_err();
    }

    #[test]
    fn an_address_has_ten_tries_in_a_minute_whatever_the_names() {
        let clock = Arc::new(ManualClock::new(0));
        let attempts = Attempts::new(clock.clone());
        let v6: [IpAddr; 2] = ["2001:db8::1".parse().unwrap(), "2001:db8::ffff:1".parse().unwrap()];
        for n in 0..10_usize {
            attempts.count(v6[n % 2], &n.to_string()).unwrap();
        }
        attempts.count(v6[0], "another").unwrap_err();
        attempts.count("::ffff:10.0.0.1".parse().unwrap(), "another").unwrap();
        clock.advance(Duration::from_secs(7));
        attempts.count(v6[1], "another").unwrap();
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let clock = Arc::new(ManualClock::new(0));
        let attempts = Attempts::new(clock.clone());
        for n in 0..200_000 {
            let _ = attempts.count(address(n), &n.to_string());
        }
        assert!(attempts.addresses.len() as u64 <= KEYS && attempts.names.len() as u64 <= KEYS);
        clock.advance(Duration::from_hours(1));
        for _ in 0..SWEEP_EVERY {
            let _ = attempts.count(address(0), "admin");
        }
        assert!(attempts.addresses.len() == 1 && attempts.names.len() == 1);
    }
}
