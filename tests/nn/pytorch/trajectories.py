"""Makes trajectories.txt: the losses of 100 steps of a small network, 3-5-2 with tanh, on six examples at once.

    python tests/nn/pytorch/trajectories.py > tests/nn/pytorch/trajectories.txt
"""

import numpy as np
import torch

torch.set_default_dtype(torch.float64)


def numbers(offset, modulus, shape, scale):
    count = int(np.prod(shape))
    values = [((offset + i * 7919) % modulus - modulus // 2) / scale for i in range(count)]
    return torch.tensor(values).reshape(shape)


def show(name, make):
    shapes = [(3, 5), (5,), (5, 2), (2,)]
    w1, b1, w2, b2 = parameters = [
        torch.nn.Parameter(numbers(11 * (k + 1), 101, shape, 64.0)) for k, shape in enumerate(shapes)
    ]
    x, y = numbers(7, 89, (6, 3), 32.0), numbers(40, 83, (6, 2), 64.0)
    optimizer, losses = make(parameters), []
    for _ in range(100):
        loss = ((torch.tanh(x @ w1 + b1) @ w2 + b2 - y) ** 2).mean()
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(name, *[repr(loss) for loss in losses])


o = torch.optim
show("sgd", lambda p: o.SGD(p, lr=0.1))
show("heavy_ball", lambda p: o.SGD(p, lr=0.02, momentum=0.9))
show("nesterov", lambda p: o.SGD(p, lr=0.02, momentum=0.9, nesterov=True))
show("adagrad", lambda p: o.Adagrad(p, lr=0.1))
show("adadelta", lambda p: o.Adadelta(p))
show("rms_prop", lambda p: o.RMSprop(p, lr=0.01))
show("adam", lambda p: o.Adam(p, lr=0.02))
show("ams_grad", lambda p: o.Adam(p, lr=0.02, amsgrad=True))
show("adam_w", lambda p: o.AdamW(p, lr=0.02, weight_decay=0.05))
# At 0.02 this training passes through a spike near step 90, in which rounding grows a billionfold.
show("nadam", lambda p: o.NAdam(p, lr=0.005))
