//! Style, script, icon: served by us, under names that change with their content, so that browsers keep them for ever.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use domain::KeyHash;

const CSS: &str = include_str!("../../assets/console.css");
const JS: &str = include_str!("../../assets/console.js");
const ICON: &str = include_str!("../../assets/icon.svg");

/// The sheet's name.
pub(super) static STYLE: LazyLock<String> = LazyLock::new(|| named(CSS, "css"));
/// The script's name.
pub(super) static SCRIPT: LazyLock<String> = LazyLock::new(|| named(JS, "js"));

fn named(content: &str, kind: &str) -> String {
    let hash = KeyHash::of(content).to_string();
    format!("console-{}.{kind}", hash.get(..12).unwrap_or_default())
}

pub(super) async fn get(Path(name): Path<String>) -> Response {
    const FOR_EVER: &str = "public, max-age=31536000, immutable";
    let (kind, content, lasts) = match name.as_str() {
        name if name == *STYLE => ("text/css; charset=utf-8", CSS, FOR_EVER),
        name if name == *SCRIPT => ("text/javascript; charset=utf-8", JS, FOR_EVER),
        "icon.svg" => ("image/svg+xml", ICON, "public, max-age=86400"),
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, lasts)], content).into_response()
}
