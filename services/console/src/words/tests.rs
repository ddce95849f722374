//! Both catalogues say the same things, and whatever is said stands in them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::*;

type Args = BTreeSet<String>;

/// What stands in a catalogue, and what each message is about.
fn said(language: Language) -> BTreeMap<String, Args> {
    let (mut found, mut message) = (BTreeMap::<String, Args>::new(), String::new());
    for line in language.sources()[..2].iter().flat_map(|source| source.lines()) {
        // Other lines go on with the message before.
        if let Some((id, _)) = line.split_once(" =").filter(|_| line.starts_with(char::is_lowercase)) {
            id.clone_into(&mut message);
            assert!(found.insert(message.clone(), Args::new()).is_none(), "{id} stands there twice");
        }
        let names = line.split('$').skip(1).filter_map(|rest| rest.split([' ', '}']).next());
        found.entry(message.clone()).or_default().extend(names.map(str::to_owned));
    }
    found
}

/// Every source file, and every template.
fn files() -> Vec<String> {
    fn below(folder: &Path, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => below(&path, found),
                false => found.push(std::fs::read_to_string(path).unwrap()),
            }
        }
    }
    let (root, mut found) = (Path::new(env!("CARGO_MANIFEST_DIR")), Vec::new());
    below(&root.join("src"), &mut found);
    below(&root.join("templates"), &mut found);
    found
}

/// What stands behind each of these openings, in all files.
fn behind<'a>(files: &'a [String], opening: &'a str) -> impl Iterator<Item = &'a str> {
    files.iter().flat_map(move |text| text.match_indices(opening).map(|(at, _)| &text[at + opening.len()..]))
}

/// The names in `"word", name = value, …)`, whatever the values are.
fn named(call: &str) -> (String, Args) {
    let (mut depth, mut quoted, mut parts) = (0, false, vec![String::new()]);
    for (before, c) in std::iter::once(' ').chain(call.chars()).zip(call.chars()) {
        match c {
            '"' if before != '\\' => quoted = !quoted,
            '(' | '[' | '{' if !quoted => depth += 1,
            ')' | ']' | '}' if !quoted && depth == 0 => break,
            ')' | ']' | '}' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 => parts.push(String::new()),
            _ => {}
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    let name =
        |part: &String| part.split_once('=').map(|(name, _)| name.trim_matches([',', ' ', '\n']).to_owned());
    (parts[0].trim().trim_matches('"').to_owned(), parts[1..].iter().filter_map(name).collect())
}

/// Every sentence that a rule says, with the names of what it is about.
fn sentences() -> Vec<(String, Args)> {
    let files = files();
    behind(&files, concat!("sentence", "!("))
        .filter(|call| call.trim_start().starts_with('"'))
        .map(named)
        .collect()
}

#[test]
fn both_catalogues_parse_and_say_the_same_things_about_the_same() {
    for source in Language::ALL.into_iter().flat_map(|language| language.sources().iter().copied()) {
        assert!(FluentResource::try_new(source.to_owned()).is_ok());
    }
    assert_eq!(said(Language::English), said(Language::Dutch));
}

#[test]
fn every_message_that_a_page_asks_for_is_there() {
    let files = files();
    let calls = [concat!("say", "(\""), concat!("say_", "with(\""), concat!("say_", "of(\"")];
    let asked = calls.iter().flat_map(|call| behind(&files, call)).filter_map(|rest| rest.split('"').next());
    let missing: Vec<_> = asked.filter(|id| !Language::English.knows(id)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn every_sentence_of_a_rule_is_there_with_what_it_is_about_and_no_other() {
    let (all, used) = (said(Language::English), sentences());
    assert!(used.len() > 150, "{} were found", used.len());
    for (word, about) in &used {
        assert_eq!(all.get(word), Some(about), "{word}");
    }
    let used: BTreeSet<_> = used.into_iter().map(|(word, _)| word).collect();
    let refusals = Language::English.sources()[1].lines().filter_map(|line| Some(line.split_once(" =")?.0));
    let unused: Vec<_> =
        refusals.filter(|id| id.starts_with(char::is_lowercase) && !used.contains(*id)).collect();
    assert_eq!(unused, Vec::<&str>::new());
}

#[test]
fn whatever_there_is_none_of_has_a_dutch_name() {
    let files = files();
    let missing = behind(&files, concat!("NoSuch", "(\"")).filter_map(|rest| rest.split('"').next());
    let missing: BTreeSet<_> = missing.filter(|what| !what.is_empty()).collect();
    assert!(missing.len() > 8, "{missing:?}");
    for what in missing {
        let variant = format!("    [{what}] ");
        assert!(Language::Dutch.sources()[1].contains(&variant), "{what}");
        let told =
            crate::problem::Refusal::field("", sentence!("no-such", what = what)).told(Language::English);
        assert!(!told.contains('-'), "{told}");
    }
}

#[test]
fn a_browser_gets_the_language_that_it_prefers() {
    for (accepted, language) in [
        ("", Language::English),
        ("nl", Language::Dutch),
        ("nl-BE,nl;q=0.9,en;q=0.8", Language::Dutch),
        ("de,en;q=0.7,nl;q=0.3", Language::English),
        ("de", Language::English),
        ("nl;q=0", Language::English),
    ] {
        let headers = [(header::ACCEPT_LANGUAGE, accepted.parse().unwrap())].into_iter().collect();
        assert_eq!(Language::accepted(&headers), language, "{accepted}");
    }
}

#[test]
fn numbers_are_counted_in_both_languages() {
    for (language, one, many) in
        [(Language::English, "1 webhook", "2 webhooks"), (Language::Dutch, "1 webhook", "2 webhooks")]
    {
        assert_eq!(language.say_with("count-webhooks", "count", 1), one);
        assert_eq!(language.say_with("count-webhooks", "count", 2), many);
    }
}
