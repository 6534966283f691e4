def _strong_mul(a, b):
    """a·b; 0 where that is NaN and a factor is 0."""
    y = a * b
    return jnp.where(jnp.isnan(y) & ((a == 0) | (b == 0)), F(0), y)


def _strong_div(a, b):
    """a/b; 0 where that is NaN and a is 0."""
    y = a / b
    return jnp.where(jnp.isnan(y) & (a == 0), F(0), y)


def _tanh_slope(a, b):
    """1 − b² for b = tanh a, computed from a where b rounds to ±1."""
    e = jnp.exp(-jnp.abs(a))
    root = (e + e) / (F(1) + e * e)
    return jnp.where(jnp.abs(b) <= F(0.9968), (F(1) - b) * (F(1) + b), root * root)


def _sigmoid_slope(a, b):
    """b·(1 − b) for b = sigmoid a, computed from a where b rounds to 1."""
    e = jnp.exp(-jnp.abs(a))
    bound = F(0.99) if F is np.float32 else F(0.985)
    return jnp.where(b <= bound, b * (F(1) - b), e / ((F(1) + e) * (F(1) + e)))


def _acos(x):
    """arccos x, with all digits where it is small."""
    return F(2) * lax.atan2(lax.sqrt(F(1) - x), lax.sqrt(F(1) + x))


def _asin(x):
    """arcsin x: from |x| = ½ on as π/2 − arccos |x|, whose derivative at 1 is infinite, too."""
    near = lax.abs(x) < F(0.5)
    small = jnp.where(near, x, F(0))
    low = lax.atan2(small, lax.sqrt((F(1) - small) * (F(1) + small)))
    high = F(np.pi / 2) - _acos(lax.abs(x))
    return jnp.where(near, low, jnp.where(x < 0, -high, high))


def _erf_slope(x):
    """2/√π·exp(−x²), as exp(−h²)·exp(−(x − h)·(x + h)) for an h of few digits, whose square is exact."""
    x = jnp.clip(x, F(-64), F(64))
    h = lax.stop_gradient(jnp.round(x * F(16)) / F(16))
    return F(2 / np.sqrt(np.pi)) * (jnp.exp(-h * h) * jnp.exp(-(x - h) * (x + h)))


def _hypot(a, b):
    """√(a² + b²) without overflow on the way; ∞ beside NaN is ∞."""
    a, b = jnp.abs(a), jnp.abs(b)
    large, small = jnp.maximum(a, b), jnp.minimum(a, b)
    finite = jnp.isfinite(large) & (large > 0)
    unit = jnp.where(finite, large, F(1))
    ratio = jnp.where(finite, small, F(0)) / unit
    y = jnp.where(finite, unit * jnp.sqrt(F(1) + ratio * ratio), large)
    return jnp.where(jnp.isinf(a) | jnp.isinf(b), F(np.inf), y)


def _hypot_slope(a, b):
    """a/√(a² + b²), and 0 where both are 0."""
    length = _hypot(a, b)
    return jnp.where(length == 0, length, a / length)


def _atan2_slope(a, b):
    """a/(a² + b²)."""
    length = _hypot(a, b)
    return a / length / length


def _norm(x, axes, keep):
    """√Σ x², measured in the largest magnitude, so that squares stay in range."""
    largest = jnp.max(jnp.abs(x), axis=axes, keepdims=True, initial=F(0))
    unit = lax.stop_gradient(jnp.where((largest > 0) & jnp.isfinite(largest), largest, F(1)))
    y = jnp.sqrt(jnp.sum((x / unit) ** 2, axis=axes, keepdims=True)) * unit
    return y if keep else jnp.squeeze(y, axes)


def _shifted(x, m):
    """x − m; 0 where x is an infinite m, and −∞ where both are −∞."""
    infinite = jnp.where(x == m, jnp.where(m < 0, m, F(0)), x - m)
    return jnp.where(jnp.isfinite(m), x - m, infinite)


def _exponentials(x):
    """Along the last axis: the largest m, exp(x − m), and the sum of all of them but that of the first m."""
    n = x.shape[-1]
    first = jnp.arange(n, dtype=I) == jnp.argmax(x, axis=-1, keepdims=True)
    m = jnp.sum(jnp.where(first, x, F(0)), axis=-1, keepdims=True)
    e = jnp.exp(_shifted(x, m))
    return m, e, jnp.sum(jnp.where(first, F(0), e), axis=-1, keepdims=True)


