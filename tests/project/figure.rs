//! The figure of the README, `docs/tape.svg`: the numbers of a small tape in both passes, drawn from a trace.
//! `UPDATE_EXPECT=1 cargo test --test project` draws it anew.

use autodiff::inspect::Trace;
use autodiff::{NodeId, Tape};
use std::fmt::Write;
use std::fs;
use std::path::Path;

const BOX: (f64, f64) = (118.0, 62.0);

fn number(x: Option<ndarray::ArrayViewD<'_, f64>>) -> String {
    format!("{:.4}", x.unwrap().first().unwrap())
}

/// y = x·tanh(w·x) at x = 0.5, w = 2, in boxes from left to right.
fn figure() -> String {
    let tape = Tape::<f64>::new();
    let (x, w) = (tape.input(0.5).named("x"), tape.input(2.0).named("w"));
    let p = (w * x).named("p");
    let h = p.tanh().named("h");
    let y = (x * h).named("y");
    let trace: Trace<f64> = y.trace().unwrap();
    let end = trace.at(trace.len());
    let boxes: [(NodeId, &str, f64, f64); 5] = [
        (x.id(), "x", 20.0, 40.0),
        (w.id(), "w", 20.0, 170.0),
        (p.id(), "p = w · x", 220.0, 170.0),
        (h.id(), "h = tanh p", 420.0, 170.0),
        (y.id(), "y = x · h", 620.0, 40.0),
    ];
    let place = |id: NodeId| boxes.iter().find(|(node, ..)| *node == id).map(|(_, _, x, y)| (*x, *y)).unwrap();
    let mut svg = String::from(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 290\" width=\"760\" height=\"290\" \
         font-family=\"sans-serif\" font-size=\"14\">\n\
         <rect width=\"760\" height=\"290\" fill=\"white\"/>\n",
    );
    for edge in trace.edges() {
        let ((x1, y1), (x2, y2)) = (place(edge.operand), place(edge.node));
        let (x1, y1, x2, y2) = (x1 + BOX.0, y1 + BOX.1 / 2.0, x2, y2 + BOX.1 / 2.0);
        // Beside a line that is not level there is more room.
        let (xm, ym) = ((x1 + x2) / 2.0 + if y1 == y2 { 0.0 } else { 34.0 }, (y1 + y2) / 2.0 - 6.0);
        let given = number(end.contribution(edge));
        writeln!(svg, "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"gray\"/>").unwrap();
        writeln!(svg, "<text x=\"{xm}\" y=\"{ym}\" text-anchor=\"middle\" fill=\"#c04000\">{given}</text>").unwrap();
    }
    for (node, label, left, top) in boxes {
        let (width, height) = BOX;
        let middle = left + width / 2.0;
        let (value, cotangent) = (number(end.value(node)), number(end.cotangent(node)));
        writeln!(
            svg,
            "<rect x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{height}\" rx=\"6\" fill=\"#f4f4f4\" stroke=\"black\"/>"
        )
        .unwrap();
        for (line, text, colour) in [(19.0, label, "black"), (37.0, &*value, "#0050b0"), (55.0, &*cotangent, "#c04000")]
        {
            let y = top + line;
            writeln!(svg, "<text x=\"{middle}\" y=\"{y}\" text-anchor=\"middle\" fill=\"{colour}\">{text}</text>")
                .unwrap();
        }
    }
    let legend = [
        ("#0050b0", "blue: values, computed from left to right"),
        ("#c04000", "orange: ∂y/∂ of each value, from right to left; on a line, what an operation gives its operand"),
    ];
    for (i, (colour, text)) in legend.iter().enumerate() {
        let y = 258 + 20 * i;
        writeln!(svg, "<text x=\"20\" y=\"{y}\" font-size=\"13\" fill=\"{colour}\">{text}</text>").unwrap();
    }
    svg + "</svg>\n"
}

#[test]
fn the_figure_shows_the_numbers_of_a_trace() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/tape.svg");
    let expected = figure();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    assert_eq!(fs::read_to_string(path).unwrap(), expected, "UPDATE_EXPECT=1 draws the figure anew");
    // ∂y/∂x = tanh(w·x) + x·w·(1 − tanh²(w·x)), its two parts on the two lines from x.
    let h = 1.0f64.tanh();
    for part in [h, 0.5 * 2.0 * (1.0 - h * h), h + 1.0 - h * h] {
        assert!(expected.contains(&format!(">{part:.4}<")), "{part}");
    }
}
