//! `watchpost-agent service`.

use std::ffi::OsString;
use std::io::Write;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};
use watchpost_console::Exit;
use watchpost_kit::{Clock, SystemClock, chain};
use windows_service::service::{
    Service, ServiceAccess, ServiceAction, ServiceActionType, ServiceErrorControl, ServiceFailureActions,
    ServiceFailureResetPeriod, ServiceInfo, ServiceSidType, ServiceStartType, ServiceState, ServiceType,
};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};

use super::account::Account;
use super::event_log;
use super::folder::make_private;
use super::{service, setup};
use crate::Here;
use crate::failure::{Remedy, with_hint};

/// Its name for the service manager.
pub(super) const NAME: &str = "Watchpost";
const TITLE: &str = "Watchpost agent";
const DESCRIPTION: &str = "Collects logs and security events of this computer and delivers them to a Watchpost server.";
/// Starting and stopping take at most so long.
const PATIENCE: Duration = Duration::from_secs(45);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// After a crash it is started again this soon: once, twice, and from then on.
const RESTARTS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(10), Duration::from_mins(1)];
/// A day without a crash makes the next one the first again.
const FORGET_CRASHES: Duration = Duration::from_hours(24);
/// There is no service of this name (winerror.h).
const ERROR_SERVICE_DOES_NOT_EXIST: i32 = 1060;
const ELEVATE: &str = "run it as an administrator";

/// Install, start, stop and remove the service that runs the agent
#[derive(Debug, Args)]
pub struct ServiceArgs {
    #[command(subcommand)]
    command: ServiceCommand,
}

#[derive(Debug, Subcommand)]
enum ServiceCommand {
    /// Install the service: it starts with Windows, and again after a crash
    #[command(after_long_help = "\
Examples:
  watchpost-agent service install --start
  watchpost-agent -c D:\\watchpost\\agent.toml service install --account low")]
    Install {
        /// Whom it runs as
        #[arg(long, value_enum, default_value_t = Account::System)]
        account: Account,
        /// Start it, too
        #[arg(long)]
        start: bool,
    },
    /// Stop and remove the service; configuration and data stay
    Uninstall,
    /// Start it, and wait until it runs
    Start,
    /// Stop it, and wait until it has ended
    Stop,
    /// Say whether it runs; exit code 3 when it is not installed, 1 when it does not run
    Status,
    /// Remove configuration, keys, what was not delivered, and logs; the service has to be stopped
    Purge,
    /// What the service manager starts
    #[command(hide = true)]
    Run,
    /// What the installer calls; reads NAME=value lines
    #[command(hide = true)]
    Setup,
}

pub(super) fn run(args: &ServiceArgs, here: &Here<'_>) -> Result<Exit> {
    let mut out = std::io::stdout();
    match args.command {
        ServiceCommand::Run => return service::run(here),
        ServiceCommand::Install { account, start } => {
            install(here, account, &mut out)?;
            writeln!(out, "the service {NAME} is installed")?;
            if start {
                begin()?;
                writeln!(out, "it runs")?;
            }
        }
        ServiceCommand::Uninstall => {
            uninstall()?;
            writeln!(
                out,
                "the service {NAME} is removed; configuration and data are where they were"
            )?;
        }
        ServiceCommand::Start => {
            begin()?;
            writeln!(out, "the service {NAME} runs")?;
        }
        ServiceCommand::Stop => {
            end(&open(ServiceAccess::STOP | ServiceAccess::QUERY_STATUS)?)?;
            writeln!(out, "the service {NAME} has stopped")?;
        }
        ServiceCommand::Purge => setup::purge(&mut out)?,
        ServiceCommand::Setup => setup::set_up(here, std::io::stdin().lock(), &mut out)?,
        ServiceCommand::Status => return status(&mut out),
    }
    Ok(Exit::Done)
}

/// Installs the service, or makes the one that is there so.
pub(super) fn install(here: &Here<'_>, account: Account, out: &mut dyn Write) -> Result<()> {
    // What would not start later is said now.
    let settings = here.settings()?;
    let access = ServiceManagerAccess::CONNECT | ServiceManagerAccess::CREATE_SERVICE;
    let manager = ServiceManager::local_computer(None::<&str>, access).hint(ELEVATE)?;
    let info = ServiceInfo {
        name: NAME.into(),
        display_name: TITLE.into(),
        service_type: ServiceType::OWN_PROCESS,
        start_type: ServiceStartType::AutoStart,
        error_control: ServiceErrorControl::Normal,
        executable_path: std::env::current_exe().context("cannot find this program")?,
        launch_arguments: launch_arguments(here)?,
        dependencies: Vec::new(),
        account_name: Some(account.name().into()),
        account_password: None,
    };
    let wanted = ServiceAccess::CHANGE_CONFIG | ServiceAccess::START;
    let service = match manager.open_service(NAME, wanted) {
        Ok(service) => {
            service.change_config(&info).hint(ELEVATE)?;
            service
        }
        Err(error) if is_missing(&error) => manager.create_service(&info, wanted).hint(ELEVATE)?,
        Err(error) => return Err(with_hint(error, ELEVATE)),
    };
    service.set_description(DESCRIPTION)?;
    if account == Account::Low {
        // Its account has to be somebody whom rights can be given to.
        service.set_config_service_sid_info(ServiceSidType::Unrestricted)?;
    }
    event_log::register().hint(ELEVATE)?;
    let restart = |delay| ServiceAction {
        action_type: ServiceActionType::Restart,
        delay,
    };
    let recover = ServiceFailureActions {
        reset_period: ServiceFailureResetPeriod::After(FORGET_CRASHES),
        reboot_msg: None,
        command: None,
        actions: Some(RESTARTS.map(restart).to_vec()),
    };
    let set = service.update_failure_actions(recover);
    if let Err(error) = set.and_then(|()| service.set_failure_actions_on_non_crash_failures(true)) {
        let error = chain(&error);
        writeln!(out, "note: Windows will not start it again after a crash: {error}")?;
    }
    let dirs = settings.dirs();
    for folder in [&dirs.config, &dirs.data] {
        make_private(folder, account.in_need_of_rights()).hint(ELEVATE)?;
    }
    Ok(())
}

