//! A real Chromium, headless, driven over WebDriver.
//!
//! A story gets a [`Browsers`] and opens as many as it needs, each with a profile of its own. They are closed behind the story;
//! when it fails, what each of them showed lies in `target/tests/browser`, as a picture and as HTML.

mod devtools;
mod driver;
mod keyboard;

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::{Client, Locator};
use futures::FutureExt as _;
use serde_json::Value;

use self::driver::Driver;
use crate::broker::root;
use crate::eventually;

pub use devtools::Look;

/// A page is there within it, also on a busy machine.
const LIMIT: Duration = Duration::from_secs(20);

/// Tells a story in browsers.
///
/// # Panics
/// When the story does.
pub async fn browse(story: &str, tell: impl AsyncFnOnce(&Browsers)) {
    let browsers = Browsers { driver: Driver::shared(), open: Mutex::default() };
    let told = std::panic::AssertUnwindSafe(tell(&browsers)).catch_unwind().await;
    let open = std::mem::take(&mut *browsers.open.lock().unwrap());
    for (n, browser) in open.into_iter().enumerate() {
        if told.is_err() {
            browser.keep_evidence(&format!("{story}-{n}")).await;
        }
        let _ = browser.client.close().await;
    }
    if let Err(panic) = told {
        std::panic::resume_unwind(panic);
    }
}

/// The browsers of a story.
pub struct Browsers {
    driver: Arc<Driver>,
    open: Mutex<Vec<Browser>>,
}

impl Browsers {
    /// Opens one.
    pub async fn open(&self) -> Browser {
        self.open_with(true).await
    }

    /// Opens one whose reader lets no page run scripts.
    pub async fn open_without_scripts(&self) -> Browser {
        self.open_with(false).await
    }

    async fn open_with(&self, scripts: bool) -> Browser {
        let profile = Arc::new(tempfile::tempdir().unwrap());
        let client = self.driver.session(profile.path(), scripts).await;
        let browser = Browser { client, profile };
        self.open.lock().unwrap().push(browser.clone());
        browser
    }
}

/// A browser, as somebody uses it. Everything waits until it can be done, with a limit.
#[derive(Clone)]
pub struct Browser {
    client: Client,
    profile: Arc<tempfile::TempDir>,
}

impl Browser {
    /// Goes somewhere.
    pub async fn go(&self, url: &str) {
        self.client.goto(url).await.unwrap_or_else(|error| panic!("{url} is not loaded: {error}"));
    }

    /// The path where it is.
    pub async fn path(&self) -> String {
        self.client.current_url().await.unwrap().path().to_owned()
    }

    /// The page's title.
    pub async fn title(&self) -> String {
        self.client.title().await.unwrap()
    }

    /// Clicks what a selector finds first.
    pub async fn press(&self, css: &str) {
        self.until(css, "is clicked", async |found: Element| found.click().await).await;
    }

    /// Clicks a link or a button by what stands on it.
    pub async fn press_named(&self, name: &str) {
        let xpath = format!("//*[self::a or self::button][normalize-space()='{name}']");
        eventually(LIMIT, &format!("{name:?} is clicked"), || async {
            let found = self.client.find(Locator::XPath(&xpath)).await.map_err(said)?;
            found.click().await.map_err(said)
        })
        .await;
    }

    /// Types into a field instead of what is there.
    pub async fn fill(&self, css: &str, text: &str) {
        self.until(css, "is filled", async |field: Element| {
            field.clear().await?;
            field.send_keys(text).await
        })
        .await;
    }

    /// Waits until something can be seen.
    pub async fn see(&self, css: &str) {
        self.until(css, "is seen", async |found: Element| match found.is_displayed().await? {
            true => Ok(()),
            false => Err(CmdError::NotW3C(Value::from("it is not shown"))),
        })
        .await;
    }

    /// Waits until the page's content has a text in it.
    pub async fn see_text(&self, text: &str) {
        eventually(LIMIT, &format!("{text:?} is seen"), || async {
            let shown =
                self.client.find(Locator::Css("body")).await.map_err(said)?.text().await.map_err(said)?;
            if shown.contains(text) { Ok(()) } else { Err(shown) }
        })
        .await;
    }

    /// A text on the page, as it is shown.
    pub async fn text(&self, css: &str) -> String {
        self.until(css, "has a text", async |found: Element| found.text().await).await
    }

    /// An attribute of something on the page; empty if it has none.
    pub async fn attribute(&self, css: &str, name: &str) -> String {
        let read = async |found: Element| found.attr(name).await;
        self.until(css, "is there", read).await.unwrap_or_default()
    }

    /// How much of something is on the page at this moment.
    pub async fn count(&self, css: &str) -> usize {
        self.client.find_all(Locator::Css(css)).await.unwrap().len()
    }

    /// Whether a box is ticked.
    pub async fn is_ticked(&self, css: &str) -> bool {
        self.until(css, "is there", async |found: Element| found.is_selected().await).await
    }

    /// What a script says.
    pub async fn run(&self, script: &str) -> Value {
        self.client.execute(script, Vec::new()).await.unwrap_or_else(|error| panic!("{script:.200}: {error}"))
    }

    /// What a script hands to its last argument, in its time.
    pub async fn run_slowly(&self, script: &str) -> Value {
        let said = self.client.execute_async(script, Vec::new()).await;
        said.unwrap_or_else(|error| panic!("{script:.200}: {error}"))
    }

    /// A file that was saved, once it is.
    pub async fn saved(&self, name: &str) -> String {
        let path = self.profile.path().join(driver::DOWNLOADS).join(name);
        let read = || async { std::fs::read_to_string(&path).map_err(said) };
        eventually(LIMIT, &format!("{name} is saved"), read).await
    }

    /// Forgets who was signed in.
    pub async fn forget(&self) {
        self.client.delete_all_cookies().await.unwrap();
    }

    /// Does something with what a selector finds first. What goes away or is covered meanwhile is looked for anew.
    async fn until<T>(&self, css: &str, what: &str, act: impl AsyncFn(Element) -> Result<T, CmdError>) -> T {
        eventually(LIMIT, &format!("{css} {what}"), || async {
            let found = self.client.find(Locator::Css(css)).await.map_err(said)?;
            act(found).await.map_err(said)
        })
        .await
    }

    async fn keep_evidence(&self, name: &str) {
        let folder = root().join("target/tests/browser");
        let _ = std::fs::create_dir_all(&folder);
        let keep = |path: &Path, bytes: &[u8]| {
            let _ = std::fs::write(path, bytes);
            eprintln!("---- what the browser showed: {}", path.display());
        };
        if let Ok(picture) = self.client.screenshot().await {
            keep(&folder.join(format!("{name}.png")), &picture);
        }
        if let Ok(page) = self.client.source().await {
            keep(&folder.join(format!("{name}.html")), page.as_bytes());
        }
    }
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}
