//! The agent as a service: starts, stops, and pauses when the service manager says so.

use std::ffi::OsString;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use anyhow::{Context, Result};
use tracing::Level;
use watchpost_agent::AgentHandle;
use watchpost_console::Exit;
use watchpost_kit::chain;
use watchpost_run::Shutdown;
use windows_service::service::{
    ServiceControl, ServiceControlAccept, ServiceExitCode, ServiceState, ServiceStatus, ServiceType,
};
use windows_service::service_control_handler::{self, ServiceControlHandlerResult, ServiceStatusHandle};
use windows_service::{define_windows_service, service_dispatcher};

use super::event_log;
use super::manage::NAME;
use crate::commands::agent::begin;
use crate::failure::Remedy;
use crate::logging::{self, Wishes};
use crate::program::{Agent, Global};
use crate::run::{Outside, join_agent};
use crate::{Dirs, Here, LogSection, Program};

/// What starting and ending in order may take.
const WAIT_HINT: Duration = Duration::from_secs(40);
/// The service could not start; its log says why.
const FAILED: ServiceExitCode = ServiceExitCode::ServiceSpecific(1);

/// What the command line said: the service manager calls back without it.
static GLOBAL: OnceLock<Global> = OnceLock::new();

define_windows_service!(service_entry, service_main);

/// Becomes the service; ends with it.
pub(super) fn run(here: &Here<'_>) -> Result<Exit> {
    // Called once in a process.
    let _ = GLOBAL.set(here.global.clone());
    service_dispatcher::start(NAME, service_entry)
        .context("only the service manager starts this")
        .hint("watchpost-agent service start")?;
    Ok(Exit::Done)
}

fn service_main(_: Vec<OsString>) {
    if let Err(error) = serve() {
        // Not by the program's own log: that is what failed, if it was not the service manager.
        event_log::tell(Level::ERROR, &format!("the service failed: {}", chain(error.as_ref())));
    }
}

/// What the service manager may ask.
enum Asked {
    Stop,
    Pause,
    Continue,
}

/// Asked and not done yet, at most; who asks waits then.
const ASKED_LIMIT: usize = 64;

fn serve() -> Result<()> {
    let (asks, asked) = sync_channel(ASKED_LIMIT);
    let handle = move |control| {
        let asks_for = match control {
            ServiceControl::Stop | ServiceControl::Shutdown => Asked::Stop,
            ServiceControl::Pause => Asked::Pause,
            ServiceControl::Continue => Asked::Continue,
            ServiceControl::Interrogate => return ServiceControlHandlerResult::NoError,
            _ => return ServiceControlHandlerResult::NotImplemented,
        };
        // The service has ended already when nobody listens.
        let _ = asks.send(asks_for);
        ServiceControlHandlerResult::NoError
    };
    let told = Told(service_control_handler::register(NAME, handle)?);
    told.is(ServiceState::StartPending)?;
    let global = GLOBAL.get().cloned().unwrap_or_default();
    let logging = start_logging(&global);
    let ended_well = logging.is_ok() && collect_and_tell(&global, &asked, &told);
    told.ended(if ended_well { ServiceExitCode::NO_ERROR } else { FAILED })?;
    logging
}

/// Whether it came to a good end; if not, the log says why, and with it the Application event log.
fn collect_and_tell(global: &Global, asked: &Receiver<Asked>, told: &Told) -> bool {
    let done = collect(global, asked, told);
    if let Err(error) = &done {
        tracing::error!("the service failed: {}", chain(error.as_ref()));
    }
    done.is_ok()
}

/// A configuration that cannot be read does not say where the log is; that it cannot be read stands in the usual place then.
fn start_logging(global: &Global) -> Result<()> {
    let system = Some(event_log::layer());
    if let Ok(settings) = Agent.settings(global) {
        return settings.start_logging_beside("agent", false, system);
    }
    let usual = Dirs::of_this_user()
        .with_data(global.data_dir.as_deref())
        .logs
        .join("agent.log");
    logging::start(&LogSection::default(), &Wishes::default(), &usual, system)
}

/// Until it is to stop.
fn collect(global: &Global, asked: &Receiver<Asked>, told: &Told) -> Result<()> {
    let here = Here {
        global,
        program: &Agent,
    };
    let mut running = Some(Running::start(&here)?);
    told.is(ServiceState::Running)?;
    tracing::info!("the service runs");
    loop {
        match (asked.recv(), running.take()) {
            (Ok(Asked::Pause), Some(agent)) => {
                told.is(ServiceState::PausePending)?;
                agent.end()?;
                told.is(ServiceState::Paused)?;
                tracing::info!("the service is paused: nothing is collected");
            }
            (Ok(Asked::Continue), None) => {
                told.is(ServiceState::ContinuePending)?;
                running = Some(Running::start(&here)?);
                told.is(ServiceState::Running)?;
                tracing::info!("the service goes on");
            }
            (Ok(Asked::Pause | Asked::Continue), as_it_is) => running = as_it_is,
            (Ok(Asked::Stop) | Err(_), agent) => {
                told.is(ServiceState::StopPending)?;
                let ended = agent.map_or(Ok(()), Running::end);
                tracing::info!("the service ends");
                return ended;
            }
        }
    }
}

/// An agent that collects.
struct Running {
    handle: AgentHandle,
    shutdown: Shutdown,
}

impl Running {
    fn start(here: &Here<'_>) -> Result<Self> {
        let shutdown = Shutdown::new();
        let outside = Outside::ending_with(&shutdown);
        Ok(Self {
            handle: begin(here, &outside)?,
            shutdown,
        })
    }

    fn end(self) -> Result<()> {
        self.shutdown.trigger();
        join_agent(self.handle)
    }
}

/// What the service manager is told.
struct Told(ServiceStatusHandle);

impl Told {
    fn is(&self, state: ServiceState) -> Result<()> {
        self.say(state, ServiceExitCode::NO_ERROR)
    }

    fn ended(&self, exit: ServiceExitCode) -> Result<()> {
        self.say(ServiceState::Stopped, exit)
    }

    fn say(&self, state: ServiceState, exit_code: ServiceExitCode) -> Result<()> {
        let steady = matches!(state, ServiceState::Running | ServiceState::Paused);
        let accepted =
            ServiceControlAccept::STOP | ServiceControlAccept::SHUTDOWN | ServiceControlAccept::PAUSE_CONTINUE;
        let over = state == ServiceState::Stopped;
        self.0.set_service_status(ServiceStatus {
            service_type: ServiceType::OWN_PROCESS,
            current_state: state,
            controls_accepted: if steady {
                accepted
            } else {
                ServiceControlAccept::empty()
            },
            exit_code,
            checkpoint: u32::from(!steady && !over),
            wait_hint: if steady || over { Duration::ZERO } else { WAIT_HINT },
            process_id: None,
        })?;
        Ok(())
    }
}
