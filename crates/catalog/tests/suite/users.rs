//! Users and their passwords.

use std::time::Duration;

use watchpost_catalog::{Catalog, Login, Role, Session, SessionId, SessionToken, UserError};
use watchpost_kit::Secret;

use crate::place::TestPlace;

pub(crate) const SECOND: i64 = 1_000_000_000;
pub(crate) const NOW: i64 = 1_790_000_000 * SECOND;

pub(crate) fn secret(text: &str) -> Secret {
    Secret::new(text)
}

pub(crate) async fn log_in(catalog: &Catalog, name: &str, password: &Secret, now: i64) -> Result<Opened, UserError> {
    let from = Login {
        address: "192.0.2.7".to_owned(),
        user_agent: Some("a browser".to_owned()),
    };
    let (session, token) = catalog.users().log_in(name, password, from, now).await?;
    Ok(Opened { session, token })
}

/// A session that was just begun.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) session: std::sync::Arc<Session>,
    pub(crate) token: SessionToken,
}

impl Opened {
    /// Whether its token still opens anything.
    pub(crate) async fn is_open(&self, catalog: &Catalog, now: i64) -> bool {
        let id = SessionId::of(self.token.expose()).unwrap();
        catalog.sessions().look_up(id, now).await.unwrap().is_some()
    }
}

/// A user who has chosen this password, and the session they have.
pub(crate) async fn settled(catalog: &Catalog, name: &str, password: &str) -> Opened {
    let (_, drawn) = catalog.users().create(name, Role::Admin, NOW).await.unwrap();
    let opened = log_in(catalog, name, &drawn, NOW).await.unwrap();
    let users = catalog.users();
    users
        .change_password(&opened.session, &drawn, &secret(password), NOW)
        .await
        .unwrap();
    opened
}

pub(crate) async fn a_one_time_password_opens_one_session_and_another_must_be_chosen(place: TestPlace) {
    let catalog = place.open().await;
    let (user, drawn) = catalog.users().create("Anna", Role::Admin, NOW).await.unwrap();
    assert!(user.one_time && user.last_login_ns.is_none());
    let opened = log_in(&catalog, "ANNA", &drawn, NOW + 1).await.unwrap();
    assert!(opened.session.must_change_password);
    assert_eq!(
        (opened.session.user.as_str(), opened.session.role),
        ("Anna", Role::Admin)
    );
    let again = log_in(&catalog, "Anna", &drawn, NOW + 2).await;
    assert!(matches!(again, Err(UserError::BadLogin)), "{again:?}");

    let chosen = secret("correct horse battery");
    let change = catalog
        .users()
        .change_password(&opened.session, &drawn, &chosen, NOW + 3);
    change.await.unwrap();
    let id = SessionId::of(opened.token.expose()).unwrap();
    let session = catalog.sessions().look_up(id, NOW + 3).await.unwrap().unwrap();
    assert!(!session.must_change_password, "at once");
    for _ in 0..2 {
        let opened = log_in(&catalog, "anna", &chosen, NOW + 4).await.unwrap();
        assert!(!opened.session.must_change_password);
    }
    let listed = catalog.users().list().await.unwrap();
    assert_eq!((listed[0].one_time, listed[0].last_login_ns), (false, Some(NOW + 4)));
}

pub(crate) async fn of_two_log_ins_at_once_with_a_one_time_password_one_succeeds(place: TestPlace) {
    let catalog = place.open().await;
    let (_, drawn) = catalog.users().create("anna", Role::Admin, NOW).await.unwrap();
    let tries: Vec<_> = (0..6)
        .map(|_| {
            let (catalog, drawn) = (catalog.clone(), drawn.clone());
            tokio::spawn(async move { log_in(&catalog, "anna", &drawn, NOW).await.is_ok() })
        })
        .collect();
    let mut opened = 0;
    for one in tries {
        opened += u32::from(one.await.unwrap());
    }
    assert_eq!(opened, 1);
}

pub(crate) async fn a_wrong_name_and_a_wrong_password_are_refused_alike(place: TestPlace) {
    let catalog = place.open().await;
    settled(&catalog, "anna", "correct horse battery").await;
    let long = "x".repeat(2000);
    for (name, password) in [
        ("anna", "correct horse batterz"),
        ("nobody", "correct horse battery"),
        ("an\0na", "correct horse battery"),
        ("", ""),
        (&long, "correct horse battery"),
        ("anna", &long),
    ] {
        let refused = log_in(&catalog, name, &secret(password), NOW).await;
        assert!(matches!(refused, Err(UserError::BadLogin)), "{name}: {refused:?}");
    }
}

