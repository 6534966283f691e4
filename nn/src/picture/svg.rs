//! The elements that pictures are made of, and their colours.

use std::fmt::Write;

/// How many colours there are for series and classes; after that, they come again.
pub(super) const COLOURS: usize = 8;

/// Light, then dark: the palette of Okabe & Ito, "Color Universal Design" (2008), which readers who do not tell red
/// from green tell apart, with a brown and a grey; in the dark, as light as they have to be on it.
const PALETTE: [(&str, &str); COLOURS] = [
    ("#0072b2", "#4aa8e8"),
    ("#d55e00", "#f08040"),
    ("#009e73", "#2dc49a"),
    ("#b5578c", "#dd8fbb"),
    ("#b87f00", "#e6b030"),
    ("#2f93cc", "#7cc8f2"),
    ("#8c564b", "#c08a7e"),
    ("#707070", "#a8a8a8"),
];

/// A picture that grows element by element.
pub(super) struct Svg {
    body: String,
    width: f64,
    height: f64,
    title: String,
}

impl Svg {
    /// Of this size, with the title on top.
    pub(super) fn new(title: &str, width: f64, height: f64) -> Self {
        let mut svg = Svg { body: String::new(), width, height, title: escaped(title) };
        svg.text((width / 2.0, 24.0), "title middle", title);
        svg
    }

    /// Text at a place; the classes say how it is set.
    pub(super) fn text(&mut self, (x, y): (f64, f64), class: &str, text: &str) {
        self.push(format_args!(
            "<text class=\"{class}\" x=\"{}\" y=\"{}\">{}</text>",
            short(x),
            short(y),
            escaped(text)
        ));
    }

    /// Text that runs upwards.
    pub(super) fn text_upwards(&mut self, (x, y): (f64, f64), class: &str, text: &str) {
        let (x, y) = (short(x), short(y));
        let turn = format!("transform=\"rotate(-90 {x} {y})\"");
        self.push(format_args!("<text class=\"{class}\" x=\"{x}\" y=\"{y}\" {turn}>{}</text>", escaped(text)));
    }

    pub(super) fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        let (x1, y1, x2, y2) = (short(x1), short(y1), short(x2), short(y2));
        self.push(format_args!("<line class=\"{class}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>"));
    }

    pub(super) fn path(&mut self, points: &[(f64, f64)], class: &str) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{},{}", short(*x), short(*y))).collect();
        self.push(format_args!("<polyline class=\"{class}\" points=\"{}\"/>", points.join(" ")));
    }

    pub(super) fn dot(&mut self, (x, y): (f64, f64), class: &str) {
        self.push(format_args!("<circle class=\"{class}\" cx=\"{}\" cy=\"{}\" r=\"3.2\"/>", short(x), short(y)));
    }

    /// A rectangle from its upper left corner, as dense as `opacity`.
    pub(super) fn rectangle(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), class: &str, opacity: f64) {
        let (x, y, width, height) = (short(x), short(y), short(width), short(height));
        let opacity = if opacity < 1.0 { format!(" fill-opacity=\"{opacity:.3}\"") } else { String::new() };
        self.push(format_args!(
            "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{opacity}/>"
        ));
    }

    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = writeln!(self.body, "{element}");
    }

    /// The text of the picture.
    pub(super) fn finish(self) -> String {
        let (width, height) = (short(self.width), short(self.height));
        let mut styles = [String::new(), String::new()];
        for (i, (light, dark)) in PALETTE.iter().enumerate() {
            for (style, colour) in styles.iter_mut().zip([light, dark]) {
                let _ = write!(style, ".stroke{i}{{stroke:{colour}}}.fill{i}{{fill:{colour}}}");
            }
        }
        let [light, dark] = styles;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\">\n<title>{}</title>\n<style>\n{BASE}{light}\n\
             @media (prefers-color-scheme:dark){{{DARK}{dark}}}\n</style>\n\
             <rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>\n{}</svg>\n",
            self.title, self.body
        )
    }
}

const BASE: &str = "text{font-family:system-ui,'DejaVu Sans',sans-serif;font-size:12px;fill:#222}\
.title{font-size:15px;font-weight:600}.middle{text-anchor:middle}.end{text-anchor:end}\
.paper{fill:#fff}.on{fill:#fff}.axis{stroke:#444;stroke-width:1}.grid{stroke:#e2e2e2;stroke-width:1}\
.curve{fill:none;stroke-width:2;stroke-linejoin:round}.point{stroke:#fff;stroke-width:.6}.cell{stroke:none;shape-rendering:crispEdges}.ground{shape-rendering:crispEdges}\n";
const DARK: &str = "text{fill:#e8e8e8}.paper{fill:#15171c}.on{fill:#15171c}.axis{stroke:#b8b8b8}.grid{stroke:#343840}\
.point{stroke:#15171c}";

/// A number with two decimals at most.
fn short(number: f64) -> String {
    let text = format!("{number:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Text in which nothing is markup. Characters that XML has no room for are left out.
fn escaped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => result.push_str("&amp;"),
            '<' => result.push_str("&lt;"),
            '>' => result.push_str("&gt;"),
            '"' => result.push_str("&quot;"),
            c if c.is_control() || ('\u{fffe}'..='\u{ffff}').contains(&c) => result.push(' '),
            c => result.push(c),
        }
    }
    result
}