/// What this command was given, so that the service goes by the same.
fn launch_arguments(here: &Here<'_>) -> Result<Vec<OsString>> {
    let whole = |path: &std::path::Path| std::path::absolute(path).context("cannot find the current folder");
    let mut arguments: Vec<OsString> = Vec::new();
    for path in &here.global.config {
        arguments.extend(["--config".into(), whole(path)?.into()]);
    }
    if let Some(folder) = &here.global.data_dir {
        arguments.extend(["--data-dir".into(), whole(folder)?.into()]);
    }
    for pair in &here.global.set {
        arguments.extend(["--set".into(), pair.into()]);
    }
    arguments.extend(["service".into(), "run".into()]);
    Ok(arguments)
}

fn uninstall() -> Result<()> {
    let service = open(ServiceAccess::STOP | ServiceAccess::QUERY_STATUS | ServiceAccess::DELETE)?;
    end(&service)?;
    service.delete().hint(ELEVATE)?;
    event_log::unregister();
    Ok(())
}

/// Starts the service and waits until it runs.
pub(super) fn begin() -> Result<()> {
    let service = open(ServiceAccess::START | ServiceAccess::QUERY_STATUS)?;
    if service.query_status()?.current_state != ServiceState::Running {
        service.start::<OsString>(&[]).hint(ELEVATE)?;
    }
    wait_for(&service, ServiceState::Running)
}

fn end(service: &Service) -> Result<()> {
    if service.query_status()?.current_state != ServiceState::Stopped {
        service.stop().hint(ELEVATE)?;
    }
    wait_for(service, ServiceState::Stopped)
}

fn wait_for(service: &Service, wanted: ServiceState) -> Result<()> {
    let clock = SystemClock::new();
    let deadline = clock.monotonic() + PATIENCE;
    let hint = "C:\\ProgramData\\Watchpost\\log\\agent.log and the Application event log say why";
    loop {
        let state = service.query_status()?.current_state;
        if state == wanted {
            return Ok(());
        }
        // Whoever asked to start it was told that it starts, so it has ended since.
        let gave_up = wanted == ServiceState::Running && state == ServiceState::Stopped;
        if gave_up || clock.monotonic() >= deadline {
            let error = anyhow!("the service {NAME} is {state:?} and not {wanted:?}");
            return Err(with_hint(error, hint));
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// `None` when there is no service.
fn state() -> Result<Option<ServiceState>> {
    let manager = ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CONNECT)?;
    match manager.open_service(NAME, ServiceAccess::QUERY_STATUS) {
        Ok(service) => Ok(Some(service.query_status()?.current_state)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(with_hint(error, ELEVATE)),
    }
}

/// Whether there is no service, or it does nothing.
pub(super) fn is_at_rest() -> Result<bool> {
    Ok(matches!(state()?, None | Some(ServiceState::Stopped)))
}

fn status(out: &mut dyn Write) -> Result<Exit> {
    let Some(state) = state()? else {
        writeln!(out, "not installed")?;
        return Ok(Exit::NothingFound);
    };
    let word = match state {
        ServiceState::Stopped => "stopped",
        ServiceState::StartPending => "starting",
        ServiceState::StopPending => "stopping",
        ServiceState::Running => "running",
        ServiceState::ContinuePending => "continuing",
        ServiceState::PausePending => "pausing",
        ServiceState::Paused => "paused",
    };
    writeln!(out, "{word}")?;
    Ok(if state == ServiceState::Running {
        Exit::Done
    } else {
        Exit::Failed
    })
}

fn open(access: ServiceAccess) -> Result<Service> {
    let manager = ServiceManager::local_computer(None::<&str>, ServiceManagerAccess::CONNECT)?;
    manager.open_service(NAME, access).map_err(|error| {
        let hint = if is_missing(&error) {
            "install it: watchpost-agent service install"
        } else {
            ELEVATE
        };
        with_hint(
            anyhow::Error::from(error).context(format!("cannot open the service {NAME}")),
            hint,
        )
    })
}

fn is_missing(error: &windows_service::Error) -> bool {
    let code = match error {
        windows_service::Error::Winapi(error) => error.raw_os_error(),
        _ => None,
    };
    code == Some(ERROR_SERVICE_DOES_NOT_EXIST)
}
