#!/bin/sh
# Instructions per node of a chain of 10³ to 10⁶ nodes, counted by valgrind: they should not grow with the length.
# The first run, of no nodes, is what the process costs by itself.
set -eu
cd "$(dirname "$0")/.."
cargo build --quiet --release -p bench --example chain
count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null target/release/examples/chain "$1" 2>&1 |
        sed -n 's/.*Collected : //p'
}
base=$(count 0)
for length in 1000 10000 100000 1000000; do
    echo "$length nodes: $((($(count "$length") - base) / length)) instructions per node"
done
