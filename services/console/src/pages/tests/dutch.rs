//! What the rules say, to those who read Dutch.

use super::*;

/// Somebody of acme who has chosen Dutch, and the place of a webhook that they have just made.
async fn dutch() -> (Browser, String) {
    let mut browser = Browser::signed_in(ACME).await;
    browser.go("/language/nl").await.expect(303);
    let page = webhook_page(&mut browser).await;
    (browser, page)
}

#[tokio::test]
async fn a_form_that_will_not_do_is_refused_in_dutch() {
    let (mut browser, _) = dutch().await;
    let mut refused = async |fields: &[(&str, &str)]| {
        browser.submit("/webhooks/new", "/webhooks/new", fields).await.expect(422).text
    };
    let local = refused(&[("url", "https://localhost/x"), ("types", "click")]).await;
    let said = "&#39;localhost&#39; is een naam uit een particulier netwerk; gebruik een openbare hostnaam";
    assert_eq!(local.matches(said).count(), 2, "in the summary and at the field: {local}");
    let address = refused(&[("url", "https://127.0.0.1/x"), ("types", "click")]).await;
    assert!(address.contains("127.0.0.1 is een loopback-adres; gebruik een openbare hostnaam"), "{address}");
    let more = [("types", "Click"), ("filter", "dta.id == 1"), ("per_second", "0")];
    let many = refused(&[&[("url", NEW[0].1)], &more[..]].concat()).await;
    for said in [
        "&#39;Click&#39; kan geen soort event zijn: gebruik een kleine letter",
        "kent &#39;dta&#39; niet: gebruik type, data, account, source, time",
        "moet 1 tot en met 10000 zijn, of null voor geen limiet",
    ] {
        assert!(many.contains(said), "{said}: {many}");
    }
    let number = refused(&[("url", NEW[0].1), ("timeout", "kort"), ("concurrency", "veel")]).await;
    assert!(number.contains("moet een geheel getal zijn, niet &#39;veel&#39;"), "{number}");
    assert!(number.contains("&#39;kort&#39; is geen duur"), "{number}");
    let typed = browser.go("/webhooks/check-url?url=https%3A%2F%2Fann%40a.example%2F").await.expect(200);
    let said = "een gebruikersnaam of wachtwoord mag er niet in staan; stuur ze in een eigen header";
    assert_eq!(typed.text, json!({"good": false, "said": said}).to_string());
}

#[tokio::test]
async fn what_each_place_answered_and_what_cannot_be_is_said_in_dutch() {
    let (mut browser, page) = dutch().await;
    let verify = format!("{page}/verify");
    let tried = async |browser: &mut Browser, fields: &[(&str, &str)]| {
        browser.submit(&verify, &verify, fields).await.expect(422).text
    };
    browser.world.serve(|_| answered(404, ""));
    let missing = tried(&mut browser, &[("by", "file")]).await;
    let said = "het endpoint antwoordde 404: het bestand is er niet";
    assert_eq!(missing.matches(said).count(), 2, "in both places: {missing}");
    let code = tried(&mut browser, &[("by", "code"), ("code", "AAAAA-AAAAA")]).await;
    assert!(code.contains("is niet de code die het afgelopen half uur naar de URL gePOST is"), "{code}");
    let csrf = browser.go(&page).await.expect(200).csrf();
    let paused = browser.send(&format!("{page}/pause"), &[("csrf", &csrf)]).await.expect(409).text;
    let said = "een webhook die niet geverifieerd is, kan niet worden gepauzeerd: verifieer eerst de URL";
    assert!(paused.contains(said), "{paused}");
    let none = browser.go("/webhooks/wh_none").await.expect(404).text;
    assert!(none.contains("er is geen webhook met dat id"), "{none}");
    let shown = browser.submit(&page, &format!("{page}/test"), &[("type", "open"), ("data", "{}")]).await;
    let shown = shown.expect(200).text;
    assert!(shown.contains("niet verstuurd: verifieer eerst de URL"), "{shown}");
    assert!(shown.contains("open staat niet bij de soorten: click"), "{shown}");
}

#[tokio::test]
async fn what_became_of_deliveries_is_told_in_dutch() {
    let mut browser = Browser::on(crate::api::tests::history::filled().await);
    browser.send("/sign-in", &[("key", ACME), ("next", "")]).await.expect(303);
    browser.go("/language/nl").await.expect(303);
    let failed = browser.go("/deliveries/d2").await.expect(200).text;
    assert!(failed.contains("het endpoint antwoordde 500"), "{failed}");
    assert!(failed.contains("Kafka bewaart het event niet meer"), "{failed}");
    let letters = browser.go("/dead-letters").await.expect(200).text;
    for said in ["alle pogingen mislukten", "het endpoint bestaat niet meer"] {
        assert!(letters.contains(said), "{said}: {letters}");
    }
    assert!(!letters.contains("it was tried for too long"), "{letters}");
}
