//! The sources of chance that linfa draws from.

use rand_core::{Error, RngCore, impls};

use crate::random::SplitMix64;

/// The crate's generator as linfa wants it.
#[derive(Debug, Clone)]
pub(super) struct Generator(pub(super) SplitMix64);

impl RngCore for Generator {
    fn next_u32(&mut self) -> u32 {
        (self.0.next_u64() >> 32) as u32
    }

    fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        impls::fill_bytes_via_next(self, bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

/// Always 0: for a start that linfa draws at random but that should be zero. Only for draws from an interval of reals,
/// which take one number each.
#[derive(Debug, Clone)]
pub(super) struct Zeros;

impl RngCore for Zeros {
    fn next_u32(&mut self) -> u32 {
        0
    }

    fn next_u64(&mut self) -> u64 {
        0
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        bytes.fill(0);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}
