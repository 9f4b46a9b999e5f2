//! What people set in the web interface.

use crate::place::TestPlace;
use crate::samples::{NOW, SECOND};

pub(crate) async fn a_setting_is_changed_by_whoever_has_seen_it(place: TestPlace) {
    let catalog = place.open().await;
    let settings = catalog.settings();
    let made = settings
        .create("channel", "ops", "one", "anna", NOW)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((made.version, made.body.as_str()), (1, "one"));
    assert!(
        settings
            .create("channel", "ops", "x", "bert", NOW)
            .await
            .unwrap()
            .is_none(),
        "the name is taken"
    );
    let second = settings
        .change("channel", ("ops", 1), "two", "bert", NOW + SECOND)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (second.version, second.changed_by.as_str(), second.changed_ns),
        (2, "bert", NOW + SECOND)
    );
    let late = settings
        .change("channel", ("ops", 1), "three", "carl", NOW)
        .await
        .unwrap();
    assert!(late.is_none(), "made of what is there no longer");
    assert_eq!(settings.list("channel").await.unwrap(), [second]);
    assert!(!settings.remove("channel", "ops", 1).await.unwrap());
    assert!(settings.remove("channel", "ops", 2).await.unwrap());
    assert!(settings.list("channel").await.unwrap().is_empty());
    assert!(
        settings
            .change("channel", ("ops", 2), "four", "carl", NOW)
            .await
            .unwrap()
            .is_none()
    );
}

pub(crate) async fn kinds_and_names_are_apart(place: TestPlace) {
    let catalog = place.open().await;
    let settings = catalog.settings();
    for (kind, name) in [("channel", "b"), ("channel", "a"), ("routes", "a")] {
        settings
            .create(kind, name, &format!("{kind} {name}"), "anna", NOW)
            .await
            .unwrap()
            .unwrap();
    }
    let names: Vec<String> = settings
        .list("channel")
        .await
        .unwrap()
        .into_iter()
        .map(|one| one.name)
        .collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(settings.list("routes").await.unwrap()[0].body, "routes a");
    assert!(settings.remove("routes", "a", 1).await.unwrap());
    assert_eq!(settings.list("channel").await.unwrap().len(), 2);
    // A name that is too long for an index is still its own.
    let (long, longer) = ("x".repeat(5_000), "x".repeat(5_001));
    settings
        .create("channel", &long, "long", "anna", NOW)
        .await
        .unwrap()
        .unwrap();
    assert!(
        settings
            .create("channel", &long, "long", "anna", NOW)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        settings
            .create("channel", &longer, "longer", "anna", NOW)
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        !format!("{:?}", settings.list("channel").await.unwrap()).contains("channel a"),
        "bodies may be secret"
    );
}
