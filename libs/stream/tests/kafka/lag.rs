//! What waits for a group.

use std::sync::Arc;
use std::time::Duration;

use domain::{Clock as _, Frontier, Offset};
use stream::{Kept, Lag, LagMeter, Overdue, Source, SourceEvent, SourceOptions};

use crate::support::{Installation, WallClock, record, within};

#[tokio::test]
async fn what_a_group_has_not_committed_waits_for_it() {
    let here = Installation::with_registry("lag").await;
    let topic = here.registry_topic();
    let group = format!("{topic}.group");
    let meter = LagMeter::new(&here.kafka, &group, vec![Arc::clone(&topic)]).unwrap();
    let sink = here.sink();
    for n in 0..7 {
        sink.send(&record(&topic, "k", Some(&n.to_string()))).await.unwrap();
    }
    let waiting = meter.look().await.unwrap();
    assert_eq!(
        waiting,
        [Lag { topic: Arc::clone(&topic), partitions: 1, records: 7 }],
        "nobody ever committed"
    );
    assert_eq!(meter.members().await.unwrap(), 0, "there is no such group");

    let mut source =
        Source::start(&here.kafka, &SourceOptions::new(group, vec![Arc::clone(&topic)], 64 * 1024)).unwrap();
    within(30, "the first of them are committed", async {
        loop {
            match source.next().await {
                SourceEvent::Records(records) => {
                    let Some((epoch, third)) = records.iter().find(|(_, it)| it.offset == Offset(2)) else {
                        continue;
                    };
                    source.commit(vec![Frontier { epoch: *epoch, offset: third.offset, completed: vec![] }]);
                }
                SourceEvent::Committed(result) => return result.unwrap(),
                SourceEvent::Failed(why) => panic!("{why}"),
                SourceEvent::Assigned { .. } | SourceEvent::Revoking(_) | SourceEvent::Lost(_) => {}
            }
        }
    })
    .await;
    assert_eq!(meter.look().await.unwrap()[0].records, 5);
    assert_eq!(meter.members().await.unwrap(), 1);

    let (now, minute) = (WallClock.now(), Duration::from_secs(60));
    let closely = async |now, held| {
        let kept = Kept { topic: Arc::clone(&topic), held, retention: Some(60 * minute) };
        let [Overdue { due, oldest, .. }] = meter.look_closely(now, vec![kept]).await.unwrap()[..] else {
            panic!("one topic was asked for")
        };
        (due, oldest.as_secs() / 60)
    };
    assert_eq!(closely(now, Duration::ZERO).await, (5, 0), "just written");
    let later = now + 45 * minute;
    let (due, oldest) = closely(later, 30 * minute).await;
    assert!(due == 5 && (44..=45).contains(&oldest), "{due} that are {oldest} minutes old");
    assert_eq!(closely(later, 50 * minute).await.0, 0, "they are held for longer");
    source.close(Duration::from_secs(5)).await;
}
