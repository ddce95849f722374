//! Mails to accounts' contacts: on the first failure that lasts, and when a webhook is disabled. At most one per webhook and
//! hour, from one of several consoles.

mod mail;

use std::sync::Arc;
use std::time::Duration;

use domain::DisabledReason;
use process::Lifecycle;
use tokio::time::sleep;
use url::Url;

use crate::rules::notices::{Notice, What, due};
use crate::words::Language;
use crate::world::{Console, World};
pub use mail::MailSettings;
pub(crate) use mail::{Mail, Post};

/// How often is looked whether there is something to tell.
const LOOK: Duration = Duration::from_secs(15);
/// How far apart two mails about one webhook are at least.
const APART: Duration = Duration::from_secs(3_600);

/// Tells accounts of their webhooks until the service stops.
pub(crate) fn start<W: World, P: Post>(
    console: &Arc<Console<W>>,
    post: P,
    sustained: Duration,
    lifecycle: &Lifecycle,
) {
    let (console, stop) = (Arc::clone(console), lifecycle.clone());
    lifecycle.spawn("notices", async move {
        let telling = async {
            loop {
                tell(&console, &post, sustained).await;
                sleep(LOOK).await;
            }
        };
        stop.until_stop(telling).await;
        Ok(())
    });
}

/// Tells what there is to tell and was not told yet. What could not be sent is sent later.
async fn tell<W: World>(console: &Console<W>, post: &impl Post, sustained: Duration) {
    let now = console.world.now();
    for notice in console.world.look(|registry| due(registry, now, sustained)).unwrap_or_default() {
        let (history, webhook, mark) = (console.history(), notice.webhook.as_str(), notice.what.mark());
        match history.claim_notice(webhook, &mark, now, APART).await {
            Ok(true) => {}
            Ok(false) => continue,
            // Whoever keeps the history says so aloud.
            Err(error) => return tracing::debug!(%error, "no notice can be sent"),
        }
        let sent = post.send(&written(&notice, console.public_url.as_ref())).await;
        console.telemetry.told(sent.is_ok());
        match sent {
            Ok(()) => tracing::info!(webhook.id = webhook, what = mark, "an account was told by mail"),
            Err(error) => {
                tracing::warn!(webhook.id = webhook, what = mark, %error, "a notice could not be sent");
                if let Err(error) = history.withdraw_notice(webhook, &mark).await {
                    tracing::warn!(webhook.id = webhook, %error, "and will not be sent again");
                }
            }
        }
    }
}

/// A notice in its reader's language.
fn written(notice: &Notice, here: Option<&Url>) -> Mail {
    let language = Language::tagged(&notice.contact.language).unwrap_or(Language::English);
    let link = here.map_or_else(
        || language.say("notice-no-link"),
        |here| format!("{}/webhooks/{}", here.as_str().trim_end_matches('/'), notice.webhook),
    );
    let (id, since) = match notice.what {
        What::Failing(since) => ("notice-failing", wire::text::rfc3339(since)),
        What::Disabled(_, DisabledReason::Gone) => ("notice-gone", String::new()),
        What::Disabled(_, DisabledReason::Failing) => ("notice-disabled", String::new()),
    };
    let about = [
        ("name", notice.name.clone()),
        ("account", notice.account.to_string()),
        ("since", since),
        ("link", link),
    ];
    let part = |part| language.say_about(&format!("{id}-{part}"), &about);
    Mail { to: notice.contact.email.clone(), subject: part("subject"), text: part("text") }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use domain::{Account, Change, Contact, Health, Revision, State};

    use super::*;
    use crate::testing::*;

    const TEN: Duration = Duration::from_secs(600);

    /// Keeps what it is given, or takes nothing.
    #[derive(Default)]
    struct Box {
        mails: Mutex<Vec<Mail>>,
        is_closed: Mutex<bool>,
    }

    impl Post for Box {
        async fn send(&self, mail: &Mail) -> Result<(), String> {
            if *self.is_closed.lock().unwrap() {
                return Err("no room".to_owned());
            }
            self.mails.lock().unwrap().push(mail.clone());
            Ok(())
        }
    }

    async fn failing(language: &str) -> Fake {
        let world = Fake::new(registry());
        world.with_history().await;
        let contact = Contact { email: "ops@acme.example".into(), language: language.to_owned() };
        world.put(Change::Account(Account { contact: Some(contact), ..account("acme") }));
        world.put(Change::Webhook(webhook("wh_a", "acme", State::Active).into()));
        world.put(health(None));
        world
    }

    fn health(disabled: Option<DisabledReason>) -> Change {
        let failing_since = Some(NOW - TEN);
        Change::Health(Health { webhook: "wh_a".into(), revision: Revision(1), failing_since, disabled })
    }

    #[tokio::test]
    async fn a_contact_is_told_once_in_its_language_with_a_link() {
        let (world, post) = (failing("nl").await, Box::default());
        let console = world.console();
        tell(&console, &post, TEN).await;
        tell(&console, &post, TEN).await;
        let mails = post.mails.lock().unwrap();
        let [mail] = &mails[..] else { panic!("{mails:?}") };
        assert_eq!(mail.to, "ops@acme.example");
        assert!(mail.subject.contains("faalt"), "{}", mail.subject);
        assert!(mail.text.contains("https://hooks.example/webhooks/wh_a"), "{}", mail.text);
        assert!(mail.text.contains("2025-12-31T23:50:00.000Z"), "{}", mail.text);
    }

    #[tokio::test]
    async fn that_it_was_disabled_waits_until_the_hour_is_over() {
        let (world, post) = (failing("en").await, Box::default());
        let console = world.console();
        tell(&console, &post, TEN).await;
        world.put(health(Some(DisabledReason::Failing)));
        tell(&console, &post, TEN).await;
        assert_eq!(post.mails.lock().unwrap().len(), 1);
        world.later(APART);
        tell(&console, &post, TEN).await;
        let mails = post.mails.lock().unwrap();
        assert!(mails[1].subject.contains("disabled"), "{mails:?}");
    }

    #[tokio::test]
    async fn what_no_server_took_is_sent_later() {
        let (world, post) = (failing("en").await, Box::default());
        let console = world.console();
        *post.is_closed.lock().unwrap() = true;
        tell(&console, &post, TEN).await;
        *post.is_closed.lock().unwrap() = false;
        tell(&console, &post, TEN).await;
        assert_eq!(post.mails.lock().unwrap().len(), 1);
    }
}
