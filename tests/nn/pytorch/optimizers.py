"""Makes optimizers.txt: two parameters, [3, 4] and [4], after steps 1, 2, 10, 100 and 1000 of prescribed gradients.

Where PyTorch has the definition, PyTorch is asked; where it has not, or computes with fewer digits, the recurrence of the paper
is written out in NumPy. The gradients and the start are fractions that both sides compute without rounding.

    python tests/nn/pytorch/optimizers.py > tests/nn/pytorch/optimizers.txt
"""

import numpy as np
import torch

# NAdam's product of momenta is a number of the default type, which would round it to single precision.
torch.set_default_dtype(torch.float64)

SHAPES = [(3, 4), (4,)]
STEPS = [1, 2, 10, 100, 1000]


def numbers(offset, modulus, shape, scale):
    count = int(np.prod(shape))
    return np.array([((offset + i * 7919) % modulus - modulus // 2) / scale for i in range(count)]).reshape(shape)


def start():
    return [numbers(5 + 100 * k, 97, shape, 64.0) for k, shape in enumerate(SHAPES)]


def gradients(t):
    return [numbers(t * 104729 + 31 * k, 2003, shape, 512.0) for k, shape in enumerate(SHAPES)]


def show(name, step, arrays):
    print(name, step, *[repr(float(x)) for array in arrays for x in np.asarray(array).ravel()])


def by_torch(name, make, change=lambda parameters: None):
    parameters = [torch.nn.Parameter(torch.tensor(w, dtype=torch.float64)) for w in start()]
    optimizer = make(parameters)
    for t in range(1, 1001):
        for parameter, g in zip(parameters, gradients(t)):
            parameter.grad = torch.tensor(g, dtype=torch.float64)
        change(parameters)
        optimizer.step()
        if t in STEPS:
            show(name, t, [parameter.detach().numpy() for parameter in parameters])


def by_hand(name, update):
    """update(w, g, state, t) for each parameter; the state is a dictionary that starts empty."""
    parameters, states = start(), [{} for _ in SHAPES]
    for t in range(1, 1001):
        parameters = [update(w, g, state, t) for w, g, state in zip(parameters, gradients(t), states)]
        if t in STEPS:
            show(name, t, parameters)


def average(state, name, beta, x):
    state[name] = beta * state.get(name, 0.0) + (1 - beta) * x
    return state[name]


def adam(state, g, t, beta1=0.9, beta2=0.999):
    m, v = average(state, "m", beta1, g), average(state, "v", beta2, g * g)
    return m / (1 - beta1**t), v / (1 - beta2**t)


def momentum(w, g, state, t):
    """Matt R, Neural Networks (March 2022), 7.2: without PyTorch's exception for the first step."""
    return w - 0.01 * average(state, "v", 0.9, g)


def adam_inside(w, g, state, t):
    m, v = adam(state, g, t)
    return w - 0.01 * m / np.sqrt(v + 1e-3)


def lamb(w, g, state, t):
    """You et al. (2020), Algorithm 2, with the norm of w as it is."""
    m, v = adam(state, g, t)
    d = m / (np.sqrt(v) + 1e-6) + 0.01 * w
    return w - 0.01 * np.linalg.norm(w) / np.linalg.norm(d) * d


def lion(w, g, state, t):
    """Chen et al. (2023), Program 1."""
    m = state.get("m", 0.0)
    c = 0.9 * m + (1 - 0.9) * g
    state["m"] = 0.99 * m + (1 - 0.99) * g
    return w - 0.01 * (np.sign(c) + 0.1 * w)


def muon(w, g, state, t):
    """Jordan et al. (2024), in double precision; here a matrix is [inputs, outputs], there [outputs, inputs]."""
    if w.ndim != 2:
        m, v = adam(state, g, t)
        return w - 0.001 * m / (np.sqrt(v) + 1e-8)
    state["v"] = 0.95 * state.get("v", 0.0) + 0.05 * g
    u = (0.95 * state["v"] + 0.05 * g).T
    x = u / (np.linalg.norm(u) + 1e-7)
    if x.shape[0] > x.shape[1]:
        x = x.T
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    if x.shape != u.shape:
        x = x.T
    direction = max(1, u.shape[0] / u.shape[1]) ** 0.5 * x
    return w - 0.02 * direction.T - 0.02 * 0.1 * w


def schedule_free(move, beta):
    """Defazio et al. (2024), eq. 1-3: the gradient is that at y, which is what the model holds."""

    def update(y, g, state, t):
        z, x = state.get("z", y), state.get("x", y)
        z = move(z, g, state, t)
        x = (1 - 1 / t) * x + 1 / t * z
        state["z"], state["x"] = z, x
        return (1 - beta) * z + beta * x

    return update


def sgd(z, g, state, t):
    return z - 0.01 * g


def adam_without_momentum(z, g, state, t):
    _, v = adam(state, g, t, beta1=0.0)
    return z - 0.01 * g / (np.sqrt(v) + 1e-8) - 0.01 * 0.1 * z


def clip(parameters):
    torch.nn.utils.clip_grad_value_(parameters, 0.5)


o = torch.optim
by_torch("sgd", lambda p: o.SGD(p, lr=0.01))
by_hand("momentum", momentum)
by_torch("heavy_ball", lambda p: o.SGD(p, lr=0.01, momentum=0.9))
by_torch("nesterov", lambda p: o.SGD(p, lr=0.01, momentum=0.9, nesterov=True))
by_torch("adagrad", lambda p: o.Adagrad(p, lr=0.01, lr_decay=0.02))
by_torch("adadelta", lambda p: o.Adadelta(p))
by_torch("rms_prop", lambda p: o.RMSprop(p, lr=0.01))
by_torch("rms_prop_centred", lambda p: o.RMSprop(p, lr=0.01, centered=True, momentum=0.9))
by_torch("adam", lambda p: o.Adam(p, lr=0.01))
by_hand("adam_inside", adam_inside)
by_torch("adam_coupled", lambda p: o.Adam(p, lr=0.01, weight_decay=0.1))
by_torch("ams_grad", lambda p: o.Adam(p, lr=0.01, amsgrad=True))
by_torch("adam_w", lambda p: o.AdamW(p, lr=0.01, weight_decay=0.1))
by_torch("nadam", lambda p: o.NAdam(p, lr=0.01))
by_hand("lamb", lamb)
by_hand("lion", lion)
by_hand("muon", muon)
by_hand("schedule_free_sgd", schedule_free(sgd, 0.9))
by_hand("schedule_free_adam_w", schedule_free(adam_without_momentum, 0.9))
by_torch("clip_value", lambda p: o.SGD(p, lr=0.01), clip)
