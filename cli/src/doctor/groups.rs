//! Whether each service is at work: its group's members, and what waits for it.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use stream::{KafkaSettings, Lag, LagMeter};
use tokio::time::timeout;

use super::Round;
use super::finding::Finding;

/// Looks at the three services that read what others write.
pub(super) async fn look(round: &Round<'_>) -> Vec<Finding> {
    let Ok(topics) = round.context.topics() else { return Vec::new() };
    let retries = topics.retries().map(|(_, topic)| Arc::clone(topic)).collect();
    let groups = [
        ("fanout", vec![Arc::clone(&topics.events)]),
        ("delivery", vec![Arc::clone(&topics.deliveries)]),
        ("retry", retries),
    ];
    let prefix = &round.context.topic_settings.prefix;
    let looks = groups.map(|(service, topics)| async move {
        let group = format!("{prefix}{service}");
        match timeout(round.patience, ask(&round.context.kafka, &group, topics)).await {
            Ok(Ok((members, lag))) => judge(service, &group, members, &lag),
            Ok(Err(why)) => unknown(&group, &why),
            Err(_) => unknown(&group, "no answer in time"),
        }
    });
    join_all(looks).await
}

async fn ask(kafka: &KafkaSettings, group: &str, topics: Vec<Arc<str>>) -> Result<(usize, Vec<Lag>), String> {
    let meter = LagMeter::new(kafka, group, topics).map_err(|error| error.to_string())?;
    let members = meter.members().await.map_err(|error| error.to_string())?;
    let mut tries = 0;
    loop {
        tries += 1;
        match meter.look().await {
            Ok(lag) => return Ok((members, lag)),
            // Leaders move, and new topics take a moment.
            Err(_) if tries < TRIES => tokio::time::sleep(PAUSE).await,
            Err(error) => return Err(error.to_string()),
        }
    }
}

const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(400);

fn judge(service: &str, group: &str, members: usize, lag: &[Lag]) -> Finding {
    let name = format!("group {group}");
    let waiting: u64 = lag.iter().map(|lag| lag.records).sum();
    let partitions: usize = lag.iter().map(|lag| lag.partitions).sum();
    if members == 0 {
        let seen = format!("nobody is in it; {waiting} records wait");
        let todo = format!(
            "start {service} (kubectl get pods --selector app.kubernetes.io/component={service}), and look at its log. Or this \
             user may not see the group: it needs Describe on {group}"
        );
        return Finding::warning(name, seen, todo);
    }
    let seen = format!("{members} at work on {partitions} partitions; {waiting} records wait");
    if members > partitions {
        let todo = format!(
            "{} have nothing to do: fewer pods, or more partitions (docs/operations/scaling.md)",
            members - partitions
        );
        return Finding::warning(name, seen, todo);
    }
    Finding::ok(name, seen)
}

fn unknown(group: &str, why: &str) -> Finding {
    Finding::unchecked(format!("group {group}"), why)
        .or_else(format!("look at the topics first; this user needs Describe on the group {group}"))
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn a_group_is_well_when_each_member_can_have_work() {
        let lag = |partitions| [Lag { topic: "p.events".into(), partitions, records: 7 }];
        let judged = |members, partitions| judge("fanout", "p.fanout", members, &lag(partitions));
        assert_eq!(
            judged(2, 12),
            Finding::ok("group p.fanout", "2 at work on 12 partitions; 7 records wait")
        );
        assert_eq!((judged(0, 12).verdict, judged(4, 3).verdict), (Verdict::Warning, Verdict::Warning));
        assert!(judged(0, 12).todo.unwrap().contains("component=fanout"));
        assert!(judged(4, 3).todo.unwrap().starts_with("1 have nothing to do"));
    }
}
