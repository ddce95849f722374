//! The file: a line that says what it is, a line for each record, and a line with their number, so that one which was cut
//! off is noticed.

use std::io::{BufRead, Write};

use anyhow::{Context as _, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use domain::Timestamp;
use serde_json::{Map, Value, json};

/// What the first line says. A later one is refused rather than misread.
const FORMAT: u64 = 1;
const NAME: &str = "postbode-registry";

/// Writes all of it.
pub(crate) fn write(
    mut to: impl Write,
    topic: &str,
    now: Timestamp,
    records: &[(Bytes, Bytes)],
) -> std::io::Result<()> {
    let made = wire::text::rfc3339(now);
    writeln!(to, "{}", json!({"file": NAME, "format": FORMAT, "topic": topic, "exported_at": made}))?;
    for (key, value) in records {
        let mut line = Map::new();
        put(&mut line, "key", key);
        put(&mut line, "value", value);
        writeln!(to, "{}", Value::Object(line))?;
    }
    writeln!(to, "{}", json!({"records": records.len()}))?;
    to.flush()
}

/// Reads all of it.
///
/// # Errors
/// When it is something else, of a later format, broken, or cut off.
pub(crate) fn read(from: impl BufRead) -> anyhow::Result<Vec<(Bytes, Bytes)>> {
    let mut lines = from.lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let head: Value = serde_json::from_str(&first).unwrap_or_default();
    ensure!(head["file"] == NAME, "this is no export of a registry: its first line does not say so");
    ensure!(head["format"] == FORMAT, "format {} is not known here: upgrade postbode", head["format"]);
    let mut records = Vec::new();
    for (number, line) in (2..).zip(lines) {
        let line: Value = serde_json::from_str(&line?).with_context(|| format!("line {number}"))?;
        if let Some(count) = line["records"].as_u64() {
            ensure!(count == records.len() as u64, "it says {count} records and has {}", records.len());
            return Ok(records);
        }
        let part = |name: &str| get(&line, name).with_context(|| format!("line {number} has no {name}"));
        records.push((part("key")?, part("value")?));
    }
    bail!("the export is cut off after {} records: its last line is missing", records.len())
}

/// As text where it is text, which it is in every record of ours.
fn put(line: &mut Map<String, Value>, name: &str, bytes: &[u8]) {
    match std::str::from_utf8(bytes) {
        Ok(text) => line.insert(name.to_owned(), text.into()),
        Err(_) => line.insert(encoded(name), STANDARD.encode(bytes).into()),
    };
}

fn get(line: &Value, name: &str) -> Option<Bytes> {
    if let Some(text) = line[name].as_str() {
        return Some(text.to_owned().into());
    }
    Some(STANDARD.decode(line[encoded(name)].as_str()?).ok()?.into())
}

fn encoded(name: &str) -> String {
    format!("{name}_base64")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records() -> Vec<(Bytes, Bytes)> {
        let odd = Bytes::from_static(&[0xff, 0, 0x0a]);
        vec![("account/acme".into(), r#"{"v":1, "id": "é\n"}"#.into()), (odd.clone(), odd)]
    }

    fn written() -> String {
        let mut file = Vec::new();
        write(&mut file, "postbode.webhooks", Timestamp::from_millis(0), &records()).unwrap();
        String::from_utf8(file).unwrap()
    }

    #[test]
    fn what_is_written_is_read_byte_for_byte() {
        let file = written();
        assert!(file.contains(r#""key":"account/acme""#) && file.lines().count() == 4, "{file}");
        assert_eq!(read(file.as_bytes()).unwrap(), records());
    }

    #[test]
    fn a_file_that_is_cut_off_broken_or_something_else_is_refused() {
        let file = written();
        let without_end: String = file.lines().take(3).map(|line| format!("{line}\n")).collect();
        let without_one = file.lines().filter(|line| !line.contains("acme")).collect::<Vec<_>>().join("\n");
        for (text, named) in [
            (without_end.as_str(), "cut off after 2"),
            (without_one.as_str(), "says 2 records and has 1"),
            (&file[..file.len() / 2], "line 2"),
            ("{}", "no export"),
            ("", "no export"),
            (&file.replace("\"format\":1", "\"format\":2"), "format 2"),
        ] {
            let error = format!("{:#}", read(text.as_bytes()).unwrap_err());
            assert!(error.contains(named), "{named}: {error}");
        }
    }
}
