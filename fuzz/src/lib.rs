//! Random texts of programs and random calls, and the properties that each must have.

pub mod calls;
mod cost;
mod mutate;
pub mod oracle;
pub mod search;
mod seeds;
pub mod shrink;

use oracle::Outcome;
use std::fmt;

/// How many texts went which way.
#[derive(Clone, Copy, Default, Debug)]
pub struct Tally {
    unread: usize,
    large: usize,
    refused: usize,
    ran: usize,
    derived: usize,
}

impl Tally {
    fn count(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::NotRead => self.unread += 1,
            Outcome::TooLarge => self.large += 1,
            Outcome::Refused => self.refused += 1,
            Outcome::Ran { derivatives } => {
                self.ran += 1;
                self.derived += derivatives;
            }
        }
    }

    fn total(&self) -> usize {
        self.unread + self.large + self.refused + self.ran
    }

    /// An error if so few texts were programs that a search says little.
    ///
    /// # Errors
    /// What was too few.
    pub fn is_telling(&self) -> Result<(), String> {
        let few = self.total() > 100 && (10 * self.ran < self.total() || self.derived < self.ran / 4);
        if few { Err("too few of the texts are programs that run: the changes are too wild".into()) } else { Ok(()) }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Tally { unread, large, refused, ran, derived } = self;
        let total = self.total();
        write!(
            f,
            "{total} texts: {unread} cannot be read, {large} ask for too much, {refused} refuse their inputs, {ran} \
             run, with {derived} derivatives"
        )
    }
}
