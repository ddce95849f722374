//! Processes of an installation: killed, stopped, started, and started again when they end by themselves.

use harness::Kind;
use tokio::time::Instant;

use super::Stage;

impl Stage {
    /// Kills one process of a service by lot.
    pub(crate) async fn kill_one(&mut self, kind: Kind) {
        let mut victim = self.take_by_lot(kind);
        self.note_kill();
        victim.signal("KILL");
        victim.ended().await;
        self.open_doors();
    }

    /// What is not committed now may be done again.
    pub(crate) fn note_kill(&mut self) {
        self.kills.push(Instant::now());
    }

    /// Starts one more process of a service, and waits until it is ready.
    pub(crate) async fn add(&mut self, kind: Kind) {
        self.world.add(kind).await;
        self.open_doors();
    }

    /// Stops one process of a service in good order. Producers are told first, as a load balancer is.
    pub(crate) async fn stop_one(&mut self, kind: Kind) {
        let leaving = self.take_by_lot(kind);
        self.open_doors();
        self.stop(leaving).await;
    }

    /// Stops the oldest process of a service in good order, once another one is there.
    pub(crate) async fn replace_oldest(&mut self, kind: Kind) {
        self.add(kind).await;
        let leaving = self.world.take(kind);
        self.open_doors();
        self.stop(leaving).await;
    }

    /// A process of a service by lot, which is no longer looked after.
    pub(crate) fn take_by_lot(&mut self, kind: Kind) -> harness::ServiceProcess {
        let of_kind = |index: &usize| self.world.services[*index].kind == kind;
        let candidates: Vec<usize> = (0..self.world.services.len()).filter(of_kind).collect();
        let index = candidates[self.dice.below(candidates.len())];
        self.world.services.remove(index)
    }

    /// Tells the producers where ingest listens.
    pub(crate) fn open_doors(&self) {
        let ingests = self.world.services.iter().filter(|service| service.kind == Kind::Ingest);
        self.load.doors(ingests.filter_map(harness::ServiceProcess::api_if_bound).collect());
    }

    /// Starts again what ended by itself, as an orchestrator does.
    pub(crate) fn supervise(&mut self) {
        let mut index = 0;
        while index < self.world.services.len() {
            let Some(code) = self.world.services[index].has_ended() else {
                index += 1;
                continue;
            };
            let kind = self.world.services.remove(index).kind;
            let code = code.map_or("a signal".to_owned(), |code| format!("code {code}"));
            self.remarks.push(format!("{} ended by itself with {code} and was started again", kind.name()));
            self.note_kill();
            self.world.spawn(kind);
        }
        self.open_doors();
    }

    async fn stop(&mut self, mut leaving: harness::ServiceProcess) {
        leaving.signal("TERM");
        let (kind, code) = (leaving.kind, leaving.ended().await);
        self.expect(code == Some(0), format!("{} did not stop cleanly: {code:?}", kind.name()));
    }
}