def _log_sum_exp(x, axes, keep):
    """log Σ exp x as m + log(1 + r)."""
    shape = tuple(1 if axis in axes else length for axis, length in enumerate(x.shape))
    others = tuple(axis for axis in range(x.ndim) if axis not in axes)
    rows = lax.transpose(x, others + axes).reshape(tuple(x.shape[axis] for axis in others) + (-1,))
    if rows.shape[-1] == 0:
        y = jnp.full(rows.shape[:-1] + (1,), -np.inf, F)
    else:
        m, _, rest = _exponentials(rows)
        y = m + jnp.log1p(rest)
    return y.reshape(shape if keep else tuple(x.shape[axis] for axis in others))


def _softmax(x, axis):
    """exp(xᵢ − m)/Σⱼ exp(xⱼ − m); elements at +∞ share the weight, a row of −∞ has none."""
    e = jnp.exp(_shifted(x, jnp.max(x, axis=axis, keepdims=True, initial=F(-np.inf))))
    total = jnp.sum(e, axis=axis, keepdims=True)
    return e / jnp.where(total == 0, F(1), total)


def _log_softmax(x, axis):
    """(xᵢ − m) − log(1 + r)."""
    rows = jnp.moveaxis(x, axis, -1)
    if rows.size == 0:
        return x
    m, _, rest = _exponentials(rows)
    return jnp.moveaxis(_shifted(rows, m) - jnp.log1p(rest), -1, axis)


def _weights(w, d, axis):
    """Along the last axis: w, d, where the first of the largest weights is, and what the weights lack of a sum of 1."""
    w, d = jnp.moveaxis(w, axis, -1), jnp.moveaxis(d, axis, -1)
    n = w.shape[-1]
    at = jnp.arange(n, dtype=I) == jnp.argmax(jnp.abs(w), axis=-1, keepdims=True)
    missing = F(1) - jnp.sum(w, axis=-1, keepdims=True)
    rounding = F(16 + 4 * n.bit_length()) * np.finfo(F).eps
    return w, d, at, jnp.where(jnp.abs(missing) <= rounding, F(0), missing)


def _deviations(w, d, axis):
    """dᵢ − Σⱼ wⱼdⱼ, from the element that has most of the weight, where one has."""
    if w.size == 0:
        return d
    w, d, at, missing = _weights(w, d, axis)
    heaviest = jnp.sum(jnp.where(at, w, F(0)), axis=-1, keepdims=True)
    own = jnp.sum(jnp.where(at, d, F(0)), axis=-1, keepdims=True)
    own = jnp.where(jnp.abs(heaviest) > F(0.5), own, F(0))
    mean = jnp.sum(_strong_mul(w, d - own), axis=-1, keepdims=True) - _strong_mul(missing, own)
    return jnp.moveaxis((d - own) - mean, -1, axis)


def _deviations_adjoint(w, g, axis):
    """gᵢ − wᵢ·Σⱼ gⱼ; at the element that has most of the weight without cancellation."""
    if w.size == 0:
        return g
    w, g, at, missing = _weights(w, g, axis)
    others = jnp.sum(jnp.where(at, F(0), g), axis=-1, keepdims=True)
    own = jnp.sum(jnp.where(at, g, F(0)), axis=-1, keepdims=True)
    rest = jnp.sum(jnp.where(at, F(0), w), axis=-1, keepdims=True) + missing
    heaviest = _strong_mul(rest, own) - _strong_mul(w, others)
    return jnp.moveaxis(jnp.where(at, heaviest, g - _strong_mul(w, others + own)), -1, axis)


def _conv(x, w, stride, dilation, before, after, groups):
    """Σ w[o, c, i]·x[b, c, p·stride + i·dilation − before]."""
    padding = list(zip(before, after))
    return lax.conv_general_dilated(
        x, w, stride, padding, rhs_dilation=dilation, feature_group_count=groups, precision=PRECISION
    )


