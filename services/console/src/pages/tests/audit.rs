//! What is written down of those who come by the pages, and who sees it.

use super::*;

#[tokio::test]
async fn who_comes_and_goes_and_who_is_not_let_in_is_written_down() {
    let mut browser = Browser::signed_in(ACME).await;
    let page = webhook_page(&mut browser).await;
    browser.submit(&page, &format!("{page}/secret"), &[]).await.expect(200);
    browser.submit("/webhooks", "/sign-out", &[]).await.expect(303);
    browser.send("/sign-in", &[("key", "pbk_geheim"), ("next", "")]).await.expect(422);
    let log = browser.world.audited();
    let told: Vec<_> = log.iter().map(|it| (it.action.as_str(), it.by.as_deref())).collect();
    let acme = Some("key_acme-key");
    assert_eq!(
        told,
        [
            ("session.began", acme),
            ("webhook.created", acme),
            ("secret.revealed", acme),
            ("session.ended", acme),
            ("session.refused", None),
        ]
    );
    assert!(log.iter().all(|it| it.door == "pages" && it.address.as_deref() == Some("192.0.2.1")));
    assert!(log.iter().all(|it| it.user_agent.as_deref() == Some("Test/1")));
}

#[tokio::test]
async fn a_guest_is_known_by_the_link_that_it_came_by() {
    let world = Fake::new(registry());
    world.with_history().await;
    let console = world.console();
    let now = crate::world::World::now(&world);
    let platform = console.look(|registry| crate::rules::access::Actor::of(registry, ACME, now)).unwrap();
    let link = console.create_portal_link(&platform, "acme", &Default::default()).await.unwrap();
    let token = link.url.rsplit('/').next().unwrap().to_owned();
    let mut browser = Browser::on(world);
    browser.send("/portal", &[("token", &token)]).await.expect(303);
    browser.send("/portal", &[("token", &token)]).await.expect(404);
    webhook_page(&mut browser).await;
    let log = browser.world.audited();
    let made = log[0].object.as_deref();
    let told: Vec<_> = log[1..].iter().map(|it| (it.action.as_str(), it.by.as_deref(), &*it.door)).collect();
    assert_eq!(
        told,
        [
            ("session.began", made, "portal"),
            ("session.refused", None, "portal"),
            ("webhook.created", made, "portal"),
        ]
    );
}

#[tokio::test]
async fn the_log_is_a_page_and_what_clients_say_of_themselves_is_only_text() {
    let mut browser = Browser::signed_in(OPERATOR).await;
    let empty = browser.go("/audit").await.expect(200);
    assert!(empty.text.contains("Nothing here"), "{}", empty.text);
    browser.world.with_history().await.write(&[said("<script>alert(1)</script>")]).await.unwrap();
    let page = browser.go("/audit?action=webhook.changed").await.expect(200).text;
    assert!(page.contains("key_x") && page.contains("url, name") && page.contains("192.0.2.9"), "{page}");
    assert!(!page.contains("<script>alert") && page.contains("&#60;script&#62;"), "{page}");
    browser.go("/audit?since=soon").await.expect(422);
}

/// Somebody changed a webhook, with a client that calls itself so.
fn said(agent: &str) -> history::entry::Read {
    use domain::{Offset, Partition};
    use history::entry::{Audit, Entry, Read};
    let record = json!({"v": 1, "id": "aud_1", "at": "2026-01-01T00:00:00.000Z", "action": "webhook.changed",
        "account": "acme", "object": "wh_1", "fields": ["url", "name"], "by": "key_x", "operator": false,
        "door": "api", "address": "192.0.2.9", "user_agent": agent});
    Read {
        topic: "postbode.audit".into(),
        partition: Partition(0),
        offset: Offset(0),
        timestamp: NOW,
        entry: Some(Entry::Audit(Audit {
            id: "aud_1".into(),
            at: NOW,
            action: "webhook.changed".into(),
            account: Some("acme".into()),
            object: Some("wh_1".into()),
            by: Some("key_x".into()),
            record: record.to_string(),
        })),
    }
}
