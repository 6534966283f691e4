//! Curves, points and bars over two axes.

use super::axis::Axis;
use super::svg::{COLOURS, Svg};
use crate::train::History;
use autodiff::Result;

/// Curves, points and bars over two axes, in one picture.
///
/// ```
/// use nn::picture::Chart;
/// let chart = Chart::new("Fit").axes("x", "y").points("data", [(0.0, 0.1), (1.0, 0.9)]).line("line", [(0.0, 0.0), (1.0, 1.0)]);
/// assert_eq!(chart.to_svg().matches("<circle").count(), 3); // two points, and one in the legend
/// ```
///
/// Points that are not finite are left out; a curve is interrupted there.
#[derive(Clone, PartialEq, Debug)]
pub struct Chart {
    title: String,
    x: String,
    y: String,
    log_x: bool,
    log_y: bool,
    series: Vec<Series>,
    pub(super) ground: Option<Ground>,
}

/// Numbers that are drawn alike.
#[derive(Clone, PartialEq, Debug)]
struct Series {
    name: String,
    kind: Kind,
    points: Vec<(f64, f64)>,
    /// Of bars, what stands below them.
    labels: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    Line,
    Points,
    Bars,
}

/// What lies behind the points of a plane: a colour for each cell of a grid, row by row from the top.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Ground {
    pub(super) columns: usize,
    pub(super) cells: Vec<usize>,
}

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 420.0;
/// The sides of what the axes enclose.
const LEFT: f64 = 72.0;
const RIGHT: f64 = WIDTH - 20.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = HEIGHT - 56.0;

impl Chart {
    /// An empty chart with this title.
    pub fn new(title: impl Into<String>) -> Self {
        Chart {
            title: title.into(),
            x: String::new(),
            y: String::new(),
            log_x: false,
            log_y: false,
            series: Vec::new(),
            ground: None,
        }
    }

    /// The curves of all measures of `history` whose name ends with `measure`, such as `loss` and `validation loss`.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) if there is no such measure.
    #[track_caller]
    pub fn history(history: &History, measure: &str) -> Result<Self> {
        // An error, if it was not measured.
        history.curve(measure)?;
        let mut chart = Chart::new(measure).axes("epoch", measure);
        let last = history.epochs().last().map(|epoch| epoch.measures.as_slice()).unwrap_or_default();
        for (name, _) in last.iter().filter(|(name, _)| name.ends_with(measure)) {
            let points = history.epochs().iter().filter_map(|epoch| Some((epoch.number as f64, epoch.measure(name)?)));
            chart = chart.line(name, points);
        }
        Ok(chart)
    }

    /// With names at the axes.
    pub fn axes(self, x: impl Into<String>, y: impl Into<String>) -> Self {
        Chart { x: x.into(), y: y.into(), ..self }
    }

    /// With powers of ten along the horizontal axis.
    pub fn log_x(self) -> Self {
        Chart { log_x: true, ..self }
    }

    /// With powers of ten along the vertical axis.
    pub fn log_y(self) -> Self {
        Chart { log_y: true, ..self }
    }

    /// With a curve through `points`.
    pub fn line(self, name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.with(name, Kind::Line, points.into_iter().collect(), Vec::new())
    }

    /// With `points`.
    pub fn points(self, name: impl Into<String>, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        self.with(name, Kind::Points, points.into_iter().collect(), Vec::new())
    }

    /// With a bar from 0 for each number, side by side, and its label below.
    pub fn bars<L: Into<String>>(self, name: impl Into<String>, bars: impl IntoIterator<Item = (L, f64)>) -> Self {
        let (labels, numbers): (Vec<String>, Vec<f64>) = bars.into_iter().map(|(label, x)| (label.into(), x)).unzip();
        let points = numbers.into_iter().enumerate().map(|(i, x)| (i as f64, x)).collect();
        self.with(name, Kind::Bars, points, labels)
    }

    fn with(mut self, name: impl Into<String>, kind: Kind, points: Vec<(f64, f64)>, labels: Vec<String>) -> Self {
        self.series.push(Series { name: name.into(), kind, points, labels });
        self
    }

    /// The two axes, with some room around what they show.
    pub(super) fn plane(&self) -> (Axis, Axis) {
        let of = |kind: Kind| self.series.iter().filter(move |series| series.kind == kind).flat_map(|s| &s.points);
        let all =
            || self.series.iter().flat_map(|series| &series.points).filter(|(x, y)| x.is_finite() && y.is_finite());
        // Bars are as wide as the distance of two, and begin at 0.
        let edges = of(Kind::Bars).flat_map(|(x, _)| [x - 0.5, x + 0.5]);
        let ground = of(Kind::Bars).map(|_| 0.0).filter(|_| !self.log_y);
        let margin = |has_bars: bool| if has_bars { 0.02 } else { 0.05 };
        let has_bars = of(Kind::Bars).next().is_some();
        let x = Axis::over(all().map(|(x, _)| *x).chain(edges), (LEFT, RIGHT), margin(has_bars), self.log_x);
        let y = Axis::over(all().map(|(_, y)| *y).chain(ground), (BOTTOM, TOP), 0.05, self.log_y);
        (x, y)
    }

