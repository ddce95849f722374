//! What WebDriver has no word for and Chromium does: how wide, in which colours, a picture of all of a page, and what it
//! complains of.

use base64::Engine as _;
use fantoccini::wd::WebDriverCompatibleCommand;
use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::Browser;

/// How somebody looks at a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether the reader likes dark pages.
    pub dark: bool,
    /// The window's width in pixels.
    pub width: u32,
}

impl std::fmt::Display for Look {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", if self.dark { "dark" } else { "light" }, self.width)
    }
}

impl Browser {
    /// Shows what is open, and all that follows, in another way.
    pub async fn look(&self, look: Look) {
        let scheme = if look.dark { "dark" } else { "light" };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        self.devtools("Emulation.setEmulatedMedia", features).await;
        let screen = json!({"width": look.width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.devtools("Emulation.setDeviceMetricsOverride", screen).await;
    }

    /// Lets no page that is opened from now on run scripts, or lets them again. Those of a story run all the same.
    pub async fn allow_scripts(&self, allowed: bool) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({"value": !allowed})).await;
    }

    /// A picture of the page from its beginning to its end, but no higher than this, as PNG.
    pub async fn picture(&self, highest: u32) -> Vec<u8> {
        let size = self.devtools("Page.getLayoutMetrics", json!({})).await["cssContentSize"].clone();
        let height = size["height"].as_f64().unwrap_or_default().min(f64::from(highest));
        let clip = json!({"x": 0, "y": 0, "width": size["width"], "height": height, "scale": 1});
        let asked = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let taken = self.devtools("Page.captureScreenshot", asked).await;
        base64::engine::general_purpose::STANDARD.decode(taken["data"].as_str().unwrap()).unwrap()
    }

    /// What the browser complained of since it was asked before: scripts that failed, and what a page's policy forbade.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.chromium("se/log", json!({"type": "browser"})).await;
        let serious = |entry: &&Value| entry["level"] == "SEVERE" && entry["source"] != "network";
        log.as_array().unwrap().iter().filter(serious).map(|entry| entry["message"].to_string()).collect()
    }

    async fn devtools(&self, command: &'static str, parameters: Value) -> Value {
        self.chromium("goog/cdp/execute", json!({"cmd": command, "params": parameters})).await
    }

    async fn chromium(&self, path: &'static str, body: Value) -> Value {
        let said = self.client.issue_cmd(Extension { path, body }).await;
        said.unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

/// A command that only Chromium's driver knows.
#[derive(Debug)]
struct Extension {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Extension {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, <Url as std::str::FromStr>::Err> {
        base.join(&format!("session/{}/{}", session.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