def _conv_transpose(x, w, stride, dilation, before, groups, size):
    """The adjoint of _conv as a map of x, for a result of the spatial lengths size."""
    axes = range(len(size))
    span = [(w.shape[2 + a] - 1) * dilation[a] for a in axes]
    low = [span[a] - before[a] for a in axes]
    high = [size[a] - 1 - (x.shape[2 + a] - 1) * stride[a] - low[a] + span[a] for a in axes]
    o, c = w.shape[:2]
    w = w.reshape((groups, o // groups, c) + w.shape[2:]).swapaxes(1, 2)
    w = jnp.flip(w.reshape((groups * c, o // groups) + w.shape[3:]), tuple(2 + a for a in axes))
    return lax.conv_general_dilated(
        x, w, (1,) * len(size), list(zip(low, high)), lhs_dilation=stride, rhs_dilation=dilation,
        feature_group_count=groups, precision=PRECISION,
    )


def _conv_weight_adjoint(x, z, stride, dilation, before, groups, size):
    """The adjoint of _conv as a map of w, for windows of the lengths size."""
    axes = range(len(size))
    after = [
        (size[a] - 1) * dilation[a] + (z.shape[2 + a] - 1) * stride[a] + 1 - x.shape[2 + a] - before[a] for a in axes
    ]
    spec = "CNHW"[: 2 + len(size)], "IOHW"[: 2 + len(size)], "CNHW"[: 2 + len(size)]
    return lax.conv_general_dilated(
        x, z, dilation, list(zip(before, after)), rhs_dilation=stride, dimension_numbers=spec,
        batch_group_count=groups, precision=PRECISION,
    )


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


def _counts(size, length, stride, dilation, before, after, positions, include_padding):
    """The number of elements of each window."""
    counts = np.ones((), int)
    for n, k, s, d, b, a, p in zip(size, length, stride, dilation, before, after, positions):
        at = np.arange(p)[:, None] * s + np.arange(k)[None, :] * d
        inside = (at >= 0) & (at < b + n + a) if include_padding else (at >= b) & (at < b + n)
        counts = counts[..., None] * inside.sum(1)
    return counts.astype(F)


def _average_pool(x, length, stride, dilation, before, after, positions, include_padding):
    """The average of each window."""
    size = x.shape[x.ndim - len(length):]
    counts = _counts(size, length, stride, dilation, before, after, positions, include_padding)
    reach = _reach(length, stride, dilation, positions)
    windows = (_window(x, F(0), at, positions, stride, before, reach) for at in _offsets(length, dilation))
    return sum(windows, F(0)) / counts


def _average_pool_adjoint(y, length, stride, dilation, before, after, size, include_padding):
    """The adjoint of _average_pool, for a result of the spatial lengths size."""
    lead = y.ndim - len(size)
    positions = y.shape[lead:]
    share = y / _counts(size, length, stride, dilation, before, after, positions, include_padding)
    reach = [max(r, b + n) for r, b, n in zip(_reach(length, stride, dilation, positions), before, size)]
    x = jnp.zeros(y.shape[:lead] + tuple(reach), F)
    for offset in _offsets(length, dilation):
        pads = [(0, 0, 0)] * lead
        for at, s, p, r in zip(offset, stride, positions, reach):
            pads.append((at, r - at - (p - 1) * s - 1, s - 1))
        x = x + lax.pad(share, F(0), pads)
    for a, (b, n) in enumerate(zip(before, size)):
        x = lax.slice_in_dim(x, b, b + n, 1, lead + a)
    return x


def _place(x, i, length):
    """x where the position along a new last axis is i, 0 elsewhere."""
    return jnp.where(jnp.arange(length, dtype=I) == i[..., None], x[..., None], F(0))


def _pick(x, i):
    """The element i of each row; 0 where there is none."""
    return jnp.sum(jnp.where(jnp.arange(x.shape[-1], dtype=I) == i[..., None], x, F(0)), -1)


def _take_along(x, i, axis):
    """Along an axis, the elements that i names; NaN where there is none."""
    return jnp.take_along_axis(x, i, axis, mode="fill", fill_value=np.nan)


def _scatter_add_along(x, i, axis, length):
    """Zeros to which the elements of x are added along an axis where i says."""
    def scattered(x, i):
        return jnp.zeros(length, F).at[i].add(x, mode="drop")

    # Each row by itself: so the rows may lie on several devices.
    for _ in range(x.ndim - 1):
        scattered = jax.vmap(scattered)
    return jnp.moveaxis(scattered(jnp.moveaxis(x, axis, -1), jnp.moveaxis(i, axis, -1)), -1, axis)


def _sort(x):
    """Ascending along the last axis, NaN last, equal ones in their order; and where they were."""
    order = jnp.argsort(x, axis=-1, stable=True).astype(I)
    return jnp.take_along_axis(x, order, -1), order


def _top_k(x, k):
    """The k largest along the last axis, NaN first, equal ones in their order; and where they were."""
    order = jnp.argsort(x, axis=-1, stable=True, descending=True).astype(I)[..., :k]
    return jnp.take_along_axis(x, order, -1), order


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


def _open(high, low):
    """(b + ½)/2⁶⁴ for an integer b of two halves, in double precision."""
    b = high.astype(np.float64) * np.float64(2.0**32) + low.astype(np.float64)
    return (b + np.float64(0.5)) * np.float64(2.0**-64)


def _uniform_open(key, shape, stream):
    """Numbers uniform on (0, 1)."""
    count = int(np.prod(shape, dtype=int))
    y = _open(_words(key, stream, count, False), _words(key, stream, count, True)).astype(F)
    return jnp.minimum(y, F(1) - np.finfo(F).eps / F(2)).reshape(shape)


def _normal(key, shape, stream):
    """Standard normal numbers Φ⁻¹((b + ½)/2⁶⁴), by Wichura's algorithm AS 241 (1988)."""
    count = int(np.prod(shape, dtype=int))
    high, low = _words(key, stream, count, False), _words(key, stream, count, True)
    upper = high >= np.uint32(1 << 31)
    high, low = jnp.where(upper, ~high, high), jnp.where(upper, ~low, low)
    q = _open(np.uint32((1 << 31) - 1) - high, ~low)
    r = jnp.sqrt(-jnp.log(_open(high, low)))

    def quotient(above, below, x):
        return jnp.polyval(np.array(above[::-1]), x) / jnp.polyval(np.array(below[::-1]), x)

    centre = q * quotient(
        [3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987,
         67265.7709270087, 33430.57558358813, 2509.0809287301227],
        [1.0, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
         28729.085735721943, 5226.495278852854],
        np.float64(0.180625) - q * q,
    )
    tail = quotient(
        [1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
         0.2417807251774506, 0.022723844989269184, 0.0007745450142783414],
        [1.0, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
         0.0005475938084995345, 1.0507500716444169e-09],
        r - np.float64(1.6),
    )
    far = quotient(
        [6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
         0.0012426609473880784, 2.7115555687434876e-05, 2.0103343992922881e-07],
        [1.0, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133,
         1.8463183175100548e-05, 1.421511758316446e-07, 2.0442631033899397e-15],
        r - np.float64(5),
    )
    z = jnp.where(q <= 0.425, centre, jnp.where(r <= 5, tail, far))
    return jnp.where(upper, z, -z).astype(F).reshape(shape)


def _scan(body, count, carries, inputs, invariants, reverse):
    """All steps of a loop: the last carries, and the outputs of every step."""
    def step(carry, row):
        results = body(row[0], *carry, *row[1:], *invariants)
        return results[: len(carries)], results[len(carries):]

    carry, rows = lax.scan(step, carries, (jnp.arange(count, dtype=I), *inputs), reverse=reverse)
    return (*carry, *rows)


def _scan_and_sum(body, count, carries, inputs, invariants, reverse, sums):
    """As _scan, without the carries that have a function in sums: what every step adds to them is summed behind the loop,
    of the inputs and the outputs of all steps."""
    carried = tuple(carry for carry, added in zip(carries, sums) if added is None)
    results = _scan(body, count, carried, inputs, invariants, reverse)
    last, rows = iter(results[: len(carried)]), results[len(carried):]
    ends = [next(last) if added is None else carry + added(inputs, rows) for carry, added in zip(carries, sums)]
    return (*ends, *rows)


def _sum_of_products(a, b):
    """The sum over the first axis of products of matrices, as one product."""
    return jnp.einsum("tmk,tkn->mn", a, b, precision=PRECISION)


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
