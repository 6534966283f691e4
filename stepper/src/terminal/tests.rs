//! Keys, and what the screen shows then.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use super::app::{Action, App, Mode};
use super::drawn;
use super::paint::Paint;
use crate::demo;
use autodiff::inspect::{Breakpoint, Stepper, Trace};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

fn trace(name: &str) -> Trace<f64> {
    demo::find(name).map(|demo| demo.trace()).unwrap().unwrap()
}

fn open(trace: &Trace<f64>) -> App<'_, f64> {
    App::new(trace, "a run", Paint { colours: false })
}

/// Presses keys, one a character; `\n` is Enter, `\t` Tab.
fn press(app: &mut App<'_, f64>, keys: &str) -> Action {
    let mut action = Action::Stay;
    for c in keys.chars() {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\t' => KeyCode::Tab,
            '\u{1b}' => KeyCode::Esc,
            c => KeyCode::Char(c),
        };
        action = app.key(KeyEvent::new(code, KeyModifiers::NONE));
    }
    action
}

fn shown(app: &App<'_, f64>) -> String {
    app.session.shown().map(|id| app.session.story.symbol(id).to_owned()).unwrap_or_default()
}

#[test]
fn events_and_lines_go_both_ways() {
    for demo in demo::ALL {
        let trace = demo.trace().unwrap();
        let mut app = open(&trace);
        let mut sentences = Vec::new();
        for time in 0..=trace.len() {
            assert_eq!(app.session.time, time, "{}", demo.name);
            sentences.push(app.session.story.sentence(&app.session.state()));
            press(&mut app, ".");
        }
        for time in (0..=trace.len()).rev() {
            assert_eq!(app.session.time, time, "{}", demo.name);
            assert_eq!(app.session.story.sentence(&app.session.state()), sentences[time]);
            press(&mut app, ",");
        }
        // A line at a time arrives at the end in fewer steps, and at the beginning again.
        let mut lines = 0;
        while app.session.time < trace.len() {
            let (before, row) = (app.session.time, app.here());
            press(&mut app, "l");
            assert!(app.session.time > before && (app.here() != row || app.session.time == trace.len()));
            lines += 1;
        }
        assert!(lines < trace.len() || trace.len() < 12, "{}: {lines} of {}", demo.name, trace.len());
        for _ in 0..=lines {
            press(&mut app, "h");
        }
        assert_eq!(app.session.time, 0, "{}", demo.name);
        assert_eq!(press(&mut app, "Gg"), Action::Stay);
        assert_eq!(press(&mut app, "q"), Action::Quit);
    }
}

#[test]
fn breakpoints_stop_where_those_of_the_library_do() {
    let trace = trace("two-layers");
    for text in ["op == \"mul\" && phase == reverse", "name ~ \"w*\" && event == update", "|grad|.max > 0.2", "nan"] {
        let stop: Breakpoint = text.parse().unwrap();
        let mut stepper = Stepper::new(&trace);
        let mut app = open(&trace);
        press(&mut app, &format!("b{text}\n"));
        let mut times = vec![0];
        while stepper.run_until(&stop).is_some() {
            press(&mut app, "c");
            assert_eq!(app.session.time, stepper.time(), "{text}");
            times.push(stepper.time());
        }
        // No event behind it meets the breakpoint: the time stays as it is, and the screen says so.
        press(&mut app, "c");
        assert_eq!(app.session.time, *times.last().unwrap());
        assert!(app.message.contains("there is no later breakpoint"), "{}", app.message);
        for time in times.iter().rev().skip(1).filter(|time| **time > 0) {
            press(&mut app, "C");
            assert_eq!(app.session.time, *time, "{text}");
        }
    }
    let mut app = open(&trace);
    press(&mut app, "c");
    assert!(app.message.contains("`b` sets one"));
    // A condition that cannot be read stays to be corrected.
    press(&mut app, "bop = 1\n");
    assert!(app.message.starts_with("column 4"), "{}", app.message);
    assert!(matches!(&app.mode, Mode::Prompt(_, text) if text == "op = 1"));
    press(&mut app, "\u{1b}bnan\nB");
    assert!(drawn(&mut app, 80, 24).contains("▸ nan"));
    press(&mut app, "d");
    assert!(app.session.stops.is_empty() && app.mode == Mode::Steps);
}

#[test]
fn the_first_nan_its_origin_and_its_ways() {
    let trace = trace("nan-reverse");
    let mut app = open(&trace);
    press(&mut app, "n");
    assert_eq!(app.session.state().event().map(|event| event.sort()), Some("accumulate"));
    assert_eq!(shown(&app), "x");
    let first = app.session.time;
    press(&mut app, "n");
    assert!(drawn(&mut app, 100, 40).contains("= NaN"));
    press(&mut app, "N");
    assert_eq!(app.session.time, first);
    // Where x was given, and from there to what contributes to its cotangent, round and round.
    press(&mut app, "o");
    assert_eq!(app.session.time, 1);
    press(&mut app, "e");
    assert_eq!(app.session.time, first);
    press(&mut app, "ee");
    assert_eq!(app.session.time, first);
}

