use std::collections::{BTreeMap, BTreeSet};

use watchpost_agent::delivery::Answer;
use watchpost_event::{AgentId, Timestamp};
use watchpost_run::disk::{Fault, MemDisk};

use crate::agent::SpoolKind;
use crate::network::{Message, Network};
use crate::shared_log::SharedLog;
use crate::{AgentNode, Rng, ServerNode, Source};

const DAY_NS: i64 = 86_400 * 1_000_000_000;

/// How a process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// SIGKILL: what was written stays.
    Kill,
    /// A power cut: what was not synced may be lost, torn or reordered.
    Power,
}

/// What may go wrong in a run.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one kind of mishap, on or off by itself"
)]
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Crashes, at any disk operation.
    pub crashes: bool,
    /// Failed writes and syncs that the process survives.
    pub faults: bool,
    /// The disks are small.
    pub full: bool,
    /// The agent's spool disappears.
    pub lost_state: bool,
    /// The server is put back to an older state of its disk.
    pub restored_server: bool,
    /// Files are cut off at their beginning by the outside world.
    pub vanishing: bool,
    /// Instead of one server with its ledger: two servers on one shared log.
    pub shared_log: bool,
    /// The wall clock jumps by a day, in both directions.
    pub clock_jumps: bool,
    /// A perfect network.
    pub calm: bool,
    /// The spool is too small for what comes while the server is away; counters push out what is oldest.
    pub small_spool: bool,
    /// The spool is encrypted.
    pub encrypted: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            crashes: true,
            faults: true,
            full: false,
            lost_state: false,
            restored_server: false,
            vanishing: false,
            shared_log: false,
            clock_jumps: false,
            calm: false,
            small_spool: false,
            encrypted: false,
        }
    }
}

/// Everything: both processes, their disks, the network, the sources and the truth.
pub struct World {
    /// Decides everything.
    pub rng: Rng,
    /// The agent, unless it is down.
    pub agent: Option<AgentNode>,
    /// The server, unless it is down.
    pub server: Option<ServerNode>,
    /// The agent's disk.
    pub agent_disk: MemDisk,
    /// The server's disk.
    pub server_disk: MemDisk,
    /// The outside world.
    pub sources: Vec<Source>,
    /// Records of counters that were durable in the spool: they must arrive.
    pub promised: BTreeSet<String>,
    /// An older state of the server's disk.
    backup: Option<MemDisk>,
    id: AgentId,
    plan: Plan,
    network: Network,
    shared_log: Option<SharedLog>,
    request_id: u64,
    clock: i64,
    /// What a disk that is dead goes through when its process is started again.
    pub next_crash: Crash,
}

impl World {
    /// A new world in which nothing has happened.
    pub fn new(seed: u64, plan: Plan) -> Self {
        let sources = vec![
            Source::new("file:/a", true),
            Source::new("file:/b", true),
            Source::new("process", false),
        ];
        let mut world = Self {
            rng: Rng::new(seed),
            agent: None,
            server: None,
            agent_disk: MemDisk::with_seed(seed),
            server_disk: MemDisk::with_seed(seed ^ 1),
            sources,
            promised: BTreeSet::new(),
            backup: None,
            id: AgentId::new("agent-1").expect("a valid name"),
            plan,
            network: Network::new(plan.calm),
            shared_log: plan.shared_log.then(SharedLog::default),
            request_id: 0,
            clock: 1_700_000_000_000_000_000,
            next_crash: Crash::Power,
        };
        world.start_agent();
        world.start_server();
        world
    }

    fn now(&mut self) -> Timestamp {
        self.clock += 1_000_000;
        if self.plan.clock_jumps && self.rng.one_in(20) {
            self.clock += if self.rng.one_in(2) { DAY_NS } else { -DAY_NS };
        }
        Timestamp(self.clock)
    }

    /// One random thing happens.
    pub fn step(&mut self) {
        match self.rng.below(100) {
            0..20 => self.happen(),
            20..40 => self.collect(),
            40..46 => self.sync(),
            46..58 => self.send(),
            58..76 => self.deliver(),
            76..82 => self.give_up_waiting(),
            82..88 => self.read(),
            88..90 => self.flush(),
            90..92 => self.start_agent(),
            92..94 => self.start_server(),
            94..98 => self.mishap(),
            _ => self.shrink_spool(),
        }
    }

