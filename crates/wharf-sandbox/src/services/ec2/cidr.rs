//! Ranges of addresses.

use std::{fmt, net::IpAddr};

/// A range of IPv4 or IPv6 addresses, with the bits of the host cleared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cidr {
    base: u128,
    length: u32,
    width: u32,
}

impl Cidr {
    /// Reads `address/length`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        if length.len() > 3 || !length.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        Self::new(address.parse().ok()?, length.parse().ok()?)
    }

    /// Reads a range, or an address as the range of itself.
    pub(crate) fn parse_any(text: &str) -> Option<Self> {
        Self::parse(text).or_else(|| {
            let address: IpAddr = text.parse().ok()?;
            Self::new(address, if address.is_ipv4() { 32 } else { 128 })
        })
    }

    fn new(address: IpAddr, length: u32) -> Option<Self> {
        let (bits, width) = match address {
            IpAddr::V4(address) => (u128::from(address.to_bits()), 32),
            IpAddr::V6(address) => (address.to_bits(), 128),
        };
        if length > width {
            return None;
        }
        let host = width - length;
        let base = if host >= 128 { 0 } else { bits >> host << host };
        Some(Self { base, length, width })
    }

    /// Says whether it is a range of IPv4 addresses.
    pub(crate) fn is_v4(self) -> bool {
        self.width == 32
    }

    /// Returns the number of bits that all its addresses share.
    pub(crate) fn prefix_length(self) -> u32 {
        self.length
    }

    /// Says whether every address of `other` is in this range.
    pub(crate) fn contains(self, other: Self) -> bool {
        self.width == other.width && self.length <= other.length && {
            let host = self.width - self.length;
            host >= 128 || other.base >> host == self.base >> host
        }
    }

    /// Says whether the ranges share an address.
    pub(crate) fn overlaps(self, other: Self) -> bool {
        self.contains(other) || other.contains(self)
    }

    /// Returns how many addresses an IPv4 range has.
    pub(crate) fn size(self) -> u64 {
        1_u64 << (self.width - self.length).min(63)
    }

    /// Returns the address at a place of an IPv4 range.
    pub(crate) fn address(self, place: u64) -> String {
        let bits = u32::try_from(self.base + u128::from(place)).unwrap_or(u32::MAX);
        std::net::Ipv4Addr::from_bits(bits).to_string()
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.width == 32 {
            let bits = u32::try_from(self.base).unwrap_or(u32::MAX);
            write!(f, "{}/{}", std::net::Ipv4Addr::from_bits(bits), self.length)
        } else {
            write!(f, "{}/{}", std::net::Ipv6Addr::from_bits(self.base), self.length)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Cidr;

    #[test]
    fn ranges_are_written_in_canonical_form() {
        let shown = |text| Cidr::parse(text).map(|cidr| cidr.to_string());
        assert_eq!(shown("10.1.2.3/16").as_deref(), Some("10.1.0.0/16"));
        assert_eq!(shown("0.0.0.0/0").as_deref(), Some("0.0.0.0/0"));
        assert_eq!(shown("2001:DB8:0::1/32").as_deref(), Some("2001:db8::/32"));
        assert_eq!(shown("::/0").as_deref(), Some("::/0"));
        for bad in ["10.0.0.0", "10.0.0.0/33", "10.0.0/8", "x/8", "10.0.0.0/+8"] {
            assert_eq!(shown(bad), None, "{bad}");
        }
    }

    #[test]
    fn ranges_contain_and_overlap() {
        let cidr = |text| Cidr::parse_any(text).unwrap();
        assert!(cidr("10.0.0.0/8").contains(cidr("10.9.8.7")));
        assert!(!cidr("10.9.8.7").contains(cidr("10.0.0.0/8")));
        assert!(cidr("10.9.0.0/16").overlaps(cidr("10.0.0.0/8")));
        assert!(!cidr("0.0.0.0/0").contains(cidr("::1")));
        assert_eq!(cidr("10.0.1.0/24").address(5), "10.0.1.5");
    }
}
