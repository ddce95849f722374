//! What waits for a group.

use std::sync::Arc;

use domain::{Frontier, Offset};
use stream::{Lag, LagMeter, Source, SourceEvent, SourceOptions};

use crate::support::{Installation, record, within};

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

    let mut source = Source::start(&here.kafka, &SourceOptions::new(group, vec![topic], 64 * 1024)).unwrap();
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
    source.close(std::time::Duration::from_secs(5)).await;
}
