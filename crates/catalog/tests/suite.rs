//! The catalog on SQLite and on PostgreSQL: the same cases on both. On SQLite each is a test of its own; on PostgreSQL
//! all run on one server, each in its own database (`everything_on_postgres`).
#![expect(clippy::unwrap_used, reason = "tests")]

#[path = "suite/alerts.rs"]
mod alerts;
#[path = "suite/audit.rs"]
mod audit;
#[path = "suite/concurrent.rs"]
mod concurrent;
#[path = "suite/events.rs"]
mod events;
#[path = "suite/keys.rs"]
mod keys;
#[path = "suite/lookups.rs"]
mod lookups;
#[path = "suite/messages.rs"]
mod messages;
#[path = "suite/place.rs"]
mod place;
#[path = "suite/postgres.rs"]
mod postgres;
#[path = "suite/rules.rs"]
mod rules;
#[path = "suite/samples.rs"]
mod samples;
#[path = "suite/schema.rs"]
mod schema;
#[path = "suite/sessions.rs"]
mod sessions;
#[path = "suite/settings.rs"]
mod settings;
#[path = "suite/silences.rs"]
mod silences;
#[path = "suite/terms.rs"]
mod terms;
#[path = "suite/users.rs"]
mod users;

use place::TestPlace;

macro_rules! cases {
    ($($module:ident: $($case:ident),+;)+) => {
        mod sqlite {
            $(mod $module {
                $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    crate::$module::$case(crate::TestPlace::sqlite()).await;
                })+
            })+
        }

        #[test]
        fn everything_on_postgres() {
            let Some(server) = postgres::Server::start() else {
                return;
            };
            let mut failed = Vec::new();
            $($(
                let case = concat!(stringify!($module), "::", stringify!($case));
                if !server.passes(case, $module::$case) {
                    failed.push(case);
                }
            )+)+
            assert!(failed.is_empty(), "failed on PostgreSQL: {failed:?}");
        }
    };
}

cases! {
    keys:
        a_key_opens_what_it_is_bound_to_until_it_is_revoked,
        keys_outlive_the_process,
        a_wrong_secret_opens_nothing_whether_the_right_one_was_just_seen_or_not,
        a_key_revoked_elsewhere_stops_within_seconds,
        many_writers_at_once_lose_nothing,
        unusable_names_are_refused;
    users:
        a_one_time_password_opens_one_session_and_another_must_be_chosen,
        of_two_log_ins_at_once_with_a_one_time_password_one_succeeds,
        a_wrong_name_and_a_wrong_password_are_refused_alike,
        new_passwords_are_long_enough_and_not_the_old_one,
        a_new_password_ends_the_users_other_sessions_and_nobody_elses,
        a_reset_ends_everything_and_gives_a_one_time_password,
        the_last_admin_stays,
        two_admins_that_remove_each_other_leave_one,
        names_are_unique_in_any_letters_and_only_of_letters,
        the_first_user_gets_another_password_until_somebody_has_logged_in,
        where_there_are_users_no_first_one_is_made,
        a_role_that_is_not_known_opens_nothing,
        many_log_ins_at_once_wait_for_one_another_or_are_told_to;
    sessions:
        logging_out_ends_a_session_at_once,
        sessions_outlive_the_process_and_end_elsewhere_within_seconds,
        an_unknown_token_opens_nothing,
        a_session_that_is_not_used_ends_after_a_day,
        a_session_ends_after_two_weeks_however_often_it_is_used,
        sessions_that_have_ended_are_removed,
        of_too_many_sessions_the_oldest_end,
        where_a_session_came_from_is_kept_within_limits;
    events:
        events_become_rows_of_the_public_table,
        a_batch_that_comes_again_has_no_effect,
        a_batch_cut_anywhere_leaves_all_or_nothing,
        positions_only_rise,
        any_text_can_be_kept,
        values_beyond_their_limit_are_cut,
        identities_beyond_their_limit_stay_different,
        what_is_old_goes_and_what_waits_stays,
        expiry_is_bounded,
        a_large_batch_is_kept_whole;
    alerts:
        detections_within_the_window_are_one_alert,
        detections_out_of_order_are_one_alert,
        a_detection_outside_the_window_opens_another_alert,
        fingerprints_are_kept_apart,
        the_newest_alert_gets_the_detection,
        acknowledged_alerts_grow_and_closed_ones_do_not,
        only_open_alerts_are_acknowledged,
        all_matching_alerts_are_acknowledged,
        closing_keeps_who_and_why,
        lists_are_filtered_and_paged,
        counts_are_by_state_and_level,
        times_at_the_ends_of_the_range_do_no_harm;
    messages:
        each_detection_or_only_the_first,
        messages_come_in_the_order_they_were_enqueued,
        what_was_sent_or_given_up_does_not_come_again,
        a_message_put_off_keeps_its_place,
        a_story_is_told_by_its_first_detection_that_is_to_be_told,
        a_channel_sees_its_own;
    terms:
        a_story_is_told_from_the_nth_within_the_time_on,
        a_digest_tells_everything_of_its_time_together,
        what_is_more_than_a_channel_may_get_is_told_together,
        somebody_else_is_told_when_nobody_reacts,
        of_several_terms_those_that_tell_soonest_decide,
        what_is_silenced_is_kept_with_the_reason_and_told_when_the_silence_is_over,
        what_is_held_is_not_told_once_somebody_sees_to_it_or_silences_it,
        what_is_held_is_kept_where_its_channel_is_gone_and_goes_where_the_clock_was_ahead,
        what_was_given_up_is_sent_again_when_asked,
        a_detection_that_stands_for_many_counts_for_all_of_them;
    settings: a_setting_is_changed_by_whoever_has_seen_it, kinds_and_names_are_apart;
    silences:
        silences_are_current_until_they_are_over_or_ended,
        what_people_do_about_an_alert_is_its_history;
    lookups:
        files_wait_for_each_service_once_and_first_come_first_served,
        an_answer_holds_for_its_time_and_is_told_once,
        what_is_told_goes_and_its_place_stays,
        there_is_an_end_to_what_waits_and_other_services_are_forgotten;
    rules:
        a_rule_is_switched_off_and_on_again,
        an_exception_is_in_force_until_it_is_over_or_ended,
        every_version_of_an_own_rule_is_kept,
        whoever_saves_over_another_version_is_told,
        versions_beyond_their_limit_go,
        every_change_raises_the_revision;
    audit:
        a_change_and_its_entry_are_there_together_or_not_at_all,
        what_changes_nothing_leaves_no_entry,
        who_logs_in_is_noted_by_the_name_they_have,
        entries_are_filtered,
        pages_follow_one_another,
        old_entries_and_too_many_go_in_small_steps,
        entries_are_kept_within_limits;
    concurrent:
        applying_acknowledging_and_sending_at_once_lose_nothing,
        two_programs_open_one_alert_together,
        a_busy_reader_does_not_starve_others;
    schema:
        the_public_table_has_these_columns,
        a_catalog_of_the_first_release_keeps_its_keys,
        opening_again_changes_nothing,
        a_catalog_of_a_newer_program_is_refused;
}
