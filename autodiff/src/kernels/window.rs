//! Windows that move along an axis, as those of convolutions and of pooling do.

use crate::base::error::Mismatch;
use std::ops::Range;

/// How a window moves along one axis. Its element i at position p is element p·stride + i·dilation − padding.0 of the
/// axis; where the axis has no such element lies the padding.
///
/// ```
/// use autodiff::kernels::Window;
/// let every_other = Window { stride: 2, padding: (1, 1), ..Window::default() };
/// assert_eq!(every_other.positions(8, 3, false)?, 4);
/// # Ok::<(), autodiff::Mismatch>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Window {
    /// The distance from one position of the window to the next.
    pub stride: usize,
    /// The distance between neighbours in the window.
    pub dilation: usize,
    /// The elements that are added before and after the axis.
    pub padding: (usize, usize),
}

impl Default for Window {
    /// Step by step, without gaps and padding.
    fn default() -> Self {
        Window { stride: 1, dilation: 1, padding: (0, 0) }
    }
}

impl Window {
    /// The number of positions of a window of `length` elements on an axis of `size` elements:
    /// ⌊(before + size + after − span)/stride⌋ + 1 for a window that spans (length − 1)·dilation + 1 elements. With `ceil`,
    /// the quotient is rounded up, so that no element is left over: the last window may reach beyond the padding, but has to
    /// begin within the axis or the padding before it, as in PyTorch.
    ///
    /// # Errors
    /// A mismatch if the window is longer than the padded axis, or has no length, stride or dilation.
    ///
    /// ```
    /// use autodiff::kernels::Window;
    /// let window = Window { stride: 2, ..Window::default() };
    /// assert_eq!((window.positions(6, 3, false)?, window.positions(6, 3, true)?), (2, 3));
    /// let long = window.positions(2, 3, false).unwrap_err();
    /// assert_eq!(long.message, "the window spans 3 elements, the axis has 2 (no padding)");
    /// # Ok::<(), autodiff::Mismatch>(())
    /// ```
    pub fn positions(&self, size: usize, length: usize, ceil: bool) -> Result<usize, Mismatch> {
        for (what, value) in [("length", length), ("stride", self.stride), ("dilation", self.dilation)] {
            if value == 0 {
                return Err(Mismatch::new(format!("the {what} of the window is 0; the least is 1")));
            }
        }
        let (before, after) = self.padding;
        let span = (length - 1).checked_mul(self.dilation).and_then(|gap| gap.checked_add(1));
        let padded = size.checked_add(before).and_then(|sum| sum.checked_add(after));
        let (Some(span), Some(padded)) = (span, padded) else {
            return Err(Mismatch::new("the window or the padding is longer than any array"));
        };
        let Some(left) = padded.checked_sub(span) else {
            let dilated = if self.dilation == 1 {
                String::new()
            } else {
                format!(", {} of them {} apart", length, self.dilation)
            };
            let padding = if (before, after) == (0, 0) {
                "no padding".to_owned()
            } else {
                format!("{padded} with the padding {before} before and {after} after")
            };
            return Err(Mismatch::new(format!(
                "the window spans {span} elements{dilated}, the axis has {size} ({padding})"
            )));
        };
        let whole = left / self.stride + 1;
        let another = ceil && left % self.stride != 0 && whole * self.stride < size + before;
        Ok(whole + usize::from(another))
    }

    /// The elements of a window of `length` at `position` that are elements of an axis of `size`, not of its padding.
    pub(super) fn inside(&self, position: usize, size: usize, length: usize) -> Range<usize> {
        between(self.dilation, position * self.stride, self.padding.0, size, length)
    }

    /// The first position at which a window of `length` has nothing of an axis of `size` but padding. A window that
    /// begins inside the axis has its first element; of those that begin before, the distance to the first element
    /// recurs after `dilation` positions at the latest.
    pub(super) fn outside(&self, size: usize, length: usize, positions: usize) -> Option<usize> {
        let before = self.padding.0;
        let early = before.div_ceil(self.stride).min(positions).min(self.dilation).max(1);
        let late = (before + size).div_ceil(self.stride);
        let is_outside = |p: &usize| self.inside(*p, size, length).is_empty();
        (0..early).find(is_outside).or_else(|| (late..positions).next())
    }