    fn mishap(&mut self) {
        let soon = self.rng.below(8);
        match self.rng.below(10) {
            8 | 9 if self.plan.restored_server => self.back_up_or_restore(),
            0 if self.plan.crashes => self.agent_disk.inject(Fault::PowerCut(soon)),
            1 if self.plan.crashes => self.server_disk.inject(Fault::PowerCut(soon)),
            2 if self.plan.crashes => self.crash_agent(Crash::Kill),
            3 if self.plan.crashes => self.crash_server(Crash::Kill),
            4 if self.plan.faults => self.agent_disk.inject(Fault::FailOperation(soon)),
            5 if self.plan.faults => self.server_disk.inject(Fault::FailOperation(soon)),
            6 if self.plan.lost_state && self.rng.one_in(4) => self.lose_agent_state(),
            7 if self.plan.vanishing => self.vanish(),
            _ if self.plan.full => self.fill_or_free(),
            _ => {}
        }
        self.next_crash = if self.rng.one_in(2) { Crash::Kill } else { Crash::Power };
    }

    fn fill_or_free(&mut self) {
        let disk = if self.rng.one_in(2) {
            &self.agent_disk
        } else {
            &self.server_disk
        };
        if self.rng.one_in(2) {
            disk.inject(Fault::Capacity(8 * 1024));
        } else {
            disk.clear_faults();
        }
    }

    fn back_up_or_restore(&mut self) {
        match self.backup.take() {
            None if self.server.is_some() => self.backup = Some(self.server_disk.crash_image(self.rng.next_u64())),
            Some(backup) if self.rng.one_in(3) => {
                self.server = None;
                self.server_disk = backup;
                // Of a counter only the spool could bring it again, and that may have let go.
                self.promised.clear();
            }
            backup => self.backup = backup,
        }
    }

    fn vanish(&mut self) {
        let which = self.rng.below(2) as usize;
        let source = &mut self.sources[which];
        if let Some(record) = source.truth.get(self.rng.below(source.truth.len() as u64) as usize) {
            source.gone_before = source.gone_before.max(record.end);
        }
    }

    /// The outside world goes on.
    pub fn happen(&mut self) {
        let which = self.rng.below(self.sources.len() as u64) as usize;
        self.sources[which].happen(&mut self.rng);
    }

    /// Every source has something new, and the agent takes it into its spool.
    pub fn collect_everything(&mut self) {
        for which in 0..self.sources.len() {
            for _ in 0..4 {
                self.sources[which].happen(&mut self.rng);
            }
        }
        for _ in 0..40 {
            self.collect();
        }
    }

    /// Sends what waits and delivers messages until the network is quiet.
    pub fn exchange(&mut self) {
        for _ in 0..6 {
            self.send();
            while !self.network.is_empty() {
                self.deliver();
            }
        }
    }

    /// The agent's request reaches the server; the answer is lost.
    pub fn exchange_without_answer(&mut self) {
        self.send();
        self.deliver();
        self.network.lose_everything();
    }

    /// The agent reads a source into its spool.
    pub fn collect(&mut self) {
        let now = self.now();
        let which = self.rng.below(self.sources.len() as u64) as usize;
        let limit = 1 + self.rng.below(5) as usize;
        let Some(agent) = &mut self.agent else { return };
        if agent
            .collect(&mut self.sources[which], limit, &mut self.rng, now)
            .is_err()
        {
            self.agent_failed();
        }
    }

    /// The agent syncs its spool.
    pub fn sync(&mut self) {
        let Some(agent) = &mut self.agent else { return };
        if agent.sync(&mut self.promised).is_err() {
            self.agent_failed();
        }
    }

