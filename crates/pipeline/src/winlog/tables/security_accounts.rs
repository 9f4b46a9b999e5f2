//! The Security log: local accounts and groups, and those of a domain (learn.microsoft.com, "Audit User Account
//! Management", "Audit Security Group Management", "Audit Computer Account Management").

use super::security::{CALLER, SUBJECT};
use super::{CHANGE, CREATION, DELETION, GROUP, IAM, TARGET};
use crate::winlog::form::{Known, Row, To};

/// The account it was done to.
const ACCOUNT: &[Row] = &[Row(
    "TargetUserName",
    To::Person("TargetSid", "TargetDomainName", TARGET),
)];
/// The group it was done to.
const OF_GROUP: &[Row] = &[Row(
    "TargetUserName",
    To::Person("TargetSid", "TargetDomainName", GROUP),
)];
/// Who came into it or left it: `CN=anna,DC=…` in a domain, and only a SID on a host of its own.
const MEMBER: &[Row] = &[
    Row("MemberName", To::Text("user.target.name")),
    Row("MemberSid", To::Text("user.target.id")),
];

const USER_CREATION: &[&str] = &["user", "creation"];
const USER_CHANGE: &[&str] = &["user", "change"];
const USER_DELETION: &[&str] = &["user", "deletion"];
const GROUP_CREATION: &[&str] = &["group", "creation"];
const GROUP_CHANGE: &[&str] = &["group", "change"];
const GROUP_DELETION: &[&str] = &["group", "deletion"];

