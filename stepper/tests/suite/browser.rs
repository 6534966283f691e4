//! The page in a real browser. Without one these tests say so and pass.

use crate::golden::trace;
use crate::webdriver::{Browser, file};
use serde_json::Value;
use stepper::number::short;

const RIGHT: char = '\u{E014}';
const LEFT: char = '\u{E012}';

fn time(browser: &Browser) -> u64 {
    browser.script("return time").as_u64().unwrap()
}

#[test]
fn the_page_steps_as_the_trace_does() {
    let Some(browser) = Browser::open(1280, 800, false) else { return };
    let trace = trace("two-layers");
    let path = file("steps", &stepper::html(&trace, "two layers").unwrap());
    browser.visit(&path, "");
    let story = stepper::story::Story::new(&trace);
    let says = |browser: &Browser, t: usize| {
        assert_eq!(browser.text("say"), story.sentence(&trace.at(t)), "time {t}");
    };
    says(&browser, 0);
    browser.keys(&RIGHT.to_string().repeat(3));
    assert_eq!(time(&browser), 3);
    says(&browser, 3);
    browser.keys(&LEFT.to_string());
    says(&browser, 2);
    browser.keys("G");
    assert_eq!(time(&browser), trace.len() as u64);
    browser.keys("g");
    assert_eq!(time(&browser), 0);
    // A line at a time: to the end, and back to the beginning.
    let mut lines = 0;
    while time(&browser) < trace.len() as u64 {
        browser.keys("l");
        lines += 1;
        assert!(lines < trace.len());
    }
    assert!(lines < trace.len() / 2, "{lines} lines");
    browser.keys("h");
    assert!(time(&browser) < trace.len() as u64);

    // The number of every box and of the card is the one that the library writes.
    let end = trace.runs()[0].events.end;
    browser.script(&format!("go({end})"));
    let state = trace.at(end);
    for node in trace.nodes().filter(|node| node.id().index() < trace.runs()[0].nodes.end && node.name().is_some()) {
        browser.script(&format!("picked = {}; show()", node.id().index()));
        let card = browser.text("card");
        let mut numbers = vec![short(state.value(node.id()).unwrap()[[]])];
        numbers.extend(state.cotangent(node.id()).map(|x| short(x[[]])));
        numbers.extend(story.next(node.id()));
        for x in numbers {
            assert!(card.contains(&x), "{:?}: {x} in {card}", node.name());
        }
    }

    // The time stands in the address, so that a page is opened where it was left.
    browser.visit(&path, "#60");
    browser.script("location.reload()");
    assert_eq!(time(&browser), 60);
    says(&browser, 60);
    assert_eq!(browser.log("browser"), Vec::<String>::new());
    std::fs::remove_file(path).unwrap();
}