    /// The agent asks for the server's cursors, or sends what waits.
    pub fn send(&mut self) {
        let now = self.now();
        self.request_id += 1;
        let id = self.request_id;
        let Some(agent) = &mut self.agent else { return };
        if !agent.greeted {
            let streams = match (&self.shared_log, &self.server) {
                (Some(log), _) => log.streams(&self.id),
                (None, Some(server)) => server.streams(&self.id),
                (None, None) => return,
            };
            if agent.greet(&streams, &mut self.sources, now).is_err() {
                self.agent_failed();
            }
            return;
        }
        match agent.send(id, &mut self.promised) {
            Ok(Some(body)) => self.network.send(Message::Request { id, body }, &mut self.rng),
            Ok(None) => {}
            Err(_) => self.agent_failed(),
        }
    }

    /// A message arrives.
    pub fn deliver(&mut self) {
        let now = self.now();
        match self.network.deliver(&mut self.rng) {
            Some(Message::Request { id, body }) => {
                if let Some(log) = &mut self.shared_log {
                    let answer = log.handle(&body, &mut self.rng);
                    return self.network.send(Message::Answer { id, answer }, &mut self.rng);
                }
                let Some(server) = &mut self.server else { return };
                match server.handle(&body, now) {
                    Ok(answer) => self.network.send(Message::Answer { id, answer }, &mut self.rng),
                    Err(_) => self.server_failed(),
                }
            }
            Some(Message::Answer { id, answer }) => {
                let answer = answer.map_or(Answer::Later, Answer::Judged);
                self.answer(id, answer, now);
            }
            None => {}
        }
    }

    fn answer(&mut self, id: u64, answer: Answer, now: Timestamp) {
        let Some(agent) = &mut self.agent else { return };
        if agent.answered(id, answer, &mut self.sources, now).is_err() {
            self.agent_failed();
        }
    }

    /// The agent's patience ends before the answer comes; it asks for the server's cursors again.
    pub fn give_up_waiting(&mut self) {
        let now = self.now();
        if let Some(id) = self
            .agent
            .as_ref()
            .and_then(|agent| agent.under_way.as_ref())
            .map(|(id, _)| *id)
        {
            self.answer(id, Answer::Later, now);
            self.ask_again();
        }
    }

    /// The agent is going to ask for the server's cursors again, as it does from time to time.
    fn ask_again(&mut self) {
        if let Some(agent) = &mut self.agent {
            agent.greeted = false;
        }
    }

    /// The store reads the ledger.
    pub fn read(&mut self) {
        if let Some(log) = &mut self.shared_log {
            return log.read(&mut self.rng);
        }
        let Some(server) = &mut self.server else { return };
        if server.read().is_err() {
            self.server_failed();
        }
    }

    /// The store makes its files, and the ledger lets go.
    pub fn flush(&mut self) {
        let now = self.now();
        let Some(server) = &mut self.server else { return };
        if server.flush(now).is_err() {
            self.server_failed();
        }
    }

    /// The agent lets its spool shrink to the marks of its streams.
    pub fn shrink_spool(&mut self) {
        let Some(agent) = &mut self.agent else { return };
        if agent.delivery.settle().is_err() {
            self.agent_failed();
        }
    }

    fn agent_failed(&mut self) {
        if self.agent_disk.is_dead() {
            self.agent = None;
            return;
        }
        if let Some(agent) = &mut self.agent
            && agent.delivery.needs_recovery()
            && agent.recover(&mut self.sources).is_err()
        {
            self.crash_agent(Crash::Kill);
        }
    }

    fn server_failed(&mut self) {
        if self.server_disk.is_dead() {
            self.server = None;
            return;
        }
        if let Some(server) = &mut self.server
            && server.intake.needs_recovery()
            && server.intake.recover().is_err()
        {
            self.crash_server(Crash::Kill);
        }
    }

    /// The agent's process or machine ends.
    pub fn crash_agent(&mut self, how: Crash) {
        self.agent = None;
        self.agent_disk = after(&self.agent_disk, how);
    }

    /// The server's process or machine ends.
    pub fn crash_server(&mut self, how: Crash) {
        self.server = None;
        self.server_disk = after(&self.server_disk, how);
    }

    /// Somebody removes the agent's folder. That takes longer than a request lives: none of the agent that
    /// was is still under way when the new one asks for the cursors. (One that were would be stored, and the
    /// new agent would bring the same records again under an epoch of its own.)
    fn lose_agent_state(&mut self) {
        self.agent = None;
        self.network.lose_everything();
        self.agent_disk = MemDisk::with_seed(self.rng.next_u64());
        self.promised.clear();
    }

