//! Seeded random numbers: the same seed gives the same names, uids and luck.

/// The letters Kubernetes uses in generated names: no vowels, so that no words appear.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// A `SplitMix64` generator; good for stories, not for secrets.
#[derive(Clone, Debug)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// A generator that repeats itself for the same seed.
    pub fn new(seed: u64) -> Dice {
        Dice { state: seed }
    }

    /// Other dice, for what may never be written under a name: their throws are not those that come later from these.
    #[must_use]
    pub fn aside(&self, name: &str) -> Dice {
        let mixed = name.bytes().fold(self.state, |state, byte| {
            state
                .wrapping_mul(0xd134_2543_de82_ef95)
                .wrapping_add(u64::from(byte))
        });
        Dice {
            state: mixed.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1),
        }
    }

    /// The next 64 random bits.
    pub fn roll(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, not including, `end`; 0 when `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.roll().checked_rem(end).unwrap_or(0)
    }

    /// A uid as a real server makes them: UUID version 4.
    pub fn uuid(&mut self) -> String {
        uuid::Builder::from_random_bytes(self.bytes())
            .into_uuid()
            .to_string()
    }

    /// A uid no real server makes: UUID version 8, the mark of a simulated cluster.
    pub fn uuid_v8(&mut self) -> String {
        uuid::Builder::from_custom_bytes(self.bytes())
            .into_uuid()
            .to_string()
    }

    /// A name suffix of `length` letters from the alphabet that generated names use.
    pub fn suffix(&mut self, length: usize) -> String {
        let count = u64::try_from(LETTERS.len()).unwrap_or(1);
        (0..length)
            .filter_map(|_| usize::try_from(self.below(count)).ok())
            .filter_map(|at| LETTERS.get(at))
            .map(|letter| char::from(*letter))
            .collect()
    }

    fn bytes(&mut self) -> [u8; 16] {
        let bits = (u128::from(self.roll()) << 64) | u128::from(self.roll());
        bits.to_be_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_story() {
        let (mut one, mut two) = (Dice::new(7), Dice::new(7));
        assert_eq!(one.uuid(), two.uuid());
        assert_eq!(one.suffix(5), two.suffix(5));
        assert_ne!(one.uuid(), Dice::new(8).uuid());
    }

    #[test]
    fn uids_carry_their_version() {
        let mut dice = Dice::new(1);
        assert_eq!(dice.uuid().as_bytes()[14], b'4');
        assert_eq!(dice.uuid_v8().as_bytes()[14], b'8');
    }
}
