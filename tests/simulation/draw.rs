//! Draws from a seed: the same seed, the same case.

/// The generation of cases that is drawn unless told otherwise. Whoever adds something that older seeds
/// did not have raises it, so that seeds which once failed stay the cases they were.
pub(crate) const NEWEST: u32 = 8;

/// A small generator (`SplitMix64`); the standard library has none.
#[derive(Clone, Debug)]
pub(crate) struct Draw {
    seed: u64,
    state: u64,
    generation: u32,
}

impl Draw {
    pub(crate) fn new(seed: u64, generation: u32) -> Self {
        let state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03;
        Self { seed, state, generation }
    }

    /// Another stream of the same seed, for one thing alone: drawing it leaves all others as they were.
    pub(crate) fn aside(&self, what: &str) -> Self {
        let mut hash = 0xCBF2_9CE4_8422_2325_u64;
        for byte in what.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        let state = Self::new(self.seed ^ hash, self.generation).bits();
        Self { seed: self.seed, state, generation: self.generation }
    }

    /// Says whether what came with a generation is drawn.
    pub(crate) fn since(&self, generation: u32) -> bool {
        self.generation >= generation
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.bits() % end.max(1)
    }

    /// True in `percent` of a hundred draws.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let index = usize::try_from(self.below(from.len() as u64)).unwrap_or(0);
        &from[index]
    }
}
