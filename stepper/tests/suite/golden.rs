//! Numbers that are known from elsewhere, in the trace, in the listing and in the page.

use autodiff::NodeId;
use autodiff::inspect::{Breakpoint, Event, LintKind, Stepper, Trace};
use stepper::demo;
use stepper::number::{full, short};
use stepper::story::Story;

pub fn trace(name: &str) -> Trace<f64> {
    demo::find(name).unwrap().trace().unwrap()
}

/// The node of this name in the run of this number.
fn node(trace: &Trace<f64>, run: usize, name: &str) -> NodeId {
    let inside = trace.runs()[run].nodes.clone();
    let found = trace.nodes().find(|node| inside.contains(&node.id().index()) && node.name() == Some(name));
    found.unwrap_or_else(|| panic!("there is no {name}")).id()
}

fn value(trace: &Trace<f64>, run: usize, name: &str) -> Vec<f64> {
    trace.at(trace.len()).value(node(trace, run, name)).unwrap().iter().copied().collect()
}

fn cotangent(trace: &Trace<f64>, name: &str) -> Vec<f64> {
    trace.at(trace.len()).cotangent(node(trace, 0, name)).unwrap().iter().copied().collect()
}

#[track_caller]
fn close(actual: &[f64], expected: &[f64]) {
    let near = |(a, b): (&f64, &f64)| (a - b).abs() <= 2e-15 * b.abs();
    assert!(actual.len() == expected.len() && actual.iter().zip(expected).all(near), "{actual:?}, not {expected:?}");
}

/// Of the worked example with two layers: values, cotangents, next weights, and the error after the step.
const VALUES: [(&str, f64); 11] = [
    ("z1", 0.3775),
    ("z2", 0.39249999999999996),
    ("h1", 0.5932699921071872),
    ("h2", 0.596884378259767),
    ("z3", 1.10590596705977),
    ("z4", 1.2249214040964653),
    ("o1", 0.7513650695523157),
    ("o2", 0.7729284653214625),
    ("E1", 0.274811083176155),
    ("E2", 0.023560025583847746),
    ("E", 0.2983711087600027),
];
const COTANGENTS: [(&str, f64); 16] = [
    ("o1", 0.7413650695523157),
    ("o2", -0.2170715346785375),
    ("z3", 0.13849856162855695),
    ("z4", -0.038098236516556236),
    ("h1", 0.03635030639314466),
    ("h2", 0.0413703226487447),
    ("w1", 0.0004385677344743465),
    ("w2", 0.000877135468948693),
    ("w3", 0.0004977127352608599),
    ("w4", 0.0009954254705217198),
    ("w5", 0.08216704056423077),
    ("w6", 0.08266762784753325),
    ("w7", -0.02260254047747507),
    ("w8", -0.022740242215978222),
    ("b1", 0.018725609394704128),
    ("b2", 0.10040032511200071),
];
const NEXT: [(&str, f64); 8] = [
    ("w1", 0.1497807161327628),
    ("w2", 0.19956143226552567),
    ("w3", 0.24975114363236958),
    ("w4", 0.29950228726473915),
    ("w5", 0.35891647971788465),
    ("w6", 0.4086661860762334),
    ("w7", 0.5113012702387375),
    ("w8", 0.5613701211079891),
];
const AFTER: f64 = 0.29102777369359933;

#[test]
fn two_layers_learn() {
    let trace = trace("two-layers");
    let end = trace.at(trace.len());
    VALUES.iter().for_each(|(name, x)| close(&value(&trace, 0, name), &[*x]));
    COTANGENTS.iter().for_each(|(name, x)| close(&cotangent(&trace, name), &[*x]));
    for (name, x) in NEXT {
        let next: Vec<f64> = end.updated(node(&trace, 0, name)).unwrap().iter().copied().collect();
        close(&next, &[x]);
        // The next step begins with it.
        assert_eq!(value(&trace, 1, name), next);
    }
    close(&value(&trace, 1, "E"), &[AFTER]);
    assert!(end.updated(node(&trace, 0, "b1")).is_none());

    // h1 acts on the error through both outputs.
    let h1 = node(&trace, 0, "h1");
    let ways: Vec<f64> = trace.edges_into(h1).map(|edge| end.contribution(edge).unwrap()[[]]).collect();
    close(&ways, &[0.05539942465142278, -0.019049118258278118]);
    let shares: Vec<String> = end.shares(h1).iter().map(|(_, share)| stepper::number::percent(*share)).collect();
    assert_eq!(shares, ["152.4 %", "−52.4 %"]);
}

