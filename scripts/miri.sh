#!/usr/bin/env bash
# Miri over the portable kernels, the planner and the plans' raw memory: an interpreter that knows what is initialised,
# which reference may touch what, and which threads race. It runs a thousand times slower than the machine, so tests do
# less under `cfg(miri)`, blocks, panels and the chunks of sums are small, so that small arrays have several, and kernels
# go the way of `Level::Base`. The tests of convolutions alone take a quarter of an hour with other load beside them.
#
# Needs a nightly toolchain with Miri (`rustup component add --toolchain nightly miri rust-src`). Arguments go to the
# tests: `scripts/miri.sh matmul`.
#
# The isolation is for programs that should not see the clock or the disk: test runners look at both. Functions like
# `sin` are rounded at random by Miri unless told otherwise, and tests compare bits. Threads of a pool that is dropped end
# a little later, which Miri would call a leak. The queues of the thread pool (crossbeam-epoch) follow integers as pointers
# and break the stricter of Miri's two models of aliasing, so it is the other one, tree borrows: the pool passes, and races
# between its threads are found.
set -euo pipefail
cd "$(dirname "$0")/.."
export MIRIFLAGS="-Zmiri-disable-isolation -Zmiri-deterministic-floats -Zmiri-ignore-leaks
  -Zmiri-tree-borrows -Zmiri-permissive-provenance ${MIRIFLAGS:-}"
# Of random cases, which most tests take as many of as proptest does by itself, a few.
export PROPTEST_CASES=4
cargo +nightly miri test --locked --test inside -- "$@"
filters=("$@")
[ $# -gt 0 ] || filters=(plan:: sums_of_products:: wrong_primitives:: kernels::)
cargo +nightly miri test --locked --test engine --test primitives -- "${filters[@]}"
