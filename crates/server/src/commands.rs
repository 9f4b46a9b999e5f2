//! What users ask of agents, in memory until the agent has understood it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use watchpost_event::commands::{AgentCommand, CommandAccepted, CommandArguments, PendingCommand};
use watchpost_event::{AgentId, Timestamp};

/// Agents that are asked, or ask, at once.
const AGENTS_MAX: usize = 20_000;
/// Requests of one agent that wait at once: its own, and one that it has given up.
const WAITING_MAX: usize = 4;

/// Commands of one agent that wait at once.
const PENDING_MAX: usize = 64;

/// What is asked of an agent.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) command: AgentCommand,
    pub(crate) arguments: Option<CommandArguments>,
}

impl Wish {
    /// Whether both come to the same, whoever asks.
    fn is_same(&self, other: &Self) -> bool {
        let about = |wish: &Self| {
            let arguments = wish.arguments.clone().unwrap_or_default();
            (arguments.path, arguments.service)
        };
        self.command == other.command && about(self) == about(other)
    }
}

/// No more can be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NoRoom;

/// Commands by agent. Whatever comes to the same waits once.
#[derive(Default)]
pub(crate) struct CommandBoard {
    agents: Mutex<BTreeMap<AgentId, Desk>>,
}

#[derive(Default)]
struct Desk {
    /// By their numbers, which rise.
    pending: Vec<(u64, Wish)>,
    bell: Arc<Notify>,
    waiting: usize,
}

impl Desk {
    fn is_needed(&self) -> bool {
        self.waiting > 0 || !self.pending.is_empty()
    }
}

impl CommandBoard {
    fn agents(&self) -> MutexGuard<'_, BTreeMap<AgentId, Desk>> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a command for an agent, in place of an older one that comes to the same.
    pub(crate) fn ask(&self, agent: &AgentId, wish: Wish, now: Timestamp) -> Result<CommandAccepted, NoRoom> {
        let mut agents = self.agents();
        if agents.len() >= AGENTS_MAX && !agents.contains_key(agent) {
            return Err(NoRoom);
        }
        let desk = agents.entry(agent.clone()).or_default();
        desk.pending.retain(|(_, known)| !known.is_same(&wish));
        if desk.pending.len() >= PENDING_MAX {
            return Err(NoRoom);
        }
        // Numbers rise over restarts too, since they are times.
        let after = desk.pending.last().map_or(0, |(id, _)| id + 1);
        let id = after.max(u64::try_from(now.0).unwrap_or(0));
        desk.pending.push((id, wish));
        desk.bell.notify_waiters();
        Ok(CommandAccepted {
            id,
            listening: desk.waiting > 0,
        })
    }

    /// Whether an agent is asking for commands now.
    pub(crate) fn is_listening(&self, agent: &AgentId) -> bool {
        self.agents().get(agent).is_some_and(|desk| desk.waiting > 0)
    }

    /// What waits for an agent behind `after`, as soon as there is something, and at the latest after `patience`.
    pub(crate) async fn wait(
        &self,
        agent: &AgentId,
        after: u64,
        patience: Duration,
    ) -> Result<Vec<PendingCommand>, NoRoom> {
        let place = self.enter(agent)?;
        let bell = place.bell.clone();
        let found = async {
            loop {
                let notified = bell.notified();
                tokio::pin!(notified);
                notified.as_mut().enable();
                let found = self.take(agent, after);
                if !found.is_empty() {
                    return found;
                }
                notified.await;
            }
        };
        Ok(tokio::time::timeout(patience, found).await.unwrap_or_default())
    }

    fn enter<'a>(&'a self, agent: &'a AgentId) -> Result<Place<'a>, NoRoom> {
        let mut agents = self.agents();
        if agents.len() >= AGENTS_MAX && !agents.contains_key(agent) {
            return Err(NoRoom);
        }
        let desk = agents.entry(agent.clone()).or_default();
        if desk.waiting >= WAITING_MAX {
            return Err(NoRoom);
        }
        desk.waiting += 1;
        Ok(Place {
            board: self,
            agent,
            bell: desk.bell.clone(),
        })
    }

    fn take(&self, agent: &AgentId, after: u64) -> Vec<PendingCommand> {
        let mut agents = self.agents();
        let Some(desk) = agents.get_mut(agent) else {
            return Vec::new();
        };
        desk.pending.retain(|(id, _)| *id > after);
        let pending = desk.pending.iter().map(|(id, wish)| PendingCommand {
            id: *id,
            command: wish.command.to_string(),
            arguments: wish.arguments.clone(),
        });
        pending.collect()
    }
}

