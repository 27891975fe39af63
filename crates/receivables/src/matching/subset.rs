//! Which of some amounts add up to another.
//!
//! **Bounds.** [`ITEMS`] amounts, of which [`SIZE`] at most add up; [`STEPS`] steps and [`SOLUTIONS`] solutions: the
//! problem is NP-hard, of many amounts some always add up by chance, and a person who has to choose is helped by the
//! first few. A search that was cut short says so, and then nothing it found counts as the only one.
//!
//! Source: Dunlin's own; depth first, one size after the other, with the usual bounds (what is left must still suffice,
//! and not exceed).

/// Amounts that are looked at.
pub(super) const ITEMS: usize = 40;

/// Amounts that add up, besides all of them together and those at the beginning of the list.
pub(super) const SIZE: usize = 4;

/// Steps of a search.
pub(super) const STEPS: u32 = 50_000;

/// Solutions after which a search stops: it is not unique after the second.
pub(super) const SOLUTIONS: usize = 3;

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Found {
    /// Places in the list, in its order; those with the fewest places first.
    pub(super) solutions: Vec<Vec<usize>>,
    /// Whether there are no others.
    pub(super) complete: bool,
}

struct Search<'a> {
    /// Places and amounts, the largest first.
    amounts: &'a [(usize, i64)],
    steps: u32,
    chosen: Vec<usize>,
    solutions: Vec<Vec<usize>>,
}

/// The sets of `amounts`, all more than nothing, that add up to `target`; of all sets with more than [`SIZE`] members
/// only those that begin at the beginning and leave none out.
pub(super) fn sums(amounts: &[i64], target: i64) -> Found {
    let mut usable: Vec<(usize, i64)> = amounts
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, amount)| (1..=target).contains(amount))
        .collect();
    let whole = usable.len() <= ITEMS;
    // What comes first in the list is likelier to be paid: it is kept.
    usable.truncate(ITEMS);
    let from_the_first = run(amounts, target);
    usable.sort_by_key(|(at, amount)| (std::cmp::Reverse(*amount), *at));
    let mut search = Search {
        amounts: &usable,
        steps: STEPS,
        chosen: Vec::new(),
        solutions: Vec::new(),
    };
    let complete = (1..=SIZE).all(|size| search.go(0, size, target)) && whole;
    let mut solutions = search.solutions;
    for solution in &mut solutions {
        solution.sort_unstable();
    }
    solutions.extend(from_the_first.filter(|run| run.len() > SIZE));
    solutions.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    Found { solutions, complete }
}

/// The amounts from the first on that add up to the target.
fn run(amounts: &[i64], target: i64) -> Option<Vec<usize>> {
    let mut sum = 0i64;
    for (at, amount) in amounts.iter().enumerate() {
        sum = sum.saturating_add(*amount);
        if sum == target {
            return Some((0..=at).collect());
        }
    }
    None
}

impl Search<'_> {
    /// Tries every set of `size` more from a place on; says whether it is to go on.
    fn go(&mut self, at: usize, size: usize, left: i64) -> bool {
        let Some(fewer) = size.checked_sub(1) else {
            if left == 0 {
                self.solutions.push(self.chosen.clone());
            }
            return self.solutions.len() < SOLUTIONS;
        };
        let members = i64::try_from(size).unwrap_or(i64::MAX);
        for (skipped, (place, amount)) in self.amounts.iter().enumerate().skip(at) {
            // They only become smaller: neither these nor what follows suffice.
            if amount.saturating_mul(members) < left {
                return true;
            }
            let Some(steps) = self.steps.checked_sub(1) else {
                return false;
            };
            self.steps = steps;
            if *amount > left || fewer == 0 && *amount != left {
                continue;
            }
            self.chosen.push(*place);
            let goes_on = self.go(skipped.saturating_add(1), fewer, left.saturating_sub(*amount));
            self.chosen.pop();
            if !goes_on {
                return false;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Amounts, what they are to come to, the sets that do, and whether there are no others.
    type Case = (&'static [i64], i64, &'static [&'static [usize]], bool);

    #[test]
    fn sums_are_found_and_counted() {
        let cases: [Case; 6] = [
            (&[100, 250, 400], 350, &[&[0, 1]], true),
            (&[100, 250, 400], 751, &[], true),
            (&[50, 50, 100], 100, &[&[2], &[0, 1]], true),
            // Three of six pairs: the search stops there.
            (&[5, 5, 5, 5], 10, &[&[0, 1], &[0, 2], &[0, 3]], false),
            (&[0, -5, 10], 10, &[&[2]], true),
            (&[], 10, &[], true),
        ];
        for (amounts, target, solutions, complete) in cases {
            let found = sums(amounts, target);
            assert_eq!(found.solutions, solutions, "{target} of {amounts:?}");
            assert_eq!(found.complete, complete, "{target} of {amounts:?}");
        }
    }

    #[test]
    fn a_hard_search_ends_and_says_that_it_was_cut_short() {
        // Even amounts never make an odd sum, and the bounds cannot see it.
        let even: Vec<i64> = (0..40).map(|at| 1_000_000 + 2 * at).collect();
        let found = sums(&even, 4_000_101);
        assert_eq!((found.solutions.len(), found.complete), (0, false));
        let many: Vec<i64> = (1..=41).collect();
        assert!(!sums(&many, 1_000).complete);
        // All of them, and the oldest of them, are seen however many they are.
        assert_eq!(sums(&many, 861).solutions, [(0..41).collect::<Vec<_>>()]);
        assert_eq!(sums(&many, 21).solutions.last(), Some(&(0..6).collect()));
    }

    proptest! {
        /// Against every subset there is.
        #[test]
        fn a_complete_search_found_all(amounts in prop::collection::vec(1i64..60, 0..9), target in 1i64..200) {
            let found = sums(&amounts, target);
            let all: Vec<Vec<usize>> = (1u32..1 << amounts.len())
                .map(|set| (0..amounts.len()).filter(|at| set >> at & 1 == 1).collect::<Vec<_>>())
                .filter(|set| set.iter().map(|at| amounts[*at]).sum::<i64>() == target)
                .collect();
            let small = all.iter().filter(|set| set.len() <= SIZE).count();
            let mut distinct = found.solutions.clone();
            distinct.dedup();
            prop_assert_eq!(distinct.len(), found.solutions.len());
            for solution in &found.solutions {
                prop_assert!(all.contains(solution));
            }
            let found_small = found.solutions.iter().filter(|set| set.len() <= SIZE).count();
            prop_assert_eq!(found_small, small.min(SOLUTIONS));
            prop_assert_eq!(found.complete, small < SOLUTIONS);
        }
    }
}
