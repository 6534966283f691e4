//! Pictures as SVG: curves, points, bars, decision boundaries, confusion matrices, filters. Each is one text
//! without scripts, and adapts to a light or a dark background.
//!
//! ```
//! use nn::picture::Chart;
//! let svg = Chart::new("Squares").axes("x", "x²").line("x²", (0..=10).map(|x| (f64::from(x), f64::from(x * x)))).to_svg();
//! assert!(svg.starts_with("<svg") && svg.contains("Squares"));
//! // std::fs::write("squares.svg", svg)?;
//! ```

mod axis;
mod boundary;
mod chart;
mod heat_map;
mod svg;

pub use chart::Chart;
pub use heat_map::HeatMap;
