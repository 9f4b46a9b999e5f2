//! The search suite, answered by matching events one by one.
#![expect(clippy::unwrap_used, reason = "tests")]

use watchpost_query::suite;

#[test]
fn every_case_finds_what_it_must() {
    let (events, origin) = (suite::events().unwrap(), suite::origin().unwrap());
    let different = suite::check(|query| suite::answer_one_by_one(query, &events, &origin));
    let shown: Vec<String> = different
        .err()
        .into_iter()
        .flatten()
        .map(|error| error.to_string())
        .collect();
    assert!(shown.is_empty(), "{} cases differ:\n{}", shown.len(), shown.join("\n"));
}

#[test]
fn the_suite_is_large_and_tells_differences() {
    assert!(suite::events().unwrap().len() >= 60);
    assert!(suite::cases().unwrap().len() >= 130);
    // An answerer that finds nothing differs wherever something is to be found.
    assert!(suite::check(|_| Vec::new()).unwrap_err().len() > 100);
}
