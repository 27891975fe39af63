//! Random numbers from a seed (SplitMix64, <https://prng.di.unimi.it/splitmix64.c>): the same on every machine.

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub(super) struct Random(u64);

impl Random {
    pub(super) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A stream of its own for what has this name, so that drawing from one leaves all others as they are.
    pub(super) fn of(seed: u64, name: &str) -> Self {
        // FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>), over the name.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        let mut stream = Self(seed ^ hash);
        stream.next();
        stream
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 where there is none.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next().checked_rem(end).unwrap_or_default()
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high.saturating_sub(low).saturating_add(1)).unwrap_or_default();
        low.saturating_add(i64::try_from(self.below(span)).unwrap_or_default())
    }

    /// Whether something happens that happens `per_mille` times of a thousand.
    pub(super) fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of these, by their weights.
    pub(super) fn weighed<T: Copy>(&mut self, all: &[(u64, T)], otherwise: T) -> T {
        let mut at = self.below(all.iter().map(|(weight, _)| weight).sum());
        for (weight, one) in all {
            match at.checked_sub(*weight) {
                None => return *one,
                Some(rest) => at = rest,
            }
        }
        otherwise
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_one_seed_are_their_own_and_come_again() {
        let draw = |seed, name| {
            let mut stream = Random::of(seed, name);
            [stream.next(), stream.next(), stream.next()]
        };
        assert_eq!(draw(7, "bank"), draw(7, "bank"));
        assert_ne!(draw(7, "bank"), draw(7, "post"));
        assert_ne!(draw(7, "bank"), draw(8, "bank"));
    }

    #[test]
    fn numbers_stay_within_their_bounds_and_reach_them() {
        let mut stream = Random::new(1);
        let drawn: std::collections::BTreeSet<i64> = (0..200).map(|_| stream.between(-2, 2)).collect();
        assert_eq!(drawn, (-2..=2).collect());
        assert_eq!((stream.below(0), stream.between(3, 3)), (0, 3));
        assert!((0..100).all(|_| stream.weighed(&[(0, 'a'), (5, 'b')], 'c') == 'b'));
    }
}
