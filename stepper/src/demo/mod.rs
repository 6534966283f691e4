//! Built-in demonstrations, with numbers that are known from elsewhere.

mod small;
mod two_layers;

use autodiff::Result;
use autodiff::inspect::Trace;

/// A program to look at.
pub struct Demo {
    /// The word that chooses it.
    pub name: &'static str,
    /// What it is, in a line.
    pub title: &'static str,
    run: fn() -> Result<Trace<f64>>,
}

impl Demo {
    /// The trace of its run.
    ///
    /// # Errors
    /// None that is expected: the programs are right.
    pub fn trace(&self) -> Result<Trace<f64>> {
        (self.run)()
    }
}

/// All demonstrations.
pub const ALL: [Demo; 9] = [
    Demo { name: "two-layers", title: "A network of two layers learns", run: two_layers::units },
    Demo { name: "two-layers-matrices", title: "The same network in matrices", run: two_layers::matrices },
    Demo { name: "two-ways", title: "e = (a + b)·(b + 1): two ways from b", run: small::two_ways },
    Demo { name: "logistic-unit", title: "A logistic unit, σ(w·x)", run: small::logistic_unit },
    Demo { name: "relu", title: "relu(2x + 1)", run: small::rectified },
    Demo { name: "square", title: "x·x: one value, used twice", run: small::square },
    Demo { name: "nan-forward", title: "The logarithm of (1, 0, −1)", run: small::logarithm },
    Demo { name: "nan-reverse", title: "√x − √x at 0: fine forwards, NaN in reverse", run: small::roots },
    Demo { name: "wrong-rule", title: "A rule that is wrong, and the check that finds it", run: small::wrong_rule },
];

/// The demonstration of this name.
pub fn find(name: &str) -> Option<&'static Demo> {
    ALL.iter().find(|demo| demo.name == name)
}
