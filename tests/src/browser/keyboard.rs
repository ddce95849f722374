//! A reader without a mouse.

use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::key::Key;
use serde_json::{Value, json};

use super::Browser;

/// So many keys further something must be.
const FAR: usize = 120;

/// What has the focus: whether a selector means it, whether one sees where it is, and what it is.
const FOCUS: &str = "
    const at = document.activeElement;
    const style = getComputedStyle(at);
    const box = at.getBoundingClientRect();
    const outlined = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
    const inside = box.width > 0 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
    return {meant: at.matches(SELECTOR), body: at === document.body, seen: outlined && inside, html: at.outerHTML.slice(0, 200)};";

impl Browser {
    /// Types what may hold keys, too.
    pub async fn keys(&self, text: &str) {
        let mut keyboard = KeyActions::new("keyboard".to_owned());
        for value in text.chars() {
            keyboard = keyboard.then(KeyAction::Down { value }).then(KeyAction::Up { value });
        }
        self.client.perform_actions(keyboard).await.unwrap();
    }

    /// Presses one key.
    pub async fn key(&self, key: Key) {
        self.keys(&char::from(key).to_string()).await;
    }

    /// Puts what was copied where the focus is.
    pub async fn paste(&self) {
        let control = char::from(Key::Control);
        let keyboard = KeyActions::new("keyboard".to_owned())
            .then(KeyAction::Down { value: control })
            .then(KeyAction::Down { value: 'v' })
            .then(KeyAction::Up { value: 'v' })
            .then(KeyAction::Up { value: control });
        self.client.perform_actions(keyboard).await.unwrap();
    }

    /// Tabs until the focus is on what a selector means.
    ///
    /// # Panics
    /// When the focus cannot be seen somewhere on the way, or it never comes there.
    pub async fn tab_to(&self, css: &str) {
        for _ in 0..FAR {
            self.key(Key::Tab).await;
            let focus = self.focus(css).await;
            assert!(focus["body"] == true || focus["seen"] == true, "the focus is not seen on {focus}");
            if focus["meant"] == true {
                return;
            }
        }
        panic!("no way by Tab to {css}");
    }

    /// Whether the focus is on what a selector means.
    pub async fn is_on(&self, css: &str) -> bool {
        self.focus(css).await["meant"] == true
    }

    async fn focus(&self, css: &str) -> Value {
        self.run(&FOCUS.replace("SELECTOR", &json!(css).to_string())).await
    }
}
