"""A program of 27 nodes, written by autodiff-jax 0.1.0 for JAX."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

jax.config.update("jax_enable_x64", True)
F = np.float32  # reals
I = np.int32  # indices
PRECISION = lax.Precision.HIGHEST  # of products

# Name, kind and shape of each input and output, and what indices are less than.
INPUTS = [
    ("h", "real", (2,)),
    ("xs", "real", (4, 2)),
    ("labels", "index", (2,)),
    ("key", "key", ()),
]
OUTPUTS = [
    ("", "real", (2,)),
    ("largest", "real", (2, 2)),
    ("", "index", (2, 2)),
    ("", "real", (2,)),
]
BOUNDS = {2: 2}


def _window(x, fill, offset, positions, stride, before, reach):
    """Element `offset` of every window, over the last axes of x; `fill` outside x."""
    lead = x.ndim - len(offset)
    for a, at in enumerate(offset):
        after = max(0, reach[a] - before[a] - x.shape[lead + a])
        pads = [(0, 0, 0)] * x.ndim
        pads[lead + a] = (before[a], after, 0)
        x = lax.pad(x, fill, pads)
        stop = at + (positions[a] - 1) * stride[a] + 1
        x = lax.slice_in_dim(x, at, stop, stride[a], lead + a)
    return x


def _offsets(length, dilation):
    """The offsets of the elements of a window, in row-major order."""
    return [tuple(i * d for i, d in zip(at, dilation)) for at in np.ndindex(*length)]


def _reach(length, stride, dilation, positions):
    """How far the windows reach along each axis."""
    return [(p - 1) * s + (n - 1) * d + 1 for n, s, d, p in zip(length, stride, dilation, positions)]


def _max_pool(x, length, stride, dilation, before, positions):
    """The largest element of each window and its place in the plane; of equal ones the first, NaN before all."""
    plane = x.shape[x.ndim - len(length):]
    places = jnp.broadcast_to(jnp.arange(np.prod(plane, dtype=int), dtype=I).reshape(plane), x.shape)
    reach = _reach(length, stride, dilation, positions)
    y, index = None, None
    for offset in _offsets(length, dilation):
        candidate = _window(x, F(-np.inf), offset, positions, stride, before, reach)
        place = _window(places, I(-1), offset, positions, stride, before, reach)
        if y is None:
            y, index = candidate, place
        else:
            larger = (index < 0) | (candidate > y) | (jnp.isnan(candidate) & ~jnp.isnan(y))
            larger = larger & (place >= 0)
            y, index = jnp.where(larger, candidate, y), jnp.where(larger, place, index)
    return y, index


def _pick(x, i):
    """The element i of each row; 0 where there is none."""
    return jnp.sum(jnp.where(jnp.arange(x.shape[-1], dtype=I) == i[..., None], x, F(0)), -1)


def _fold_in(key, index):
    """The key number `index` of those derived from `key`, by the mixing function of SplitMix64."""
    def mix(z):
        z = (z ^ (z >> 30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> 27)) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> 31)

    gamma = np.uint64(0x9E3779B97F4A7C15)
    return mix(mix(jnp.asarray(key) + gamma) + jnp.asarray(index).astype(np.uint64) * gamma)


def _words(key, stream, count, lower):
    """The first words of ChaCha8 seeded with the key, on the stream; with `lower`, those from word 2⁶⁷ on."""
    key, seed = jnp.asarray(key), []
    for _ in range(8):
        key = key * np.uint64(6364136223846793005) + np.uint64(11634580027462260723)
        shifted = (((key >> 18) ^ key) >> 27).astype(np.uint32)
        turn = (key >> 59).astype(np.uint32)
        seed.append((shifted >> turn) | (shifted << ((np.uint32(32) - turn) & np.uint32(31))))
    blocks = -(-count // 16)
    counter = jnp.arange(blocks, dtype=np.uint64) + np.uint64((1 << 63) if lower else 0)
    counter = [counter.astype(np.uint32), (counter >> 32).astype(np.uint32)]
    stream = [np.uint32(stream & 0xFFFFFFFF), np.uint32(stream >> 32)]
    constants = [np.uint32(word) for word in (0x61707865, 0x3320646E, 0x79622D32, 0x6B206574)]
    start = jnp.stack([jnp.broadcast_to(word, (blocks,)) for word in constants + seed + counter + stream])

    def quarter(state, a, b, c, d):
        for first, second, other, turn in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
            state[first] = state[first] + state[second]
            mixed = state[other] ^ state[first]
            state[other] = (mixed << np.uint32(turn)) | (mixed >> np.uint32(32 - turn))

    def rounds(_, state):
        state = list(state)
        for first in range(4):
            quarter(state, first, 4 + first, 8 + first, 12 + first)
        for first in range(4):
            quarter(state, first, 4 + (first + 1) % 4, 8 + (first + 2) % 4, 12 + (first + 3) % 4)
        return tuple(state)

    state = jnp.stack(lax.fori_loop(0, 4, rounds, tuple(start)))
    return (state + start).T.reshape(-1)[:count]


def _uniform(key, shape, stream):
    """Numbers uniform on [0, 1): the leading bits."""
    count = int(np.prod(shape, dtype=int))
    high = _words(key, stream, count, False)
    if F is np.float32:
        return ((high >> np.uint32(8)).astype(F) * F(2.0**-24)).reshape(shape)
    low = _words(key, stream, count, True)
    return (high.astype(F) * F(2.0**-32) + (low >> np.uint32(11)).astype(F) * F(2.0**-53)).reshape(shape)


def _scan(body, count, carries, inputs, invariants, reverse):
    """All steps of a loop: the last carries, and the outputs of every step."""
    def step(carry, row):
        results = body(row[0], *carry, *row[1:], *invariants)
        return results[: len(carries)], results[len(carries):]

    carry, rows = lax.scan(step, carries, (jnp.arange(count, dtype=I), *inputs), reverse=reverse)
    return (*carry, *rows)


def _loop(body, count, given, carries, inputs, invariants, reverse):
    """The first `given` of at most `count` steps (None: until the body says so); the others' outputs are zeros."""
    decides = given is None
    most = jnp.asarray(count, I) if decides else given.astype(I)
    typed = [jax.ShapeDtypeStruct(x.shape[1:], x.dtype) for x in inputs]
    kept = len(carries) + int(decides)
    outputs = jax.eval_shape(body, jax.ShapeDtypeStruct((), I), *carries, *typed, *invariants)[kept:]
    zeros = tuple(jnp.zeros((count,) + y.shape, y.dtype) for y in outputs)

    def step(state):
        done, _, carry, rows = state
        t = most - 1 - done if reverse else done
        now = (lax.dynamic_index_in_dim(x, t, 0, keepdims=False) for x in inputs)
        results = body(t, *carry, *now, *invariants)
        rows = tuple(lax.dynamic_update_index_in_dim(r, y, t, 0) for r, y in zip(rows, results[kept:]))
        go_on = (results[len(carries)] != 0) if decides else jnp.asarray(True)
        return done + 1, go_on, results[: len(carries)], rows

    state = (jnp.zeros((), I), jnp.asarray(True), tuple(jnp.asarray(c) for c in carries), zeros)
    if count == 1:
        done, _, carry, rows = lax.cond(most > 0, step, lambda state: state, state)
    else:
        done, _, carry, rows = lax.while_loop(lambda state: (state[0] < most) & state[1], step, state)
    return (*carry, done, *rows) if decides else (*carry, *rows)


