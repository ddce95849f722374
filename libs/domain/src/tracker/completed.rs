//! What is done beyond the frontier, as text for a commit's metadata.
//!
//! Metadata travels further than the offsets it belongs to: a mirroring tool copies it onto offsets of another cluster,
//! where it would make records be skipped that nobody delivered. So it carries its base as an absolute offset, and a
//! checksum over cluster, topic, partition and base: unless all of them match, it says nothing.
//!
//! Beside that stands when the newest record was written that was read before the commit: a log of the same name that
//! holds newer ones before the frontier is another log, made anew.
//!
//! Layout: `pb2.` and base64 of `checksum (8 bytes) · base (varint) · newest (varint: milliseconds and 1, or 0) · kind
//! (0 bitmap, 1 runs) · body`; `pb1.` is the same without `newest`. A bitmap's bit `n` (lowest first) is offset
//! `base + n`; runs are varints, alternating undone and done, from `base` on.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::{Offset, Partition, Timestamp};

const PREFIX: &str = "pb2.";
const PREFIX_BEFORE: &str = "pb1.";
/// What a text without any offset takes at most.
const LEAST: usize = 48;
const BITMAP: u8 = 0;
const RUNS: u8 = 1;

/// Which log the offsets are of.
#[derive(Clone, Copy, Debug)]
pub struct Home<'a> {
    /// The cluster's id.
    pub cluster: &'a str,
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: Partition,
}

/// What is done beyond a frontier.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completed {
    /// In order.
    pub offsets: Vec<Offset>,
    /// When the newest of all records was written that were read by then; none if that is not known.
    pub newest: Option<Timestamp>,
}

impl Completed {
    /// What a broker keeps of metadata by default.
    pub const MAX_BYTES: usize = 4096;

