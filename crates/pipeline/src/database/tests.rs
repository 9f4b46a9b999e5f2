use proptest::prelude::*;

use crate::golden::{assert_golden, decode};

#[test]
fn lines_and_what_they_say() {
    assert_golden(include_str!("golden.txt"));
}

proptest! {
    #[test]
    fn a_name_never_changes_the_address_mysql_saw(user in name()) {
        for line in [
            format!("2026-11-20 22:41:07 12 [Warning] Access denied for user '{user}'@'203.0.113.9' (using password: YES)"),
            format!("2026-11-20T22:41:07.123456Z 12 [Note] [MY-010926] [Server] Access denied for user '{user}'@'203.0.113.9' (using password: NO)"),
        ] {
            let event = decode(&line);
            prop_assert_eq!(event.fields.text("source.ip"), Some("203.0.113.9"), "{}", line);
            prop_assert_eq!(event.fields.text("event.outcome"), Some("failure"));
            prop_assert_eq!(event.fields.text("user.name").unwrap_or_default(), &user);
        }
        for line in [
            format!("2026-11-20 22:41:07 12 [Warning] Access denied for user '{user}'@'203.0.113.9'"),
            format!("2026-11-20 22:41:07 12 [Warning] Access denied for user '{user}'@'203.0.113.9' to database 'shop'"),
            format!("2026-11-20 22:41:07 12 [Warning] Access denied for user 'anna'@'203.0.113.9' to database '{user}'"),
        ] {
            let event = decode(&line);
            prop_assert!(matches!(event.fields.text("source.ip"), Some("203.0.113.9") | None), "{}", line);
        }
    }

    #[test]
    fn names_never_change_what_postgres_says(user in name(), database in name()) {
        let event = decode(&format!(
            "2026-11-20 22:41:07.123 UTC [1234] {user}@{database} FATAL:  password authentication failed for user \"{user}\""
        ));
        prop_assert_ne!(event.fields.text("event.outcome"), Some("success"));
        prop_assert_eq!(event.fields.get("source.ip"), None);
        if let Some(name) = event.fields.text("user.name") {
            prop_assert_eq!(name, &user);
        }
        let event = decode(&format!(
            "2026-11-20 22:41:07.123 UTC [1234] FATAL:  no pg_hba.conf entry for host \"203.0.113.9\", user \"{user}\", database \"{database}\", no encryption"
        ));
        prop_assert!(matches!(event.fields.text("source.ip"), Some("203.0.113.9") | None));
        if let Some(name) = event.fields.text("user.name") {
            prop_assert_eq!(name, &user);
        }
    }

    #[test]
    fn pieces_of_lines_in_any_order_do_not_panic(pieces in proptest::collection::vec(PIECE, 0..12)) {
        let line = pieces.concat();
        let event = decode(&line);
        prop_assert!(line.ends_with(&event.message));
    }
}

const PIECE: &str = "2026-11-20|2026-11-20T22:41:07Z| 22:41:07|  9:41:07|\\.123| UTC| \\+03| |\\[12\\] |\\[3-1\\] |a@b |LOG:  |FATAL:  |:  |connection authorized: user=|connection received: host=|role \"|authentication failed for user \"|no pg_hba.conf entry for host \"|\", user \"|\", database \"|12 |\\[Note\\] |\\[MY-1\\] |Access denied for user '|'@'|192\\.0\\.2\\.1'|' to database '| \\(using password: YES\\)|é";

/// Names that look like the lines they stand in.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,8}",
        "[ -~а-я]{0,30}",
        "( |a|@|'@'|192\\.0\\.2\\.1|' to database '|'| LOG:  | FATAL:  |connection authorized: user=root|\", database \"|\", user \"|\"|\\(using password: YES\\)){0,8}",
    ]
}
