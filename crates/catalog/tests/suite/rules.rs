//! What people make of rules.

use watchpost_catalog::{NewException, NewVersion, Saved};

use crate::place::TestPlace;
use crate::samples::{NOW, SECOND};

fn exception(rule: &str, until: Option<i64>) -> NewException {
    NewException {
        rule: rule.to_owned(),
        name: "our scanner".to_owned(),
        query: "source.ip:198.51.100.7".to_owned(),
        reason: "it scans every night".to_owned(),
        until_ns: until.map(|seconds| NOW + seconds * SECOND),
    }
}

fn version(rule: &str, after: i64, body: Option<&str>) -> NewVersion {
    NewVersion {
        rule: rule.to_owned(),
        after,
        body: body.map(str::to_owned),
        note: format!("after {after}"),
    }
}

pub(crate) async fn a_rule_is_switched_off_and_on_again(place: TestPlace) {
    let catalog = place.open().await;
    let rules = catalog.rules();
    assert_eq!(rules.state("a").await.unwrap(), None);
    let off = rules.set_disabled("a", true, "too loud", ("anna", NOW)).await.unwrap();
    assert_eq!((off.disabled, off.reason.as_str()), (true, "too loud"));
    rules.set_disabled("b", true, "later", ("anna", NOW)).await.unwrap();
    assert_eq!(rules.managed(NOW).await.unwrap().disabled[0], off);
    let on = rules
        .set_disabled("a", false, "better now", ("bert", NOW + SECOND))
        .await
        .unwrap();
    assert_eq!(
        (on.disabled, on.changed_by.as_str(), on.changed_ns),
        (false, "bert", NOW + SECOND)
    );
    assert_eq!(rules.state("a").await.unwrap(), Some(on));
    let off: Vec<String> = rules
        .managed(NOW)
        .await
        .unwrap()
        .disabled
        .into_iter()
        .map(|one| one.rule)
        .collect();
    assert_eq!(off, ["b"]);
}

pub(crate) async fn an_exception_is_in_force_until_it_is_over_or_ended(place: TestPlace) {
    let catalog = place.open().await;
    let rules = catalog.rules();
    let endless = rules.add_exception(&exception("a", None), "anna", NOW).await.unwrap();
    let short = rules
        .add_exception(&exception("a", Some(10)), "anna", NOW)
        .await
        .unwrap();
    let other = rules
        .add_exception(&exception("b", Some(10)), "anna", NOW)
        .await
        .unwrap();
    let at = async |seconds: i64| {
        let managed = rules.managed(NOW + seconds * SECOND).await.unwrap();
        managed.exceptions.into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(at(0).await, [endless.id, short.id, other.id]);
    assert_eq!(at(10).await, [endless.id]);
    assert!(short.is_in_force(NOW) && !short.is_in_force(NOW + 10 * SECOND));
    let late = rules.end_exception(short.id, "carl", NOW + 10 * SECOND).await.unwrap();
    assert_eq!(late, None, "it is over");
    let ended = rules
        .end_exception(endless.id, "carl", NOW + SECOND)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (ended.ended_by.as_deref(), ended.ended_ns),
        (Some("carl"), Some(NOW + SECOND))
    );
    assert_eq!(
        rules.end_exception(endless.id, "carl", NOW + SECOND).await.unwrap(),
        None
    );
    assert_eq!(at(0).await, [short.id, other.id]);
    let of_a = rules.exceptions_of("a").await.unwrap();
    assert_eq!(of_a, [short, ended], "what is over is still told");
}

pub(crate) async fn every_version_of_an_own_rule_is_kept(place: TestPlace) {
    let catalog = place.open().await;
    let rules = catalog.rules();
    let save = async |after, body| rules.save(&version("a", after, body), "anna", NOW).await.unwrap();
    assert!(matches!(save(0, Some("one")).await, Saved::Kept(kept) if kept.version == 1 && kept.body == "one"));
    assert!(matches!(save(1, Some("two")).await, Saved::Kept(kept) if kept.version == 2));
    let own = rules.managed(NOW).await.unwrap().own;
    assert_eq!((own.len(), own[0].body.as_str(), own[0].version), (1, "two", 2));
    assert!(matches!(save(2, None).await, Saved::Kept(kept) if kept.deleted && kept.body == "two"));
    assert_eq!(rules.managed(NOW).await.unwrap().own, []);
    assert!(
        matches!(save(0, None).await, Saved::Conflict(None)),
        "there is nothing to delete"
    );
    assert!(matches!(save(0, Some("again")).await, Saved::Kept(kept) if kept.version == 4));
    let versions: Vec<(i64, bool)> = rules
        .versions_of("a")
        .await
        .unwrap()
        .iter()
        .map(|one| (one.version, one.deleted))
        .collect();
    assert_eq!(versions, [(4, false), (3, true), (2, false), (1, false)]);
    assert_eq!(rules.versions_of("b").await.unwrap(), []);
}

pub(crate) async fn whoever_saves_over_another_version_is_told(place: TestPlace) {
    let catalog = place.open().await;
    let rules = catalog.rules();
    let (anna, bert) = (version("a", 0, Some("anna's")), version("a", 0, Some("bert's")));
    let both = tokio::join!(rules.save(&anna, "anna", NOW), rules.save(&bert, "bert", NOW));
    let both = [both.0.unwrap(), both.1.unwrap()];
    let kept: Vec<_> = both.iter().filter(|saved| matches!(saved, Saved::Kept(_))).collect();
    assert_eq!(kept.len(), 1, "{both:?}");
    let told = both
        .iter()
        .any(|saved| matches!(saved, Saved::Conflict(Some(there)) if there.version == 1));
    assert!(told, "{both:?}");
    let late = rules.save(&version("a", 5, Some("x")), "carl", NOW).await.unwrap();
    assert!(matches!(late, Saved::Conflict(Some(there)) if there.version == 1));
    assert_eq!(rules.versions_of("a").await.unwrap().len(), 1);
}

pub(crate) async fn versions_beyond_their_limit_go(place: TestPlace) {
    let catalog = place.open().await;
    let rules = catalog.rules();
    for after in 0..53 {
        let saved = rules
            .save(&version("a", after, Some("text")), "anna", NOW)
            .await
            .unwrap();
        assert!(matches!(saved, Saved::Kept(_)), "{saved:?}");
    }
    let versions: Vec<i64> = rules
        .versions_of("a")
        .await
        .unwrap()
        .iter()
        .map(|one| one.version)
        .collect();
    assert_eq!(versions, (4..=53).rev().collect::<Vec<_>>());
}

pub(crate) async fn every_change_raises_the_revision(place: TestPlace) {
    let catalog = place.open().await;
    let rules = catalog.rules();
    assert_eq!(rules.revision().await.unwrap(), 0);
    rules.set_disabled("a", true, "", ("anna", NOW)).await.unwrap();
    assert_eq!(rules.revision().await.unwrap(), 1);
    let made = rules.add_exception(&exception("a", None), "anna", NOW).await.unwrap();
    rules.end_exception(made.id, "anna", NOW).await.unwrap();
    assert_eq!(rules.revision().await.unwrap(), 3);
    rules.save(&version("a", 0, Some("x")), "anna", NOW).await.unwrap();
    assert_eq!(rules.revision().await.unwrap(), 4);
    rules.save(&version("a", 0, Some("x")), "anna", NOW).await.unwrap();
    assert_eq!(rules.revision().await.unwrap(), 4, "what is not kept changes nothing");
    assert_eq!(rules.managed(NOW).await.unwrap().revision, 4);
}
