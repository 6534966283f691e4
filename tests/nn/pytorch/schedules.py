"""Makes schedules.txt: the factors of PyTorch's schedules, for an optimizer at the rate 1.

    python tests/nn/pytorch/schedules.py > tests/nn/pytorch/schedules.txt
"""

import torch

s = torch.optim.lr_scheduler


def show(name, count, make):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = make(optimizer)
    rates = []
    for _ in range(count):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    print(name, *[repr(float(rate)) for rate in rates])


show("step", 25, lambda o: s.StepLR(o, 7, 0.3))
show("exponential", 25, lambda o: s.ExponentialLR(o, 0.9))
show("linear", 25, lambda o: s.LinearLR(o, 1.0, 0.25, 10))
show("polynomial", 25, lambda o: s.PolynomialLR(o, 10, 2.0))
show("cosine", 10, lambda o: s.CosineAnnealingLR(o, 10))
show("cosine_restarts", 25, lambda o: s.CosineAnnealingWarmRestarts(o, 3, 2))
show("one_cycle", 20, lambda o: s.OneCycleLR(o, 1.0, 21))