def body_1(v0, v1, v2):
    # v0: index[]
    # v1: f32[2]
    # v2: f32[2]
    v3 = v1 + v2  # f32[2]
    v4 = jnp.tanh(v3)  # f32[2]
    v5 = jnp.full((), 0.5, F)  # f32[]
    v6 = jnp.broadcast_to(v5, (2,))  # f32[2]
    v7 = v4 * v6  # f32[2]
    return (v4, v7, v1)


def body_2(v0, v1):
    # v0: index[]
    # v1: f32[2]
    return (v1,)


def body_3(v0, v1, v2):
    # v0: index[]
    # v1: f32[2]
    # v2: f32[2]
    v3 = -v2  # f32[2]
    return (v3,)


def program(h, xs, labels, v3):
    # h: f32[2]
    # xs: f32[4, 2]
    # labels: index[2]
    # v3: key `key`
    v4, v5, v6 = _scan(body_1, 4, (h,), (xs,), (), False)  # f32[2], f32[4, 2], f32[4, 2]
    v7 = jnp.sum(v4, axis=(0,), keepdims=False)  # f32[]
    v8 = jnp.full((), 0.0, F)  # f32[]
    v9 = (v7 > v8).astype(F)  # f32[]
    v10 = jnp.full((), 0.0, F)  # f32[]
    v11 = (v9 == v10).astype(F)  # f32[]
    v12 = -v11  # f32[]
    v13 = jnp.full((), 1.0, F)  # f32[]
    v14 = v12 + v13  # f32[]
    v15 = _loop(body_2, 1, v14, (), (), (v4,), False)[0]  # f32[1, 2]
    v16 = v15.reshape((2,))  # f32[2]
    v17 = _loop(body_3, 1, v11, (v16,), (), (v4,), False)[0]  # f32[2]
    largest, v19 = _max_pool(v5, (2, 1), (2, 1), (1, 1), (0, 0), (2, 2))  # f32[2, 2], index[2, 2]
    v20 = lax.slice_in_dim(labels, 0, 1, axis=0)  # index[1]
    v21 = v20.reshape(())  # index[]
    v22 = _fold_in(v3, v21)  # key
    v23 = _uniform(v22, (2,), 3)  # f32[2]
    v24 = v17 * v23  # f32[2]
    v25 = lax.slice_in_dim(v5, 0, 2, axis=0)  # f32[2, 2]
    v26 = _pick(v25, labels)  # f32[2]
    return (v24, largest, v19, v26)