#[test]
fn shares_and_rules_stand_in_the_card() {
    let trace = trace("two-layers");
    let mut app = open(&trace);
    press(&mut app, "/h1\n");
    assert_eq!(shown(&app), "h1");
    app.session.time = trace.runs()[0].events.end;
    let screen = drawn(&mut app, 200, 60);
    for text in [
        "by way of z3  0.0554  152.4 %",
        "by way of z4  −0.01905  −52.4 %",
        "= z̄3·w5",
        "= 0.1385·0.4 = 0.0554",
        "= sigmoid(0.3775)",
        "cotangent h̄1: how much E changes per change of h1",
        "to z1: h̄1·(h1·(1 − h1))",
    ] {
        assert!(screen.contains(text), "{text}\n{screen}");
    }
}

#[test]
fn a_prediction_covers_the_new_numbers() {
    let trace = trace("two-layers");
    let mut app = open(&trace);
    let h1 = trace.nodes().find(|node| node.name() == Some("h1")).unwrap().id();
    app.session.go(app.session.times.value(h1).unwrap() - 1);
    press(&mut app, "?.");
    let covered = drawn(&mut app, 200, 60);
    assert!(!covered.contains("0.5933") && covered.contains("What will h1 be?"), "{covered}");
    press(&mut app, " ");
    assert!(drawn(&mut app, 200, 60).contains("0.5933"));
    press(&mut app, "?.,");
    assert!(drawn(&mut app, 200, 60).contains("0.5933"));
}

#[test]
fn layers_are_folded_and_stepped_over() {
    let trace = trace("two-layers");
    let mut app = open(&trace);
    let unfolded = app.program.rows.len();
    press(&mut app, "Z");
    assert!(app.program.rows.len() < unfolded);
    let screen = drawn(&mut app, 100, 40);
    assert!(screen.contains("+ layer hidden  (4 lines)") && !screen.contains("h1 = sigmoid(z1)"), "{screen}");
    // What is given is one line, and so is a layer.
    while app.session.state().node().is_none_or(|id| trace.node(id).unwrap().scope() != "hidden") {
        press(&mut app, "l");
    }
    let h2 = trace.nodes().find(|node| node.name() == Some("h2")).unwrap().id();
    assert_eq!(Some(app.session.time), app.session.times.value(h2));
    press(&mut app, "z");
    assert!(drawn(&mut app, 100, 40).contains("h1 = sigmoid(z1)"));
    // What is sought is unfolded.
    press(&mut app, "z/E2\n");
    assert!(drawn(&mut app, 100, 40).contains("E2 = d2·d2·0.5"));
    press(&mut app, "/nothing of this name\n");
    assert!(app.message.contains("nothing is called"));
}

/// The number that the card shows is compared first, and each other number is said to be what it is.
#[test]
fn a_check_says_what_it_compares() {
    let trace = trace("two-layers");
    let mut app = open(&trace);
    app.session.go(69);
    let id = app.session.find_exact("o2");
    app.session.pick(id);
    press(&mut app, "f");
    let screen = drawn(&mut app, 220, 70);
    let at = |text: &str| screen.find(text).unwrap_or_else(|| panic!("{text}\n{screen}"));
    let texts = [
        "o\u{304}2, by changing o2 a little and running on:",
        "−0.2171; the finite",
        "what its rule passes to z4:",
        "−0.0381; the finite",
    ];
    assert!(texts.map(at).is_sorted(), "{screen}");
    assert!(screen.contains("(its slope is σ′(z) = σ(z)·(1 − σ(z)))"), "{screen}");
}

/// In the reverse pass a line stands in the layer whose rule ran, and a long one goes on in the next.
#[test]
fn the_reverse_pass_is_grouped_by_rules() {
    let trace = trace("two-layers");
    let mut app = open(&trace);
    app.session.go(60);
    let screen = drawn(&mut app, 80, 120);
    let lines: Vec<&str> = screen.lines().filter_map(|line| line.split('│').next()).map(str::trim).collect();
    let at = |start: &str| lines.iter().position(|line| line.contains(start)).unwrap_or_else(|| panic!("{screen}"));
    let order = [
        "rules of layer loss  (7 lines)",
        "o\u{304}2 =",
        "o\u{304}1 =",
        "rules of layer output  (9 lines)",
        "z\u{304}4 =",
        "h\u{304}1 =",
    ];
    assert!(order.map(at).is_sorted(), "{screen}");
    let step = &lines[at("step 1: reverse pass")..at("step 1: update")];
    assert_eq!(step.iter().filter(|line| line.contains("rules of layer")).count(), 3, "{screen}");
    let narrow = drawn(&mut app, 60, 120);
    let rest = narrow.lines().find(|line| line.contains("d\u{304}2 = E\u{304}2·0.5·d2")).unwrap();
    assert!(!rest.contains('…') && narrow.contains("+ E\u{304}2·0.5·d2"), "{narrow}");
}

