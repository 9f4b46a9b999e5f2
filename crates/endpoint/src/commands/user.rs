//! `watchpost user list|create|reset|remove`.

use anyhow::Result;
use clap::{Args, Subcommand};
use watchpost_console::{Color, Exit, Format, user};

use crate::Here;
use crate::client;

/// People who log in with a browser: list, create, reset, remove
#[derive(Debug, Args)]
pub struct UserArgs {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// Show all users
    List {
        /// One JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Make a user and print a one-time password, once
    #[command(after_long_help = "\
Examples:
  watchpost user create admin               the first user of a server
  watchpost user create anna@example.org
  watchpost user create anna --json         with the password as a member of an object")]
    Create {
        /// The name to log in with: letters, digits and . _ - @ +
        name: String,
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Print another one-time password for a user who is locked out; their sessions end
    #[command(after_long_help = "\
Examples:
  watchpost user reset admin")]
    Reset {
        /// Who, from `watchpost user list`
        name: String,
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Remove a user and end their sessions at once; the last admin stays
    #[command(after_long_help = "\
Examples:
  watchpost user remove anna")]
    Remove {
        /// Who, from `watchpost user list`
        name: String,
    },
}

pub(crate) fn run(args: &UserArgs, here: &Here<'_>) -> Result<Exit> {
    match &args.command {
        UserCommand::List { json } => {
            let renderer = client::renderer(Format::Human, Color::Never);
            client::run(here, async |client, mut out| {
                user::list(&client, &renderer, *json, &mut out).await
            })
        }
        UserCommand::Create { name, json } => client::run(here, async |client, mut out| {
            user::create(&client, name, *json, &mut out).await
        }),
        UserCommand::Reset { name, json } => client::run(here, async |client, mut out| {
            user::reset(&client, name, *json, &mut out).await
        }),
        UserCommand::Remove { name } => client::run(here, async |client, mut out| {
            user::remove(&client, name, &mut out).await
        }),
    }
}
