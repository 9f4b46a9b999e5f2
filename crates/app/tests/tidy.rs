//! Style and architecture as an ordinary test: floors and edges between crates, who may use which heavy
//! library, budgets for functions and files, lints everywhere, licences, no stray paths or blobs.
//!
//! Every rule is a pure function from text to complaints in `tidy/rules.rs` or `tidy/edges.rs`, tried
//! there on bad samples; here they meet the repository.
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "tidy/edges.rs"]
mod edges;
#[path = "tidy/repository.rs"]
mod repository;
#[path = "tidy/rules.rs"]
mod rules;

use repository::{Repository, TextFile};

fn hold(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

fn over_files(wanted: impl Fn(&TextFile) -> bool, rule: impl Fn(&TextFile) -> Vec<String>) {
    let repository = Repository::read();
    let files: Vec<&TextFile> = repository.files.iter().filter(|file| wanted(file)).collect();
    assert!(!files.is_empty(), "the rule found nothing to look at");
    hold(&files.into_iter().flat_map(rule).collect::<Vec<_>>());
}

#[test]
fn crates_import_only_downwards() {
    let repository = Repository::read();
    let manifests = repository.manifests();
    assert!(manifests.len() > 15, "the repository's crates were not found");
    hold(
        &manifests
            .iter()
            .flat_map(|file| edges::check_edges(&file.path, &file.text))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn heavy_libraries_stay_behind_one_room() {
    let repository = Repository::read();
    hold(
        &repository
            .manifests()
            .iter()
            .flat_map(|file| edges::check_heavy(&file.path, &file.text))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn every_crate_takes_the_workspace_lints_and_versions() {
    let repository = Repository::read();
    hold(
        &repository
            .manifests()
            .iter()
            .flat_map(|file| edges::check_manifest(&file.path, &file.text))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn functions_have_at_most_70_lines() {
    over_files(TextFile::is_rust, |file| rules::long_functions(&file.path, &file.text));
}

#[test]
fn files_have_at_most_600_lines_besides_their_tests() {
    over_files(
        |file| file.is_rust() && !file.is_test(),
        |file| rules::long_file(&file.path, &file.text),
    );
}

#[test]
fn no_matches_whose_answer_nobody_looks_at() {
    over_files(TextFile::is_rust, |file| rules::bare_matches(&file.path, &file.text));
}

#[test]
fn every_library_opens_with_what_it_is_for() {
    over_files(
        |file| file.path.ends_with("src/lib.rs"),
        |file| rules::library_opening(&file.path, &file.text),
    );
}

#[test]
fn no_cfg_inside_functions() {
    over_files(
        |file| file.is_rust() && !file.is_test(),
        |file| rules::cfg_inside_functions(&file.path, &file.text),
    );
}

#[test]
fn no_paths_of_one_machine_and_no_registry_hosts() {
    over_files(
        |file| file.path != "Cargo.lock",
        |file| rules::stray_paths(&file.path, &file.text),
    );
}

#[test]
fn no_blobs() {
    let repository = Repository::read();
    hold(
        &repository
            .sizes
            .iter()
            .filter_map(|(path, bytes)| rules::blob(path, *bytes))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn licences_of_all_dependencies_are_permissive() {
    let licences = repository::licences();
    assert!(
        licences.len() > 100,
        "cargo metadata listed only {} packages",
        licences.len()
    );
    hold(
        &licences
            .iter()
            .filter_map(|(name, licence)| rules::licence(name, licence))
            .collect::<Vec<_>>(),
    );
}
