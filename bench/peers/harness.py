"""What the Python peers share: the language of `bench/src/serve.rs`, the numbers of `bench/src/splitmix.rs`, timing."""
import math
import resource
import sys
import time

import numpy as np

X, LABELS, TARGETS, WEIGHTS, PROJECTION, DIRECTIONS, MASKS = 1, 2, 3, 10, 99, 5_000, 6_000
SAMPLE = 50e-6  # seconds; shorter steps are timed in blocks


class Job:
    """A workload made ready: `step` computes and returns a number, `check` the numbers to compare (of an implementation
    that has made no step), `planning` is the seconds spent on getting ready."""

    def __init__(self, step, check, planning=0.0):
        self.step, self.check, self.planning = step, check, planning


# The inputs, as in `bench/src/data.rs`.


def bits(stream, n):
    with np.errstate(over="ignore"):
        z = np.uint64(stream) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


assert bits(1234567, 1)[0] == 6457827717110365317


def uniform(stream, n):
    return (bits(stream, n) >> np.uint64(40)).astype(np.float64) / 8388608.0 - 1.0


def array(stream, shape, scale, dtype=np.float32):
    return (uniform(stream, math.prod(shape)) * scale).astype(dtype).reshape(shape)


def labels(examples):
    return ((bits(LABELS, examples) >> np.uint64(40)) % np.uint64(10)).astype(np.int64)


def features(examples, width, dtype=np.float32):
    return array(X, (examples, width), math.sqrt(3.0), dtype)


def weights(i, inputs, outputs, dtype=np.float32):
    return array(WEIGHTS + i, (inputs, outputs), math.sqrt(3.0 / inputs), dtype)


def windows(i, inputs, outputs):
    """The weights of a convolution with windows of 3×3."""
    return array(WEIGHTS + i, (outputs, inputs, 3, 3), math.sqrt(3.0 / (9 * inputs)))


def transformer():
    """The parameters of W11 in order, its characters and those that come next."""
    block = [(64,), (64,)] + 4 * [(64, 64), (64,)] + [(64,), (64,), (64, 256), (256,), (256, 64), (64,)]
    scales = {2 + 16 * b + i for b in (0, 1) for i in (0, 10)}
    p = []
    for i, shape in enumerate([(64, 64), (64, 64)] + 2 * block + [(64, 64), (64,)]):
        if len(shape) == 2:
            p.append(weights(i, *shape))
        else:
            p.append((np.ones if i in scales else np.zeros)(shape, np.float32))
    characters = lambda stream: ((bits(stream, 1024) >> np.uint64(40)) % np.uint64(64)).astype(np.int64).reshape(16, 64)
    return p, characters(X), characters(LABELS)


def gru(dtype=np.float32):
    """The parameters of W12, for inputs and for the state, and its sequences."""
    shapes = [(64, 192), (192,), (64, 192), (192,)]
    return [array(WEIGHTS + i, s, 1 / 8, dtype) for i, s in enumerate(shapes)], array(X, (32, 64, 64), math.sqrt(3.0), dtype)


def layers(sizes, dtype=np.float32):
    """Weights [inputs, outputs] and biases, one after the other."""
    pairs = zip(sizes[:-1], sizes[1:])
    return [p for i, (m, n) in enumerate(pairs) for p in (weights(i, m, n, dtype), np.zeros(n, dtype))]


def mask(i, examples, width):
    return (uniform(MASKS + i, examples * width) < 0.0).reshape(examples, width)


def logistic():
    """Features and classes of W8."""
    x = array(X, (569, 30), math.sqrt(3.0), np.float64)
    return x, (x[:, 0] + x[:, 1] > x[:, 2]).astype(np.float64)


def directions():
    """The vector of W7."""
    return [array(DIRECTIONS + i, s, 1.0, np.float64) for i, s in enumerate([(64, 64), (64,), (64, 10), (10,)])]


# The numbers, as in `bench/src/numbers.rs`.


def number(name, value):
    return [(name, float(value), abs(float(value)))]


def projected(name, values):
    values = np.asarray(values, dtype=np.float64).ravel()
    norm = float(np.sqrt(np.sum(values * values)))
    return [(f"{name}.norm", norm, norm), (f"{name}.projection", float(np.sum(values * uniform(PROJECTION, values.size))), norm)]


def trained(gradients, step):
    """What is compared of a training step: the gradients, and the loss of the first three steps."""
    numbers = [n for i, g in enumerate(gradients) for n in projected(f"g{i}", g)]
    return numbers + [n for i in (1, 2, 3) for n in number(f"loss{i}", step())]


# The language.


def sample(seconds, step):
    start = time.perf_counter()
    step()
    first = time.perf_counter() - start
    if first >= seconds:
        return [first * 1e6]
    steps = 1
    while time.perf_counter() - start < seconds / 10:
        step()
        steps += 1
    block = max(1, math.ceil(SAMPLE / ((time.perf_counter() - start) / steps)))
    times = []
    start = time.perf_counter()
    while time.perf_counter() - start < seconds or len(times) < 3:
        before = time.perf_counter()
        for _ in range(block):
            step()
        times.append((time.perf_counter() - before) * 1e6 / block)
    return times


def answer(words, entries, prepared):
    def ready(name):
        if name not in prepared:
            prepared[name] = entries[name]()
        return prepared[name]

    match words:
        case ["list"]:
            return " ".join(["entries", *entries])
        case ["check", name]:
            return " ".join(["numbers", *(f"{n} {v!r} {s!r}" for n, v, s in entries[name]().check())])
        case ["prepare", name]:
            ready(name)
            return "prepared"
        case ["run", name, seconds]:
            return " ".join(["times", *(f"{t:.4f}" for t in sample(float(seconds), ready(name).step))])
        case ["planning", name]:
            return f"planning {ready(name).planning!r}"
        case ["memory"]:
            return f"memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.1f}"
        case ["forget"]:
            prepared.clear()
            return "forgotten"
    raise ValueError(f"`{' '.join(words)}` means nothing")


def serve(entries):
    """Answers with the implementations `entries`: what makes a `Job`, by name (`W1:torch`)."""
    prepared = {}
    for line in sys.stdin:
        try:
            text = answer(line.split(), entries, prepared)
        except Exception as error:  # whatever it is, the other side should hear of it
            text = f"error {type(error).__name__}: {error}".replace("\n", " ")
        print(text, flush=True)
