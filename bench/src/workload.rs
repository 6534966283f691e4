//! What a workload is, and the list of all.

use crate::Result;
use crate::numbers::Numbers;
use crate::{w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14};
use std::time::Duration;

/// One implementation of a workload, ready to be timed.
pub trait Workload {
    /// What is timed: binds the parameters, computes, and reads the loss (or a number of the result).
    ///
    /// # Errors
    /// Whatever goes wrong; a benchmark stops then.
    fn step(&mut self) -> Result<f64>;

    /// The numbers that every framework should agree on, of an implementation that has made no step.
    ///
    /// # Errors
    /// As [`step`](Self::step).
    fn check(&mut self) -> Result<Numbers>;

    /// How long it took to record, differentiate and plan what the steps repeat.
    fn planning(&self) -> Duration {
        Duration::ZERO
    }
}

/// An implementation by name: what [`serve`](crate::serve) offers.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// `"W1"`.
    pub workload: &'static str,
    /// Who computes it and how: `"autodiff"`, `"autodiff-replay"`.
    pub framework: &'static str,
    /// Makes one that may use this number of threads.
    pub make: fn(threads: usize) -> Result<Box<dyn Workload>>,
}

impl Entry {
    /// How processes talk about it: `"W1:autodiff"`.
    pub fn id(&self) -> String {
        format!("{}:{}", self.workload, self.framework)
    }
}

/// What is known of a workload before anything is measured.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// `"W1"`.
    pub name: &'static str,
    /// What it computes, in one line.
    pub title: &'static str,
    /// The operations that nobody can avoid: two for each multiply-add of the products.
    pub flops: f64,
    /// Whether they are of single precision.
    pub single: bool,
    /// What has to move between memory and the processor.
    pub bytes: f64,
    /// How far two frameworks may differ, relative to the size of what is compared.
    pub tolerance: f64,
}

impl About {
    /// `"W9"` for all of its kinds, which compute the same numbers.
    pub fn family(&self) -> &'static str {
        self.name.split_once('-').map_or(self.name, |(family, _)| family)
    }
}

/// All workloads, in order.
pub const WORKLOADS: [About; 16] = [
    w1::ABOUT,
    w2::ABOUT,
    w3::ABOUT,
    w4::ABOUT,
    w5::ABOUT,
    w6::ABOUT,
    w7::ABOUT,
    w8::ABOUT,
    w9::EAGER,
    w9::PLANNED,
    w9::SCAN,
    w10::ABOUT,
    w11::ABOUT,
    w12::ABOUT,
    w13::ABOUT,
    w14::ABOUT,
];

/// Our implementations.
pub const ENTRIES: [Entry; 17] = [
    Entry { workload: "W1", framework: "autodiff", make: w1::make },
    Entry { workload: "W2", framework: "autodiff", make: w2::make },
    Entry { workload: "W3", framework: "autodiff", make: w3::make },
    Entry { workload: "W4", framework: "autodiff", make: w4::make },
    Entry { workload: "W5", framework: "autodiff", make: w5::make },
    Entry { workload: "W6", framework: "autodiff", make: w6::make },
    Entry { workload: "W7", framework: "autodiff-fwdrev", make: w7::forward_over_reverse },
    Entry { workload: "W7", framework: "autodiff-revrev", make: w7::reverse_over_reverse },
    Entry { workload: "W8", framework: "autodiff", make: w8::make },
    Entry { workload: "W9-eager", framework: "autodiff", make: w9::eager },
    Entry { workload: "W9-planned", framework: "autodiff", make: w9::planned },
    Entry { workload: "W9-scan", framework: "autodiff", make: w9::scan },
    Entry { workload: "W10", framework: "autodiff", make: w10::make },
    Entry { workload: "W11", framework: "autodiff", make: w11::make },
    Entry { workload: "W12", framework: "autodiff", make: w12::make },
    Entry { workload: "W13", framework: "autodiff", make: w13::make },
    Entry { workload: "W14", framework: "autodiff", make: w14::make },
];

/// The workloads that `names` choose, all if there are none; `W9` chooses all of its kinds.
///
/// # Errors
/// A name that chooses nothing.
pub fn chosen(names: &[String]) -> Result<Vec<About>> {
    let fits =
        |about: &About, name: &str| [about.name, about.family()].iter().any(|known| known.eq_ignore_ascii_case(name));
    if let Some(unknown) = names.iter().find(|name| !WORKLOADS.iter().any(|about| fits(about, name))) {
        return Err(format!("there is no workload `{unknown}`").into());
    }
    let wanted = |about: &&About| names.is_empty() || names.iter().any(|name| fits(about, name));
    Ok(WORKLOADS.iter().filter(wanted).copied().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_workload_has_an_implementation_and_every_implementation_a_workload() {
        for about in WORKLOADS {
            assert!(ENTRIES.iter().any(|entry| entry.workload == about.name), "{}", about.name);
        }
        for entry in ENTRIES {
            assert!(WORKLOADS.iter().any(|about| about.name == entry.workload), "{}", entry.id());
        }
    }

    #[test]
    fn names_choose_workloads() {
        let names = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| word.to_string()).collect();
            chosen(&words).map(|chosen| chosen.iter().map(|about| about.name).collect::<Vec<_>>())
        };
        assert_eq!(names(&["w9", "W2"]).unwrap(), ["W2", "W9-eager", "W9-planned", "W9-scan"]);
        assert_eq!(names(&["W1"]).unwrap(), ["W1"]);
        assert_eq!(names(&[]).unwrap().len(), WORKLOADS.len());
        assert!(names(&["W0"]).is_err());
    }
}
