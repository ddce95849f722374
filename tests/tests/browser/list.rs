//! The list of all pages: what stands here is looked at in every way, and in the pictures. A new page is a line.

/// Who looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// Nobody is signed in. These pages run no scripts while they are opened, for some would go on by themselves.
    Anybody,
    /// The account's key.
    Account,
    /// The operator's key.
    Operator,
    /// The platform's guest, by a portal link.
    Guest,
}

/// What is done on a page to see another.
#[derive(Clone, Copy, Debug)]
pub(super) enum Do {
    Press(&'static str),
    Fill(&'static str, &'static str),
    /// Opens everything that can be unfolded.
    Unfold,
}

use Do::{Fill, Press, Unfold};

/// A page: its name in the pictures, where it is (what stands in braces is the demo's: `Demo::place`), what is done
/// there first, and what is seen then.
pub(super) type Listed = (&'static str, &'static str, &'static [Do], &'static str);

const TEST: Do = Press("#test .primary");

/// All of them.
pub(super) const PAGES: [(Who, &[Listed]); 4] = [
    (
        Who::Anybody,
        &[
            ("sign-in", "/sign-in", &[], "#key"),
            ("sign-in-refused", "/sign-in", &[Fill("#key", "pbk_none"), Press("main button")], ".note.bad"),
            ("portal", "{portal}", &[], "form[data-submit] button"),
            ("portal-used", "/portal/used", &[], "main .button"),
            ("nowhere", "/nowhere", &[], "main .button"),
            ("reference", "/reference", &[], "#receivers a"),
        ],
    ),
    (
        Who::Account,
        &[
            ("webhooks", "/webhooks", &[], "main tbody"),
            ("webhooks-none", "/webhooks?q=nothing", &[], "main p a[href='/webhooks']"),
            ("test-all", "/webhooks", &[Press("form[action$='/test-all'] button")], "main p[role]"),
            ("new-webhook", "/webhooks/new", &[Unfold], "#filter"),
            ("new-webhook-judged", "/webhooks/new", &[Fill("#url", "http://10.0.0.1")], ".said.bad"),
            ("new-webhook-preview", "/webhooks/new", &[Press("[data-preview]")], "#preview summary"),
            ("new-webhook-refused", "/webhooks/new", &[Press("form.stack .primary")], "#errors"),
            ("webhook", "{good}", &[], "#deliveries tbody"),
            ("webhook-tested", "{good}", &[TEST], ".result.good"),
            ("webhook-idle", "{idle}", &[], "#deliveries .none"),
            ("webhook-test-failed", "{failing}", &[TEST], ".result.bad"),
            ("webhook-no-payload", "{good}", &[Fill("#data", "{"), TEST], ".wrong"),
            ("webhook-secret", "{good}", &[Press("form[action$='/rotate-secret'] button")], "#secret"),
            ("webhook-unverified", "{unproven}", &[TEST], ".result"),
            ("webhook-paused", "{paused}", &[], ".note"),
            ("test", "{idle}", &[TEST], ".result.good"),
            ("webhook-settings", "{good}/edit", &[], "#confirm"),
            ("webhook-kept", "{good}/edit", &[Fill("#confirm", "no"), Press("button.danger")], ".wrong"),
            ("verify", "{unproven}/verify?done=created", &[], "#secret"),
            ("verify-otherwise", "{unproven}/verify?by=code", &[], "#code"),
            ("verify-refused", "{unproven}/verify", &[Press("form.inline .primary")], "#errors"),
            ("deliveries", "/deliveries", &[], "main tbody"),
            ("deliveries-refused", "/deliveries?since=soon", &[], "#errors"),
            ("deliveries-none", "/deliveries?recipient=nobody", &[], ".empty"),
            ("delivery", "/deliveries/{delivered}", &[Unfold], ".state.delivered"),
            ("delivery-dead", "/deliveries/{dead}", &[Unfold], ".state.dead"),
            ("dead-letters", "/dead-letters", &[], "main tbody"),
            ("letters-job", "/dead-letters", &[Press("form[method='post'].filters button")], ".state.done"),
            ("missed-job", "{idle}", &[Press("#missed button")], ".state.done"),
            ("audit", "/audit", &[], "main tbody"),
            ("audit-none", "/audit?by=nobody", &[], ".empty"),
            ("account", "/account", &[], "form.stack .primary"),
            (
                "account-refused",
                "/account",
                &[Fill("#keep\\.days", "0"), Press("form.stack .primary")],
                "#errors",
            ),
            (
                "account-erased",
                "/account",
                &[Fill("#recipient", "x@example.com"), Press("button.danger")],
                "#erased",
            ),
            ("event-types", "/event-types", &[Unfold], "#verify pre"),
            ("event-type", "/event-types/click", &[Unfold], "main pre"),
            ("reference-signed-in", "/reference", &[], "nav"),
            ("reference-section", "/reference/webhooks", &[Unfold], "#createWebhook"),
        ],
    ),
    (
        Who::Operator,
        &[
            ("operators-webhooks", "/webhooks", &[], "main tbody"),
            ("operators-new-webhook", "/webhooks/new", &[], "#account"),
            ("long-name", "{long}", &[], ".note"),
            ("long-name-settings", "{long}/edit", &[Unfold], "#confirm"),
            ("operator", "/operator", &[], "main tbody"),
            (
                "operator-refused",
                "/operator",
                &[Fill("#id", "a b"), Fill("#name", "A"), Press("form[action='/operator/accounts'] button")],
                "#errors",
            ),
            ("operator-account", "{account}", &[], "#scopes"),
            ("operator-key", "{account}", &[Fill("#name", "Server"), Press("form.stack .primary")], "#key"),
            ("operators-deliveries", "/deliveries", &[], "main tbody"),
            ("operators-dead-letters", "/dead-letters", &[], "main tbody"),
            (
                "operators-dead-letter",
                "/dead-letters",
                &[Press("main td a[href^='/dead-letters/']")],
                "main pre",
            ),
            ("operators-audit", "/audit", &[], "main tbody"),
        ],
    ),
    (
        Who::Guest,
        &[
            ("guests-webhooks", "/webhooks", &[], "form.who a"),
            ("guests-new-webhook", "/webhooks/new", &[], "form.stack .primary"),
        ],
    ),
];
