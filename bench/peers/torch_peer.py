"""PyTorch, eager. Usage: torch_peer.py THREADS."""
import math
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import harness
from harness import Job, number, projected

torch.set_num_threads(int(sys.argv[1]))


def tensor(array):
    return torch.from_numpy(array)


def dense(w, b):
    """A linear layer, which keeps its weights as [outputs, inputs]."""
    layer = nn.Linear(*w.shape, dtype=tensor(w).dtype)
    with torch.no_grad():
        layer.weight.copy_(tensor(w).T)
        layer.bias.copy_(tensor(b))
    return layer


def stack(sizes, between):
    p = harness.layers(sizes)
    linear = [dense(p[i], p[i + 1]) for i in range(0, len(p), 2)]
    return nn.Sequential(*(m for i, layer in enumerate(linear) for m in ([] if i == 0 else between(i - 1)) + [layer]))


def training(make, optimizer, x, y):
    """Whole steps of the model that `make` makes; `make(True)` is the one to compare."""

    def start(checked):
        model = make(checked)
        opt = optimizer(model.parameters())

        def step():
            opt.zero_grad(set_to_none=True)
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            opt.step()
            return loss.item()

        return model, step

    def check():
        model, step = start(True)
        gradients = torch.autograd.grad(F.cross_entropy(model(x), y), list(model.parameters()))
        return harness.trained([g.T.contiguous() if g.ndim == 2 else g for g in gradients], step)

    return Job(start(False)[1], check)


def adam(fused):
    return lambda p: torch.optim.Adam(p, lr=1e-3, fused=fused or None)


def sgd(p):
    return torch.optim.SGD(p, lr=0.01)


def w1(fused):
    x, y = tensor(harness.features(256, 784)), tensor(harness.labels(256))
    return training(lambda _: stack([784, 1024, 1024, 10], lambda _: [nn.ReLU()]), adam(fused), x, y)


def w2():
    x, y = tensor(harness.features(32, 64)), tensor(harness.labels(32))
    return training(lambda _: stack([64, 32, 10], lambda _: [nn.Tanh()]), sgd, x, y)


def parameters(arrays):
    return [tensor(a).clone().requires_grad_() for a in arrays]


def w3():
    x = tensor(harness.array(harness.X, (1, 3), 1.0, "float64"))
    y = tensor(harness.array(harness.TARGETS, (1, 4), 1.0, "float64"))

    def loss(p):
        h = x
        for i in range(0, 6, 2):
            h = torch.arctan(torch.addmm(p[i + 1], h, p[i])) / math.pi + 0.5
        return 0.5 * ((h - y) ** 2).sum()

    def start():
        p = parameters(harness.layers([3, 2, 3, 4], "float64"))
        opt = sgd(p)

        def step():
            opt.zero_grad(set_to_none=True)
            l = loss(p)
            l.backward()
            opt.step()
            return l.item()

        return p, step

    def check():
        p, step = start()
        return harness.trained(torch.autograd.grad(loss(p), p), step)

    return Job(start()[1], check)


def conv(i, inputs, outputs):
    layer = nn.Conv2d(inputs, outputs, 3)
    with torch.no_grad():
        layer.weight.copy_(tensor(harness.windows(i, inputs, outputs)))
        layer.bias.zero_()
    return layer


def w4():
    x, y = tensor(harness.array(harness.X, (64, 1, 32, 32), math.sqrt(3.0))), tensor(harness.labels(64))
    linear = lambda i, m, n: dense(harness.weights(i, m, n), np.zeros(n, np.float32))
    make = lambda _: nn.Sequential(
        conv(0, 1, 6), nn.ReLU(), nn.MaxPool2d(2), conv(1, 6, 16), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        linear(2, 576, 120), nn.ReLU(), linear(3, 120, 84), nn.ReLU(), linear(4, 84, 10),
    )
    return training(make, sgd, x, y)


