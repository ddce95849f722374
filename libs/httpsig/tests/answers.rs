//! Known answers of the scheme's sources, and what a careful receiver refuses.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::Timestamp;
use http::{HeaderMap, HeaderName, HeaderValue};
use httpsig::{
    Call, KeyError, PlatformKey, PublishedKeys, Received, Refusal, Ring, Scheme, SigningSettings,
    spki_from_pem, verify,
};

/// 2014-01-05 21:31:40.
const THEN: Timestamp = Timestamp::from_millis(1_388_957_500_000);

/// A call that SMTPeter's documentation signs, with a key made for it.
const SMTPETERS: [(&str, &str); 8] = [
    ("host", "yourserver.yourdomain.com"),
    ("date", "Sun, 05 Jan 2014 21:31:40 GMT"),
    ("content-length", "18"),
    ("content-type", "application/x-www-form-urlencoded"),
    ("x-copernica-id", "environment-1234"),
    ("digest", "sha-256=9lB6NVBCMYlsaKYUf4QQaocNxhoGFREU0hIdIQEHfnA="),
    ("x-nonce", "fsd9f2"),
    (
        "signature",
        "keyId=\"key.example.com\",algorithm=\"rsa-sha256\",headers=\"(request-target) host date content-length \
         content-type x-copernica-id digest x-nonce\",signature=\"m0KtXYkxhfc6DxNaLNFr2JWcysLsJJnMXNNVyToBieg/cCuU39T4DJDo\
         i6MzGDBEHdm0WxxCkiq1zBuqy10rItf4FZSS+07DuCeM9JfxzOalZEtw1oixOw34DYnWpZZXmLqG0+mZzD6SBuFvmy+M0KcAdTdytJTpLIhdS+jU\
         aIMVwyKtEyFgr4w0kfpkOvKxhLaYCUaU+Mp49oTeYzmrDn3EXeKeym66mTHLHWCGv1gdF4gT7E6VaNcLPHIB4G+k8gaGp7R84km4fiA9Vyz2awBh\
         WjznXlELmxm16HtsksCIZl9rg+6SIOC/ft6OWOZUyzhoA20MUGObngGQn+PLBw==\"",
    ),
];
const SMTPETERS_KEY: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAzhz/7nnSM3IYLCf27IZXRDbSz/1BvFLCJMBXZcAtI9yIYqwE\
    iTXB8NOiRqnjBPGDj6Qzmkbg6JjqdFsZnGdBdXkU+IiwC51S4Pz7KgdSD+3vCWlok/OW+nnO3CNzGUiWAiSy5BTKCBTMJ4sUf+awIWtUUdWgZu2iuRWl\
    NWk0wC/dlGf6tdhAkIwi5tH3cj7/gM1PBbDXUVN2g26r49ei23wrzC4OlrIxCafGL3bj+kun6QEu+GU80FVdovtJbvAYAnnL+Y9GSoKiLNZ3hL9TSEWP\
    3fndYkv7LdlxPGjqhknyXaYLGtwezGZiQax1ofWxf/UjohbYG/tyC36hwoW8FwIDAQAB";

/// draft-cavage-http-signatures, appendix C.3, with its key; the id header is not in it, `content-length` stands in.
const DRAFTS: [(&str, &str); 6] = [
    ("host", "example.com"),
    ("date", "Sun, 05 Jan 2014 21:31:40 GMT"),
    ("content-type", "application/json"),
    ("digest", "SHA-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE="),
    ("content-length", "18"),
    (
        "signature",
        "keyId=\"Test\",algorithm=\"rsa-sha256\",headers=\"(request-target) host date content-type digest content-length\",\
         signature=\"vSdrb+dS3EceC9bcwHSo4MlyKS59iFIrhgYkz8+oVLEEzmYZZvRs8rgOp+63LEM3v+MFHB32NfpB2bEKBIvB1q52LaEUHFv120V0\
         1IL+TAD48XaERZFukWgHoBTLMhYS2Gb51gWxpeIq8knRmPnYePbF5MOkR0Zkly4zKH7s1dE=\"",
    ),
];
const DRAFTS_KEY: &str = "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDCFENGw33yGihy92pDjZQhl0C36rPJj+CvfSC8+q28hxA161QFNUd13wuC\
    TUcq0Qd2qsBe/2hFyc2DCJJg0h1L78+6Z4UMR7EOcpfdUE9Hf3m/hs+FUR45uBJeDK1HSFHD8bHKD6kv8FPGfJTotc+2xjJwoYi+1hqp1fIekaxsyQID\
    AQAB";

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &str)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).expect("visible ASCII"))
    };
    pairs.iter().map(pair).collect()
}

fn key(spki: &str) -> impl FnOnce(&str) -> Option<Vec<u8>> {
    let spki = STANDARD.decode(spki).expect("base64");
    move |_| Some(spki)
}

