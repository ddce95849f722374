//! Beside the form of a webhook: which of the last events it would have got, and the calls to expect.
//!
//! With scripts it follows what is chosen; without, a button shows it on a page of its own.

use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use wire::api::{self, PreviewedEvent};

use super::forms::{Errors, WebhookForm};
use super::session::Form;
use super::view::{Failure, Page, html};
use crate::api::Shared;
use crate::world::World;

const HERE: &str = "/webhooks";

#[derive(Template)]
#[template(path = "preview.html")]
struct PreviewPage {
    page: Page,
    shown: Shown,
}

/// A part of a page, for a script that puts it there.
#[derive(Template)]
#[template(path = "preview_part.html")]
struct PreviewPart {
    page: Page,
    shown: Shown,
}

/// What is known of the last events, or what is wrong with what is asked.
struct Shown {
    preview: Option<api::Preview>,
    errors: Errors,
}

impl Shown {
    /// Why an event is not sent.
    fn reason(page: &Page, event: &PreviewedEvent) -> String {
        page.say(&format!("reason-{}", event.reason))
    }

    fn rate(per_second: &f64) -> String {
        match *per_second {
            zero if zero <= 0.0 => "0".to_owned(),
            little if little < 0.01 => "< 0.01".to_owned(),
            some if some < 10.0 => format!("{some:.2}"),
            many => format!("{many:.0}"),
        }
    }
}

/// Shows what the webhook that a form holds would have got.
pub(super) async fn show<W: World>(State(console): Shared<W>, form: Form) -> Response {
    let (fields, visitor) = (WebhookForm::sent(&form), &form.visitor);
    let shown = match console.preview(&visitor.actor, &fields.preview()).await {
        Ok(preview) => Shown { preview: Some(preview), errors: Errors::default() },
        Err(refusal) => match Errors::of_refusal(refusal) {
            Ok(errors) => Shown { preview: None, errors },
            Err(refusal) => return Failure::to(visitor, refusal).into_response(),
        },
    };
    let page = Page::of(visitor, HERE);
    match form.text("part") {
        "yes" => html(StatusCode::OK, &PreviewPart { page, shown }),
        _ => html(StatusCode::OK, &PreviewPage { page, shown }),
    }
}
