//! Who did what, on both databases.

use std::time::Duration;

use domain::Timestamp;
use history::History;
use history::audit::AuditSearch;
use history::entry::{Audit, Entry};
use history::retention::Keep;

use crate::support::on_both;
use crate::support::records::*;

fn done(second: i64, action: &str, account: Option<&str>, object: &str) -> Entry {
    Entry::Audit(Audit {
        id: format!("aud_{second:03}").into(),
        at: at(second),
        action: action.into(),
        account: account.map(Into::into),
        object: Some(object.into()),
        by: Some("key_1".into()),
        record: format!("{{\"n\":{second}}}"),
    })
}

async fn found(history: &History, search: &AuditSearch, after: Option<(Timestamp, String)>) -> Vec<String> {
    let found = history.audit(search, after.as_ref(), 2).await.expect("an answer");
    found.iter().map(|it| it.id.to_string()).collect()
}

#[tokio::test]
async fn what_was_done_is_found_by_what_people_know_of_it_once_and_for_as_long_as_it_is_kept() {
    on_both(async |history: History| {
        let entries = [
            done(1, "account.created", Some("acme"), "acme"),
            done(2, "webhook.created", Some("acme"), "wh_1"),
            done(3, "webhook.paused", Some("acme"), "wh_1"),
            done(4, "key.created", None, "key_2"),
        ];
        let batch = records("audit", 0, entries);
        assert_eq!(history.write(&batch).await.unwrap().rows, 4);
        assert_eq!(history.write(&batch).await.unwrap().rows, 0);

        let all = AuditSearch::default();
        assert_eq!(found(&history, &all, None).await, ["aud_004", "aud_003"]);
        let behind = Some((at(3), "aud_003".to_owned()));
        assert_eq!(found(&history, &all, behind).await, ["aud_002", "aud_001"]);
        let of = |change: fn(&mut AuditSearch)| {
            let mut search = AuditSearch { account: Some("acme".into()), ..AuditSearch::default() };
            change(&mut search);
            search
        };
        assert_eq!(found(&history, &of(|_| ()), None).await, ["aud_003", "aud_002"]);
        let first = of(|it| it.action = Some("account.created".into()));
        assert_eq!(found(&history, &first, None).await, ["aud_001"]);
        let hook = of(|it| (it.object, it.until) = (Some("wh_1".into()), Some(at(3))));
        assert_eq!(found(&history, &hook, None).await, ["aud_002"]);
        assert_eq!(found(&history, &of(|it| it.by = Some("key_9".into())), None).await, Vec::<String>::new());

        let short = Duration::from_secs(1);
        let keep = Keep { retention: short, max_attempts: 9, audit: Duration::from_secs(10) };
        assert_eq!(history.trim(at(13), keep).await.unwrap(), 2);
        assert_eq!(found(&history, &all, None).await, ["aud_004", "aud_003"]);
    })
    .await;
}