    /// Writes offsets (growing, none before `base`) into at most `max` bytes. What does not fit is left out, from the
    /// far end: that is done twice, never lost. Where there is nothing to tell the text is empty.
    pub fn encode(
        home: Home<'_>,
        base: Offset,
        newest: Option<Timestamp>,
        done: impl IntoIterator<Item = Offset>,
        max: usize,
    ) -> String {
        let ahead: Vec<u64> =
            done.into_iter().filter_map(|offset| u64::try_from(offset.0.checked_sub(base.0)?).ok()).collect();
        let room = (max.saturating_sub(PREFIX.len()) / 4 * 3).saturating_sub(8 + 10 + 10 + 1);
        let (bitmap, by_bitmap) = bitmap(&ahead, room);
        let (runs, by_runs) = runs(&ahead, room);
        let (kind, body, count) =
            if (by_runs, std::cmp::Reverse(runs.len())) >= (by_bitmap, std::cmp::Reverse(bitmap.len())) {
                (RUNS, runs, by_runs)
            } else {
                (BITMAP, bitmap, by_bitmap)
            };
        let newest = newest.and_then(|at| u64::try_from(at.as_millis()).ok()?.checked_add(1)).unwrap_or(0);
        if count == 0 && (newest == 0 || max < LEAST) {
            return String::new();
        }
        let mut payload = Vec::with_capacity(body.len() + 21);
        put_varint(&mut payload, u64::try_from(base.0).unwrap_or(0));
        put_varint(&mut payload, newest);
        payload.push(kind);
        payload.extend_from_slice(&body);
        let mut bytes = checksum(home, &payload).to_vec();
        bytes.extend_from_slice(&payload);
        format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads what a commit's metadata says is done from `committed` on. Nothing, unless it was written for this very
    /// log and offset.
    pub fn decode(home: Home<'_>, committed: Offset, metadata: &str) -> Self {
        Self::parse(home, committed, metadata).unwrap_or_default()
    }

    fn parse(home: Home<'_>, committed: Offset, metadata: &str) -> Option<Self> {
        let text = metadata.strip_prefix(PREFIX);
        let is_older = text.is_none();
        let bytes = URL_SAFE_NO_PAD.decode(text.or_else(|| metadata.strip_prefix(PREFIX_BEFORE))?).ok()?;
        let (sum, payload) = bytes.split_first_chunk::<8>()?;
        if *sum != checksum(home, payload) {
            return None;
        }
        let (base, rest) = take_varint(payload)?;
        let (newest, rest) = if is_older { (0, rest) } else { take_varint(rest)? };
        let (kind, body) = rest.split_first()?;
        if i64::try_from(base).ok()? != committed.0 {
            return None;
        }
        let ahead = match *kind {
            BITMAP => from_bitmap(body),
            RUNS => from_runs(body)?,
            _ => return None,
        };
        let offset = |n| Some(Offset(committed.0.checked_add(i64::try_from(n).ok()?)?));
        let newest = newest.checked_sub(1).and_then(|millis| i64::try_from(millis).ok());
        Some(Self {
            offsets: ahead.into_iter().map(offset).collect::<Option<_>>()?,
            newest: newest.map(Timestamp::from_millis),
        })
    }
}

fn checksum(home: Home<'_>, payload: &[u8]) -> [u8; 8] {
    let mut hash = Sha256::new();
    for part in [home.cluster, home.topic] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.update(home.partition.0.to_be_bytes());
    hash.update(payload);
    let mut sum = [0; 8];
    sum.copy_from_slice(&hash.finalize()[..8]);
    sum
}

/// The bitmap, and how many of the offsets it holds.
fn bitmap(ahead: &[u64], room: usize) -> (Vec<u8>, usize) {
    let limit = (room as u64).saturating_mul(8);
    let fitting = ahead.partition_point(|n| *n < limit);
    let length = ahead[..fitting].last().map_or(0, |last| usize::try_from(last / 8 + 1).unwrap_or(room));
    let mut bytes = vec![0; length];
    for n in &ahead[..fitting] {
        if let Some(byte) = usize::try_from(n / 8).ok().and_then(|index| bytes.get_mut(index)) {
            *byte |= 1 << (n % 8);
        }
    }
    (bytes, fitting)
}

fn from_bitmap(bytes: &[u8]) -> Vec<u64> {
    let bits =
        bytes.iter().zip(0_u64..).flat_map(|(byte, index)| (0..8).map(move |bit| (byte, index * 8 + bit)));
    bits.filter(|(byte, n)| *byte & (1 << (n % 8)) != 0).map(|(_, n)| n).collect()
}

/// The runs, and how many of the offsets they hold.
fn runs(ahead: &[u64], room: usize) -> (Vec<u8>, usize) {
    let mut bytes = Vec::new();
    let (mut position, mut held) = (0, 0);
    for run in ahead.chunk_by(|a, b| a + 1 == *b) {
        let mark = bytes.len();
        put_varint(&mut bytes, run[0] - position);
        put_varint(&mut bytes, run.len() as u64);
        if bytes.len() > room {
            bytes.truncate(mark);
            break;
        }
        position = run[0] + run.len() as u64;
        held += run.len();
    }
    (bytes, held)
}

/// More than a window can span: a longer run is no list of ours.
const MAX_RUN: u64 = 10_000_000;

fn from_runs(mut bytes: &[u8]) -> Option<Vec<u64>> {
    let (mut ahead, mut position) = (Vec::new(), 0_u64);
    while !bytes.is_empty() {
        let (undone, rest) = take_varint(bytes)?;
        let (done, rest) = take_varint(rest)?;
        let start = position.checked_add(undone)?;
        position = start.checked_add(done).filter(|_| done <= MAX_RUN)?;
        ahead.extend(start..position);
        bytes = rest;
    }
    Some(ahead)
}

fn put_varint(bytes: &mut Vec<u8>, mut n: u64) {
    while n >= 0x80 {
        bytes.push((n & 0x7f) as u8 | 0x80);
        n >>= 7;
    }
    bytes.push(n as u8);
}

fn take_varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut n = 0_u64;
    for (index, byte) in bytes.iter().enumerate().take(10) {
        n |= u64::from(byte & 0x7f).checked_shl(u32::try_from(index).ok()? * 7)?;
        if byte & 0x80 == 0 {
            return Some((n, &bytes[index + 1..]));
        }
    }
    None
}