def w5(fused):
    x = tensor(harness.array(harness.X, (32, 32), 1.0))
    ws = parameters(harness.weights(i, 32, 32) for i in range(1000))
    bs = [torch.zeros(32, requires_grad=True) for _ in range(1000)]

    def compute():
        h = x
        for w, b in zip(ws, bs):
            h = torch.tanh(torch.addmm(b, h, w) if fused else h @ w + b)
        loss = h.sum()
        return loss.item(), torch.autograd.grad(loss, ws + bs)

    def check():
        loss, g = compute()
        return number("loss", loss) + [
            n for i in (0, 500, 999) for n in projected(f"w{i}", g[i]) + projected(f"b{i}", g[1000 + i])
        ]

    return Job(lambda: compute()[0], check)


def w6():
    x, a = parameters([harness.array(harness.X, (1_000_000,), 3.0)])[0], torch.tensor(0.7)

    def compute():
        loss = (torch.log(1 + torch.exp(x * a)) * torch.tanh(x) + x * x).sum()
        return loss.item(), torch.autograd.grad(loss, x)[0]

    def check():
        loss, g = compute()
        return number("loss", loss) + projected("x", g)

    return Job(lambda: compute()[0], check)


def w7():
    x, y = tensor(harness.features(128, 64, "float64")), tensor(harness.labels(128))
    p, v = parameters(harness.layers([64, 64, 10], "float64")), [tensor(d) for d in harness.directions()]

    def compute():
        loss = F.cross_entropy(torch.addmm(p[3], torch.tanh(torch.addmm(p[1], x, p[0])), p[2]), y)
        return torch.autograd.grad(torch.autograd.grad(loss, p, create_graph=True), p, v)

    check = lambda: [n for i, a in enumerate(compute()) for n in projected(f"hv{i}", a)]
    return Job(lambda: compute()[0][0, 0].item(), check)


def w8():
    x, y = map(tensor, harness.logistic())

    def loss(w, b):
        z = x @ w + b
        return (F.softplus(z) - y * z).mean() + 0.5 * 0.01 * (w**2).sum()

    def descend():
        w, b = torch.zeros(30, dtype=torch.float64, requires_grad=True), torch.zeros((), dtype=torch.float64, requires_grad=True)
        for _ in range(10_000):
            gw, gb = torch.autograd.grad(loss(w, b), (w, b))
            with torch.no_grad():
                w -= 0.1 * gw
                b -= 0.1 * gb
        return w.detach(), b.detach()

    def check():
        w, b = descend()
        return number("loss", loss(w, b)) + projected("w", w) + projected("b", b)

    return Job(lambda: loss(*descend()).item(), check)


def w9():
    start = torch.tensor(0.5, dtype=torch.float64, requires_grad=True)

    def step():
        x = start
        for _ in range(100_000):
            x = x * 0.999 + torch.sin(x) * 0.001
        return torch.autograd.grad(x, start)[0].item()

    return Job(step, lambda: number("slope", step()))


class Mask(nn.Module):
    """Dropout ½ with a mask that does not change."""

    def __init__(self, i):
        super().__init__()
        self.kept = tensor(harness.mask(i, 128, 256))

    def forward(self, x):
        return torch.where(self.kept, x * 2, 0.0)


def w10(fused):
    x, y = tensor(harness.features(128, 256)), tensor(harness.labels(128))
    norm = lambda: nn.BatchNorm1d(256, track_running_stats=False)
    drop = lambda i, checked: Mask(i) if checked else nn.Dropout(0.5)
    make = lambda checked: stack([256, 256, 256, 10], lambda i: [norm(), nn.ReLU(), drop(i, checked)])
    return training(make, adam(fused), x, y)


