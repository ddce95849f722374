//! What holds for every page: it can be read by everybody, in light and dark, and on a phone.
//!
//! With `POSTBODE_SCREENSHOTS` naming a folder, pictures of all pages lie there afterwards (`make screenshots`).

use std::path::PathBuf;

use harness::{Browser, Language, Look, OPERATOR_KEY, browse};
use serde_json::json;

use super::demo::Demo;
use super::list::{Do, Listed, PAGES, Who};
use super::{pages, sign_in};

/// The narrowest phone, and a desk.
const NARROW: u32 = 360;
const WIDE: u32 = 1280;

/// How each page is looked at, and whether by axe, too: colours do not depend on the width, and each look costs time.
const LOOKS: [(Look, bool); 4] = [
    (Look { dark: false, width: WIDE }, true),
    (Look { dark: true, width: WIDE }, true),
    (Look { dark: true, width: NARROW }, false),
    (Look { dark: false, width: NARROW }, true),
];

/// How pictures are taken, and how high they are at most.
const PICTURES: [Look; 4] = [
    Look { dark: false, width: WIDE },
    Look { dark: true, width: WIDE },
    Look { dark: false, width: 390 },
    Look { dark: true, width: 390 },
];
const HIGHEST: u32 = 4000;

/// WCAG 2.2 A and AA, and what axe's makers hold for good practice.
const AXE: &str = "
    const done = arguments[arguments.length - 1];
    const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22a', 'wcag22aa', 'best-practice'];
    axe.run(document, {runOnly: rules, resultTypes: ['violations']}).then((found) =>
        done(found.violations.map((it) => [it.id, it.help, ...it.nodes.map((node) => node.html)])));";

/// How far a page is wider than the window, and what sticks out.
const BEYOND: &str = "
    const page = document.scrollingElement;
    if (page.scrollWidth <= innerWidth) return [];
    const free = Array.from(document.querySelectorAll('body *')).filter((it) => !it.closest('.scroll, pre'));
    const wide = free.filter((it) => it.getBoundingClientRect().right > innerWidth);
    return [page.scrollWidth, ...wide.slice(0, 3).map((it) => it.outerHTML.slice(0, 200))];";

#[tokio::test(flavor = "multi_thread")]
async fn no_page_breaks_a_rule_of_accessibility_or_leaves_a_phones_screen_in_light_or_dark() {
    browse("every-page", async |browsers| {
        let axe = match Language::prepare("node").await {
            Some(node) => std::fs::read_to_string(node.file("node_modules/axe-core/axe.min.js")).unwrap(),
            None => String::new(),
        };
        let demo = Demo::start("browser-pages").await;
        let (browser, mut wrong) = (browsers.open().await, Vec::new());
        for (who, listed) in PAGES {
            enter(&browser, &demo, who).await;
            for page in listed {
                open(&browser, &demo, who, page).await;
                wrong.extend(looked_at(&browser, page.0, &axe).await);
                picture(&browser, page.0).await;
            }
        }
        assert!(wrong.is_empty(), "{} things:\n{}", wrong.len(), wrong.join("\n"));
        demo.world.close().await;
    })
    .await;
}

async fn enter(browser: &Browser, demo: &Demo, who: Who) {
    browser.look(LOOKS[0].0).await;
    browser.forget().await;
    let console = pages(&demo.world);
    match who {
        Who::Anybody => {}
        Who::Account => sign_in(browser, &console, &demo.key).await,
        Who::Operator => sign_in(browser, &console, OPERATOR_KEY).await,
        Who::Guest => {
            browser.go(&demo.guest().await).await;
            browser.see("form.who").await;
        }
    }
}

async fn open(browser: &Browser, demo: &Demo, who: Who, (_, path, steps, shows): &Listed) {
    browser.look(LOOKS[0].0).await;
    browser.allow_scripts(who != Who::Anybody).await;
    browser.go(&format!("{}{}", pages(&demo.world), demo.place(path))).await;
    for step in *steps {
        match step {
            Do::Press(css) => browser.press(css).await,
            Do::Fill(css, text) => browser.fill(css, text).await,
            Do::Unfold => drop(
                browser.run("document.querySelectorAll('details').forEach((it) => it.open = true)").await,
            ),
        }
    }
    browser.see(shows).await;
    browser.allow_scripts(true).await;
}

/// What is wrong with what the browser shows.
async fn looked_at(browser: &Browser, name: &str, axe: &str) -> Vec<String> {
    let complaints = browser.complaints().await;
    let mut wrong: Vec<_> =
        complaints.iter().map(|it| format!("{name}: the browser complains: {it}")).collect();
    browser.run(axe).await;
    for (look, by_axe) in LOOKS {
        browser.look(look).await;
        let dark = browser.run("return matchMedia('(prefers-color-scheme: dark)').matches").await;
        assert_eq!(dark, json!(look.dark), "the browser shows what it was asked to");
        let beyond = browser.run(BEYOND).await;
        if beyond != json!([]) {
            wrong.push(format!("{name}, {look}: wider than the window: {beyond:#}"));
        }
        if by_axe && !axe.is_empty() {
            let found = browser.run_slowly(AXE).await;
            let found = found.as_array().unwrap();
            wrong.extend(found.iter().map(|it| format!("{name}, {look}: {it:#}")));
        }
    }
    // What axe itself may have been refused is none of the page's doing.
    browser.complaints().await;
    wrong
}

async fn picture(browser: &Browser, name: &str) {
    let Some(folder) = pictures() else { return };
    std::fs::create_dir_all(&folder).unwrap();
    for look in PICTURES {
        browser.look(look).await;
        let picture = browser.picture(HIGHEST).await;
        std::fs::write(folder.join(format!("{name}-{look}.png")), picture).unwrap();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests are told by the environment alone whether pictures are wanted"
)]
fn pictures() -> Option<PathBuf> {
    std::env::var("POSTBODE_SCREENSHOTS").ok().map(PathBuf::from)
}
