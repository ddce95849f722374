//! Where a stream stands in `events`: for each partition, the offset that it has not seen yet.

use std::collections::BTreeMap;
use std::fmt;

use domain::{Offset, Partition};
use wire::Origin;

/// The next offset of each partition. Written `0-42,1-7`; a partition that is not in it is new, and was not seen at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places(BTreeMap<Partition, Offset>);

/// What the log holds: each partition's first offset, and the one behind its last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bounds(pub BTreeMap<Partition, (Offset, Offset)>);

impl Bounds {
    /// Where the log ends.
    pub fn ends(&self) -> Places {
        Places(self.0.iter().map(|(partition, (_, end))| (*partition, *end)).collect())
    }
}

impl Places {
    /// Reads what [`fmt::Display`] writes; none if it is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let place = |text: &str| {
            let Origin { partition, offset } = Origin::parse(text)?;
            (partition.0 >= 0 && offset.0 >= 0).then_some((partition, offset))
        };
        text.split(',').map(place).collect::<Option<_>>().map(Self)
    }

    /// The next offset of a partition.
    pub fn next(&self, partition: Partition) -> Offset {
        self.0.get(&partition).copied().unwrap_or(Offset(0))
    }

    /// A record was passed.
    pub fn pass(&mut self, partition: Partition, offset: Offset) {
        let next = self.0.entry(partition).or_insert(Offset(0));
        *next = (*next).max(offset.next());
    }

    /// Everything up to there was passed.
    pub fn pass_all(&mut self, to: &Self) {
        for (partition, end) in &to.0 {
            let next = self.0.entry(*partition).or_insert(Offset(0));
            *next = (*next).max(*end);
        }
    }

    /// What lies between here and there: of each partition the first offset, and the one behind the last.
    pub fn up_to(&self, to: &Self) -> Vec<(Partition, Offset, Offset)> {
        let gap = to.0.iter().map(|(partition, end)| (*partition, self.next(*partition), *end));
        gap.filter(|(_, from, end)| from < end).collect()
    }

    /// Each partition and its next offset.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (Partition, Offset)> {
        self.0.iter().map(|(partition, offset)| (*partition, *offset))
    }

    /// Where somebody who stood here goes on in a log with these bounds, if at most so many records (of all accounts)
    /// are read again, and whether records were left out: they are gone, or too many, or the log is another one.
    #[must_use]
    pub fn resumed(&self, bounds: &Bounds, most: u64) -> (Self, bool) {
        let mut cut = false;
        let mut from = BTreeMap::new();
        for (&partition, &(low, end)) in &bounds.0 {
            let wanted = self.next(partition);
            let there = (low..=end).contains(&wanted);
            cut |= !there;
            from.insert(partition, if there { wanted } else { low });
        }
        let behind = |(partition, (_, end)): (&Partition, &(Offset, Offset))| {
            end.0.abs_diff(from.get(partition).map_or(0, |it| it.0))
        };
        if bounds.0.iter().map(behind).sum::<u64>() > most {
            cut = true;
            let share = i64::try_from(most / bounds.0.len().max(1) as u64).unwrap_or(i64::MAX);
            for (partition, (_, end)) in &bounds.0 {
                from.entry(*partition).and_modify(|it| it.0 = it.0.max(end.0 - share));
            }
        }
        (Self(from), cut)
    }
}

impl FromIterator<(Partition, Offset)> for Places {
    fn from_iter<I: IntoIterator<Item = (Partition, Offset)>>(places: I) -> Self {
        Self(places.into_iter().collect())
    }
}

impl fmt::Display for Places {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (partition, offset)) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str(",")?;
            }
            Origin { partition: *partition, offset: *offset }.fmt(f)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(text: &str) -> Places {
        Places::parse(text).unwrap()
    }

    fn bounds(of: &[(i64, i64)]) -> Bounds {
        let numbered = of.iter().zip(0..).map(|(&(low, end), n)| (Partition(n), (Offset(low), Offset(end))));
        Bounds(numbered.collect())
    }

    #[test]
    fn places_are_read_back_and_only_move_forward() {
        let mut here = places("0-42,3-7");
        assert_eq!(here.to_string(), "0-42,3-7");
        here.pass(Partition(0), Offset(42));
        here.pass(Partition(3), Offset(2));
        here.pass(Partition(1), Offset(0));
        assert_eq!(here.to_string(), "0-43,1-1,3-7");
        here.pass_all(&places("0-1,3-9"));
        assert_eq!(here.to_string(), "0-43,1-1,3-9");
        let gap = here.up_to(&places("0-44,1-1,2-1"));
        assert_eq!(
            gap,
            [(Partition(0), Offset(43), Offset(44)), (Partition(2), Offset(0), Offset(1))],
            "a new partition from its beginning"
        );
        for bad in ["", "0", "0-", "-1-2", "0-1,", "a-b", "0-1;1-2", "0--3"] {
            assert_eq!(Places::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn whoever_stood_within_the_log_goes_on_there() {
        assert_eq!(places("0-5,1-9").resumed(&bounds(&[(0, 10), (3, 9)]), 100), (places("0-5,1-9"), false));
        assert_eq!(places("0-5").resumed(&bounds(&[(0, 10), (0, 2)]), 100), (places("0-5,1-0"), false));
    }

    #[test]
    fn what_is_gone_or_too_much_or_another_log_is_told() {
        assert_eq!(places("0-5").resumed(&bounds(&[(7, 10)]), 100), (places("0-7"), true), "deleted");
        assert_eq!(places("0-50").resumed(&bounds(&[(1, 10)]), 100), (places("0-1"), true), "made anew");
        let far = places("0-0,1-990").resumed(&bounds(&[(0, 1000), (0, 1000)]), 100);
        assert_eq!(far, (places("0-950,1-990"), true));
    }
}