def w11(fused):
    def make():
        arrays, x, y = harness.transformer()
        p, x, y = parameters(arrays), tensor(x), tensor(y).reshape(-1)
        heads = lambda x, w, b: F.linear(x, w.T, b).view(16, 64, 4, 16).transpose(1, 2)

        def block(x, p):
            z = F.layer_norm(x, (64,), p[0], p[1])
            q, k, v = heads(z, p[2], p[3]), heads(z, p[4], p[5]), heads(z, p[6], p[7])
            seen = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(16, 64, 64)
            x = x + F.linear(seen, p[8].T, p[9])
            hidden = F.gelu(F.linear(F.layer_norm(x, (64,), p[10], p[11]), p[12].T, p[13]))
            return x + F.linear(hidden, p[14].T, p[15])

        def loss():
            z = block(block(F.embedding(x, p[0]) + p[1], p[2:18]), p[18:34])
            return F.cross_entropy(F.linear(z, p[34].T, p[35]).view(1024, 64), y)

        return p, loss

    return descent(make, adam(fused))


def w12():
    (p, x) = harness.gru()
    module, x = nn.GRU(64, 64, batch_first=True), tensor(x)
    weights = [module.weight_ih_l0, module.bias_ih_l0, module.weight_hh_l0, module.bias_hh_l0]
    with torch.no_grad():
        for to, a in zip(weights, p):
            to.copy_(tensor(a).T if a.ndim == 2 else tensor(a))

    def compute():
        loss = 0.5 * (module(x)[0] ** 2).sum()
        return loss, torch.autograd.grad(loss, weights)

    def check():
        loss, gradients = compute()
        arrays = [g.T.contiguous() if g.ndim == 2 else g for g in gradients]
        return number("loss", loss.item()) + [n for i, g in enumerate(arrays) for n in projected(f"g{i}", g)]

    return Job(lambda: compute()[0].item(), check)


def leaf_network(sizes, activation):
    """Parameters in double precision, and the network as a function of x."""
    p = parameters(harness.layers(sizes, "float64"))

    def forward(x):
        for i in range(0, len(p), 2):
            x = torch.addmm(p[i + 1], x if i == 0 else activation(x), p[i])
        return x

    return p, forward


def descent(make, optimizer):
    """Whole steps of the loss that `make` makes, with its parameters."""

    def start():
        p, loss = make()
        opt = optimizer(p)

        def step():
            opt.zero_grad(set_to_none=True)
            value = loss()
            value.backward()
            opt.step()
            return value.item()

        return p, loss, step

    def check():
        p, loss, step = start()
        return harness.trained(torch.autograd.grad(loss(), p), step)

    return Job(start()[2], check)


def w13(fused):
    def make():
        p, u = leaf_network([1, 32, 32, 1], torch.tanh)
        t = tensor(harness.array(harness.X, (256, 1), 3.0, np.float64)).requires_grad_()
        zero = torch.zeros((1, 1), dtype=torch.float64)

        def loss():
            y = u(t)
            slope = torch.autograd.grad(y.sum(), t, create_graph=True)[0]
            curvature = torch.autograd.grad(slope.sum(), t, create_graph=True)[0]
            return ((curvature + y) ** 2).mean() + ((u(zero) - 1) ** 2).sum()

        return p, loss

    return descent(make, adam(fused))


def w14():
    def make():
        p, a = leaf_network([6, 64, 8, 4], torch.tanh)
        x, y = (tensor(harness.array(s, (1, n), 1.0, np.float64)) for s, n in [(harness.X, 6), (harness.TARGETS, 4)])
        return p, lambda: F.mse_loss(a(x), y)

    return descent(make, sgd)


harness.serve({
    "W1:torch": lambda: w1(False),
    "W1:torch-fused": lambda: w1(True),
    "W2:torch": w2,
    "W3:torch": w3,
    "W4:torch": w4,
    "W5:torch": lambda: w5(False),
    "W5:torch-addmm": lambda: w5(True),
    "W6:torch": w6,
    "W7:torch": w7,
    "W8:torch": w8,
    "W9-eager:torch": w9,
    "W10:torch": lambda: w10(False),
    "W10:torch-fused": lambda: w10(True),
    "W11:torch": lambda: w11(False),
    "W11:torch-fused": lambda: w11(True),
    "W12:torch": w12,
    "W13:torch": lambda: w13(False),
    "W13:torch-fused": lambda: w13(True),
    "W14:torch": w14,
})