    /// Starts the agent if it is down. The start itself may fail; then it is down again.
    pub fn start_agent(&mut self) {
        if self.agent.is_some() {
            return;
        }
        if self.agent_disk.is_dead() {
            self.agent_disk = after(&self.agent_disk, self.next_crash);
        }
        self.agent = AgentNode::start(&self.agent_disk, &self.id, self.spool_kind(), &mut self.sources).ok();
    }

    fn spool_kind(&self) -> SpoolKind {
        SpoolKind {
            small: self.plan.small_spool,
            encrypted: self.plan.encrypted,
        }
    }

    /// Starts the server if it is down.
    pub fn start_server(&mut self) {
        if self.server.is_some() {
            return;
        }
        if self.server_disk.is_dead() {
            self.server_disk = after(&self.server_disk, self.next_crash);
        }
        self.server = ServerNode::start(&self.server_disk).ok();
    }

    /// Everything heals, and whatever waits gets through. Fails when it does not.
    pub fn settle(&mut self) {
        self.network.perfect = true;
        let mut asked_again = false;
        for _ in 0..5_000 {
            self.agent_disk.clear_faults();
            self.server_disk.clear_faults();
            self.start_agent();
            self.start_server();
            for _ in 0..8 {
                self.collect();
            }
            self.send();
            self.deliver();
            self.deliver();
            if self.network.is_empty() {
                self.give_up_waiting();
            }
            self.read();
            if let Some(log) = &mut self.shared_log {
                log.heal();
            }
            if self.is_settled() && !std::mem::replace(&mut asked_again, true) {
                self.ask_again();
            }
            if self.is_settled() {
                self.flush();
                self.crash_server(Crash::Power);
                self.start_server();
                self.read();
                return;
            }
        }
        panic!(
            "the world does not settle: {:?}",
            self.agent.as_ref().map(|agent| agent.delivery.backlog())
        );
    }

    fn is_settled(&self) -> bool {
        let Some(agent) = &self.agent else { return false };
        let read = |source: &Source| {
            source.waiting.is_empty() && source.truth.last().is_none_or(|last| source.position >= last.end)
        };
        self.network.is_empty() && agent.greeted && agent.delivery.is_idle() && self.sources.iter().all(read)
    }

    /// Nothing lost, nothing twice, and what is missing is declared.
    pub fn check(&self) {
        let (messages, gaps) = match (&self.shared_log, &self.server) {
            (Some(log), _) => (log.messages(), log.gaps()),
            (None, server) => {
                let reader = &server.as_ref().expect("the server runs after settling").reader;
                (reader.messages(), reader.gaps())
            }
        };
        let mut times: BTreeMap<String, u32> = BTreeMap::new();
        for message in messages {
            *times.entry(message).or_default() += 1;
        }
        let doubled: Vec<_> = times.iter().filter(|(_, times)| **times > 1).collect();
        assert!(doubled.is_empty(), "stored more than once: {doubled:?}");
        let lost: Vec<_> = self.promised.iter().filter(|text| !times.contains_key(*text)).collect();
        assert!(
            lost.is_empty() || (self.plan.small_spool && gaps > 0),
            "durable in the spool and never stored: {lost:?}"
        );
        let mut missing = 0;
        for source in self.sources.iter().filter(|source| source.is_file) {
            for record in source.truth.iter().filter(|record| !times.contains_key(&record.text)) {
                missing += 1;
                assert!(
                    record.end <= source.gone_before,
                    "lost although it could be read: {record:?}"
                );
            }
        }
        assert!(
            missing == 0 || gaps > 0,
            "{missing} records are missing and no gap is declared"
        );
        if !self.plan.vanishing && !self.plan.lost_state && !self.plan.restored_server && !self.plan.small_spool {
            assert_eq!(gaps, 0, "a gap is declared although everything is there");
        }
    }
}

fn after(disk: &MemDisk, how: Crash) -> MemDisk {
    match how {
        Crash::Kill => disk.kill(),
        Crash::Power => disk.crash(),
    }
}