def key(number):
    """A random key, from an integer below 2⁶⁴."""
    return np.uint64(number)


def fold_in(number, index):
    """The key number `index` of those derived from the key `number`, on the host."""
    mask = (1 << 64) - 1

    def mix(z):
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return z ^ (z >> 31)

    gamma = 0x9E3779B97F4A7C15
    return mix((mix((number + gamma) & mask) + gamma * index) & mask)


def check(arguments):
    """The arguments as arrays of the program's types; an error for a wrong shape or an index out of range."""
    if len(arguments) != len(INPUTS):
        raise ValueError(f"the program has {len(INPUTS)} inputs, got {len(arguments)}")
    checked = []
    for i, (value, (name, kind, shape)) in enumerate(zip(arguments, INPUTS)):
        array = np.asarray(value)
        if array.shape != shape:
            raise ValueError(f"input {i} `{name}` should have the shape {shape}, not {array.shape}")
        if kind == "index" and array.size:
            bound = BOUNDS.get(i, 1 << 31)
            if array.min() < 0 or array.max() >= bound:
                raise IndexError(f"input {i} `{name}`: the index {array[(array < 0) | (array >= bound)][0]} is out of "
                                 f"range: it should be from 0 to {bound - 1}")
        checked.append(array.astype({"real": F, "index": I, "key": np.uint64}[kind]))
    return checked


def run(*arguments):
    """The program on arrays of NumPy, compiled."""
    results = jax.jit(program)(*check(arguments))
    types = {"real": F, "index": I, "key": np.uint64}
    assert all(y.dtype == types[kind] for y, (_, kind, _) in zip(results, OUTPUTS)), "jax_enable_x64 was switched off"
    return results
