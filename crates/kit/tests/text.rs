//! Sizes, durations, secrets, delays: as people write and see them.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeSet;
use std::time::Duration;

use proptest::prelude::*;
use watchpost_kit::{
    Amount, Backoff, BreakerState, ByteSize, CircuitBreaker, Clock, DurationText, ManualClock, Rng, Secret, SystemClock,
};

#[test]
fn sizes_are_read_in_both_families_of_units() {
    for (text, bytes) in [
        ("0", 0),
        ("123", 123),
        ("7B", 7),
        ("10kB", 10_000),
        ("10KB", 10_000),
        ("1KiB", 1024),
        ("1.5GB", 1_500_000_000),
        ("64 MiB", 64 << 20),
        ("2TiB", 2 << 40),
        ("0.5kib", 512),
    ] {
        assert_eq!(text.parse::<ByteSize>().unwrap().bytes(), bytes, "{text}");
    }
    for text in [
        "",
        "kB",
        "-1",
        "1.kB",
        ".5kB",
        "1k",
        "1 XB",
        "1e3",
        "99999999TiB",
        "1..2MB",
        "10MB5",
    ] {
        let error = text.parse::<ByteSize>().unwrap_err().to_string();
        assert!(error.starts_with(&format!("`{text}` is not a size: ")), "{error}");
    }
}

#[test]
fn durations_need_a_unit() {
    for (text, expected) in [
        ("0", Duration::ZERO),
        ("30s", Duration::from_secs(30)),
        ("5m", Duration::from_mins(5)),
        ("14d", Duration::from_hours(336)),
        ("2w", Duration::from_hours(336)),
        ("200ms", Duration::from_millis(200)),
        ("1h30m", Duration::from_mins(90)),
        ("1h 30m", Duration::from_mins(90)),
        ("1.5s", Duration::from_millis(1_500)),
        ("7µs", Duration::from_micros(7)),
        ("9ns", Duration::from_nanos(9)),
    ] {
        assert_eq!(text.parse::<DurationText>().unwrap().0, expected, "{text}");
    }
    for text in [
        "",
        "30",
        "s",
        "-5s",
        "5 minutes",
        "30m1h",
        "1s1s",
        "99999999999d",
        "1h30",
    ] {
        assert!(text.parse::<DurationText>().is_err(), "{text}");
    }
    assert_eq!(DurationText::from_secs(14 * 86_400).to_string(), "14d");
    assert_eq!(DurationText::from_secs(5_400).to_string(), "1h30m");
    assert_eq!(DurationText::default().to_string(), "0s");
    assert!(serde_json::from_str::<DurationText>("30").is_err());
    assert_eq!(
        serde_json::from_str::<DurationText>("\"30s\"").unwrap().as_nanos_i64(),
        30_000_000_000
    );
}

#[test]
fn amounts_are_sizes_or_shares() {
    assert_eq!("10%".parse::<Amount>().unwrap().of(2_000), 200);
    assert_eq!("1kB".parse::<Amount>().unwrap().of(2_000), 1_000);
    assert!("101%".parse::<Amount>().is_err());
    assert!("NaN%".parse::<Amount>().is_err());
    assert_eq!("2.5%".parse::<Amount>().unwrap().to_string(), "2.5%");
}

proptest! {
    #[test]
    fn what_is_shown_reads_back(number: u64) {
        let size = ByteSize(number);
        prop_assert_eq!(size.to_string().parse::<ByteSize>().unwrap(), size);
        let duration = DurationText(Duration::from_nanos(number));
        prop_assert_eq!(duration.to_string().parse::<DurationText>().unwrap(), duration);
    }

    #[test]
    fn no_text_breaks_the_readers(text in "[0-9.a-zA-Zµ% -]{0,12}") {
        if let Ok(size) = text.parse::<ByteSize>() {
            prop_assert_eq!(size.to_string().parse::<ByteSize>().unwrap(), size);
        }
        if let Ok(duration) = text.parse::<DurationText>() {
            prop_assert_eq!(duration.to_string().parse::<DurationText>().unwrap(), duration);
        }
    }
}

#[test]
fn a_secret_is_never_shown() {
    let secret = Secret::new("hunter2");
    assert_eq!(format!("{secret} {secret:?}"), "*** ***");
    assert_eq!(serde_json::to_string(&secret).unwrap(), "\"***\"");
    assert_eq!(secret.expose(), "hunter2");
    let escaped: Vec<String> = ["@@home", "$$5", "plain"]
        .iter()
        .map(|text| text.parse::<Secret>().unwrap().expose().to_owned())
        .collect();
    assert_eq!(escaped, ["@home", "$5", "plain"]);
}