    /// The positions, of `positions`, at which element `i` of the window is an element of an axis of `size`.
    pub(super) fn meets(&self, i: usize, size: usize, positions: usize) -> Range<usize> {
        between(self.stride, i * self.dilation, self.padding.0, size, positions)
    }

    /// The number of elements of a window of `length` at `position` that are elements of the axis or its padding.
    pub(super) fn padded(&self, position: usize, size: usize, length: usize) -> usize {
        let (before, after) = self.padding;
        between(self.dilation, position * self.stride, 0, before + size + after, length).len()
    }

    /// Which element of the axis element `i` of the window at `position` is, where it is one.
    pub(super) fn element(&self, position: usize, i: usize) -> usize {
        position * self.stride + i * self.dilation - self.padding.0
    }
}

/// The k below `count` with low ≤ k·step + offset < low + size.
fn between(step: usize, offset: usize, low: usize, size: usize, count: usize) -> Range<usize> {
    // Most windows lie inside, and need no division.
    let first = |bound: usize| match bound.saturating_sub(offset) {
        0 => 0,
        distance if distance > count.saturating_sub(1) * step => count,
        distance => distance.div_ceil(step),
    };
    first(low)..first(low + size)
}

#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use proptest::prelude::*;

    fn windows() -> impl Strategy<Value = Window> {
        (1..4usize, 1..4usize, 0..4usize, 0..4usize).prop_map(|(stride, dilation, before, after)| Window {
            stride,
            dilation,
            padding: (before, after),
        })
    }

    proptest! {
        fn positions_are_counted(window in windows(), size in 0..12usize, length in 1..5usize, ceil: bool) {
            let (before, after) = window.padding;
            let last = |p: usize| p * window.stride + (length - 1) * window.dilation;
            let whole = (0..40).take_while(|p| last(*p) < before + size + after).count();
            // With `ceil` also the next one, if elements are left over beyond the last whole window.
            let left_over = whole > 0 && last(whole - 1) + 1 < before + size + after;
            let more = ceil && left_over && whole * window.stride < before + size;
            match window.positions(size, length, ceil) {
                Ok(positions) => prop_assert_eq!(positions, whole + usize::from(more)),
                Err(_) => prop_assert_eq!(whole, 0),
            }
        }

        fn windows_outside_are_found(window in windows(), dilation in 1..7usize, size in 0..12usize, length in 1..5usize) {
            let window = Window { dilation, ..window };
            if let Ok(positions) = window.positions(size, length, true) {
                let outside = (0..positions).find(|p| window.inside(*p, size, length).is_empty());
                prop_assert_eq!(window.outside(size, length, positions), outside);
            }
        }

        fn ranges_are_where_elements_are(window in windows(), size in 0..12usize, length in 1..5usize, at in 0..6usize) {
            let place = |p: usize, i: usize| p * window.stride + i * window.dilation;
            let low = window.padding.0;
            let inside = |p: usize, i: usize| low <= place(p, i) && place(p, i) < low + size;
            for k in 0..6 {
                prop_assert_eq!(window.inside(at, size, length).contains(&k), k < length && inside(at, k));
                prop_assert_eq!(window.meets(at, size, 4).contains(&k), k < 4 && inside(k, at));
                if inside(at, k) {
                    prop_assert_eq!(window.element(at, k) + low, place(at, k));
                }
            }
            let padded = (0..length).filter(|i| place(at, *i) < low + size + window.padding.1).count();
            prop_assert_eq!(window.padded(at, size, length), padded);
        }
    }

    fn what_does_not_fit_is_named() {
        let message = |window: Window, size, length| window.positions(size, length, false).unwrap_err().message;
        let dilated = Window { dilation: 3, padding: (1, 0), ..Window::default() };
        assert_eq!(
            message(dilated, 5, 3),
            "the window spans 7 elements, 3 of them 3 apart, the axis has 5 (6 with the padding 1 before and 0 after)"
        );
        let still = Window { stride: 0, ..Window::default() };
        assert_eq!(message(still, 5, 3), "the stride of the window is 0; the least is 1");
        let wide = Window { padding: (usize::MAX, 1), ..Window::default() };
        assert_eq!(message(wide, 5, 3), "the window or the padding is longer than any array");
    }

    self_tests!(
        positions_are_counted,
        windows_outside_are_found,
        ranges_are_where_elements_are,
        what_does_not_fit_is_named,
    );
}