const SMTPETERS_TARGET: &str = "/path/to/your/script?a=1";

#[test]
fn the_known_answers_of_the_draft_and_of_smtpeter_are_believed() {
    let call =
        Received { target: SMTPETERS_TARGET, headers: &headers(&SMTPETERS), body: b"id=abc&type=bounce" };
    assert_eq!(verify(&call, "x-copernica-id", THEN, key(SMTPETERS_KEY)).as_deref(), Ok("key.example.com"));
    let drafts = headers(&DRAFTS);
    let call =
        Received { target: "/foo?param=value&pet=dog", headers: &drafts, body: br#"{"hello": "world"}"# };
    assert_eq!(verify(&call, "content-length", THEN, key(DRAFTS_KEY)).as_deref(), Ok("Test"));
}

#[test]
fn whatever_is_changed_about_a_signed_call_is_noticed() {
    let verdict = |target: &str, body: &[u8], change: &dyn Fn(&mut HeaderMap), now: Timestamp| {
        let mut headers = headers(&SMTPETERS);
        change(&mut headers);
        let call = Received { target, headers: &headers, body };
        verify(&call, "x-copernica-id", now, key(SMTPETERS_KEY)).unwrap_err()
    };
    let body: &[u8] = b"id=abc&type=bounce";
    let nothing = |_: &mut HeaderMap| {};
    let at = |seconds: i64| Timestamp::from_millis(THEN.as_millis() + seconds * 1000);
    assert_eq!(verdict("/other", body, &nothing, THEN), Refusal::Signature);
    assert_eq!(verdict(SMTPETERS_TARGET, b"id=abd&type=bounce", &nothing, THEN), Refusal::Digest);
    assert_eq!(verdict(SMTPETERS_TARGET, body, &nothing, at(62)), Refusal::Date);
    assert_eq!(verdict(SMTPETERS_TARGET, body, &nothing, at(-62)), Refusal::Date, "from the future");
    for name in ["host", "x-copernica-id", "x-nonce", "content-type"] {
        let change = |headers: &mut HeaderMap| drop(headers.insert(name, HeaderValue::from_static("other")));
        assert_eq!(verdict(SMTPETERS_TARGET, body, &change, THEN), Refusal::Signature, "{name}");
        let remove = |headers: &mut HeaderMap| drop(headers.remove(name));
        assert_eq!(verdict(SMTPETERS_TARGET, body, &remove, THEN), Refusal::Missing(name.to_owned()));
    }
    let say = |from: &'static str, to: &'static str| {
        move |headers: &mut HeaderMap| {
            let text = headers["signature"].to_str().unwrap().replace(from, to);
            headers.insert("signature", HeaderValue::from_str(&text).unwrap());
        }
    };
    let hmac = verdict(SMTPETERS_TARGET, body, &say("rsa-sha256", "hmac-sha256"), THEN);
    assert_eq!(hmac, Refusal::Algorithm("hmac-sha256".to_owned()), "the public key is no secret");
    let narrow = verdict(SMTPETERS_TARGET, body, &say("(request-target) ", ""), THEN);
    assert_eq!(narrow, Refusal::NotCovered("(request-target)".to_owned()));
    let twice = say("algorithm=\"rsa-sha256\"", "algorithm=\"rsa-sha256\",algorithm=\"none\"");
    assert_eq!(verdict(SMTPETERS_TARGET, body, &twice, THEN), Refusal::Malformed);
}

fn call<'a>(body: &'a [u8], nonce: &'a str) -> Call<'a> {
    let (target, host) = ("/hook?x=1", "receiver.example:8443");
    Call { target, host, account: "acme", content_type: "application/json", body, now: THEN, nonce }
}

/// The headers that the client adds by itself.
fn complete(mut headers: HeaderMap, call: &Call<'_>) -> HeaderMap {
    headers.insert("host", HeaderValue::from_str(call.host).expect("a host"));
    headers.insert("content-length", HeaderValue::from(call.body.len()));
    headers.insert("content-type", HeaderValue::from_str(call.content_type).expect("a type"));
    headers
}

#[test]
fn a_call_signed_with_a_new_key_is_believed_with_what_dns_publishes_of_it() {
    let key = PlatformKey::generate("2026-11._postbode.example.com", 2048).unwrap();
    let id_header = HeaderName::from_static("x-postbode-id");
    let call = call(br#"{"type":"open"}"#, "n1");
    let scheme = Scheme { key: &key, id_header: &id_header };
    let headers = complete(scheme.sign(&call).unwrap(), &call);
    assert_eq!(headers["x-postbode-id"], "environment-acme");

    let published = key.public().unwrap();
    let txt = published.txt();
    let spki = STANDARD.decode(txt.strip_prefix("v=DKIM1;p=").unwrap()).unwrap();
    let received = Received { target: call.target, headers: &headers, body: call.body };
    let found = verify(&received, "x-postbode-id", THEN, |name| (name == key.name()).then_some(spki));
    assert_eq!(found.as_deref(), Ok(key.name()));
    let unknown = verify(&received, "x-postbode-id", THEN, |_| None);
    assert_eq!(unknown, Err(Refusal::UnknownKey(key.name().to_owned())));

    let zone = published.zone_line();
    assert!(zone.starts_with("2026-11._postbode.example.com. 3600 IN TXT ( \"v=DKIM1;p="), "{zone}");
    let strings: Vec<_> = zone.split('"').enumerate().filter(|(n, _)| n % 2 == 1).map(|(_, s)| s).collect();
    assert!(strings.iter().all(|string| string.len() <= 255));
    assert_eq!(strings.concat(), txt, "DNS joins them again");
    assert_eq!((&published.jwk()["kid"], &published.jwk()["e"]), (&key.name().into(), &"AQAB".into()));
}

#[test]
fn a_ring_signs_with_the_active_key_and_publishes_all_of_them() {
    let directory = tempfile::tempdir().unwrap();
    let settings =
        SigningSettings { directory: Some(directory.path().to_owned()), ..SigningSettings::default() };
    let error = || settings.ring().unwrap_err().to_string();
    assert!(error().contains("postbode keys generate"), "{}", error());
    let make = |name: &str| {
        let key = PlatformKey::generate(name, 2048).unwrap();
        std::fs::write(Ring::file_of(directory.path(), name), key.to_pem().unwrap()).unwrap();
    };
    make("one.example.com");
    assert_eq!(settings.ring().unwrap().unwrap().active(), "one.example.com");
    make("two.example.com");
    assert!(error().contains("postbode keys rotate"), "{}", error());
    assert!(Ring::activate(directory.path(), "three.example.com").is_err());
    Ring::activate(directory.path(), "two.example.com").unwrap();
    let ring = settings.ring().unwrap().unwrap();
    assert_eq!(ring.active(), "two.example.com");
    let names: Vec<_> = ring.published().iter().map(|key| key.name.as_str()).collect();
    assert_eq!(names, ["one.example.com", "two.example.com"]);
    assert_eq!(ring.jwks()["keys"].as_array().unwrap().len(), 2);

    std::fs::write(Ring::file_of(directory.path(), "bad.example.com"), "no key").unwrap();
    assert!(error().contains("bad.example.com.pem: no private key in PEM"), "{}", error());
}

#[test]
fn what_is_no_key_or_no_name_is_told_apart() {
    let say = |name: &str, bits| PlatformKey::generate(name, bits).unwrap_err().to_string();
    assert!(say("key.example.com", 1024).contains("2048, 3072 or 4096"));
    for name in ["", "nodots", "a b.example.com", "../x.example.com", ".example.com", &"a.".repeat(200)] {
        assert!(say(name, 2048).contains("no DNS name"), "{name}");
    }
    assert!(SigningSettings { id_header: "no header".into(), ..Default::default() }.ring().is_err());
    assert!(SigningSettings::default().ring().unwrap().is_none(), "without a directory there is no ring");
}

#[test]
fn what_is_published_is_read_back_from_a_key_set_and_from_pem() {
    let public = PlatformKey::generate("a.example.com", 2048).unwrap().public().unwrap();
    let other = serde_json::json!({"kty": "EC", "kid": "b.example.com"});
    let set = serde_json::json!({"keys": [other, public.jwk()]}).to_string();
    let keys = PublishedKeys::from_jwks(set.as_bytes()).unwrap();
    assert_eq!(keys.names().collect::<Vec<_>>(), ["a.example.com"], "other kinds are passed over");
    assert_eq!(keys.spki("a.example.com"), Some(public.spki.as_slice()));
    assert_eq!(keys.spki("b.example.com"), None);
    for (text, why) in
        [("", KeyError::NoSet), ("{\"keys\":1}", KeyError::NoSet), ("{\"keys\":[]}", KeyError::EmptySet)]
    {
        assert_eq!(PublishedKeys::from_jwks(text.as_bytes()), Err(why), "{text}");
    }
    let pem = pem::encode(&pem::Pem::new("PUBLIC KEY", public.spki.clone()));
    assert_eq!(spki_from_pem(pem.as_bytes()), Ok(public.spki));
    let private = PlatformKey::generate("a.example.com", 2048).unwrap().to_pem().unwrap();
    assert_eq!(spki_from_pem(private.as_bytes()), Err(KeyError::NoPublicPem));
    let empty = pem::encode(&pem::Pem::new("PUBLIC KEY", b"nonsense"));
    assert!(matches!(spki_from_pem(empty.as_bytes()), Err(KeyError::Rejected(_))));
}
