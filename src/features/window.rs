//! A stretch of a text, by the places of its tokens: where a word stands tells much of what a sentence is.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Places from `start` up to, and without, `end`; negative ones count from the end of the text. Written as a Python slice:
/// `0:3` is the first three tokens, `4:` all from the fifth on, `-3:` the last three.
///
/// ```
/// use tasnif::features::window::Window;
///
/// let last: Window = "-3:".parse()?;
/// assert_eq!(last.of(10), 7..10);
/// assert_eq!(last.of(2), 0..2);
/// assert_eq!("4:12".parse::<Window>()?.of(6), 4..6);
/// # Ok::<(), tasnif::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Window {
    start: i32,
    end: Option<i32>,
}

impl Window {
    /// The first `tokens` tokens.
    pub const fn first(tokens: u16) -> Self {
        Window { start: 0, end: Some(tokens as i32) }
    }

    /// The places of the window in a text of `tokens` tokens.
    #[inline]
    pub fn of(self, tokens: usize) -> std::ops::Range<usize> {
        let place = |place: i32| match usize::try_from(place) {
            Ok(place) => place.min(tokens),
            Err(_) => tokens.saturating_sub(place.unsigned_abs() as usize),
        };
        let (start, end) = (place(self.start), self.end.map_or(tokens, place));
        start..end.max(start)
    }
}

impl std::fmt::Display for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.end {
            Some(end) => write!(f, "{}:{end}", self.start),
            None => write!(f, "{}:", self.start),
        }
    }
}

impl std::str::FromStr for Window {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || {
            Error::Parameter(format!(
                "window '{text}': write it as a slice of token places, such as 0:3 (the first three) or -3: (the last three)"
            ))
        };
        let (start, end) = text.split_once(':').ok_or_else(wrong)?;
        let place = |text: &str| text.trim().parse::<i32>().map_err(|_| wrong());
        let start = if start.trim().is_empty() { 0 } else { place(start)? };
        let end = if end.trim().is_empty() { None } else { Some(place(end)?) };
        // A window that no text can fill is a slip.
        let empty = end.is_some_and(|end| end <= start && (end < 0) == (start < 0) || end == 0);
        if empty { Err(wrong()) } else { Ok(Window { start, end }) }
    }
}

impl TryFrom<String> for Window {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Window> for String {
    fn from(window: Window) -> Self {
        window.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn windows_read_and_refuse() {
        for (text, places) in
            [("0:3", 0..3), (":3", 0..3), ("2:", 2..5), ("-2:", 3..5), ("1:-1", 1..4), ("9:12", 5..5)]
        {
            let window: Window = text.parse().unwrap();
            assert_eq!(window.of(5), places, "{text}");
            assert_eq!(window.to_string().parse::<Window>().unwrap(), window);
        }
        for bad in ["", "3", "3:1", "0:0", "-1:-3", "a:b", "1:0"] {
            assert!(bad.parse::<Window>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn places_are_those_of_the_text(start in -9i32..9, end in prop::option::of(-9i32..9), tokens in 0usize..12) {
            let places = Window { start, end }.of(tokens);
            prop_assert!(places.start <= places.end && places.end <= tokens);
        }
    }
}
