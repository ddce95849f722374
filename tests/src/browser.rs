//! A real Chromium, headless, driven over WebDriver.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};

use crate::eventually;

/// A browser of its own. It ends with its driver, when this is dropped.
pub struct Browser {
    /// What the driver is told.
    pub client: Client,
    driver: Child,
    _profile: tempfile::TempDir,
}

/// How a browser differs from the usual one.
#[derive(Clone, Copy, Debug)]
pub struct BrowserOptions {
    /// Whether pages may run scripts.
    pub scripts: bool,
    /// Whether its reader likes dark pages.
    pub dark: bool,
    /// The window's width.
    pub width: u32,
}

impl Default for BrowserOptions {
    fn default() -> Self {
        Self { scripts: true, dark: false, width: 1280 }
    }
}

/// Nothing of it asks anybody but us.
const ARGUMENTS: [&str; 9] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=en",
];

impl Browser {
    /// Starts one.
    pub async fn start(options: BrowserOptions) -> Self {
        let port = free_port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver is not installed: scripts/setup --test (Debian: chromium-driver)");
        let profile = tempfile::tempdir().expect("a folder");
        let capabilities = capabilities(options, &profile.path().display().to_string());
        let url = format!("http://127.0.0.1:{port}");
        let client = eventually(Duration::from_secs(30), "the browser is there", || async {
            let mut builder = ClientBuilder::new(fantoccini_connector());
            builder.capabilities(capabilities.clone()).connect(&url).await.map_err(|error| error.to_string())
        })
        .await;
        client.set_window_size(options.width, 900).await.expect("a window");
        Self { client, driver, _profile: profile }
    }

    /// Goes somewhere.
    pub async fn go(&self, url: &str) {
        self.client.goto(url).await.expect("the page is loaded");
    }

    /// Clicks what a selector finds first.
    pub async fn click(&self, css: &str) {
        self.find(css).await.click().await.unwrap_or_else(|error| panic!("{css} is not clicked: {error}"));
    }

    /// Types into a field.
    pub async fn type_into(&self, css: &str, text: &str) {
        let field = self.find(css).await;
        field.clear().await.expect("it is emptied");
        field.send_keys(text).await.expect("it is typed into");
    }

    /// A text on the page.
    pub async fn text(&self, css: &str) -> String {
        self.find(css).await.text().await.expect("it has a text")
    }

    /// The path where it is.
    pub async fn path(&self) -> String {
        self.client.current_url().await.expect("it is somewhere").path().to_owned()
    }

    /// What a script says.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.expect("the script ran")
    }

    /// What an asynchronous script hands to its last argument.
    pub async fn run_slowly(&self, script: &str) -> Value {
        self.client.execute_async(script, Vec::new()).await.expect("the script ran")
    }

    /// A picture of the whole window.
    pub async fn picture(&self, path: &PathBuf) {
        let picture = self.client.screenshot().await.expect("a picture");
        std::fs::write(path, picture).expect("the picture is kept");
    }

    async fn find(&self, css: &str) -> fantoccini::elements::Element {
        let wait = self.client.wait().at_most(Duration::from_secs(10)).for_element(Locator::Css(css)).await;
        match wait {
            Ok(found) => found,
            Err(error) => {
                let page = self.client.source().await.unwrap_or_default();
                panic!("{css} is not on the page: {error}\n{page}")
            }
        }
    }

    /// Ends it.
    pub async fn close(self) {
        self.client.clone().close().await.expect("the browser ends");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

fn fantoccini_connector() -> hyper_util::client::legacy::connect::HttpConnector {
    hyper_util::client::legacy::connect::HttpConnector::new()
}

fn capabilities(options: BrowserOptions, profile: &str) -> serde_json::Map<String, Value> {
    let mut arguments: Vec<String> = ARGUMENTS.iter().map(|&argument| argument.to_owned()).collect();
    arguments.push(format!("--user-data-dir={profile}"));
    if options.dark {
        arguments.push("--blink-settings=preferredColorScheme=0".to_owned());
    }
    let scripts = if options.scripts { 1 } else { 2 };
    let chrome = json!({
        "args": arguments,
        "prefs": {"profile.managed_default_content_settings.javascript": scripts},
        // Phones are narrower than a window can be.
        "mobileEmulation": (options.width < 500).then(|| json!({
            "deviceMetrics": {"width": options.width, "height": 800, "pixelRatio": 1, "touch": false}
        })),
    });
    let mut chrome = chrome.as_object().expect("an object").clone();
    chrome.retain(|_, value| !value.is_null());
    [("goog:chromeOptions".to_owned(), Value::Object(chrome))].into_iter().collect()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its number").port()
}
