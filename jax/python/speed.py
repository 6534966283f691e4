"""Times the training steps of the benchmarks W1 and W4, made by the engine and by JAX on the same processors, in turns:
`speed.py FOLDER`, a folder that the example `speed` has exported to.

Three medians are printed: of the engine's step; of the compiled step in JAX; and of a step of the exported driver, which also
looks at a batch and puts it on the device, as the engine does. Each is the median over rounds, of processes of their own.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

MODELS = {"W1": "MLP 784-1024-1024-10, batch 256, Adam", "W4": "LeNet, batch 64, SGD"}
WARM = 3


def medians(folder, seconds):
    """In a process of its own: the loss of the first step, and the times of the compiled step and of the driver's."""
    sys.path.insert(0, str(folder))
    import train

    training = train.Training(train.options(["--data", str(folder / "data.safetensors")]))
    batch = train.batches(training)(1)
    first, _ = training.make(batch)
    for _ in range(WARM):
        training.make(batch)
    whole = timed(lambda: training.make(batch), seconds)
    arguments = training.columns(batch), training.numbers(1), training.step.key(0)

    def compiled():
        training.state, loss, _ = training.compiled(training.state, *arguments)
        float(loss)

    print(first, timed(compiled, seconds), whole)


def timed(step, seconds):
    times, start = [], time.perf_counter()
    while time.perf_counter() - start < seconds or len(times) < 3:
        before = time.perf_counter()
        step()
        times.append(1e3 * (time.perf_counter() - before))
    return statistics.median(times)


def child(command, threads):
    """The numbers that a process prints which has so many processors."""
    environment = os.environ | {"JAX_PLATFORMS": "cpu"}
    if threads == 1:
        environment["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    processors = sorted(os.sched_getaffinity(0))[-threads:]
    result = subprocess.run(
        command, capture_output=True, text=True, env=environment, preexec_fn=lambda: os.sched_setaffinity(0, processors)
    )
    if result.returncode:
        sys.exit(f"{' '.join(command)}\n{result.stdout}{result.stderr}")
    return [float(word) for word in result.stdout.split()]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--one", action="store_true", help="time the step in the folder, in this process")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each is timed")
    options = parser.parse_args()
    if options.one:
        return medians(options.folder, options.seconds)
    engine = (options.folder / "engine").read_text()
    for name, title in MODELS.items():
        for threads in (1, 2):
            seconds, rounds = str(options.seconds), []
            for _ in range(options.rounds):
                ours = child([engine, name, str(threads), seconds], threads)
                theirs = child([sys.executable, __file__, str(options.folder / name), "--one", "--seconds", seconds], threads)
                if not abs(ours[0] - theirs[0]) <= 1e-4 * abs(ours[0]):
                    sys.exit(f"{name}: the first loss is {ours[0]}, and {theirs[0]} in JAX")
                rounds.append((ours[1], *theirs[1:]))
            ours, compiled, driver = (statistics.median(times) for times in zip(*rounds))
            print(
                f"{name} ({title}), {threads} threads: engine {ours:.2f} ms, JAX {compiled:.2f} ms ({compiled / ours:.2f} of "
                f"the engine's), with the driver {driver:.2f} ms ({driver / ours:.2f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