#[test]
fn one_request_and_no_error() {
    let Some(browser) = Browser::open(1280, 800, true) else { return };
    for demo in stepper::demo::ALL {
        let path = file(demo.name, &stepper::html(&demo.trace().unwrap(), demo.title).unwrap());
        browser.visit(&path, "");
        browser.keys("G");
        let requests: Vec<String> = browser
            .log("performance")
            .into_iter()
            .filter(|message| message.contains("\"Network.requestWillBeSent\"") && !message.contains("\"url\":\"data:"))
            .collect();
        assert_eq!(requests.len(), 1, "{}: {requests:?}", demo.name);
        assert_eq!(browser.log("browser"), Vec::<String>::new(), "{}", demo.name);
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn breakpoints_in_the_page_stop_as_those_of_the_library() {
    let Some(browser) = Browser::open(1280, 800, false) else { return };
    for name in ["two-layers", "nan-forward", "nan-reverse", "two-layers-matrices"] {
        let trace = trace(name);
        let path = file(&format!("stops-{name}"), &stepper::html(&trace, name).unwrap());
        browser.visit(&path, "");
        for text in [
            "nan",
            "nan(grad)",
            "op == \"mul\" && phase == reverse",
            "name ~ \"w*\" && event == update",
            "%3",
            "value.max > 0.5 && !(time < 9)",
            "|grad|.max >= 0.1 || shape[0] == 2",
            "rank == 1 && event != push",
            "scope == \"hidden\"",
        ] {
            let breakpoint: autodiff::inspect::Breakpoint = text.parse().unwrap();
            let mut stepper = autodiff::inspect::Stepper::new(&trace);
            let mut expected = Vec::new();
            while stepper.run_until(&breakpoint).is_some() {
                expected.push(stepper.time() as u64);
            }
            let quoted = serde_json::to_string(text).unwrap();
            let found = browser.script(&format!(
                "const test = readBreakpoint({quoted}); const found = []; \
                 for (let t = 1; t <= end; t++) if (test(stateFor(t))) found.push(t); return found"
            ));
            let found: Vec<u64> = found.as_array().unwrap().iter().filter_map(Value::as_u64).collect();
            assert_eq!(found, expected, "{name}: {text}");
        }
        // By the keyboard: on to a stop, and back to one.
        browser.script("addStop('phase == reverse'); go(0)");
        browser.keys("c");
        let first = time(&browser);
        assert_eq!(browser.script("return events[time - 1][3]"), "reverse");
        // Every event of the reverse pass is a stop.
        browser.keys("...");
        assert_eq!(time(&browser), first + 3);
        browser.keys("C");
        assert_eq!(time(&browser), first + 2);
        let error = browser.script("try { readBreakpoint('op = 1') } catch (error) { return error.message }");
        assert!(error.as_str().unwrap().starts_with("column 4: expected `==`"), "{error}");
        std::fs::remove_file(path).unwrap();
    }
}

/// A copy opens at the same moment, with the same breakpoints, and steps as the page that it was made of.
#[test]
fn a_saved_copy_is_the_page() {
    let Some(browser) = Browser::open(1280, 800, false) else { return };
    let trace = trace("two-ways");
    let path = file("copied", &stepper::html(&trace, "two ways").unwrap());
    browser.visit(&path, "#9");
    browser.script("endTour(); addStop('phase == reverse && name ~ \"</script>*\"'); addStop('name ~ \"b\"')");
    // The file that the browser would download.
    let copy = browser.script_later(
        "let kept; URL.createObjectURL = blob => { kept = blob; return '#' }; HTMLAnchorElement.prototype.click = () => {}; \
         keys.w(); kept.text().then(done)",
    );
    let copied = file("copy", copy.as_str().unwrap());
    browser.visit(&copied, "");
    assert_eq!(time(&browser), 9);
    assert_eq!(browser.script("return stops.map(stop => stop.text)")[1], "name ~ \"b\"");
    assert_eq!(browser.script("return rows.length > 0 && boxes.size > 0"), true);
    browser.keys("G");
    let story = stepper::story::Story::new(&trace);
    assert_eq!(browser.text("say"), story.sentence(&trace.at(trace.len())));
    assert_eq!(browser.log("browser"), Vec::<String>::new());
    std::fs::remove_file(path).unwrap();
    std::fs::remove_file(copied).unwrap();
}

#[test]
fn what_is_predicted_is_covered_until_it_is_asked_for() {
    let Some(browser) = Browser::open(1280, 800, false) else { return };
    let path = file("predicted", &stepper::html(&trace("square"), "square").unwrap());
    browser.visit(&path, "");
    browser.script("endTour()");
    browser.keys("?.");
    assert_eq!(browser.script("return document.body.classList.contains('covered')"), true);
    assert!(browser.text("say").starts_with("What will x be?"), "{}", browser.text("say"));
    browser.keys(" ");
    assert_eq!(browser.script("return document.body.classList.contains('covered')"), false);
    assert!(browser.text("say").starts_with("x = 3 is given."), "{}", browser.text("say"));
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_name_that_looks_like_markup_is_a_name() {
    let Some(browser) = Browser::open(1280, 800, false) else { return };
    let tape = autodiff::Tape::<f64>::new();
    let x = tape.input(1.0).named("</script><script>document.title='run'</script>");
    let y = (x * 2.0).named("<b>y</b>");
    let path = file("names", &stepper::html(&y.trace().unwrap(), "names").unwrap());
    browser.visit(&path, "");
    browser.keys("...");
    assert!(browser.text("say").contains("<b>y</b> = </script>"), "{}", browser.text("say"));
    assert_eq!(browser.script("return document.title"), "names");
    assert_eq!(browser.script("return document.querySelectorAll('#card b, #program b, #graph b').length"), 0);
    std::fs::remove_file(path).unwrap();
}

#[test]
fn nothing_overlaps_and_nothing_is_cut_off() {
    for (width, height, dark) in [(1280, 800, false), (1280, 800, true), (390, 844, false)] {
        let Some(browser) = Browser::open(width, height, dark) else { return };
        let trace = trace("two-layers");
        let path = file(&format!("size-{width}-{dark}"), &stepper::html(&trace, "two layers").unwrap());
        browser.visit(&path, "#70");
        browser.script("endTour()");
        // Boxes of the graph do not overlap, and the page is as wide as the window.
        let overlaps = browser.script(
            "const boxes = [...document.querySelectorAll('.box')].map(box => box.getBoundingClientRect()); let n = 0; \
             boxes.forEach((a, i) => boxes.slice(i + 1).forEach(b => { if (a.left < b.right - 1 && b.left < a.right - 1 && \
             a.top < b.bottom - 1 && b.top < a.bottom - 1) n++; })); return n",
        );
        assert_eq!(overlaps, 0);
        assert_eq!(browser.script("return document.documentElement.scrollWidth <= innerWidth"), true);
        // Text stands out from what is behind it: the contrast of all cells with a number is at least 4.5 (WCAG 2.2, 1.4.3).
        let contrast = browser.script(CONTRAST);
        assert!(contrast.as_f64().unwrap() >= 4.5, "{width} {dark}: {contrast}");
        std::fs::remove_file(path).unwrap();
    }
}

const CONTRAST: &str = "
const canvas = document.createElement('canvas'); const paint = canvas.getContext('2d', { willReadFrequently: true });
const rgb = colour => { paint.clearRect(0, 0, 1, 1); paint.fillStyle = colour; paint.fillRect(0, 0, 1, 1); return [...paint.getImageData(0, 0, 1, 1).data].slice(0, 3); };
const light = colour => { const [r, g, b] = rgb(colour).map(c => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
let worst = 21;
for (const cell of document.querySelectorAll('.cell:not(.blank)')) {
  if (!cell.textContent.trim()) continue;
  const style = getComputedStyle(cell), a = light(style.color), b = light(style.backgroundColor);
  worst = Math.min(worst, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
}
return worst";