pub(crate) async fn new_passwords_are_long_enough_and_not_the_old_one(place: TestPlace) {
    let catalog = place.open().await;
    let old = secret("correct horse battery");
    let opened = settled(&catalog, "anna", old.expose()).await;
    let change = async |current: &Secret, password: &str| {
        let users = catalog.users();
        users
            .change_password(&opened.session, current, &secret(password), NOW)
            .await
            .unwrap_err()
    };
    for weak in ["", "ninechars", "ёёёёёёёёё", old.expose(), &"x".repeat(1025)] {
        let refused = change(&old, weak).await;
        assert!(matches!(refused, UserError::WeakPassword(_)), "{weak}: {refused:?}");
    }
    let refused = change(&secret("something else"), "quite another one").await;
    assert!(matches!(refused, UserError::WrongPassword), "{refused:?}");
    log_in(&catalog, "anna", &old, NOW).await.unwrap();
}

pub(crate) async fn a_new_password_ends_the_users_other_sessions_and_nobody_elses(place: TestPlace) {
    let catalog = place.open().await;
    let old = secret("correct horse battery");
    let here = settled(&catalog, "anna", old.expose()).await;
    let elsewhere = log_in(&catalog, "anna", &old, NOW).await.unwrap();
    let other = settled(&catalog, "boris", "another long password").await;
    assert!(elsewhere.is_open(&catalog, NOW).await);
    let new = secret("staple staple staple");
    let change = catalog.users().change_password(&here.session, &old, &new, NOW);
    change.await.unwrap();
    assert!(here.is_open(&catalog, NOW).await && other.is_open(&catalog, NOW).await);
    assert!(!elsewhere.is_open(&catalog, NOW).await);
    assert!(log_in(&catalog, "anna", &old, NOW).await.is_err());
    log_in(&catalog, "anna", &new, NOW).await.unwrap();
}

pub(crate) async fn a_reset_ends_everything_and_gives_a_one_time_password(place: TestPlace) {
    let catalog = place.open().await;
    let old = secret("correct horse battery");
    let opened = settled(&catalog, "anna", old.expose()).await;
    let (user, drawn) = catalog.users().reset("Anna", NOW + SECOND).await.unwrap();
    assert!(user.one_time && user.password_ns == NOW + SECOND);
    assert!(!opened.is_open(&catalog, NOW).await);
    assert!(log_in(&catalog, "anna", &old, NOW).await.is_err());
    let opened = log_in(&catalog, "anna", &drawn, NOW).await.unwrap();
    assert!(opened.session.must_change_password);
    let missing = catalog.users().reset("nobody", NOW).await;
    assert!(matches!(missing, Err(UserError::Unknown { .. })), "{missing:?}");
}

pub(crate) async fn the_last_admin_stays(place: TestPlace) {
    let catalog = place.open().await;
    let anna = settled(&catalog, "anna", "correct horse battery").await;
    let refused = catalog.users().remove("anna").await;
    assert!(matches!(refused, Err(UserError::LastAdmin { .. })), "{refused:?}");
    assert!(anna.is_open(&catalog, NOW).await);
    catalog.users().create("boris", Role::Admin, NOW).await.unwrap();
    catalog.users().remove("ANNA").await.unwrap();
    assert!(!anna.is_open(&catalog, NOW).await);
    let again = catalog.users().remove("anna").await;
    assert!(matches!(again, Err(UserError::Unknown { .. })), "{again:?}");
    let refused = catalog.users().remove("boris").await;
    assert!(matches!(refused, Err(UserError::LastAdmin { .. })), "{refused:?}");
}

pub(crate) async fn two_admins_that_remove_each_other_leave_one(place: TestPlace) {
    let (here, elsewhere) = (place.open().await, place.open().await);
    for name in ["anna", "boris"] {
        here.users().create(name, Role::Admin, NOW).await.unwrap();
    }
    let (one, other) = tokio::join!(here.users().remove("anna"), elsewhere.users().remove("boris"));
    assert!(one.is_ok() ^ other.is_ok(), "{one:?} {other:?}");
    assert_eq!(here.users().list().await.unwrap().len(), 1);
}