    /// The chart as SVG.
    pub fn to_svg(&self) -> String {
        let mut svg = Svg::new(&self.title, WIDTH, HEIGHT);
        let (x, y) = self.plane();
        self.draw_ground(&mut svg);
        let has_bars = self.series.iter().any(|series| series.kind == Kind::Bars);
        for (place, text) in y.ticks() {
            svg.line((LEFT, place), (RIGHT, place), "grid");
            svg.text((LEFT - 8.0, place + 4.0), "end", &text);
        }
        for (place, text) in x.ticks().into_iter().filter(|_| !has_bars) {
            svg.line((place, TOP), (place, BOTTOM), "grid");
            svg.text((place, BOTTOM + 18.0), "middle", &text);
        }
        for (i, series) in self.series.iter().enumerate() {
            series.draw(&mut svg, (&x, &y), i % COLOURS);
        }
        svg.line((LEFT, BOTTOM), (RIGHT, BOTTOM), "axis");
        svg.line((LEFT, TOP), (LEFT, BOTTOM), "axis");
        svg.text(((LEFT + RIGHT) / 2.0, HEIGHT - 14.0), "middle", &self.x);
        svg.text_upwards((18.0, (TOP + BOTTOM) / 2.0), "middle", &self.y);
        self.draw_legend(&mut svg);
        svg.finish()
    }

    fn draw_ground(&self, svg: &mut Svg) {
        let Some(ground) = &self.ground else { return };
        let rows: Vec<&[usize]> = ground.cells.chunks(ground.columns.max(1)).collect();
        let (width, height) =
            ((RIGHT - LEFT) / ground.columns.max(1) as f64, (BOTTOM - TOP) / rows.len().max(1) as f64);
        for (i, row) in rows.into_iter().enumerate() {
            let mut left = LEFT;
            for band in row.chunk_by(|a, b| a == b) {
                let (class, right) = (band.first().copied().unwrap_or(0), left + band.len() as f64 * width);
                let corner = (left, TOP + i as f64 * height);
                svg.rectangle(corner, (right - left, height), &format!("ground fill{}", class % COLOURS), 0.22);
                left = right;
            }
        }
    }

    /// The names of the series below the title, in one row or in two.
    fn draw_legend(&self, svg: &mut Svg) {
        let named: Vec<(usize, &Series)> =
            self.series.iter().enumerate().filter(|(_, series)| !series.name.is_empty()).collect();
        let width = |series: &Series| 38.0 + text_width(&series.name);
        let total = |row: &[(usize, &Series)]| row.iter().map(|(_, series)| width(series)).sum::<f64>();
        let rows = if total(&named) > RIGHT - LEFT { 2 } else { 1 };
        for (row, named) in named.chunks(named.len().div_ceil(rows).max(1)).enumerate() {
            let mut left = ((LEFT + RIGHT - total(named)) / 2.0).max(8.0);
            let middle = if rows == 1 { 43.0 } else { 38.0 + 15.0 * row as f64 };
            for (i, series) in named {
                let colour = i % COLOURS;
                match series.kind {
                    Kind::Line => svg.line((left, middle), (left + 16.0, middle), &format!("curve stroke{colour}")),
                    Kind::Points => svg.dot((left + 8.0, middle), &format!("point fill{colour}")),
                    Kind::Bars => {
                        svg.rectangle((left + 3.0, middle - 5.0), (10.0, 10.0), &format!("fill{colour}"), 1.0)
                    }
                }
                svg.text((left + 22.0, middle + 4.0), "", &series.name);
                left += width(series);
            }
        }
    }
}

/// An estimate of the width of text, which nobody measures here: wide letters, narrow ones, and the others.
fn text_width(text: &str) -> f64 {
    let of = |c: char| match c {
        'm' | 'w' | 'M' | 'W' | '%' => 11.0,
        'i' | 'j' | 'l' | 'f' | 't' | 'r' | 'I' | ' ' | '.' | ',' | ':' | '(' | ')' | '|' | '/' => 5.0,
        c if c.is_uppercase() => 8.6,
        _ => 7.4,
    };
    text.chars().map(of).sum()
}

impl Series {
    fn draw(&self, svg: &mut Svg, (x, y): (&Axis, &Axis), colour: usize) {
        let place = |(a, b): (f64, f64)| Some((x.at(a)?, y.at(b)?));
        match self.kind {
            Kind::Line => {
                let places: Vec<Option<(f64, f64)>> = self.points.iter().map(|point| place(*point)).collect();
                for run in places.split(Option::is_none) {
                    let run: Vec<(f64, f64)> = run.iter().copied().flatten().collect();
                    svg.path(&run, &format!("curve stroke{colour}"));
                }
            }
            Kind::Points => {
                let places = self.points.iter().filter_map(|point| place(*point));
                places.for_each(|place| svg.dot(place, &format!("point fill{colour}")));
            }
            Kind::Bars => {
                let ground = y.at(0.0).unwrap_or(BOTTOM).min(BOTTOM);
                for ((i, height), label) in self.points.iter().zip(&self.labels) {
                    let (Some(left), Some(right)) = (x.at(i - 0.36), x.at(i + 0.36)) else { continue };
                    svg.text(((left + right) / 2.0, BOTTOM + 18.0), "middle", label);
                    let Some(top) = y.at(*height) else { continue };
                    let (top, bottom) = (top.min(ground), top.max(ground));
                    svg.rectangle((left, top), (right - left, bottom - top), &format!("fill{colour}"), 1.0);
                }
            }
        }
    }
}
