//! What an installation is asked by its operator, its customers and its producers.

use domain::Event;
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use super::{OPERATOR_KEY, World};
use crate::{Hook, Kind, Receiver};

impl World {
    /// Asks the console, as the operator.
    pub async fn console(&self, method: Method, path: &str, body: Option<Value>) -> Response {
        self.console_as(OPERATOR_KEY, method, path, body).await
    }

    /// Asks the console with some key.
    pub async fn console_as(&self, key: &str, method: Method, path: &str, body: Option<Value>) -> Response {
        let request = self.http.request(method, format!("{}{path}", self.service(Kind::Console).api()));
        let request = request.bearer_auth(key);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        request.send().await.unwrap()
    }

    /// Makes an account and a key of it that may do everything an account may.
    pub async fn account(&self, id: &str) -> String {
        let made = self.console(Method::POST, "/v1/accounts", Some(json!({"id": id, "name": id}))).await;
        assert_eq!(made.status(), StatusCode::CREATED, "{}", made.text().await.unwrap());
        let scopes = json!({"name": "all", "scopes": ["events:write", "webhooks:read", "webhooks:write"]});
        let key = self.console(Method::POST, &format!("/v1/accounts/{id}/keys"), Some(scopes)).await;
        assert_eq!(key.status(), StatusCode::CREATED);
        key.json::<Value>().await.unwrap()["secret"].as_str().unwrap().to_owned()
    }

    /// Makes a webhook, without verifying it. `extra` is merged into the request.
    pub async fn create_hook(&self, account: &str, url: &str, types: &[&str], extra: Value) -> Hook {
        let wanted = if types.is_empty() { json!("*") } else { json!(types) };
        let mut body = json!({"account": account, "name": "story", "url": url, "types": wanted});
        if let (Some(body), Value::Object(extra)) = (body.as_object_mut(), extra) {
            body.extend(extra);
        }
        let made = self.console(Method::POST, "/v1/webhooks", Some(body)).await;
        let status = made.status();
        let made: Value = made.json().await.unwrap();
        assert_eq!(status, StatusCode::CREATED, "{made}");
        Hook {
            id: made["id"].as_str().unwrap().to_owned(),
            account: account.to_owned(),
            types: types.iter().map(|kind| (*kind).to_owned()).collect(),
            secret: made["secret"].as_str().unwrap().to_owned(),
        }
    }

    /// Proves a webhook's URL through its file, which the receiver serves.
    pub async fn verify(&self, hook: &Hook, receiver: &Receiver) {
        let path = format!("/v1/webhooks/{}/verification", hook.id);
        let file: Value = self.console(Method::GET, &path, None).await.json().await.unwrap();
        receiver.serve(file["file_name"].as_str().unwrap(), file["content"].as_str().unwrap());
        let verified = self.console(Method::POST, &format!("/v1/webhooks/{}/verify", hook.id), None).await;
        assert_eq!(verified.status(), StatusCode::OK, "{}", verified.text().await.unwrap());
    }

    /// Makes a verified webhook, and keeps books on it from now on.
    pub async fn hook(&self, account: &str, receiver: &Receiver, types: &[&str], extra: Value) -> Hook {
        let hook = self.create_hook(account, &receiver.url("/hook"), types, extra).await;
        self.verify(&hook, receiver).await;
        self.registry_seen().await;
        self.keep_books(&hook, receiver);
        hook
    }

    /// Posts to ingest.
    pub async fn post_events(
        &self,
        query: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> Response {
        let url = format!("{}/v1/events{query}", self.service(Kind::Ingest).api());
        let mut request = self.http.post(url).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
            request = request.bearer_auth(OPERATOR_KEY);
        }
        request.send().await.unwrap()
    }

    /// Sends clicks of an account through ingest, and books them.
    pub async fn clicks(&self, account: &str, count: usize) -> Vec<Event> {
        self.events(account, "click", count).await
    }

    /// Sends events of one type through ingest, and books them.
    pub async fn events(&self, account: &str, kind: &str, count: usize) -> Vec<Event> {
        self.events_with(&[], account, kind, count).await
    }

    /// [`World::events`], with further headers in each request.
    pub async fn events_with(
        &self,
        headers: &[(&str, &str)],
        account: &str,
        kind: &str,
        count: usize,
    ) -> Vec<Event> {
        let mut sent = Vec::new();
        for n in 0..count {
            let id = uuid::Uuid::now_v7().to_string();
            let data: Value = serde_json::from_str(&wire::catalogue::sample(kind, n as u64)).unwrap();
            sent.push(
                json!({"specversion": "1.0", "id": id, "source": "/story", "type": kind, "account": account,
                             "datacontenttype": "application/json", "data": data}),
            );
        }
        for batch in sent.chunks(500) {
            let body = serde_json::to_vec(batch).unwrap();
            let headers = [headers, &[("content-type", "application/cloudevents-batch+json")]].concat();
            let answer = self.post_events("", &headers, body).await;
            assert_eq!(answer.status(), StatusCode::ACCEPTED, "{}", answer.text().await.unwrap());
        }
        let event = |sent: &Value| Event {
            id: sent["id"].as_str().unwrap().into(),
            source: "/story".into(),
            kind: kind.into(),
            account: account.into(),
        };
        let events: Vec<Event> = sent.iter().map(event).collect();
        self.book(&events);
        events
    }
}
