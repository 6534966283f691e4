#!/usr/bin/env bash
# Instructions, counted by valgrind, against the limits in `instructions.limits`: what one node of a chain of scalars costs
# to record, differentiate, plan and replay, what a step of a loop costs, what a thousand elements of a fused loop and a layer at three depths cost, and
# what a training step of a small network does. Counts repeat where times do not, so a limit stands some 15 % above the count of the day it was written.
#
#   bench/instructions.sh            all of it, some minutes
#   bench/instructions.sh --short    what takes seconds
#   bench/instructions.sh --update   writes the limits anew
#
# The counts are those of the AVX2 path (valgrind knows no AVX-512) and of the compiler of that day. Fails if a count
# exceeds its limit.
set -euo pipefail
cd "$(dirname "$0")/.."
limits=bench/instructions.limits
mode=${1:-}

if ! command -v valgrind >/dev/null; then
  echo "skipped: valgrind is not installed"
  exit 0
fi
cargo build --quiet --release --locked --workspace --example counted
program=${CARGO_TARGET_DIR:-target}/release/examples/counted

count() { # WHAT SIZE TIMES
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" "$@" 2>&1 | sed -n 's/.*Collected : //p'
}

# WHAT, SIZE, how often at least and at most (what is prepared cancels), what one of them is divided by.
measures() {
  cat <<'LIST'
record 1000 1 11 1000
backward 1000 1 11 1000
gradient 1000 1 11 1000
run 1000 1 11 1000
plan 1000 1 11 1000
execute 1000 1 11 1000
scan 1000 1 11 1000
fused 100000 1 11 100
layers 10 1 11 10
step 32 1 21 1
LIST
  [ "$mode" = --short ] || cat <<'LIST'
record 100000 1 3 100000
backward 100000 1 3 100000
gradient 100000 1 3 100000
run 100000 1 3 100000
plan 100000 1 3 100000
execute 100000 1 3 100000
layers 100 1 11 100
layers 1000 1 3 1000
LIST
}

failed=0
written=""
while read -r what size few many parts; do
  found=$((($(count "$what" "$size" "$many") - $(count "$what" "$size" "$few")) / (many - few) / parts))
  limit=$(awk -v what="$what" -v size="$size" '$1 == what && $2 == size { print $3 }' "$limits" 2>/dev/null || true)
  if [ "$mode" = --update ]; then
    limit=$((found * 115 / 100))
    written+="$what $size $limit"$'\n'
  fi
  verdict=ok
  if [ -z "$limit" ] || [ "$found" -gt "$limit" ]; then
    verdict="TOO MANY"
    failed=1
  fi
  printf '%-9s %7d: %9d instructions, limit %9s  %s\n' "$what" "$size" "$found" "${limit:-none}" "$verdict"
done < <(measures)

if [ "$mode" = --update ]; then
  {
    echo "# What, its size, and the most instructions that one node (of a chain), a thousand elements (of a fused loop), one"
    echo "# layer, or one step may take:"
    echo "# written by \`bench/instructions.sh --update\`, 15 % above what was counted."
    printf '%s' "$written"
  } >"$limits"
fi
exit "$failed"
