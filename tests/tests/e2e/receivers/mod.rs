//! Receivers of all languages, each on live calls: what they take, and what they refuse.

mod documented;
mod forgery;
mod libraries;

use harness::{Call, Hook, Receiver, World};
use serde_json::json;

use forgery::Forgery;

/// What a receiver can be shown.
struct Live {
    world: World,
    hook: Hook,
    /// A call as it was delivered.
    call: Call,
    /// The same delivery to another webhook of the account.
    others: Call,
}

impl Live {
    async fn start(story: &str) -> Self {
        let world = World::start(story).await;
        world.account("acme").await;
        let (receiver, another) = (Receiver::start().await, Receiver::start().await);
        let hook = world.hook("acme", &receiver, &[], json!({})).await;
        world.hook("acme", &another, &[], json!({})).await;
        world.clicks("acme", 1).await;
        receiver.until_accepted(1).await;
        another.until_accepted(1).await;
        let (call, others) = (receiver.calls()[0].clone(), another.calls()[0].clone());
        Self { world, hook, call, others }
    }

    /// The call in every form that a receiver has to take.
    fn genuine(&self) -> Vec<(&'static str, Call)> {
        let signature = self.call.header("webhook-signature");
        let with =
            |other: &str| forgery::with(&self.call, "webhook-signature", &format!("{other} {signature}"));
        vec![
            ("as it came", self.call.clone()),
            ("and once more, since it may come twice", self.call.clone()),
            ("behind the signature of another secret, as in a rotation", with(OTHER_SIGNATURE)),
            ("behind a signature of a scheme to come", with("v1a,AAAA")),
        ]
    }

    /// What looks like it and is not.
    fn forged(&self) -> Vec<Forgery> {
        forgery::all(&self.call, &self.others, &self.hook.secret)
    }
}

/// Well-formed, and nobody's.
const OTHER_SIGNATURE: &str = "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
