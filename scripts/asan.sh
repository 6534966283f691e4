#!/usr/bin/env bash
# AddressSanitizer over the vector code of this machine, the planner and the plans' raw memory: every access of compiled
# code is checked. Arrays of a plan share one allocation, so accesses that leave an array but not the arena are not seen
# here; `autodiff/src/plan/verify.rs`, which looks at every plan, and Miri are for those.
#
# Needs a nightly toolchain (`rustup toolchain install nightly`). Arguments go to the tests: `scripts/asan.sh matmul`.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="-Zsanitizer=address ${RUSTFLAGS:-}"
cargo +nightly test --locked --target "$target" --test inside -- "$@"
filters=("$@")
[ $# -gt 0 ] || filters=(plan:: sums_of_products:: wrong_primitives:: planned:: kernels:: products:: windows:: scan::)
cargo +nightly test --locked --target "$target" --test engine --test primitives --test nn -- "${filters[@]}"
