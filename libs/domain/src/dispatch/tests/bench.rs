//! What the stories of a dispatcher are told with.

use super::*;

/// A dispatcher over two tiers, its registry, and the time.
pub(super) struct Bench {
    pub(super) dispatcher: Dispatcher<i64>,
    pub(super) registry: Registry,
    pub(super) fresh: bool,
    pub(super) now: Timestamp,
}

impl Bench {
    pub(super) fn new(webhooks: &[Webhook]) -> Self {
        Self::with(webhooks, |_| ())
    }

    pub(super) fn with(webhooks: &[Webhook], change: impl FnOnce(&mut DispatchSettings)) -> Self {
        let tiers = Tiers::new([secs(5), secs(30), secs(300)]).unwrap();
        let schedule = Schedule::new(tiers, &[secs(5), secs(30)]).unwrap();
        let mut settings = DispatchSettings::new(schedule);
        change(&mut settings);
        let mut bench = Self {
            dispatcher: Dispatcher::new(settings),
            registry: Registry::default(),
            fresh: true,
            now: at(1_000_000),
        };
        for (offset, webhook) in webhooks.iter().enumerate() {
            bench.register(i64::try_from(offset).unwrap(), webhook.clone());
        }
        bench.dispatcher.handle_assigned(E, Some(Offset(0)), Vec::new());
        bench
    }

    pub(super) fn register(&mut self, offset: i64, webhook: Webhook) {
        self.registry.apply(Offset(offset), Change::Webhook(Box::new(webhook)));
        self.dispatcher.handle_registry();
    }

    pub(super) fn read(&mut self, offset: i64, webhook: &str) {
        self.read_with(offset, webhook, 0, Progress::default());
    }

    pub(super) fn read_with(&mut self, offset: i64, webhook: &str, registry: i64, progress: Progress) {
        let job = Job {
            webhook: webhook.into(),
            delivery: format!("dlv_{offset}").as_str().into(),
            registry: Offset(registry),
            progress,
            bytes: 100,
            payload: offset,
        };
        self.dispatcher.handle_delivery(self.now, place(offset), job);
    }

    /// Everything there is to do now; commits are accepted at once.
    pub(super) fn commands(&mut self) -> Vec<Command<i64>> {
        let mut commands = Vec::new();
        loop {
            let view = View { registry: &self.registry, fresh: self.fresh };
            match self.dispatcher.next_command(self.now, view) {
                Some(Command::Commit(_)) => self.dispatcher.handle_committed(self.now, true),
                Some(command) => commands.push(command),
                None => return commands,
            }
        }
    }

    /// The commit that is asked for now.
    pub(super) fn commit(&mut self) -> Option<Vec<Frontier>> {
        let view = View { registry: &self.registry, fresh: self.fresh };
        std::iter::from_fn(|| self.dispatcher.next_command(self.now, view)).find_map(|command| {
            let Command::Commit(frontiers) = command else { return None };
            Some(frontiers)
        })
    }

    /// Lets webhooks take a call each, from another partition, so that they are known to be brisk.
    pub(super) fn prove(&mut self, webhooks: &[&str]) {
        let epoch = Epoch(99);
        self.dispatcher.handle_assigned(epoch, Some(Offset(0)), Vec::new());
        for (n, webhook) in (0..).zip(webhooks) {
            let place = Place { epoch, offset: Offset(n) };
            let (registry, progress) = (Offset(0), Progress::default());
            let (webhook, delivery) = ((*webhook).into(), "dlv".into());
            let job = Job { webhook, delivery, registry, progress, bytes: 100, payload: n };
            self.dispatcher.handle_delivery(self.now, place, job);
            assert_eq!(self.sends(), [n]);
            self.dispatcher.handle_outcome(self.now, place, self.now, &answered(200));
        }
    }

    /// What is sent now, by offset.
    pub(super) fn sends(&mut self) -> Vec<i64> {
        let send = |command: &Command<i64>| {
            let Command::Send { members, .. } = command else { return None };
            members.first().map(|(place, _)| place.offset.0)
        };
        let commands = self.commands();
        let sends: Vec<i64> = commands.iter().filter_map(send).collect();
        assert_eq!(sends.len(), commands.len(), "only sends are expected: {commands:?}");
        sends
    }

    pub(super) fn outcome(&mut self, offset: i64, outcome: &Outcome) -> Fate {
        self.dispatcher.handle_outcome(self.now, place(offset), self.now, outcome).remove(0)
    }

    pub(super) fn frontier(&self) -> Vec<Frontier> {
        let mut claims = self.dispatcher.claims.clone();
        claims.committed(self.now, false);
        claims.next_commit(self.now + secs(1), |_| true).unwrap_or_default()
    }
}
