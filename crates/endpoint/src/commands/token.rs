//! `watchpost token create|list|revoke`.

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use watchpost_console::{Color, Exit, Format, token};
use watchpost_event::api::TokenRequest;

use crate::Here;
use crate::client;

/// Keys for agents and programs: create, list, revoke
#[derive(Debug, Args)]
pub struct TokenArgs {
    #[command(subcommand)]
    command: TokenCommand,
}

#[derive(Debug, Subcommand)]
enum TokenCommand {
    /// Make a key and print it, once
    #[command(after_long_help = "\
Examples:
  watchpost token create --agent web-1              deliver as the agent web-1
  watchpost token create --agent 'lab-*'            … as any agent whose id begins with lab-
  watchpost token create --role admin --name ci     search and administer from elsewhere")]
    Create {
        /// What people call it; default: the agent's id or the role
        #[arg(long)]
        name: Option<String>,
        /// What it may do
        #[arg(long, value_enum, default_value_t = Role::Agent)]
        role: Role,
        /// The agent id it is bound to, or a prefix that ends with *
        #[arg(long, value_name = "ID", required_if_eq("role", "agent"))]
        agent: Option<String>,
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Show all keys, without the keys themselves
    List {
        /// One JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// End a key at once
    Revoke {
        /// Its id, from `watchpost token list`
        id: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Role {
    /// May deliver
    Agent,
    /// May do everything
    Admin,
}

impl Role {
    const fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Admin => "admin",
        }
    }
}

pub(crate) fn run(args: &TokenArgs, here: &Here<'_>) -> Result<Exit> {
    match &args.command {
        TokenCommand::Create {
            name,
            role,
            agent,
            json,
        } => {
            let role = role.name();
            let name = name.as_deref().or(agent.as_deref()).unwrap_or(role).to_owned();
            let request = TokenRequest {
                name,
                role: role.to_owned(),
                agent: agent.clone(),
            };
            client::run(here, async |client, mut out| {
                token::create(&client, &request, *json, &mut out).await
            })
        }
        TokenCommand::List { json } => {
            let renderer = client::renderer(Format::Human, Color::Never);
            client::run(here, async |client, mut out| {
                token::list(&client, &renderer, *json, &mut out).await
            })
        }
        TokenCommand::Revoke { id } => {
            client::run(here, async |client, mut out| token::revoke(&client, id, &mut out).await)
        }
    }
}
