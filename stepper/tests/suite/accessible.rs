//! The page for everybody: by the keyboard alone, and as `axe-core` sees it. Without a browser, or without `npm` to get
//! `axe-core` with, these tests say so and pass.

use crate::golden::trace;
use crate::webdriver::{Browser, file};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

const TAB: &str = "\u{E004}";
const ENTER: &str = "\u{E007}";

/// The source of `axe-core` (Deque Systems), from the registry of npm, once for all runs.
fn axe() -> Option<String> {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("axe");
    let path = folder.join("node_modules/axe-core/axe.min.js");
    if !path.exists() {
        std::fs::create_dir_all(&folder).unwrap();
        let install = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--silent", "axe-core@4.11.0"];
        let installed = Command::new("npm").args(install).arg("--prefix").arg(&folder).status();
        if !installed.is_ok_and(|status| status.success()) {
            eprintln!("skipped: `npm install axe-core` does not work here");
            return None;
        }
    }
    std::fs::read_to_string(path).ok()
}

#[test]
fn nothing_serious_is_found_on_a_desk() {
    nothing_serious(1280, 800);
}

#[test]
fn nothing_serious_is_found_on_a_telephone() {
    nothing_serious(390, 844);
}

/// One page for each size, light and dark. With `LONG` in the environment each is looked at in all ways, and one more, which takes
/// a quarter of a minute each time.
fn nothing_serious(width: u32, height: u32) {
    let Some(axe) = axe() else { return };
    let all = std::env::var_os("LONG").is_some();
    for dark in [false, true] {
        let Some(browser) = Browser::open(width, height, dark) else { return };
        let pages = [("convolution", 40), ("nan-reverse", 12), ("digits", 30), ("two-layers", 79)];
        let way = (2 * usize::from(width > height) + usize::from(dark)) % 3;
        let chosen = |i: usize| all || i == way;
        for (_, (name, time)) in pages.into_iter().enumerate().filter(|(i, _)| chosen(*i)) {
            let path = file(&format!("axe-{name}-{width}-{dark}"), &stepper::html(&trace(name), name).unwrap());
            browser.visit(&path, &format!("#{time}"));
            browser.script(&axe);
            for (what, prepare) in
                [("the page", "endTour()"), ("its help", "openHelp()"), ("its search", "closePanel(); openSearch()")]
            {
                browser.script(prepare);
                let found = browser
                    .script_later("axe.run().then(result => done(result.violations), error => done(String(error)))");
                let found = found.as_array().unwrap_or_else(|| panic!("{found}")).clone();
                let serious = |one: &&Value| matches!(one["impact"].as_str(), Some("serious" | "critical"));
                let serious: Vec<String> = found
                    .iter()
                    .filter(serious)
                    .map(|one| format!("{}: {}; {}", one["id"], one["help"], one["nodes"][0]["html"]))
                    .collect();
                assert!(serious.is_empty(), "{name}, {what}, {width}, dark {dark}:\n{}", serious.join("\n"));
            }
            std::fs::remove_file(path).unwrap();
        }
    }
}

#[test]
fn the_keyboard_reaches_everything() {
    let Some(browser) = Browser::open(1280, 800, false) else { return };
    let path = file("keyboard", &stepper::html(&trace("two-layers-matrices"), "matrices").unwrap());
    browser.visit(&path, "#30");
    browser.script("endTour(); document.body.focus()");
    // By Tab alone, all buttons that are shown come once, and the place of each is seen.
    let all = browser.script(
        "return [...document.querySelectorAll('button, input, dfn')].filter(one => one.checkVisibility() && one.tabIndex >= 0).length",
    );
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..all.as_u64().unwrap() + 12 {
        browser.keys(TAB);
        let here = browser.script(
            "const one = document.activeElement; const style = getComputedStyle(one); \
             return [[...document.querySelectorAll('*')].indexOf(one), one.tagName, style.outlineStyle]",
        );
        if matches!(here[1].as_str(), Some("BUTTON" | "INPUT" | "DFN")) {
            assert_ne!(here[2], "none", "{here}: nothing shows where the keyboard is");
            seen.insert(here[0].as_u64().unwrap());
        }
    }
    assert_eq!(seen.len() as u64, all.as_u64().unwrap());
    // A line of the program is gone to by Enter.
    browser.script("go(0); rows.find(row => row.kind === 'forward').line.focus()");
    browser.keys(ENTER);
    assert_eq!(browser.script("return events[time - 1][0]"), "push");
    std::fs::remove_file(path).unwrap();
}

#[test]
fn layers_fold_and_values_are_found() {
    let Some(browser) = Browser::open(1280, 800, false) else { return };
    let trace = trace("two-layers");
    let path = file("folds", &stepper::html(&trace, "two layers").unwrap());
    browser.visit(&path, "");
    browser.script("endTour()");
    let shown = |browser: &Browser| {
        browser
            .script("return rows.filter(row => row.kind !== 'given' && row.line.checkVisibility()).length")
            .as_u64()
            .unwrap()
    };
    let all = shown(&browser);
    browser.keys("Z");
    let few = shown(&browser);
    assert!(few < all, "{few} of {all}");
    // The graph has a box for each of the three layers, beside the 14 that are given.
    assert_eq!(browser.script("return [...boxes.values()].length"), 17);
    // A folded layer is one line, and is stepped over.
    browser.keys("ll");
    assert_eq!(browser.script("return rows.find(row => row.line.classList.contains('now')).path"), "hidden");
    let h2 = trace.nodes().find(|node| node.name() == Some("h2")).unwrap().id();
    assert_eq!(browser.script("return aboutAt(time)"), h2.index());
    // What is found is unfolded and looked at.
    browser.keys("/");
    browser.keys("E2");
    assert_eq!(browser.script("return document.querySelector('#panel [role=status]').textContent"), "2 found");
    browser.keys(ENTER);
    assert_eq!(browser.script("return nodes[picked].symbol"), "E2");
    assert_eq!(browser.script("return rowOf.get(`forward ${nodes[picked].statement}`).line.checkVisibility()"), true);
    browser.keys("\u{E00C}Z");
    assert_eq!(shown(&browser), all);
    std::fs::remove_file(path).unwrap();
}

/// A key press on a page of a thousand nodes is shown soon: measured, and written where it is asked for.
#[test]
fn a_page_of_a_thousand_nodes_opens_and_steps() {
    let Some(browser) = Browser::open(1280, 800, false) else { return };
    let tape = autodiff::Tape::<f64>::new();
    let x = tape.input(ndarray::Array1::linspace(-1.0, 1.0, 50)).named("x");
    let y = (0..332).fold(x, |x, _| (x * 1.01 + 0.1).sin());
    let trace = y.sum(..).trace().unwrap();
    assert!(trace.nodes().count() >= 1000);
    let path = file("thousand", &stepper::html(&trace, "a thousand").unwrap());
    browser.visit(&path, "");
    let times = browser.script(
        "endTour(); const times = []; for (let i = 0; i < 40; i++) { go(Math.floor(end * i / 40)); const from = performance.now(); \
         keys['.'](); document.body.getBoundingClientRect(); times.push(performance.now() - from); } \
         return times.sort((a, b) => a - b)",
    );
    let times: Vec<f64> = times.as_array().unwrap().iter().filter_map(Value::as_f64).collect();
    assert_eq!(times.len(), 40);
    eprintln!("a key press takes {:.1} ms (median), {:.1} ms (most)", times[20], times[39]);
    std::fs::remove_file(path).unwrap();
}
