//! Whether a text is in the language that the embedded model knows.

/// Counts of letters.
#[derive(Default)]
pub struct Letters {
    arabic: u64,
    all: u64,
}

impl Letters {
    /// Adds the letters of a text.
    pub fn count(&mut self, text: &str) {
        for c in text.chars().filter(|c| c.is_alphabetic()) {
            self.all += 1;
            self.arabic += u64::from(matches!(c,
                '\u{0600}'..='\u{06FF}' | '\u{0750}'..='\u{077F}' | '\u{08A0}'..='\u{08FF}' | '\u{FB50}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFF}'));
        }
    }

    /// Adds the counts of another text.
    pub fn add(&mut self, other: &Letters) {
        self.arabic += other.arabic;
        self.all += other.all;
    }

    /// The share of Arabic letters; 1 where there are no letters.
    pub fn share(&self) -> f64 {
        if self.all == 0 { 1.0 } else { self.arabic as f64 / self.all as f64 }
    }

    /// Whether under half of the letters are Arabic.
    pub fn mostly_foreign(&self) -> bool {
        self.share() < 0.5
    }
}
