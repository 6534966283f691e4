//! The tests of what is private, as functions that `tests/inside` runs: as unit tests they would have the whole crate compiled
//! once more. They exist with the feature `self-tests`, in builds with debug assertions.

use std::fmt::Debug;

/// The path of a module, and its tests: their names, and what panics where they fail.
pub type SelfTests = (&'static str, &'static [(&'static str, fn())]);

/// All of them.
pub fn all() -> Vec<SelfTests> {
    let alone = [
        crate::base::attributes::tests::SELF_TESTS,
        crate::inspect::numbers::tests::SELF_TESTS,
        crate::primitive::level_tests::SELF_TESTS,
        crate::tape::attribution_tests::SELF_TESTS,
        crate::text::report::tests::SELF_TESTS,
    ];
    [&alone, crate::check::SELF_TESTS, crate::kernels::SELF_TESTS, crate::plan::SELF_TESTS].concat()
}

/// The tests of a module, by name, or `in` the modules of one. What is forgotten here is code that is never used: a warning.
macro_rules! self_tests {
    (in $($($module:ident)::+),+ $(,)?) => {
        pub(crate) const SELF_TESTS: &[$crate::self_tests::SelfTests] = &[$($($module)::+::SELF_TESTS),+];
    };
    ($($test:ident),+ $(,)?) => {
        pub(crate) const SELF_TESTS: $crate::self_tests::SelfTests =
            (module_path!(), &[$((stringify!($test), || $crate::self_tests::Outcome::expect($test()))),+]);
    };
}

/// What a test returns.
pub(crate) trait Outcome {
    fn expect(self);
}

impl Outcome for () {
    fn expect(self) {}
}

impl<E: Debug> Outcome for Result<(), E> {
    #[track_caller]
    fn expect(self) {
        assert!(self.is_ok(), "{self:?}");
    }
}
