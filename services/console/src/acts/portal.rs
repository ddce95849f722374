//! Links by which the platform's own dashboard sends its people to the pages.

use domain::Scope;
use url::Url;
use wire::api::{NewPortalLink, PortalLink};

use super::chance;
use crate::problem::Refusal;
use crate::rules::access::Actor;
use crate::rules::audit::Deed;
use crate::rules::portal;
use crate::words::sentence;
use crate::world::{Console, World};

impl<W: World> Console<W> {
    /// Makes a link that signs somebody in once, to act for an account with no more than the asker's own rights.
    ///
    /// # Errors
    /// When there is no such account for who asks, a field will not do, or nobody knows where the pages are.
    pub async fn create_portal_link(
        &self,
        actor: &Actor,
        account: &str,
        new: &NewPortalLink,
    ) -> Result<PortalLink, Refusal> {
        actor.require(Scope::WebhooksRead)?;
        let account = self.look(|registry| actor.account(registry, account))?;
        let here = self
            .public_url
            .as_ref()
            .ok_or_else(|| Refusal::Conflict { code: "no-public-url", detail: sentence!("no-public-url") })?;
        let writes = actor.key().allows(Scope::WebhooksWrite);
        let draft = portal::prepare(new, &account, writes, self.world.now(), &mut chance)?;
        let subject = serde_json::to_value(&draft.guest).unwrap_or_default();
        let name = domain::KeyHash::of(&draft.token).to_string();
        self.history().add_link(&name, &subject, draft.expires_at).await?;
        let made = Some(draft.guest.link.clone());
        self.audit(actor, vec![Deed::new("portal_link.created", Some(account), made)]).await;
        tracing::info!(portal.link = draft.guest.link, key.id = %actor.key().id, "a portal link was made");
        Ok(PortalLink { url: place(here, &draft.token), expires_at: draft.expires_at })
    }
}

fn place(here: &Url, token: &str) -> String {
    format!("{}/portal/{token}", here.as_str().trim_end_matches('/'))
}
