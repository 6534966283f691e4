//! Heat maps: tables of numbers as colours.

use super::axis::shown;
use super::svg::Svg;
use crate::error::mismatch;
use crate::metric::Confusion;
use autodiff::{Real, Result};
use ndarray::{ArrayBase, ArrayView2, Data, Ix2};

/// Tables of numbers as colours, stronger for larger magnitudes: one table, or several side by side with one scale of
/// colours. Positive numbers are blue, negative ones orange.
///
/// ```
/// use nn::picture::HeatMap;
/// let svg = HeatMap::new("Numbers", &ndarray::array![[1.0, -2.0], [0.0, 4.0]]).with_numbers().to_svg();
/// assert_eq!(svg.matches("class=\"cell").count(), 4);
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct HeatMap {
    title: String,
    tables: Vec<Table>,
    rows: String,
    columns: String,
    numbers: bool,
    named: bool,
}

#[derive(Clone, PartialEq, Debug)]
struct Table {
    width: usize,
    numbers: Vec<f64>,
}

impl Table {
    fn of<F: Real>(table: ArrayView2<'_, F>) -> Self {
        Table { width: table.ncols(), numbers: table.iter().map(|x| x.double()).collect() }
    }

    fn height(&self) -> usize {
        self.numbers.len().checked_div(self.width).unwrap_or(0)
    }
}

impl HeatMap {
    /// One table, its first row on top.
    pub fn new<F: Real>(title: impl Into<String>, table: &ArrayBase<impl Data<Elem = F>, Ix2>) -> Self {
        HeatMap {
            title: title.into(),
            tables: vec![Table::of(table.view())],
            rows: String::new(),
            columns: String::new(),
            numbers: false,
            named: false,
        }
    }

    /// A confusion matrix: actual classes as rows, predicted ones as columns.
    pub fn confusion(title: impl Into<String>, confusion: &Confusion) -> Self {
        let map = HeatMap::new(title, &confusion.counts().mapv(|count| count as f64)).with_numbers();
        HeatMap { named: true, ..map.axes("actual class", "predicted class") }
    }

    /// Several tables of one size, such as the filters of a convolution or images.
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) if there are none, or two of different sizes.
    #[track_caller]
    pub fn filters<'a, F: Real>(
        title: impl Into<String>,
        tables: impl IntoIterator<Item = ArrayView2<'a, F>>,
    ) -> Result<Self> {
        let tables: Vec<Table> = tables.into_iter().map(Table::of).collect();
        let size = |table: &Table| (table.height(), table.width);
        let Some(first) = tables.first() else { return Err(mismatch("filters", "there are no tables")) };
        if let Some(other) = tables.iter().find(|table| size(table) != size(first)) {
            let message = format!("there are tables of {:?} and of {:?} numbers", size(first), size(other));
            return Err(mismatch("filters", message));
        }
        let (rows, columns) = (String::new(), String::new());
        Ok(HeatMap { title: title.into(), tables, rows, columns, numbers: false, named: false })
    }

    /// With labels for rows and columns.
    pub fn axes(self, rows: impl Into<String>, columns: impl Into<String>) -> Self {
        HeatMap { rows: rows.into(), columns: columns.into(), ..self }
    }

    /// With the numbers themselves.
    pub fn with_numbers(self) -> Self {
        HeatMap { numbers: true, ..self }
    }

    /// The heat map as SVG.
    pub fn to_svg(&self) -> String {
        let all = || self.tables.iter().flat_map(|table| &table.numbers).filter(|x| x.is_finite());
        let largest = all().fold(0.0_f64, |largest, x| largest.max(x.abs()));
        let (height, width) = self.tables.first().map_or((1, 1), |table| (table.height().max(1), table.width.max(1)));
        let across = (self.tables.len() as f64).sqrt().ceil().max(1.0) as usize;
        let across =
            if self.tables.len() > 3 { across.max(4).min(self.tables.len()) } else { self.tables.len().max(1) };
        let down = self.tables.len().div_ceil(across);
        // Cells of a comfortable size, in pictures of at most about 640 points.
        let gap = if self.tables.len() > 1 { 12.0 } else { 0.0 };
        let cell = (560.0 / (across * width) as f64).min(560.0 / (down * height) as f64).clamp(3.0, 44.0);
        let (left, top) = (64.0, 60.0);
        let grid = |count: usize, length: usize| count as f64 * (length as f64 * cell + gap) - gap;
        let (total_width, total_height) = (grid(across, width), grid(down, height));
        let full_width = (left + total_width + 24.0).max(12.0 * self.title.chars().count() as f64).max(240.0);
        let left = left + (full_width - left - total_width - 24.0) / 2.0;
        let mut svg = Svg::new(&self.title, full_width, top + total_height + 48.0);
        for (t, table) in self.tables.iter().enumerate() {
            let corner = (
                left + (t % across) as f64 * (width as f64 * cell + gap),
                top + (t / across) as f64 * (height as f64 * cell + gap),
            );
            self.draw(&mut svg, table, corner, cell, largest);
        }
        svg.text((left + total_width / 2.0, top + total_height + 36.0), "middle", &self.columns);
        svg.text_upwards((left - 36.0, top + total_height / 2.0), "middle", &self.rows);
        svg.finish()
    }

    fn draw(&self, svg: &mut Svg, table: &Table, (left, top): (f64, f64), cell: f64, largest: f64) {
        let (height, width) = (table.height(), table.width);
        svg.rectangle(
            (left - 0.5, top - 0.5),
            (width as f64 * cell + 1.0, height as f64 * cell + 1.0),
            "axis paper",
            1.0,
        );
        for (i, number) in table.numbers.iter().enumerate() {
            let corner = (left + (i % width) as f64 * cell, top + (i / width) as f64 * cell);
            let share = if largest > 0.0 && number.is_finite() { number.abs() / largest } else { 0.0 };
            let colour = if *number < 0.0 { "fill1" } else { "fill0" };
            svg.rectangle(corner, (cell, cell), &format!("cell {colour}"), share.min(0.9999));
            if self.numbers && cell >= 14.0 {
                let middle = (corner.0 + cell / 2.0, corner.1 + cell / 2.0 + 4.0);
                let class = if share > 0.55 { "middle on" } else { "middle" };
                let step = if number.fract() == 0.0 { 1.0 } else { 0.01 };
                svg.text(middle, class, &shown(*number, step));
            }
        }
        let named = self.named && cell >= 10.0;
        for i in (0..width).filter(|_| named) {
            svg.text((left + (i as f64 + 0.5) * cell, top + height as f64 * cell + 16.0), "middle", &i.to_string());
        }
        for i in (0..height).filter(|_| named) {
            svg.text((left - 8.0, top + (i as f64 + 0.5) * cell + 4.0), "end", &i.to_string());
        }
    }
}
