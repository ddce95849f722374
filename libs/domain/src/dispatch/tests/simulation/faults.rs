//! What goes wrong, and how receivers answer.

use super::*;

impl World {
    /// Producers write, and something may break.
    pub(super) fn happen(&mut self) {
        let written = if self.dice.once_in(3) { self.dice.below(4) } else { 0 };
        for _ in 0..written {
            let delivery = self.ends.len();
            self.ends.push(0);
            let webhook = (!self.dice.once_in(30)).then(|| self.dice.below(WEBHOOKS));
            let record = Written { delivery, webhook, progress: Progress::default() };
            self.logs[delivery % LOGS].records.push(record);
        }
        if !self.dice.once_in(8) {
            return;
        }
        let ids: Vec<usize> = self.nodes.keys().copied().collect();
        let Some(id) = self.dice.pick(&ids).copied() else { return self.start() };
        match self.dice.below(14) {
            0 | 1 if self.is_gentle => {}
            0 => self.crash(id),
            1 => self.lose(id),
            2 => self.stop(id),
            3 if self.nodes.len() < 4 => self.start(),
            4 | 5 => self.rebalance(),
            6 => self.change_registry(),
            7 => {
                let node = self.nodes.get_mut(&id).unwrap();
                node.fresh = !node.fresh;
                node.dispatcher.handle_registry();
            }
            _ => {
                use Receiver::{Dawdles, Fails, Fast, Gone, Hangs, Refuses, Slow, Throttles};
                let kinds = [Fast, Fast, Slow, Hangs, Dawdles, Fails, Fails, Refuses, Throttles, Gone];
                let receiver = self.dice.below(WEBHOOKS);
                self.receivers[receiver] = *self.dice.pick(&kinds).unwrap();
            }
        }
    }

    /// From now on nothing breaks any more.
    pub(super) fn heal(&mut self) {
        self.receivers.fill(Receiver::Fast);
        self.start();
        for n in 0..WEBHOOKS {
            let Some(standing) = self.registry.webhook(&format!("w{n}").as_str().into()) else { continue };
            let revision = standing.webhook.revision.next();
            self.registry.apply(
                self.registry.position(),
                Change::Webhook(Box::new(Webhook { revision, state: State::Active, ..hook(n) })),
            );
        }
        for node in self.nodes.values_mut() {
            node.fresh = true;
            node.dispatcher.handle_registry();
        }
    }

    fn start(&mut self) {
        self.nodes.insert(self.next_node, Node::new(self.expire));
        self.next_node += 1;
    }

    fn stop(&mut self, id: usize) {
        let node = self.nodes.get_mut(&id).unwrap();
        if node.stops_by.is_none() {
            node.dispatcher.handle_stop();
            node.stops_by = Some(self.now + self.dice.millis(500, 8_000));
        }
        self.start();
    }

    /// Whatever is under way may or may not have come to its end.
    fn crash(&mut self, id: usize) {
        let Some(node) = self.nodes.remove(&id) else { return };
        self.untold.extend(node.reading.keys());
        for post in node.posts.iter().filter(|post| post.outcome.verdict() == Verdict::Delivered) {
            if self.dice.once_in(2) {
                self.untold.extend(post.members.iter().map(|(place, _)| place.epoch));
                self.accepted(post);
            }
        }
        self.write_by_lot(&node.writes);
        if let Some((_, frontiers)) = node.commit.filter(|_| self.dice.once_in(2)) {
            self.committed(&frontiers);
        }
        let back = self.now + self.dice.millis(0, 6_000);
        self.abandon(node.reading.into_keys().collect(), back);
        self.start();
    }

    /// The group gave the process up, and it lives on.
    fn lose(&mut self, id: usize) {
        let Some(mut node) = self.nodes.remove(&id) else { return };
        let epochs: Vec<Epoch> = std::mem::take(&mut node.reading).into_keys().collect();
        self.untold.extend(&epochs);
        // Writes that are under way are not repeated any more.
        let of_those = |write: &mut Write| epochs.contains(&write.place.epoch);
        let dropped: Vec<Write> = node.writes.extract_if(.., of_those).collect();
        self.write_by_lot(&dropped);
        node.dispatcher.handle_lost(&epochs);
        self.abandon(epochs, self.now);
        self.nodes.insert(id, node);
    }

    fn write_by_lot(&mut self, writes: &[Write]) {
        for write in writes {
            if self.dice.once_in(2) {
                self.untold.insert(write.place.epoch);
                self.written(write);
            }
        }
    }

    fn abandon(&mut self, epochs: Vec<Epoch>, free_at: Timestamp) {
        for epoch in &epochs {
            let log = self.log_of(*epoch);
            self.logs[log].free_at = free_at;
        }
        self.release(epochs);
    }

    /// The group wants a partition back.
    fn rebalance(&mut self) {
        let log = self.dice.below(LOGS);
        let Some((id, epoch)) = self.logs[log].owner else { return };
        let Some(node) = self.nodes.get_mut(&id) else { return };
        if let Some(reading) = node.reading.get_mut(&epoch).filter(|reading| reading.until.is_none()) {
            reading.until = Some(self.now + DRAIN);
            node.dispatcher.handle_revoking(&[epoch]);
        }
    }

    fn change_registry(&mut self) {
        let n = self.dice.below(WEBHOOKS);
        let Some(standing) = self.registry.webhook(&format!("w{n}").as_str().into()) else { return };
        let revision = standing.webhook.revision.next();
        let change = match self.dice.below(8) {
            0 if self.dice.once_in(4) => Change::WebhookGone(standing.webhook.id.clone()),
            0..4 => Change::Webhook(Box::new(Webhook { revision, state: State::Paused, ..hook(n) })),
            _ => Change::Webhook(Box::new(Webhook { revision, ..hook(n) })),
        };
        self.registry.apply(self.registry.position(), change);
        self.nodes.values_mut().for_each(|node| node.dispatcher.handle_registry());
    }

    pub(super) fn call(&mut self, node: &mut Node, members: Vec<(Place, usize)>, standing: Standing) {
        let n: usize = standing.webhook.id.as_str()[1..].parse().unwrap();
        let (takes, outcome) = match self.receivers[n] {
            _ if self.now < self.heals_at && self.dice.once_in(100) => (0, Outcome::Sealed),
            Receiver::Fast => (5, answered(204)),
            Receiver::Slow => (900, answered(200)),
            Receiver::Hangs | Receiver::Dawdles => (3_000, Outcome::TimedOut(Waited::FirstByte)),
            Receiver::Fails => (20, answered(500)),
            Receiver::Refuses => (1, Outcome::ConnectFailed("refused".to_owned())),
            Receiver::Throttles => (3, Outcome::Answered { status: 429, retry_after: Some(secs(3)) }),
            Receiver::Gone => (3, answered(410)),
        };
        let ends = self.now + Duration::from_millis(takes) + self.dice.millis(0, 20);
        node.posts.push(Post { began: self.now, ends, members, outcome, standing });
    }
}
