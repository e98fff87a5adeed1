//! Identifiers AWS would make up.

use serde::{Deserialize, Serialize};

/// Makes identifiers from a counter: the same sequence of requests gives the same identifiers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Ids {
    counter: u64,
}

impl Ids {
    /// Returns a generator whose first identifiers follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self { counter: seed }
    }

    /// Returns the next 64 well-mixed bits (the splitmix64 finaliser over a Weyl sequence).
    pub fn bits(&mut self) -> u64 {
        self.counter = self.counter.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.counter;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns `length` lower-case hexadecimal digits.
    pub fn hex(&mut self, length: usize) -> String {
        self.chars(b"0123456789abcdef", length)
    }

    /// Returns `length` upper-case letters and digits, as in `AROA…` and hosted zone ids.
    pub fn upper(&mut self, length: usize) -> String {
        self.chars(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", length)
    }

    /// Returns `length` letters of both cases, as in the suffix of a secret's ARN.
    pub fn letters(&mut self, length: usize) -> String {
        self.chars(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", length)
    }

    /// Returns `length` decimal digits.
    pub fn digits(&mut self, length: usize) -> String {
        self.chars(b"0123456789", length)
    }

    /// Returns an EC2-style id: the prefix, a dash and 17 hexadecimal digits beginning with 0.
    pub fn ec2(&mut self, prefix: &str) -> String {
        format!("{prefix}-0{}", self.hex(16))
    }

    /// Returns a UUID in the form of version 4.
    pub fn uuid(&mut self) -> String {
        let (high, low) = (self.bits(), self.bits());
        // The version is 4 and the variant's two bits are 10, as RFC 9562 wants them.
        let variant = (low >> 48) & 0x3fff | 0x8000;
        format!(
            "{:08x}-{:04x}-4{:03x}-{variant:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            low & 0xffff_ffff_ffff
        )
    }

    fn chars(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length)
            .map(|_| {
                let at = usize::try_from(self.bits() >> 33).unwrap_or(0) % alphabet.len();
                char::from(alphabet[at])
            })
            .collect()
    }
}
