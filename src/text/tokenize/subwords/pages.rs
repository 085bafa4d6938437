//! Facts about every character, learned from the `tokenizers` crate itself, 256 characters at a time and only where text
//! has them: whatever Unicode version its tables are of, ours say the same.

use std::sync::OnceLock;

/// Characters of one page.
const PAGE: u32 = 256;
/// Pages up to the last code point, U+10FFFF.
const PAGES: usize = (0x11_0000 / PAGE) as usize;

/// A value for every character, filled in by page.
#[derive(Debug)]
pub(super) struct Pages<T>(Box<[OnceLock<Box<[T]>>]>);

impl<T> Pages<T> {
    pub(super) fn new() -> Self {
        Pages((0..PAGES).map(|_| OnceLock::new()).collect())
    }

    /// The value of `c`; `learn` is asked once for each character of a page (a surrogate is asked for as U+FFFD).
    #[inline]
    pub(super) fn get(&self, c: char, learn: impl Fn(char) -> T) -> &T {
        let code = u32::from(c);
        let page = self.0[(code / PAGE) as usize].get_or_init(|| {
            let first = code - code % PAGE;
            (first..first + PAGE)
                .map(|code| learn(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)))
                .collect()
        });
        &page[(code % PAGE) as usize]
    }
}
