//! The tests of what is private to `autodiff`. They stand beside what they test, as functions of the crate
//! (`autodiff::self_tests`), so that it is not compiled a second time for them. Each test here runs those of one module.

use autodiff::self_tests::{SelfTests, all};
use std::collections::BTreeSet;
use std::panic;

/// A test for each of these modules: `plan::run_team` is that of `autodiff::plan::run::team`.
macro_rules! modules {
    ($($parent:ident: $($module:ident)+;)+) => {
        const MODULES: &[&str] = &[$($(concat!(stringify!($parent), "::", stringify!($module))),+),+];
        $(mod $parent {
            $(#[test]
            fn $module() {
                super::run(concat!(stringify!($parent), "::", stringify!($module)));
            })+
        })+
    };
}

modules! {
    base: attributes;
    check: difference flat;
    inspect: numbers;
    kernels: conv cumsum deviations gather_along index levels matmul matmul_batched norm normal pair pool random rearrange
        sort window;
    plan: planner pool run_team verify verify_loops;
    primitive: level_tests;
    tape: attribution_tests;
    text: report;
}

/// The name here of a module of tests.
fn name((path, _): &SelfTests) -> String {
    let path = path.trim_start_matches("autodiff::").replace("::tests", "");
    path.replace("::", "_").replacen('_', "::", 1)
}

/// Runs all tests of the module, and then says which have failed.
fn run(module: &str) {
    let tests: Vec<SelfTests> = all().into_iter().filter(|tests| name(tests) == module).collect();
    assert_eq!(tests.len(), 1, "modules called {module}");
    let mut failed = Vec::new();
    for (test, run) in tests.iter().flat_map(|(_, tests)| *tests) {
        println!("{module}::{test}");
        if panic::catch_unwind(run).is_err() {
            failed.push(test);
        }
    }
    assert!(failed.is_empty(), "{module}: {failed:?}");
}

#[test]
fn each_module_runs() {
    let names: BTreeSet<String> = all().iter().map(name).collect();
    assert_eq!(names, MODULES.iter().map(|module| module.to_string()).collect());
    assert!(all().iter().all(|(_, tests)| !tests.is_empty()));
}
