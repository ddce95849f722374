//! Which of a lane's records go into the next POST.

use std::collections::VecDeque;
use std::time::Duration;

use super::lane::Queued;
use crate::{Batching, Timestamp};

/// How long the parts of a batch that failed wait for each other.
const REUNION: Duration = Duration::from_secs(1);
/// How often it is looked whether they are together.
const LOOK: Duration = Duration::from_millis(50);

/// The next POST's members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Assembly {
    /// The first record alone.
    Single,
    /// A batch of these, by their places in the queue, in order.
    Batch(Vec<usize>),
    /// More may come until then.
    Wait(Timestamp),
}

/// Puts the next POST together. The parts of a batch that failed go again as they were, if all are back within a second;
/// else what is there makes new batches.
pub(super) fn assemble(now: Timestamp, queue: &VecDeque<Queued>, batching: Option<&Batching>) -> Assembly {
    let (Some(batching), Some(head)) = (batching, queue.front()) else {
        return Assembly::Single;
    };
    let apart = |queued: &Queued| queued.part.is_none() || now.since(queued.read_at) >= REUNION;
    if apart(head) { fresh(now, queue, batching, apart) } else { reunion(now, queue, head) }
}

/// As many from the front as fit, once they are enough or the first has waited long enough.
fn fresh(
    now: Timestamp,
    queue: &VecDeque<Queued>,
    batching: &Batching,
    apart: impl Fn(&Queued) -> bool,
) -> Assembly {
    let most = usize::try_from(batching.max_events).unwrap_or(usize::MAX);
    let max_bytes = usize::try_from(batching.max_bytes).unwrap_or(usize::MAX);
    let (mut count, mut bytes) = (0, 0);
    for queued in queue.iter().take_while(|queued| apart(queued)).take(most) {
        if count > 0 && bytes + queued.bytes > max_bytes {
            return Assembly::Batch((0..count).collect());
        }
        count += 1;
        bytes += queued.bytes;
    }
    let until = queue.front().map_or(now, |head| head.read_at + batching.max_wait);
    if count == most || count < queue.len() || bytes >= max_bytes || until <= now {
        Assembly::Batch((0..count).collect())
    } else {
        Assembly::Wait(until)
    }
}

fn reunion(now: Timestamp, queue: &VecDeque<Queued>, head: &Queued) -> Assembly {
    let Some(wanted) = &head.part else { return Assembly::Single };
    let size = usize::try_from(wanted.size).unwrap_or(usize::MAX);
    let mut places = vec![None; size];
    for (place, part) in queue.iter().enumerate().filter_map(|(n, queued)| Some((n, queued.part.as_ref()?))) {
        if part.id == wanted.id
            && let Some(slot) = usize::try_from(part.index).ok().and_then(|index| places.get_mut(index))
        {
            slot.get_or_insert(place);
        }
    }
    match places.into_iter().collect::<Option<Vec<_>>>() {
        Some(all) => Assembly::Batch(all),
        None => Assembly::Wait((now + LOOK).min(head.read_at + REUNION)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dispatch::Place;
    use crate::{BatchPart, Epoch, Offset};

    const BATCHING: Batching = Batching { max_events: 3, max_bytes: 1000, max_wait: Duration::from_secs(2) };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn queued(bytes: usize, part: Option<(&str, u32, u32)>) -> Queued {
        let place = Place { epoch: Epoch(1), offset: Offset(0) };
        let part = part.map(|(id, index, size)| BatchPart { id: id.into(), index, size });
        Queued { place, bytes, read_at: at(0), part }
    }

    fn assembled(now: i64, queue: &[Queued]) -> Assembly {
        assemble(at(now), &queue.iter().cloned().collect(), Some(&BATCHING))
    }

    #[test]
    fn a_batch_goes_when_it_is_full_or_its_first_has_waited_long_enough() {
        let one = queued(10, None);
        assert_eq!(assembled(0, std::slice::from_ref(&one)), Assembly::Wait(at(2000)));
        assert_eq!(assembled(2000, std::slice::from_ref(&one)), Assembly::Batch(vec![0]));
        assert_eq!(assembled(0, &vec![one.clone(); 5]), Assembly::Batch(vec![0, 1, 2]));
        assert_eq!(assemble(at(0), &VecDeque::from([one]), None), Assembly::Single);
    }

    #[test]
    fn bytes_bound_a_batch_and_a_large_one_goes_alone() {
        assert_eq!(assembled(0, &[queued(600, None), queued(600, None)]), Assembly::Batch(vec![0]));
        assert_eq!(assembled(0, &[queued(5000, None)]), Assembly::Batch(vec![0]));
    }

    #[test]
    fn the_parts_of_a_batch_go_again_as_they_were_in_whatever_order_they_came_back() {
        let part = |index| queued(10, Some(("bat_1", index, 3)));
        let strangers = [part(2), queued(10, None), part(0), part(1)];
        assert_eq!(assembled(0, &strangers), Assembly::Batch(vec![2, 3, 0]));
    }

    #[test]
    fn parts_that_do_not_come_together_within_a_second_make_new_batches() {
        let part = |index| queued(10, Some(("bat_1", index, 3)));
        assert_eq!(assembled(10, &[part(2), part(0)]), Assembly::Wait(at(60)));
        assert_eq!(assembled(999, &[part(2), part(0)]), Assembly::Wait(at(1000)));
        assert_eq!(assembled(1000, &[part(2), part(0), queued(10, None)]), Assembly::Batch(vec![0, 1, 2]));
        assert_eq!(assembled(1000, &[part(2), part(0)]), Assembly::Wait(at(2000)));
    }

    #[test]
    fn a_part_that_came_back_twice_is_sent_once_with_its_batch() {
        let part = |index| queued(10, Some(("bat_1", index, 2)));
        assert_eq!(assembled(0, &[part(0), part(0), part(1)]), Assembly::Batch(vec![0, 2]));
    }
}
