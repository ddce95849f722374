//! The form of a webhook: what its fields hold, read into what the REST API takes.

use std::collections::BTreeSet;

use domain::Format;
use wire::HumanDuration;
use wire::api::{self, BatchPatch, Contact, LimitsPatch, NewPreview, NewWebhook, Types, WebhookPatch};

use super::session::Form;
use crate::problem::{Refusal, Wrong};
use crate::words::{Sentence, sentence};

/// What is wrong with a form, by field.
#[derive(Clone, Debug, Default)]
pub(super) struct Errors(Vec<Wrong>);

impl Errors {
    /// What a refusal says about fields; the refusal itself if it says nothing about them.
    pub(super) fn of_refusal(refusal: Refusal) -> Result<Self, Refusal> {
        if let Refusal::Invalid(errors) = refusal { Ok(Self(errors)) } else { Err(refusal) }
    }

    pub(super) fn add(&mut self, field: &str, what: impl Into<Sentence>) {
        self.0.push(Wrong::new(field, what));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn all(&self) -> &[Wrong] {
        &self.0
    }

    pub(super) fn of(&self, field: &str) -> Option<&Sentence> {
        self.0.iter().find(|error| error.field == field).map(|error| &error.what)
    }

    /// Whether one of these fields, or a part of one, is wrong.
    pub(super) fn any_of(&self, fields: &[&str]) -> bool {
        let within = |error: &Wrong, field: &str| {
            error
                .field
                .strip_prefix(field)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.0.iter().any(|error| fields.iter().any(|field| within(error, field)))
    }
}

/// Whom to tell, by a form's fields `email` and `language`; nobody where no address stands.
pub(super) fn contact(form: &Form) -> Option<Contact> {
    let [email, language] = ["email", "language"].map(|it| form.text(it).to_owned());
    (!email.is_empty()).then_some(Contact { email, language })
}

/// A webhook as the form's fields hold it.
#[derive(Clone, Debug, Default)]
pub(super) struct WebhookForm {
    pub(super) account: String,
    pub(super) name: String,
    pub(super) url: String,
    types: BTreeSet<String>,
    pub(super) format: String,
    pub(super) filter: String,
    pub(super) concurrency: String,
    pub(super) per_second: String,
    pub(super) timeout: String,
    pub(super) batch: String,
    pub(super) platform_signature: bool,
}

impl WebhookForm {
    /// A new webhook's: every type, until somebody chooses.
    pub(super) fn blank(account: &str) -> Self {
        let types = BTreeSet::from(["*".to_owned()]);
        Self {
            account: account.to_owned(),
            types,
            format: Format::default().name().to_owned(),
            ..Self::default()
        }
    }

    pub(super) fn of(webhook: &api::Webhook) -> Self {
        let types = match &webhook.types {
            Types::All(every) => BTreeSet::from([every.clone()]),
            Types::Only(names) => names.clone(),
        };
        Self {
            account: webhook.account.clone(),
            name: webhook.name.clone(),
            url: webhook.pending_url.clone().unwrap_or_else(|| webhook.url.clone()),
            types,
            format: webhook.format.clone(),
            filter: webhook.filter.clone().unwrap_or_default(),
            concurrency: webhook.limits.concurrency.to_string(),
            per_second: webhook.limits.per_second.map(|rate| rate.to_string()).unwrap_or_default(),
            timeout: webhook.limits.timeout.to_string(),
            batch: webhook.batch.map(|batch| batch.max_events.to_string()).unwrap_or_default(),
            platform_signature: webhook.platform_signature,
        }
    }

    pub(super) fn sent(form: &Form) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        Self {
            account: text("account"),
            name: text("name"),
            url: text("url"),
            types: form.all("types").filter(|kind| !kind.is_empty()).map(str::to_owned).collect(),
            format: text("format"),
            filter: text("filter"),
            concurrency: text("concurrency"),
            per_second: text("per_second"),
            timeout: text("timeout"),
            batch: text("batch"),
            platform_signature: form.text("platform_signature") == "yes",
        }
    }

    pub(super) fn wants(&self, kind: &str) -> bool {
        self.types.contains(kind)
    }

    /// Wanted types that the catalogue does not know.
    pub(super) fn strangers(&self) -> impl Iterator<Item = &str> {
        let unknown = |kind: &&String| *kind != "*" && wire::catalogue::find(kind).is_none();
        self.types.iter().filter(unknown).map(String::as_str)
    }

    /// Whether a setting was made that most do without.
    pub(super) fn is_detailed(&self) -> bool {
        let filled =
            [&self.name, &self.filter, &self.concurrency, &self.per_second, &self.timeout, &self.batch];
        filled.iter().any(|text| !text.is_empty())
            || self.platform_signature
            || !["", Format::default().name()].contains(&self.format.as_str())
    }

    pub(super) fn formats(&self) -> Vec<(&'static str, String)> {
        Format::ALL.into_iter().map(|format| (format.name(), format!("format-{}", format.name()))).collect()
    }

    /// The request for a new webhook. One without a name is called like its host.
    ///
    /// # Errors
    /// Names each field that holds no number or duration.
    pub(super) fn new_webhook(&self) -> Result<NewWebhook, Errors> {
        let numbers = self.numbers()?;
        let host = || url::Url::parse(&self.url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let name = if self.name.is_empty() {
            host().unwrap_or_else(|| "webhook".to_owned())
        } else {
            self.name.clone()
        };
        Ok(NewWebhook {
            account: Some(self.account.clone()).filter(|account| !account.is_empty()),
            name,
            url: self.url.clone(),
            types: self.types(),
            filter: Some(Some(self.filter.clone()).filter(|filter| !filter.is_empty())),
            format: Some(self.format.clone()).filter(|format| !format.is_empty()),
            platform_signature: self.platform_signature,
            limits: numbers.limits,
            batch: numbers.batch,
            ..NewWebhook::default()
        })
    }

    /// The request for what it would have got lately.
    pub(super) fn preview(&self) -> NewPreview {
        NewPreview {
            account: Some(self.account.clone()).filter(|account| !account.is_empty()),
            types: Some(self.types()),
            filter: Some(Some(self.filter.clone()).filter(|filter| !filter.is_empty())),
            ..NewPreview::default()
        }
    }

    /// The request that makes a webhook what the form says.
    ///
    /// # Errors
    /// Names each field that holds no number or duration.
    pub(super) fn patch(&self) -> Result<WebhookPatch, Errors> {
        let numbers = self.numbers()?;
        Ok(WebhookPatch {
            name: Some(self.name.clone()),
            url: Some(self.url.clone()),
            types: Some(self.types()),
            filter: Some(Some(self.filter.clone()).filter(|filter| !filter.is_empty())),
            format: Some(self.format.clone()),
            platform_signature: Some(self.platform_signature),
            limits: numbers.limits,
            batch: Some(numbers.batch),
            ..WebhookPatch::default()
        })
    }

    fn types(&self) -> Types {
        if self.wants("*") { Types::all() } else { Types::Only(self.types.clone()) }
    }

    fn numbers(&self) -> Result<Numbers, Errors> {
        let mut errors = Errors::default();
        let mut number = |field: &str, text: &str| match text {
            "" => None,
            text => text
                .parse::<u32>()
                .map_err(|_| errors.add(field, sentence!("not-a-number", text = text)))
                .ok(),
        };
        let concurrency = number("limits.concurrency", &self.concurrency);
        let per_second = number("limits.per_second", &self.per_second);
        let batch = number("batch", &self.batch);
        let timeout = match self.timeout.as_str() {
            "" => None,
            text => domain::duration::parse(text).map_err(|error| errors.add("limits.timeout", error)).ok(),
        };
        if !errors.is_empty() {
            return Err(errors);
        }
        let limits =
            LimitsPatch { concurrency, per_second: Some(per_second), timeout: timeout.map(HumanDuration) };
        let batch =
            batch.map(|max_events| BatchPatch { max_events: Some(max_events), ..BatchPatch::default() });
        Ok(Numbers { limits, batch })
    }
}

struct Numbers {
    limits: LimitsPatch,
    batch: Option<BatchPatch>,
}
