//! Fields for what programs wrote into syslog or the journal.

use watchpost_event::{Event, names};

use crate::draft::Draft;
use crate::facts::Facts;
use crate::{audit, auth, database, web};

/// Adds ECS fields (`event.*`, `user.*`, `source.*`, `ssh.*`, `group.*`, `session.*`…) to an event that one of the
/// programs of login, privilege and account change wrote, a database server, a web server or the audit system; leaves all
/// others as they are.
///
/// The program is `watchpost.logsource.service`, or `process.name` where no service is set. Failures get `log.level`
/// warning unless they have a level. Account changes and logins other than OpenSSH's are Sigma's service `auth`.
pub fn enrich_auth(event: &mut Event) {
    if auth::enrich(event) {
        return;
    }
    let fields = &event.fields;
    let program = fields
        .text(names::LOGSOURCE_SERVICE)
        .or_else(|| fields.text("process.name"));
    if let Some(facts) = program.and_then(|program| read(program, &event.message)) {
        facts.put(&mut event.fields);
    }
}

/// The same for an event that still stands in its record, whose message is `message`.
pub(crate) fn enrich_draft<'a>(draft: &mut Draft<'a>, message: &'a str) {
    if auth::enrich_draft(draft, message) {
        return;
    }
    let program = draft
        .text(names::LOGSOURCE_SERVICE)
        .or_else(|| draft.text("process.name"));
    if let Some(facts) = program.and_then(|program| read(program, message)) {
        facts.put_into(draft);
    }
}

fn read<'a>(program: &str, message: &'a str) -> Option<Facts<'a>> {
    web::message(program, message)
        .or_else(|| database::message(program, message))
        .or_else(|| audit::message(program, message))
}