pub(crate) async fn names_are_unique_in_any_letters_and_only_of_letters(place: TestPlace) {
    let catalog = place.open().await;
    let create = async |name: &str| catalog.users().create(name, Role::Admin, NOW).await.map(drop);
    create("Анна").await.unwrap();
    create("a.b-c_d+e@example.org").await.unwrap();
    for taken in ["анна", "АННА", "A.B-C_D+E@EXAMPLE.ORG"] {
        let refused = create(taken).await;
        assert!(matches!(refused, Err(UserError::Exists { .. })), "{taken}: {refused:?}");
    }
    let long = "x".repeat(129);
    for bad in [
        "",
        " ",
        "a b",
        "a\nb",
        "a/b",
        "..",
        "key:1",
        "local",
        "Server",
        "\u{202e}a",
        &long,
    ] {
        let refused = create(bad).await;
        assert!(matches!(refused, Err(UserError::BadName(_))), "{bad:?}: {refused:?}");
    }
    assert_eq!(catalog.users().list().await.unwrap().len(), 2);
}

pub(crate) async fn the_first_user_gets_another_password_until_somebody_has_logged_in(place: TestPlace) {
    let catalog = place.open().await;
    assert!(!catalog.users().any().await.unwrap());
    let (user, first) = catalog.users().first(NOW).await.unwrap().unwrap();
    assert_eq!((user.name.as_str(), user.role), ("admin", Some(Role::Admin)));
    let (again, second) = catalog.users().first(NOW + 1).await.unwrap().unwrap();
    assert_eq!(again.id, user.id);
    assert!(log_in(&catalog, "admin", &first, NOW + 2).await.is_err());
    log_in(&catalog, "admin", &second, NOW + 2).await.unwrap();
    assert!(catalog.users().first(NOW + 3).await.unwrap().is_none());
    // Not after a reset either: whoever did that was told the password.
    catalog.users().reset("admin", NOW + 4).await.unwrap();
    assert!(catalog.users().first(NOW + 5).await.unwrap().is_none());
    assert!(catalog.users().any().await.unwrap());
}

pub(crate) async fn where_there_are_users_no_first_one_is_made(place: TestPlace) {
    let catalog = place.open().await;
    catalog.users().create("anna", Role::Admin, NOW).await.unwrap();
    assert!(catalog.users().first(NOW).await.unwrap().is_none());
    let catalog = place.open().await;
    catalog.users().create("admin", Role::Admin, NOW).await.unwrap();
    assert!(catalog.users().first(NOW).await.unwrap().is_none());
}

pub(crate) async fn a_role_that_is_not_known_opens_nothing(place: TestPlace) {
    let catalog = place.open().await;
    let opened = settled(&catalog, "anna", "correct horse battery").await;
    let raw = place.raw().await;
    raw.run("UPDATE users SET role = 'emperor'").await;
    assert!(!opened.is_open(&catalog, NOW + 6 * SECOND).await);
    let refused = log_in(&catalog, "anna", &secret("correct horse battery"), NOW).await;
    assert!(matches!(refused, Err(UserError::BadLogin)), "{refused:?}");
    assert_eq!(catalog.users().list().await.unwrap()[0].role, None);
    raw.close().await;
}

pub(crate) async fn many_log_ins_at_once_wait_for_one_another_or_are_told_to(place: TestPlace) {
    let catalog = place.open().await;
    settled(&catalog, "anna", "correct horse battery").await;
    let tries: Vec<_> = (0..30)
        .map(|_| {
            let catalog = catalog.clone();
            tokio::spawn(async move { log_in(&catalog, "anna", &secret("a wrong password"), NOW).await })
        })
        .collect();
    for one in tries {
        let done = tokio::time::timeout(Duration::from_secs(30), one)
            .await
            .unwrap()
            .unwrap();
        assert!(matches!(done, Err(UserError::BadLogin | UserError::Busy)), "{done:?}");
    }
}

#[tokio::test]
async fn passwords_and_tokens_are_nowhere_in_the_file() {
    let place = TestPlace::sqlite();
    let catalog = place.open().await;
    let (_, drawn) = catalog.users().create("anna", Role::Admin, NOW).await.unwrap();
    let opened = log_in(&catalog, "anna", &drawn, NOW).await.unwrap();
    let mut files = 0;
    for entry in std::fs::read_dir(place.folder().unwrap().path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for kept in [drawn.expose(), opened.token.expose()] {
            assert!(!bytes.windows(kept.len()).any(|window| window == kept.as_bytes()));
        }
        files += 1;
    }
    assert!(files > 0);
    assert!(!format!("{opened:?} {drawn:?}").contains(opened.token.expose()));
}
