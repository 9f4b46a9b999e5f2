//! PowerShell: what ran, and with which engine (learn.microsoft.com, "about_Logging_Windows").

use super::{END, INFO, PROCESS, START, USER};
use crate::winlog::form::{Known, Row, To};

/// `Name = value` lines, in English as PowerShell writes them on most hosts.
const CONTEXT: &[Row] = &[
    Row("Host Application", To::Text("process.command_line")),
    Row("Host ID", To::Text("process.entity_id")),
    Row("User", To::Account(USER)),
    Row("Command Name", To::Text("powershell.command.name")),
    Row("Command Type", To::Text("powershell.command.type")),
    Row("Script Name", To::File),
    Row("Engine Version", To::Text("powershell.engine.version")),
    Row("Runspace ID", To::Text("powershell.runspace_id")),
    Row("Pipeline ID", To::Text("powershell.pipeline_id")),
];
/// The older log's: `HostApplication=…`.
const DETAILS: &[Row] = &[
    Row("HostApplication", To::Text("process.command_line")),
    Row("HostId", To::Text("process.entity_id")),
    Row("UserId", To::Account(USER)),
    Row("CommandName", To::Text("powershell.command.name")),
    Row("ScriptName", To::File),
    Row("EngineVersion", To::Text("powershell.engine.version")),
    Row("RunspaceId", To::Text("powershell.runspace_id")),
    Row("PipelineId", To::Text("powershell.pipeline_id")),
];

pub(super) const EVENTS: &[Known] = &[
    Known {
        ids: &[4103],
        action: "module-logged",
        category: PROCESS,
        kind: INFO,
        outcome: None,
        line: "[{user.name} ran ][{powershell.command.name}: ]{Payload}",
        rows: &[&[
            Row("ContextInfo", To::Lines(CONTEXT)),
            Row("Payload", To::Text("powershell.command.invocation_details")),
        ]],
    },
    Known {
        ids: &[4104],
        action: "script-block-logged",
        category: PROCESS,
        kind: INFO,
        outcome: None,
        line: "script block[ of {file.path}][ ({powershell.sequence} of {powershell.total})]: {ScriptBlockText}",
        rows: &[&[
            Row("ScriptBlockText", To::Text("powershell.file.script_block_text")),
            Row("ScriptBlockId", To::Text("powershell.file.script_block_id")),
            Row("MessageNumber", To::Number("powershell.sequence")),
            Row("MessageTotal", To::Number("powershell.total")),
            Row("Path", To::File),
        ]],
    },
    Known {
        ids: &[4105],
        action: "script-block-started",
        category: PROCESS,
        kind: START,
        outcome: None,
        line: "script block {powershell.file.script_block_id} began",
        rows: &[&[
            Row("ScriptBlockId", To::Text("powershell.file.script_block_id")),
            Row("RunspaceId", To::Text("powershell.runspace_id")),
        ]],
    },
    Known {
        ids: &[4106],
        action: "script-block-ended",
        category: PROCESS,
        kind: END,
        outcome: None,
        line: "script block {powershell.file.script_block_id} ended",
        rows: &[&[
            Row("ScriptBlockId", To::Text("powershell.file.script_block_id")),
            Row("RunspaceId", To::Text("powershell.runspace_id")),
        ]],
    },
];

pub(super) const CLASSIC: &[Known] = &[
    Known {
        ids: &[400],
        action: "engine-started",
        category: PROCESS,
        kind: START,
        outcome: None,
        line: "PowerShell[ {powershell.engine.version}] started[: {process.command_line}]",
        rows: &[&[Row("Data", To::Lines(DETAILS))]],
    },
    Known {
        ids: &[403],
        action: "engine-stopped",
        category: PROCESS,
        kind: END,
        outcome: None,
        line: "PowerShell[ {powershell.engine.version}] stopped[: {process.command_line}]",
        rows: &[&[Row("Data", To::Lines(DETAILS))]],
    },
    Known {
        ids: &[600],
        action: "provider-started",
        category: PROCESS,
        kind: INFO,
        outcome: None,
        line: "PowerShell started a provider[: {process.command_line}]",
        rows: &[&[Row("Data", To::Lines(DETAILS))]],
    },
    Known {
        ids: &[800],
        action: "pipeline-executed",
        category: PROCESS,
        kind: INFO,
        outcome: None,
        line: "PowerShell ran[ {powershell.command.name}][: {process.command_line}]",
        rows: &[&[Row("Data", To::Lines(DETAILS))]],
    },
];