/// The listing says what a cotangent is, gives the rule of each contribution, and begins each step under a heading.
#[test]
fn the_listing_shows_how_each_number_came_to_be() {
    let text = stepper::listing(&trace("two-layers")).unwrap();
    assert!(
        text.starts_with(
            "A cotangent says how much E changes per change of a value, and has a bar: z\u{304} is ∂E/∂z."
        )
    );
    let rule = "The rule: o\u{304}1·(o1·(1 − o1)) = 0.7414·(0.7514·(1 − 0.7514)) = 0.1385.";
    assert!(text.contains(rule), "{text}");
    let second = text.find("\nStep 2 of the training\n\n  128  x1").unwrap();
    assert!(text.find("Step 1 of the training\n\n    1  x1").unwrap() < second);
    // One format of numbers, and signs that say what they are.
    let table = &text[text.find("The program, and its numbers").unwrap()..];
    assert!(table.contains("value 0.4  cotangent 0.08217  next 0.3589\n"), "{table}");
    assert!(!table.contains("v=") && !table.contains("e-4"), "{table}");
    // Nothing is derived here, so there are no cotangents to speak of.
    let forward = autodiff::Tape::<f64>::new();
    let x = forward.input(2.0).named("x");
    let program = (x * x).trace().unwrap().program().unwrap().clone();
    let forward = Trace::forward(&program, &[autodiff::Input::real(2.0)]).unwrap();
    assert!(!stepper::listing(&forward).unwrap().starts_with("A cotangent"));
}

/// Gradient descent is recognised by its numbers; numbers of another rule are not taken for it.
#[test]
fn an_update_is_told_as_a_rule() {
    let trace = trace("two-layers");
    let (story, w3) = (Story::new(&trace), node(&trace, 0, "w3"));
    assert_eq!(story.rate(w3), Some(0.5));
    assert_eq!(story.update_numbers(w3, 0).unwrap(), "0.25 − 0.5·0.0004977");
    assert_eq!(story.next(w3), ["0.249751"]);
    let text = stepper::listing(&trace).unwrap();
    assert!(text.contains("new w3 = w3 − 0.5·w\u{304}3 = 0.25 − 0.5·0.0004977 = 0.249751."), "{text}");
    assert!(text.contains("The parameters b1 and b2 stay as they are: this update leaves them out."), "{text}");
    assert!(
        text.contains("w1 = 0.15 is given. It is a parameter: its cotangent is wanted, and the update takes 0.5 times")
    );

    let tape = autodiff::Tape::<f64>::new();
    let (a, b) = (tape.input(1.0).named("a"), tape.input(2.0).named("b"));
    let updates = [(a.id(), 0.8), (b.id(), 1.7)].map(|(id, next)| (id, ndarray::arr0(next).into_dyn()));
    let other = (a * b).trace().unwrap().with_update(updates).unwrap();
    assert_eq!(Story::new(&other).rate(a.id()), None);
    assert!(
        stepper::listing(&other).unwrap().contains("from 1 to 0.8; the rule of the optimizer is not part of the run.")
    );
}

#[test]
fn the_same_network_in_matrices() {
    let trace = trace("two-layers-matrices");
    close(&value(&trace, 0, "z1"), &[0.3775, 0.39249999999999996]);
    close(&value(&trace, 0, "e"), &[0.274811083176155, 0.023560025583847746]);
    close(&cotangent(&trace, "h"), &[0.03635030639314466, 0.0413703226487447]);
    close(
        &cotangent(&trace, "W2"),
        &[0.08216704056423077, 0.08266762784753325, -0.02260254047747507, -0.022740242215978222],
    );
    close(&value(&trace, 1, "E"), &[AFTER]);
    // The two ways of the cotangent of h are the terms of a product of a matrix with a vector.
    let story = Story::new(&trace);
    let h = node(&trace, 0, "h");
    let edge = trace.edges_into(h).next().unwrap();
    let found = story.of_contribution(edge, 0).unwrap();
    assert_eq!(found.text, "0.4·0.1385 + 0.5·(−0.0381)");
    assert_eq!(found.terms.iter().map(|term| term.value.as_str()).collect::<Vec<_>>(), ["0.0554", "−0.01905"]);
    assert_eq!(story.of_value(node(&trace, 0, "z1"), 0).unwrap().text, "0.15·0.05 + 0.2·0.1 + 0.35");
}

