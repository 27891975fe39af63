//! Which of some amounts add up to another.
//!
//! **Bounds.** [`ITEMS`] amounts at most, [`STEPS`] steps and [`SOLUTIONS`] solutions: the problem is NP-hard, and a
//! person who has to choose is helped by the first few. A search that was cut short says so, and then nothing it
//! found counts as the only one.
//!
//! Source: Dunlin's own; depth first with the usual bounds (what is left must still suffice, and not exceed).

/// Amounts that are looked at.
pub(super) const ITEMS: usize = 24;

/// Steps of a search.
pub(super) const STEPS: u32 = 20_000;

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
    amounts: &'a [(usize, i64)],
    /// What `amounts` from a place on come to.
    rests: Vec<i64>,
    steps: u32,
    chosen: Vec<usize>,
    solutions: Vec<Vec<usize>>,
}

/// The sets of `amounts`, all more than nothing, that add up to `target`. The largest are tried first.
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
    usable.sort_by_key(|(at, amount)| (std::cmp::Reverse(*amount), *at));
    let mut rests = Vec::with_capacity(usable.len());
    let mut rest = 0i64;
    for (_, amount) in usable.iter().rev() {
        rest = rest.saturating_add(*amount);
        rests.push(rest);
    }
    rests.reverse();
    let mut search = Search {
        amounts: &usable,
        rests,
        steps: STEPS,
        chosen: Vec::new(),
        solutions: Vec::new(),
    };
    let complete = search.go(0, target) && whole;
    let mut solutions = search.solutions;
    for solution in &mut solutions {
        solution.sort_unstable();
    }
    solutions.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    Found { solutions, complete }
}

impl Search<'_> {
    /// Whether everything from a place on was tried.
    fn go(&mut self, at: usize, left: i64) -> bool {
        if left == 0 {
            self.solutions.push(self.chosen.clone());
            return self.solutions.len() < SOLUTIONS;
        }
        let Some(steps) = self.steps.checked_sub(1) else {
            return false;
        };
        self.steps = steps;
        let (Some((place, amount)), Some(rest)) = (self.amounts.get(at).copied(), self.rests.get(at)) else {
            return true;
        };
        if *rest < left {
            return true;
        }
        let next = at.saturating_add(1);
        if amount <= left {
            self.chosen.push(place);
            let goes_on = self.go(next, left.saturating_sub(amount));
            self.chosen.pop();
            if !goes_on {
                return false;
            }
        }
        self.go(next, left)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sums_are_found_and_counted() {
        let cases: [(&[i64], i64, &[&[usize]], bool); 6] = [
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
        let even: Vec<i64> = (0..24).map(|at| 1_000_000 + 2 * at).collect();
        let found = sums(&even, 12_000_001);
        assert_eq!((found.solutions.len(), found.complete), (0, false));
        let many = vec![7; ITEMS + 1];
        assert!(!sums(&many, 7 * 25).complete);
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
            for solution in &found.solutions {
                prop_assert!(all.contains(solution));
            }
            prop_assert_eq!(found.solutions.len(), all.len().min(SOLUTIONS));
            prop_assert_eq!(found.complete, all.len() < SOLUTIONS);
        }
    }
}
