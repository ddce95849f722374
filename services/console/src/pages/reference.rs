//! The API's reference, out of the document that the API itself gives.

mod example;
mod operation;
mod table;

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse as _, Response};
use serde_json::Value;

use self::operation::Operation;
use super::session::{self, Visitor};
use super::view::{Failure, Page, html};
use crate::api::Shared;
use crate::api::document::document;
use crate::problem::Refusal;
use crate::world::{Console, World};

const HERE: &str = "/reference";

/// Operations about one kind of thing.
struct Section {
    name: &'static str,
    about: &'static str,
    /// Its page, below this one.
    slug: String,
    operations: Vec<Operation>,
}

#[derive(Template)]
#[template(path = "reference.html")]
struct ListPage {
    page: Page,
    /// What holds for all of it, in paragraphs.
    about: Vec<&'static str>,
    sections: Vec<Section>,
}

#[derive(Template)]
#[template(path = "reference_section.html")]
struct SectionPage {
    page: Page,
    section: Section,
}

pub(super) async fn list<W: World>(State(console): Shared<W>, parts: Parts) -> Response {
    let page = page(&console, &parts).await;
    let about = text(&document::<W>()["info"]["description"]).split("\n\n").collect();
    html(StatusCode::OK, &ListPage { page, about, sections: sections(&console) })
}

pub(super) async fn show<W: World>(
    State(console): Shared<W>,
    parts: Parts,
    Path(slug): Path<String>,
) -> Response {
    let page = page(&console, &parts).await;
    match sections(&console).into_iter().find(|section| section.slug == slug) {
        Some(section) => html(StatusCode::OK, &SectionPage { page, section }),
        None => Failure::new(page.language, None, Refusal::NoSuch("section")).into_response(),
    }
}

/// For everybody, as the document is: who is signed in keeps the navigation.
async fn page<W: World>(console: &Console<W>, parts: &Parts) -> Page {
    match Visitor::of(console, parts).await {
        Ok(Some(visitor)) => Page::of(&visitor, HERE),
        Ok(None) | Err(_) => Page::open(session::language(&parts.headers)),
    }
}

fn sections<W: World>(console: &Console<W>) -> Vec<Section> {
    let document = document::<W>();
    let base = console.public_url.as_ref().map_or("$POSTBODE_URL", |url| url.as_str().trim_end_matches('/'));
    let section = |tag: &'static Value| {
        let name = text(&tag["name"]);
        Section {
            name,
            about: text(&tag["description"]),
            slug: name.to_lowercase().replace(' ', "-"),
            operations: operation::all(document, name, base),
        }
    };
    document["tags"].as_array().into_iter().flatten().map(section).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