/// One waiting request.
struct Place<'a> {
    board: &'a CommandBoard,
    agent: &'a AgentId,
    bell: Arc<Notify>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut agents = self.board.agents();
        if let Some(desk) = agents.get_mut(self.agent) {
            desk.waiting -= 1;
            if !desk.is_needed() {
                agents.remove(self.agent);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    fn send_now() -> Wish {
        Wish {
            command: AgentCommand::SendNow,
            arguments: None,
        }
    }

    fn hash(path: &str, by: &str) -> Wish {
        let arguments = CommandArguments {
            path: Some(path.to_owned()),
            by: Some(by.to_owned()),
            ..CommandArguments::default()
        };
        Wish {
            command: AgentCommand::Hash,
            arguments: Some(arguments),
        }
    }

    fn agent(name: &str) -> AgentId {
        AgentId::new(name).expect("a name")
    }

    #[tokio::test]
    async fn a_command_comes_until_it_is_understood_and_to_its_agent_only() {
        let board = CommandBoard::default();
        let asked = board.ask(&agent("a"), send_now(), Timestamp(7)).expect("room");
        assert_eq!((asked.id, asked.listening), (7, false));
        assert_eq!(board.wait(&agent("b"), 0, Duration::ZERO).await, Ok(Vec::new()));
        for _ in 0..2 {
            let found = board.wait(&agent("a"), 0, LONG).await.expect("room");
            assert_eq!(
                found,
                [PendingCommand {
                    id: 7,
                    command: "send_now".to_owned(),
                    arguments: None,
                }]
            );
        }
        assert_eq!(board.wait(&agent("a"), 7, Duration::ZERO).await, Ok(Vec::new()));
        assert!(board.agents().is_empty(), "nothing is kept for nobody");
    }

    #[tokio::test]
    async fn who_waits_hears_at_once() {
        let board = Arc::new(CommandBoard::default());
        let waiting = tokio::spawn({
            let board = board.clone();
            async move { board.wait(&agent("a"), 3, LONG).await }
        });
        while !board.is_listening(&agent("a")) {
            tokio::task::yield_now().await;
        }
        let asked = board.ask(&agent("a"), send_now(), Timestamp(9)).expect("room");
        assert!(asked.listening);
        assert_eq!(waiting.await.expect("ends").expect("room")[0].id, 9);
    }

    #[tokio::test]
    async fn the_same_waits_once_and_numbers_rise_when_the_clock_does_not() {
        let board = CommandBoard::default();
        let first = board.ask(&agent("a"), send_now(), Timestamp(9)).expect("room");
        let second = board.ask(&agent("a"), send_now(), Timestamp(9)).expect("room");
        assert!(second.id >= first.id);
        assert_eq!(board.wait(&agent("a"), 0, LONG).await.expect("room").len(), 1);
    }

    #[tokio::test]
    async fn the_same_path_waits_once_and_no_more_than_a_few() {
        let board = CommandBoard::default();
        for by in ["anna", "boris"] {
            board.ask(&agent("a"), hash("/bin/ls", by), Timestamp(9)).expect("room");
        }
        let found = board.wait(&agent("a"), 0, LONG).await.expect("room");
        let by: Vec<_> = found
            .iter()
            .map(|one| one.arguments.clone().and_then(|found| found.by))
            .collect();
        assert_eq!(by, [Some("boris".to_owned())]);
        for number in 1..PENDING_MAX {
            let wish = hash(&format!("/{number}"), "anna");
            board.ask(&agent("a"), wish, Timestamp(9)).expect("room");
        }
        assert_eq!(
            board.ask(&agent("a"), hash("/one-more", "anna"), Timestamp(9)),
            Err(NoRoom)
        );
    }

    #[tokio::test]
    async fn an_agent_that_asks_too_often_is_refused() {
        let board = Arc::new(CommandBoard::default());
        let places: Vec<_> = (0..WAITING_MAX)
            .map(|_| board.enter(Box::leak(Box::new(agent("a")))))
            .collect();
        assert!(places.iter().all(Result::is_ok));
        assert_eq!(board.wait(&agent("a"), 0, LONG).await, Err(NoRoom));
        drop(places);
        assert_eq!(board.wait(&agent("a"), 0, Duration::ZERO).await, Ok(Vec::new()));
    }
}