#[test]
fn a_wrong_rule_differs_at_its_node() {
    let trace = trace("wrong-rule");
    let mut app = open(&trace);
    app.session.go(trace.len());
    for (name, outcome) in [("c", "differs"), ("y", "agrees")] {
        let id = app.session.find_exact(name);
        app.session.pick(id);
        press(&mut app, "f");
        let screen = drawn(&mut app, 139, 70);
        let card = screen.lines().filter_map(|line| line.split('│').nth(1)).collect::<String>();
        let words: Vec<&str> = card.split_whitespace().collect();
        let text = words.join(" ");
        let check = text.split("along a random direction: ").nth(1).unwrap_or_else(|| panic!("{screen}"));
        assert!(check.split(" on the tape").next().unwrap().contains(outcome), "{name}: {screen}");
    }
}

#[test]
fn a_cell_of_a_product_is_a_row_times_a_column() {
    let trace = trace("two-layers-matrices");
    let mut app = open(&trace);
    press(&mut app, "/z1\n");
    app.session.time = trace.runs()[0].events.end;
    let first = drawn(&mut app, 120, 50);
    assert!(first.contains("0.15·0.05 = 0.0075") && first.contains("+ 0.2·0.1   = 0.02"), "{first}");
    press(&mut app, "]");
    assert!(drawn(&mut app, 120, 50).contains("0.25·0.05 = 0.0125"));
    press(&mut app, "]");
    assert!(app.message.contains("it has 2"));
}

#[test]
fn a_cell_of_a_convolution_is_its_window() {
    let trace = trace("convolution");
    let mut app = open(&trace);
    press(&mut app, "/c\n");
    app.session.time = trace.len();
    press(&mut app, "]");
    // The window of y[0, 0, 0, 1] is the pixels (0,1), (0,2), (1,1), (1,2): 0.1, 0.1, 1, 0.1.
    let screen = drawn(&mut app, 140, 60);
    for text in ["0.5·0.1", "+ (−0.3)·0.1", "+ (−0.3)·1", "+ 0.5·0.1", "[0, 0, 0, 1]"] {
        assert!(screen.contains(text), "{text}\n{screen}");
    }
}

#[test]
fn a_step_of_a_loop_is_gone_into() {
    let trace = trace("gru");
    let mut app = open(&trace);
    press(&mut app, "/h\ns");
    assert!(drawn(&mut app, 100, 30).contains("step of the loop (0 to 3):"));
    let Action::Into(node, number) = press(&mut app, "2\n") else { panic!("{}", app.message) };
    let step = trace.step(node, number).unwrap();
    let mut inside = open(&step);
    press(&mut inside, "G");
    assert!(drawn(&mut inside, 100, 50).contains("r = sigmoid("));
    press(&mut app, "/x\ns");
    assert!(app.message.contains("this is no loop"));
}

#[test]
fn every_size_and_every_moment_is_drawn() {
    for demo in demo::ALL {
        let trace = demo.trace().unwrap();
        for (columns, rows) in [(20, 5), (40, 12), (80, 24), (139, 40), (200, 60), (300, 100)] {
            let mut app = open(&trace);
            for time in [0, trace.len() / 3, 2 * trace.len() / 3, trace.len()] {
                app.session.go(time);
                let screen = drawn(&mut app, columns, rows);
                assert_eq!(screen.lines().count(), usize::from(rows));
                assert!(columns >= 40 || screen.contains("a window of"), "{screen}");
                press(&mut app, "f\t]}");
                drawn(&mut app, columns, rows);
                press(&mut app, "\u{1b}");
            }
            for panel in ["k", "i", "B", ":listing\n"] {
                press(&mut app, panel);
                drawn(&mut app, columns, rows);
                press(&mut app, "\u{1b}");
            }
        }
    }
}

#[test]
fn help_tells_all_keys_and_a_wrong_key_says_so() {
    let trace = trace("square");
    let mut app = open(&trace);
    press(&mut app, "k");
    let help = drawn(&mut app, 100, 120);
    for text in ["breakpoint", "predict", "cotangent", "op == \"mul\"", "goto TIME"] {
        assert!(help.contains(text), "{text}\n{help}");
    }
    press(&mut app, "\u{1b}x");
    assert_eq!(app.message, "`x` is no key here; k lists them");
}

#[test]
fn commands_do_what_keys_do() {
    let trace = trace("two-layers");
    let mut app = open(&trace);
    press(&mut app, ":goto 30\n");
    assert_eq!(app.session.time, 30);
    press(&mut app, ":wrong\n");
    assert!(app.message.contains("`wrong` is no command"));
    press(&mut app, "\u{1b}:goto 31\n:p w1\n");
    assert!(drawn(&mut app, 100, 30).contains("w1 = 0.15"));
    assert_eq!(press(&mut app, "\u{1b}:q\n"), Action::Quit);
}
