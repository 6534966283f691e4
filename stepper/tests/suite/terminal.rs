//! The screen as text: what it shows at some moments, and that its numbers are those of the page.

use crate::golden::trace;
use expect_test::expect_file;
use serde_json::Value;
use stepper::{Terminal, demo};

fn frame(name: &str, at: usize, size: (u16, u16)) -> String {
    let demo = demo::find(name).unwrap();
    Terminal::new().colours(false).title(demo.title).at(at).frame(demo, size).unwrap()
}

#[test]
fn the_screen_looks_like_this() {
    expect_file!["frames/begin_80x24.txt"].assert_eq(&frame("two-layers", 0, (80, 24)));
    expect_file!["frames/forward_80x24.txt"].assert_eq(&frame("two-layers", 24, (80, 24)));
    expect_file!["frames/reverse_80x24.txt"].assert_eq(&frame("two-layers", 79, (80, 24)));
    expect_file!["frames/reverse_200x60.txt"].assert_eq(&frame("two-layers", 96, (200, 60)));
    expect_file!["frames/attention_160x50.txt"].assert_eq(&frame("attention", 40, (160, 50)));
}

/// The data of a page.
fn scene(page: &str) -> Value {
    let begin = page.find("id=\"data\"").unwrap();
    let begin = begin + page[begin..].find('>').unwrap() + 1;
    let end = begin + page[begin..].find("</script>").unwrap();
    serde_json::from_str(&page[begin..end]).unwrap()
}

/// Without what a narrow pane changes: blanks and ends of lines.
fn close_up(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && !"│┬─".contains(*c)).collect()
}

/// At every moment of the known examples, what the page shows of the node at hand stands on the screen, in the same
/// strings: the value, the cotangent so far, the shares, the formula with numbers, and the sentence.
#[test]
fn the_numbers_are_those_of_the_page() {
    let known = ["two-layers", "two-layers-matrices", "two-ways", "logistic-unit", "relu", "square"];
    let known = known.into_iter().chain(["nan-forward", "nan-reverse", "wrong-rule"]);
    for name in known {
        let trace = trace(name);
        let scene = scene(&stepper::html(&trace, name).unwrap());
        let (nodes, numbers) = (&scene["nodes"], &scene["numbers"]);
        let text = |number: &Value| numbers[number.as_u64().unwrap() as usize][0].as_str().unwrap().to_owned();
        let mut compared = 0;
        for time in 1..=trace.len() {
            let event = &scene["events"][time - 1];
            // A screen so tall that nothing is cut off.
            let screen = frame(name, time, (220, 130));
            let mut expected = vec![event[4].as_str().unwrap().to_owned()];
            let about = match event[2].as_u64() {
                Some(edge) => scene["edges"][edge as usize]["operand"].as_u64(),
                None => event[1].as_u64(),
            };
            if let Some(about) = about {
                let node = &nodes[about as usize];
                if node["pushed"].as_u64().is_some_and(|pushed| pushed <= time as u64) {
                    expected.extend(node["value"].as_array().into_iter().flatten().map(text));
                    expected.extend(node["explained"][0][3].as_str().map(str::to_owned));
                }
                let history = node["cotangents"].as_array().unwrap();
                if let Some(latest) = history.iter().rfind(|entry| entry[0].as_u64().unwrap() <= time as u64) {
                    expected.extend(latest[1].as_array().unwrap().iter().map(text));
                    let shares = latest[2].as_array().unwrap();
                    let several = shares.len() > 1;
                    expected
                        .extend(shares.iter().filter(|_| several).map(|share| share[2].as_str().unwrap().to_owned()));
                }
            }
            let screen = close_up(&screen);
            for text in expected {
                assert!(screen.contains(&close_up(&text)), "{name}, time {time}: {text}\n{screen}");
                compared += 1;
            }
        }
        assert!(compared > trace.len(), "{name}: {compared}");
    }
}

#[test]
fn a_script_prints_and_an_error_says_where_it_ended() {
    let demo = demo::find("two-layers").unwrap();
    let printed = Terminal::new().script(demo, "b phase == update; c; p w1; ways h1; rs 1; q; p w2").unwrap();
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(lines[0], "breakpoint 1: phase == update");
    let update = "The update moves the parameter w1 against its cotangent: new w1 = w1 − 0.5·w\u{304}1 = 0.15 − \
                  0.5·0.0004386 = 0.149781.";
    assert!(lines[1].starts_with("time ") && lines[1].ends_with(update), "{}", lines[1]);
    assert_eq!((lines[2], lines[4]), ("w1 = 0.15", "new w1 = 0.1497807161327628"));
    assert!(lines[3].starts_with("w\u{304}1 = 0.00043856773447434"), "{}", lines[3]);
    assert_eq!(lines[5..7], ["by way of z3: 0.0554, 152.4 %", "by way of z4: −0.01905, −52.4 %"]);
    assert_eq!(lines.len(), 8);
    let error = Terminal::new().script(demo, "goto 3; p nobody; goto 4").unwrap_err().to_string();
    assert!(error.starts_with("time 3: ") && error.ends_with("`p nobody`: no node is called `nobody`"), "{error}");
}

#[test]
fn tapes_numbers_and_reports_are_shown() {
    let tape = autodiff::Tape::<f32>::new();
    let x = tape.input(3.0f32).named("x");
    let y = (x * x).named("y");
    assert_eq!(stepper::listing(&tape).unwrap(), stepper::listing(&y).unwrap());
    let empty = stepper::listing(&autodiff::Tape::<f64>::new()).unwrap_err();
    assert!(empty.to_string().contains("no number was computed on this tape"), "{empty}");
    // Nobody is at a terminal while tests run.
    assert!(matches!(stepper::open(&y), Err(stepper::Error::NoTerminal)));
}

/// A failing check holds its run; the text of the report says so, and the file that is saved tells the same.
#[test]
fn a_failing_check_is_looked_at() {
    use autodiff::check::Check;
    let wrong = trace("wrong-rule");
    let program = wrong.program().unwrap();
    let report = Check::new().order(1).program(program, &[autodiff::Input::real(0.8)]).unwrap();
    let report = report.ok().unwrap_err();
    assert!(report.to_string().contains("`stepper::save(&report, path)` writes it"), "{report}");
    let path = std::env::temp_dir().join(format!("stepper-report-{}.trace", std::process::id()));
    stepper::save(&report, &path).unwrap();
    let again = autodiff::inspect::Trace::<f64>::from_bytes(&std::fs::read(&path).unwrap()).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(stepper::listing(&again).unwrap(), stepper::listing(&report).unwrap());
    assert!(stepper::listing(&again).unwrap().contains("demo::wrong_cube"));
}
