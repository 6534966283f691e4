//! Numbers that frameworks should agree on.

use crate::Result;
use crate::splitmix::uniform;
use autodiff::Real;
use ndarray::ArrayViewD;

/// A result to compare.
#[derive(Clone, Debug, PartialEq)]
pub struct Number {
    pub name: String,
    pub value: f64,
    /// What its error is measured against: the norm of the array that a sum over signs comes from, else its own size.
    pub scale: f64,
}

/// The results of one implementation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Numbers(pub Vec<Number>);

/// The stream of the weights of a projection.
const PROJECTION: u64 = 99;

impl Numbers {
    /// A number such as the loss.
    pub fn number(&mut self, name: impl Into<String>, value: f64) {
        self.0.push(Number { name: name.into(), value, scale: value.abs() });
    }

    /// An array, see [`values`](Self::values).
    pub fn array<F: Real>(&mut self, name: &str, array: ArrayViewD<'_, F>) {
        self.values(name, array.iter().map(|x| x.double()));
    }

    /// Numbers in order, by their norm and by their product with fixed random numbers: the one does not see where a number
    /// is, the other does.
    pub fn values(&mut self, name: &str, values: impl Iterator<Item = f64>) {
        let (mut square, mut projection) = (0.0, 0.0);
        for (x, i) in values.zip(0..) {
            square += x * x;
            projection += x * uniform(PROJECTION, i);
        }
        let norm = f64::sqrt(square);
        self.0.push(Number { name: format!("{name}.norm"), value: norm, scale: norm });
        self.0.push(Number { name: format!("{name}.projection"), value: projection, scale: norm });
    }

    /// One line of words: name, value, scale, name, ….
    pub fn line(&self) -> String {
        // The shortest text that reads back as the same number.
        self.0.iter().map(|n| format!("{} {:e} {:e}", n.name, n.value, n.scale)).collect::<Vec<_>>().join(" ")
    }

    /// The numbers of a line.
    ///
    /// # Errors
    /// A line that is not one of [`line`](Self::line).
    pub fn parse(words: &[&str]) -> Result<Self> {
        if !words.len().is_multiple_of(3) {
            return Err(format!("{} words are no numbers", words.len()).into());
        }
        let number = |words: &[&str]| {
            Ok(Number { name: words[0].to_owned(), value: words[1].parse()?, scale: words[2].parse()? })
        };
        Ok(Numbers(words.chunks(3).map(number).collect::<Result<_>>()?))
    }

    /// Where `other` differs by more than `tolerance`, in sentences. Gradients are compared with a hundredth of the largest
    /// at least: that of a bias in front of a normalisation is rounding and nothing else.
    pub fn differences(&self, other: &Numbers, tolerance: f64) -> Vec<String> {
        let largest = self.0.iter().filter(|n| n.name.contains('.')).map(|n| n.scale).fold(0.0, f64::max);
        let mut found = Vec::new();
        for number in &self.0 {
            let Some(twin) = other.0.iter().find(|twin| twin.name == number.name) else {
                found.push(format!("{} is missing", number.name));
                continue;
            };
            let floor = if number.name.contains('.') { 0.01 * largest } else { 0.0 };
            let scale = number.scale.max(twin.scale).max(floor);
            let error = (number.value - twin.value).abs() / scale.max(f64::MIN_POSITIVE);
            // Of a NaN nothing is true, so it is a difference.
            let agree = error <= tolerance && number.value.is_finite();
            if !agree {
                found.push(format!(
                    "{}: {:e} and {:e} differ by {error:.1e} of {scale:.2e}",
                    number.name, number.value, twin.value
                ));
            }
        }
        for twin in &other.0 {
            if !self.0.iter().any(|number| number.name == twin.name) {
                found.push(format!("{} is one too many", twin.name));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn sample(x: f64) -> Numbers {
        let mut numbers = Numbers::default();
        numbers.number("loss", x);
        numbers.array("w", array![[1.0, 2.0], [3.0, x]].into_dyn().view());
        numbers
    }

    #[test]
    fn numbers_survive_their_line() {
        let numbers = sample(0.1 + 0.2);
        let line = numbers.line();
        assert_eq!(Numbers::parse(&line.split(' ').collect::<Vec<_>>()).unwrap(), numbers);
        assert!(Numbers::parse(&["loss", "1"]).is_err());
        assert!(Numbers::parse(&["loss", "x", "1"]).is_err());
    }

    #[test]
    fn what_differs_is_named() {
        let numbers = sample(1.0);
        assert!(numbers.differences(&sample(1.0 + 1e-9), 1e-6).is_empty());
        assert_eq!(numbers.differences(&sample(1.1), 1e-6).len(), 3);
        assert_eq!(numbers.differences(&sample(f64::NAN), 1e-6).len(), 3);
        assert_eq!(numbers.differences(&Numbers::default(), 1e-6).len(), 3);
        assert_eq!(Numbers::default().differences(&numbers, 1e-6).len(), 3);
    }

    #[test]
    fn the_projection_sees_where_an_element_is() {
        let mut transposed = Numbers::default();
        transposed.number("loss", 1.0);
        transposed.array("w", array![[1.0, 3.0], [2.0, 1.0]].into_dyn().view());
        let found = sample(1.0).differences(&transposed, 1e-6);
        assert!(found.len() == 1 && found[0].starts_with("w.projection"), "{found:?}");
    }
}
