//! A process around a dispatcher: what it reads, and what of its commands is under way.

use super::*;

pub(super) struct Node {
    pub(super) dispatcher: Dispatcher<usize>,
    pub(super) reading: BTreeMap<Epoch, Reading>,
    pub(super) posts: Vec<Post>,
    pub(super) writes: Vec<Write>,
    /// The commit under way, and when it is answered.
    pub(super) commit: Option<(Timestamp, Vec<Frontier>)>,
    pub(super) fresh: bool,
    /// When it is told to stop, by when.
    pub(super) stops_by: Option<Timestamp>,
}

pub(super) struct Reading {
    pub(super) log: usize,
    pub(super) next: Offset,
    pub(super) paused: bool,
    /// The group wants it back by then.
    pub(super) until: Option<Timestamp>,
}

pub(super) struct Post {
    pub(super) began: Timestamp,
    pub(super) ends: Timestamp,
    pub(super) members: Vec<(Place, usize)>,
    pub(super) outcome: Outcome,
    pub(super) standing: Standing,
}

pub(super) struct Write {
    pub(super) ends: Timestamp,
    pub(super) place: Place,
    pub(super) delivery: usize,
    /// None: to the dead letters.
    pub(super) tier: Option<(Tier, Progress)>,
}

impl Node {
    pub(super) fn new(expire: Duration) -> Self {
        let tiers = Tiers::new([secs(1), secs(5), secs(30)]).unwrap();
        let schedule = Schedule::new(tiers, &[secs(1), secs(5), secs(5), secs(30)]).unwrap();
        let mut settings = DispatchSettings::new(schedule);
        settings.max_open = 8;
        settings.account_open = 6;
        settings.window = Window { undone: 12, span: 60, bytes: 1 << 20 };
        settings.defer = secs(5);
        settings.expire = expire;
        settings.breaker.longest = secs(30);
        Self {
            dispatcher: Dispatcher::new(settings),
            reading: BTreeMap::new(),
            posts: Vec::new(),
            writes: Vec::new(),
            commit: None,
            fresh: true,
            stops_by: None,
        }
    }

    /// Takes what has ended by now.
    pub(super) fn ended(&mut self, now: Timestamp) -> (Vec<Post>, Vec<Write>) {
        let posts = self.posts.extract_if(.., |post| post.ends <= now).collect();
        (posts, self.writes.extract_if(.., |write| write.ends <= now).collect())
    }

    /// When something happens in it next.
    pub(super) fn next(&self) -> Timestamp {
        let ends = self.posts.iter().map(|post| post.ends).chain(self.writes.iter().map(|write| write.ends));
        let commit = self.commit.iter().map(|(at, _)| *at);
        ends.chain(commit).fold(self.dispatcher.poll_timeout(), Timestamp::min)
    }
}
