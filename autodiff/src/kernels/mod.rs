//! The arithmetic: loops over arrays that know nothing of tapes.
//!
//! Every interpreter (eager recording, program evaluation, stepping, a plan) runs these same loops, so they agree bit for
//! bit. A reduction is a fixed tree over *logical* indices; results depend on values and shapes, never on strides or
//! threads.

#![allow(clippy::indexing_slicing)]

mod along;
mod conv;
mod copy;
mod cumsum;
mod deviations;
mod fused;
mod gather_along;
mod index;
#[cfg(all(feature = "self-tests", debug_assertions))]
#[allow(clippy::unwrap_used)]
mod laid;
mod lanes;
#[cfg(all(feature = "self-tests", debug_assertions))]
pub(crate) mod levels;
mod map;
mod matmul;
mod max;
mod norm;
mod normal;
mod order;
mod pair;
mod pool;
mod random;
mod rearrange;
mod simd;
mod softmax;
mod sort;
mod sum;
mod tile;
mod usually;
mod view;
mod window;

#[cfg(all(feature = "self-tests", debug_assertions))]
self_tests!(
    in conv::tests,
    cumsum::tests,
    deviations::tests,
    gather_along::tests,
    index::tests,
    levels,
    matmul::batched::tests,
    matmul::tests,
    norm::tests,
    normal::tests,
    pair::tests,
    pool::tests,
    random::tests,
    rearrange::tests,
    sort::tests,
    window::tests
);

pub use conv::{conv, conv_shape, conv_transpose, conv_weight_adjoint, conv_workspace};
pub(crate) use copy::copy_rows;
pub use copy::{copy, rearrange};
pub use cumsum::cumsum;
pub(crate) use deviations::{deviations, deviations_adjoint};
pub(crate) use fused::Fused;
pub use gather_along::{gather_along, scatter_add_along};
pub use index::{IndexComparison, IndexOperation, index_arithmetic, index_compare, index_to_real};
pub(crate) use map::Loops;
pub(crate) use map::loops;
pub use map::{Elementwise, Lane, Prepared, map};
pub(crate) use matmul::{ProductOnto, prepared_product};
pub use matmul::{matmul, matmul_rows, matmul_shape};
pub(crate) use max::max_over;
pub(crate) use norm::norm_over;
pub(crate) use order::Reader;
pub(crate) use pair::{Arithmetic, Pair};
pub use pool::{Pool, average_pool, average_pool_adjoint, max_pool};
pub use random::{bits, fold_in, normal, uniform, uniform_open};
pub use rearrange::{Triangle, flip, triangle, unslice};
pub(crate) use simd::{all_within, fetch};
pub(crate) use softmax::{log_softmax, log_sum_exp_over, softmax};
pub use sort::{argmax, argmin, sort, top_k};
pub use sum::sum;
pub(crate) use sum::{CHUNK, sum_of_chunks, sum_over};
pub(crate) use usually::Usually;
pub use view::{Operand, View, ViewMut};
pub use window::Window;
