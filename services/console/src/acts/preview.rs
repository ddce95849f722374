//! Which of the last events would a webhook with these conditions have got, and how many calls is that?

use std::time::Duration;

use domain::{Offset, Scope, Trigger, Types};
use futures::stream::StreamExt as _;
use wire::api::{NewPreview, Preview};

use crate::live::places::{Bounds, Places};
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::fields::{self, Errors};
use crate::rules::preview::Lately;
use crate::rules::trigger as conditions;
use crate::words::sentence;
use crate::world::{Console, World};

/// Records of all accounts that are looked through, at most.
const RECORDS: i64 = 20_000;
/// How long that may take.
const PATIENCE: Duration = Duration::from_secs(3);

impl<W: World> Console<W> {
    /// Tries types and conditions on the last events of an account.
    ///
    /// # Errors
    /// Names each field that will not do; or when the topic of events cannot be looked into.
    pub async fn preview(&self, actor: &Actor, asked: &NewPreview) -> Result<Preview, Refusal> {
        actor.require(Scope::WebhooksRead)?;
        let account = self.look(|registry| actor.account_meant(registry, asked.account.as_deref()))?;
        let mut errors = Errors::default();
        let types = asked.types.as_ref().map_or(Types::All, |types| fields::types(types, &mut errors));
        conditions::check(&asked.conditions(), &mut errors);
        errors.finish()?;
        let trigger = conditions::over(&Trigger::default(), &asked.conditions());
        let bounds = self.world.event_bounds().await.map_err(Refusal::no_events)?;
        let from = lately(&bounds);
        let mut seen =
            Lately::new(account, (types, trigger), (&from, &bounds), self.event_max_bytes, self.world.now());
        let mut records = self.world.read_events(&from, Some(&bounds.ends()));
        let reading = async {
            while let Some(record) = records.next().await {
                seen.read(&record.map_err(Refusal::no_events)?);
            }
            Ok::<_, Refusal>(())
        };
        let late = |_| Refusal::no_events(sentence!("events-slow", seconds = PATIENCE.as_secs()));
        tokio::time::timeout(PATIENCE, reading).await.map_err(late)??;
        Ok(seen.told())
    }
}

/// The end of the log: as much of each partition.
fn lately(Bounds(bounds): &Bounds) -> Places {
    let share = RECORDS / i64::try_from(bounds.len().max(1)).unwrap_or(RECORDS);
    bounds.iter().map(|(partition, (low, end))| (*partition, Offset((end.0 - share).max(low.0)))).collect()
}

#[cfg(test)]
mod tests {
    use domain::Partition;

    use super::*;

    #[test]
    fn a_long_log_is_looked_through_from_a_share_before_its_end() {
        let bounds = [(0, (5, 9)), (1, (0, 50_000))];
        let bounds = bounds.map(|(n, (low, end))| (Partition(n), (Offset(low), Offset(end))));
        assert_eq!(lately(&Bounds(bounds.into())).to_string(), "0-5,1-40000");
    }
}