#[test]
fn a_secret_comes_from_the_environment() {
    let package: Secret = "$CARGO_PKG_NAME".parse().unwrap();
    assert_eq!(package.expose(), env!("CARGO_PKG_NAME"));
    let error = "$WATCHPOST_NO_SUCH_VARIABLE".parse::<Secret>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "the environment variable WATCHPOST_NO_SUCH_VARIABLE is not set"
    );
    assert!("$2b$10$abc".parse::<Secret>().unwrap_err().to_string().contains("$$"));
}

#[cfg(unix)]
#[test]
fn a_secret_file_must_be_private() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("key");
    let text = format!("@{}", path.display());
    let set_mode = |mode| std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();

    let error = text.parse::<Secret>().unwrap_err();
    assert!(error.to_string().contains("key") && std::error::Error::source(&error).is_some());

    std::fs::write(&path, "s3cret\n").unwrap();
    set_mode(0o600);
    assert_eq!(text.parse::<Secret>().unwrap().expose(), "s3cret");
    for mode in [0o644, 0o604, 0o620, 0o601] {
        set_mode(mode);
        let error = text.parse::<Secret>().unwrap_err().to_string();
        assert!(
            error.contains("chmod 600") && !error.contains("s3cret"),
            "{mode:o}: {error}"
        );
        assert_eq!(text.parse::<watchpost_kit::FileText>().unwrap().as_str(), "s3cret");
    }
    set_mode(0o640);
    let root_owned = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(&path).unwrap()) == 0;
    assert_eq!(text.parse::<Secret>().is_ok(), root_owned);

    set_mode(0o600);
    std::fs::write(&path, "  \n").unwrap();
    assert!(text.parse::<Secret>().unwrap_err().to_string().contains("is empty"));
    std::fs::write(&path, [0xff, 0xfe]).unwrap();
    assert!(text.parse::<Secret>().unwrap_err().to_string().contains("not UTF-8"));
    std::fs::write(&path, vec![b'x'; (1 << 20) + 1]).unwrap();
    assert!(text.parse::<Secret>().unwrap_err().to_string().contains("larger than"));
}

#[test]
fn backoff_grows_to_its_cap_and_repeats_by_seed() {
    let second = Duration::from_secs(1);
    let delays = |seed| {
        let mut backoff = Backoff::new(second, second * 30, Rng::new(seed));
        (0..200).map(|_| backoff.next_delay()).collect::<Vec<_>>()
    };
    assert_eq!(delays(1), delays(1));
    assert_ne!(delays(1), delays(2));
    for (n, delay) in delays(3).into_iter().enumerate() {
        assert!(
            delay <= second * 2_u32.saturating_pow(n as u32).min(30),
            "{n}: {delay:?}"
        );
    }
    let long = delays(4)
        .into_iter()
        .skip(5)
        .filter(|delay| *delay > second * 15)
        .count();
    assert!((60..140).contains(&long), "full jitter is even: {long} of 195");
    let mut backoff = Backoff::new(second, second * 30, Rng::new(5));
    backoff.next_delay();
    backoff.next_delay();
    assert_eq!((backoff.attempts(), backoff.ceiling()), (2, second * 4));
    backoff.reset();
    assert_eq!(backoff.ceiling(), second);
}

#[test]
fn the_breaker_opens_tries_once_and_closes() {
    let at = Duration::from_secs;
    let mut breaker = CircuitBreaker::new(2, at(10));
    breaker.failure(at(0));
    breaker.success();
    breaker.failure(at(1));
    assert!(breaker.allow(at(1)), "one failure in a row");
    breaker.failure(at(2));
    assert_eq!(breaker.state(at(11)), BreakerState::Open);
    assert!(!breaker.allow(at(11)));
    assert_eq!(breaker.state(at(12)), BreakerState::HalfOpen);
    assert!(breaker.allow(at(12)));
    assert!(!breaker.allow(at(13)), "one trial only");
    breaker.failure(at(14));
    assert!(!breaker.allow(at(23)) && breaker.allow(at(24)));
    assert!(breaker.allow(at(34)), "the trial was never reported");
    breaker.success();
    assert_eq!(breaker.state(at(35)), BreakerState::Closed);
}

#[test]
fn clocks_tell_both_times() {
    let clock = ManualClock::new(1_000);
    clock.advance(Duration::from_nanos(5));
    assert_eq!((clock.now(), clock.monotonic()), (1_005, Duration::from_nanos(5)));
    clock.set(7);
    assert_eq!((clock.now(), clock.monotonic()), (7, Duration::from_nanos(5)));
    let system = SystemClock::new();
    let before = system.monotonic();
    assert!(system.now() > 1_700_000_000_000_000_000);
    assert!(system.monotonic() >= before);
}

#[test]
fn the_generator_is_even_enough() {
    let mut rng = Rng::new(42);
    let seen: BTreeSet<u64> = (0..1_000).map(|_| rng.below(10)).collect();
    assert_eq!(seen, (0..10).collect());
    assert_eq!(rng.below(0), 0);
}
