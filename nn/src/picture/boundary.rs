//! Decision boundaries: the classes that a model predicts in a plane.

use super::Chart;
use super::chart::Ground;
use crate::data::Dataset;
use crate::error::mismatch;
use crate::metric::predictions;
use autodiff::{Real, Result};
use ndarray::{Array2, ArrayD};

/// Cells along each side.
const SIDE: usize = 80;

impl Chart {
    /// The decision boundary of a model of two features: the examples as points, a colour for each class, over the
    /// plane in the colour of the class that the model predicts there. `scores` returns the model's output for features
    /// \[places, 2\]: scores \[places, classes\], or the probability \[places, 1\] of the second of two classes.
    ///
    /// ```
    /// use nn::{Network, NetworkConfig, picture::Chart, synthetic};
    /// let data = synthetic::moons::<f64>(60, 0.1, 1)?;
    /// let mut network = Network::new(NetworkConfig::logistic(2))?;
    /// network.fit(&data)?;
    /// let chart = Chart::boundary("Moons", &data, |places| network.predict(places))?;
    /// assert!(chart.axes("x₁", "x₂").to_svg().contains("class 1"));
    /// # Ok::<(), autodiff::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Mismatch`](autodiff::ErrorKind::Mismatch) if there are not two features, or scores of another
    /// number of places, and as [`labels`](Dataset::labels) and `scores`.
    #[track_caller]
    pub fn boundary<F: Real>(
        title: impl Into<String>,
        data: &Dataset<F>,
        scores: impl FnOnce(ArrayD<F>) -> Result<ArrayD<F>>,
    ) -> Result<Self> {
        let features = data.features()?;
        if features.ndim() != 2 || features.shape().get(1) != Some(&2) {
            let message = format!("the features have shape {:?}; a plane takes [examples, 2]", features.shape());
            return Err(mismatch("boundary", message));
        }
        let labels: Vec<usize> = data.labels()?.iter().copied().collect();
        let points: Vec<(f64, f64)> = features
            .rows()
            .into_iter()
            .map(|row| (row.first().map_or(f64::NAN, |x| x.double()), row.last().map_or(f64::NAN, |x| x.double())))
            .collect();
        let mut chart = Chart::new(title).axes("feature 0", "feature 1");
        for class in 0..=labels.iter().copied().max().unwrap_or(0) {
            let own = points.iter().zip(&labels).filter(|(_, label)| **label == class).map(|(point, _)| *point);
            chart = chart.points(format!("class {class}"), own);
        }
        let (x, y) = chart.plane();
        let place = |(i, j): (usize, usize)| {
            let share = |k: usize| (k as f64 + 0.5) / SIDE as f64;
            // The first row of cells is the uppermost.
            F::of(if j == 0 { x.number(share(i % SIDE)) } else { y.number(1.0 - share(i / SIDE)) })
        };
        let scores = scores(Array2::from_shape_fn((SIDE * SIDE, 2), place).into_dyn())?;
        let classes = predictions(&scores)?;
        if classes.len() != SIDE * SIDE {
            let message = format!("{} places have scores of {}", SIDE * SIDE, classes.len());
            return Err(mismatch("boundary", message));
        }
        chart.ground = Some(Ground { columns: SIDE, cells: classes });
        Ok(chart)
    }
}