#[test]
fn every_number_stands_in_the_listing_and_in_the_page() {
    let trace = trace("two-layers");
    let (listing, page) = (stepper::listing(&trace).unwrap(), stepper::html(&trace, "two layers").unwrap());
    for (name, _) in VALUES.iter().chain(&COTANGENTS) {
        for x in [value(&trace, 0, name)[0]]
            .into_iter()
            .chain(trace.at(trace.len()).cotangent(node(&trace, 0, name)).map(|x| x[[]]))
        {
            assert!(listing.contains(&short(x)), "{name} {x} in the listing");
            assert!(page.contains(&format!("[\"{}\",\"{}\"]", short(x), full(x))), "{name} {x} in the page");
        }
    }
    // What a page says in words is what the listing says.
    let story = Story::new(&trace);
    let mut stepper = Stepper::new(&trace);
    while stepper.step().is_some() {
        let sentence = story.sentence(&stepper.state());
        assert!(listing.contains(&sentence), "{sentence}");
        let json = serde_json::to_string(&sentence).unwrap().replace('<', "\\u003c");
        assert!(page.contains(&json), "{sentence}");
    }
}

#[test]
fn small_ones() {
    let two_ways = trace("two-ways");
    assert_eq!((cotangent(&two_ways, "a"), cotangent(&two_ways, "b")), (vec![2.0], vec![5.0]));
    let end = two_ways.at(two_ways.len());
    let shares: Vec<f64> = end.shares(node(&two_ways, 0, "b")).iter().map(|(_, share)| *share).collect();
    assert_eq!(shares, [0.4, 0.6]);

    let unit = trace("logistic-unit");
    close(&value(&unit, 0, "f"), &[0.7310585786300049]);
    let slopes: Vec<String> =
        ["w0", "w1", "w2", "x0", "x1"].iter().map(|name| short(cotangent(&unit, name)[0])).collect();
    assert_eq!(slopes, ["−0.1966", "−0.3932", "0.1966", "0.3932", "−0.5898"]);

    let line = trace("relu");
    assert_eq!((value(&line, 0, "y"), cotangent(&line, "x")), (vec![3.0], vec![2.0]));

    let square = trace("square");
    let x = node(&square, 0, "x");
    let end = square.at(square.len());
    let ways: Vec<f64> = square.edges_into(x).map(|edge| end.contribution(edge).unwrap()[[]]).collect();
    assert_eq!(
        (ways, end.shares(x).iter().map(|(_, share)| *share).collect::<Vec<_>>()),
        (vec![3.0, 3.0], vec![0.5, 0.5])
    );
}

#[test]
fn numbers_that_are_not_finite() {
    let forward = trace("nan-forward");
    let logs = value(&forward, 0, "l");
    assert!(logs[1] == f64::NEG_INFINITY && logs[2].is_nan());
    let lint = &forward.lints()[0];
    assert_eq!(lint.kind, LintKind::NotFinite);
    assert!(lint.text.contains("-inf at element [1]"), "{}", lint.text);

    let reverse = trace("nan-reverse");
    assert_eq!(value(&reverse, 0, "y"), [0.0]);
    assert!(cotangent(&reverse, "x")[0].is_nan());
    let mut stepper = Stepper::new(&reverse);
    let stop: Breakpoint = "nan(grad)".parse().unwrap();
    assert!(matches!(stepper.run_until(&stop), Some(Event::Accumulate(_))));
    let at = stepper.state().node().unwrap();
    assert_eq!(reverse.node(at).unwrap().operation(), "sqrt");
    assert!(stepper::listing(&reverse).unwrap().contains("NaN"));
}

#[test]
fn a_wrong_rule_is_found_and_nothing_else() {
    let trace = trace("wrong-rule");
    let failing: Vec<String> = trace
        .nodes()
        .filter(|node| {
            trace.check(node.id()).unwrap().rule.is_some_and(|level| level.outcome == autodiff::check::Outcome::Differs)
        })
        .map(|node| node.operation().to_owned())
        .collect();
    assert_eq!(failing, ["demo::wrong_cube"]);
    assert!(stepper::html(&trace, "wrong").unwrap().contains("differs"));
}

#[test]
fn a_saved_trace_tells_the_same() {
    for demo in demo::ALL {
        let trace = demo.trace().unwrap();
        let again = Trace::<f64>::from_bytes(&trace.to_bytes()).unwrap();
        assert_eq!(stepper::listing(&again).unwrap(), stepper::listing(&trace).unwrap(), "{}", demo.name);
    }
}