pub(super) const EVENTS: &[Known] = &[
    Known {
        ids: &[4720],
        action: "user-added",
        category: IAM,
        kind: USER_CREATION,
        outcome: Some(true),
        line: "{user.name} created the user {user.target.name}",
        rows: &[SUBJECT, ACCOUNT],
    },
    Known {
        ids: &[4722],
        action: "user-enabled",
        category: IAM,
        kind: USER_CHANGE,
        outcome: Some(true),
        line: "{user.name} enabled the user {user.target.name}",
        rows: &[SUBJECT, ACCOUNT],
    },
    Known {
        ids: &[4723],
        action: "password-changed",
        category: IAM,
        kind: USER_CHANGE,
        outcome: None,
        line: "{user.name} tried to change the password of {user.target.name}",
        rows: &[SUBJECT, ACCOUNT],
    },
    Known {
        ids: &[4724],
        action: "password-reset",
        category: IAM,
        kind: USER_CHANGE,
        outcome: None,
        line: "{user.name} tried to reset the password of {user.target.name}",
        rows: &[SUBJECT, ACCOUNT],
    },
    Known {
        ids: &[4725],
        action: "user-disabled",
        category: IAM,
        kind: USER_CHANGE,
        outcome: Some(true),
        line: "{user.name} disabled the user {user.target.name}",
        rows: &[SUBJECT, ACCOUNT],
    },
    Known {
        ids: &[4726],
        action: "user-deleted",
        category: IAM,
        kind: USER_DELETION,
        outcome: Some(true),
        line: "{user.name} deleted the user {user.target.name}",
        rows: &[SUBJECT, ACCOUNT],
    },
    Known {
        ids: &[4727, 4731, 4754, 4759, 4744, 4749],
        action: "group-added",
        category: IAM,
        kind: GROUP_CREATION,
        outcome: Some(true),
        line: "{user.name} created the group {group.name}",
        rows: &[SUBJECT, OF_GROUP],
    },
    Known {
        ids: &[4728, 4732, 4746, 4751, 4756, 4761],
        action: "group-member-added",
        category: IAM,
        kind: GROUP_CHANGE,
        outcome: Some(true),
        line: "{user.name} added [{user.target.name} ][({user.target.id}) ]to the group {group.name}",
        rows: &[SUBJECT, OF_GROUP, MEMBER],
    },
    Known {
        ids: &[4729, 4733, 4747, 4752, 4757, 4762],
        action: "group-member-removed",
        category: IAM,
        kind: GROUP_CHANGE,
        outcome: Some(true),
        line: "{user.name} removed [{user.target.name} ][({user.target.id}) ]from the group {group.name}",
        rows: &[SUBJECT, OF_GROUP, MEMBER],
    },
    Known {
        ids: &[4730, 4734, 4748, 4753, 4758, 4763],
        action: "group-deleted",
        category: IAM,
        kind: GROUP_DELETION,
        outcome: Some(true),
        line: "{user.name} deleted the group {group.name}",
        rows: &[SUBJECT, OF_GROUP],
    },
    Known {
        ids: &[4735, 4737, 4745, 4750, 4755, 4760, 4764],
        action: "group-changed",
        category: IAM,
        kind: GROUP_CHANGE,
        outcome: Some(true),
        line: "{user.name} changed the group {group.name}",
        rows: &[SUBJECT, OF_GROUP],
    },
    Known {
        ids: &[4738],
        action: "user-changed",
        category: IAM,
        kind: USER_CHANGE,
        outcome: Some(true),
        line: "{user.name} changed the user {user.target.name}",
        rows: &[SUBJECT, ACCOUNT],
    },
    Known {
        ids: &[4739],
        action: "domain-policy-changed",
        category: &["iam", "configuration"],
        kind: CHANGE,
        outcome: Some(true),
        line: "{user.name} changed the policy of the domain {DomainName}[: {DomainPolicyChanged}]",
        rows: &[SUBJECT],
    },
    Known {
        ids: &[4740],
        action: "user-locked",
        category: IAM,
        kind: USER_CHANGE,
        outcome: Some(true),
        line: "the user {user.target.name} was locked out[, by logons from {source.domain}]",
        rows: &[
            SUBJECT,
            // The computer whose logons failed stands where other events have the domain.
            &[
                Row("TargetUserName", To::Person("TargetSid", "", TARGET)),
                Row("TargetDomainName", To::Text("source.domain")),
            ],
        ],
    },
    Known {
        ids: &[4767],
        action: "user-unlocked",
        category: IAM,
        kind: USER_CHANGE,
        outcome: Some(true),
        line: "{user.name} unlocked the user {user.target.name}",
        rows: &[SUBJECT, ACCOUNT],
    },
    Known {
        ids: &[4781],
        action: "user-renamed",
        category: IAM,
        kind: USER_CHANGE,
        outcome: Some(true),
        line: "{user.name} renamed {OldTargetUserName} to {user.target.name}",
        rows: &[
            SUBJECT,
            &[Row(
                "NewTargetUserName",
                To::Person("TargetSid", "TargetDomainName", TARGET),
            )],
        ],
    },
    Known {
        ids: &[4741],
        action: "computer-added",
        category: IAM,
        kind: CREATION,
        outcome: Some(true),
        line: "{user.name} created the computer account {user.target.name}",
        rows: &[SUBJECT, ACCOUNT],
    },
    Known {
        ids: &[4742],
        action: "computer-changed",
        category: IAM,
        kind: CHANGE,
        outcome: Some(true),
        line: "{user.name} changed the computer account {user.target.name}",
        rows: &[SUBJECT, ACCOUNT],
    },
    Known {
        ids: &[4743],
        action: "computer-deleted",
        category: IAM,
        kind: DELETION,
        outcome: Some(true),
        line: "{user.name} deleted the computer account {user.target.name}",
        rows: &[SUBJECT, ACCOUNT],
    },
    Known {
        ids: &[4798],
        action: "groups-of-user-listed",
        category: IAM,
        kind: &["user", "info"],
        outcome: None,
        line: "{user.name} listed the groups of {user.target.name}[, by {process.name}]",
        rows: &[SUBJECT, CALLER, ACCOUNT],
    },
    Known {
        ids: &[4799],
        action: "members-of-group-listed",
        category: IAM,
        kind: &["group", "info"],
        outcome: None,
        line: "{user.name} listed the members of {group.name}[, by {process.name}]",
        rows: &[SUBJECT, CALLER, OF_GROUP],
    },
];
