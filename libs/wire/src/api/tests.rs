use serde_json::json;

use super::*;

#[test]
fn a_request_refuses_what_it_does_not_know() {
    for later in ["signing", "flter"] {
        let body = json!({"name": "n", "url": "u", "types": "*", later: "x"});
        let error = serde_json::from_value::<NewWebhook>(body).unwrap_err().to_string();
        assert!(error.contains(&format!("unknown field `{later}`")), "{error}");
    }
}

#[test]
fn null_lifts_the_rate_limit_and_silence_keeps_it() {
    let read = |value| serde_json::from_value::<WebhookPatch>(value).unwrap().limits.per_second;
    assert_eq!(read(json!({"limits": {"per_second": null}})), Some(None));
    assert_eq!(read(json!({"limits": {"per_second": 5}})), Some(Some(5)));
    assert_eq!(read(json!({"limits": {}})), None);
    assert_eq!(read(json!({})), None);
}

#[test]
fn null_ends_batches_and_silence_keeps_them() {
    let read = |value| serde_json::from_value::<WebhookPatch>(value).unwrap().batch;
    assert_eq!(read(json!({"batch": null})), Some(None));
    assert_eq!(read(json!({"batch": {}})), Some(Some(BatchPatch::default())));
    assert_eq!(read(json!({})), None);
}

#[test]
fn conditions_are_set_taken_away_and_kept() {
    let read = |value| serde_json::from_value::<WebhookPatch>(value).unwrap().conditions();
    assert_eq!(read(json!({})), TriggerPatch::default());
    let away = json!({"filter": null, "database": null, "collection": null, "callers": null, "fields": null});
    let gone = TriggerPatch {
        filter: Some(None),
        database: Some(None),
        collection: Some(None),
        callers: Some(None),
        fields: Some(None),
    };
    assert_eq!(read(away), gone);
    let set = json!({"filter": "true", "database": 7, "collection": "12", "callers": {"except": ["ms"]}, "fields": ["a"]});
    let conditions = read(set);
    assert_eq!(conditions.database.unwrap().unwrap().to_string(), "7");
    assert_eq!(conditions.collection.unwrap().unwrap().to_string(), "12");
    assert_eq!(conditions.callers, Some(Some(Callers::Except(BTreeSet::from(["ms".to_owned()])))));
    let error = serde_json::from_value::<WebhookPatch>(json!({"database": 1.5})).unwrap_err().to_string();
    assert_eq!(error, "expected a string or a whole number");
    let error =
        serde_json::from_value::<WebhookPatch>(json!({"callers": {"not": []}})).unwrap_err().to_string();
    assert!(error.contains("expected `only` or `except`"), "{error}");
}

#[test]
fn types_are_a_star_or_a_list() {
    assert_eq!(serde_json::to_value(Types::all()).unwrap(), json!("*"));
    assert_eq!(serde_json::to_value(Types::only(["open", "click"])).unwrap(), json!(["click", "open"]));
    let error = serde_json::from_value::<Types>(json!(5)).unwrap_err().to_string();
    assert_eq!(error, "expected \"*\" or a list of event types");
}

#[test]
fn a_patch_says_only_what_it_changes() {
    let patch = WebhookPatch { name: Some("n".to_owned()), ..WebhookPatch::default() };
    assert_eq!(serde_json::to_value(patch).unwrap(), json!({"name": "n"}));
}

#[test]
fn secrets_are_not_printed() {
    let patch = WebhookPatch {
        headers: Headers::from([("x-key".to_owned(), Some("geheim".to_owned()))]),
        ..WebhookPatch::default()
    };
    let secret = Secret { secret: "geheim".to_owned(), previous: None };
    assert!(!format!("{patch:?} {secret:?}").contains("geheim"));
}

#[test]
fn a_problem_is_read_with_what_its_code_brings() {
    let body = json!({"type": "about:blank", "title": "Unprocessable Content", "status": 422, "code": "invalid",
        "detail": "…", "errors": [{"field": "name", "message": "is empty"}]});
    let problem: Problem = serde_json::from_value(body).unwrap();
    assert_eq!(problem.errors[0].field, "name");
    assert_eq!((problem.status, problem.code.as_str()), (422, "invalid"));
}
