"""Makes losses.txt: a line for each loss, with its value and its gradient with respect to the output.

    python tests/nn/pytorch/losses.py > tests/nn/pytorch/losses.txt
"""

import numpy as np
import torch
import torch.nn.functional as f

torch.set_default_dtype(torch.float64)


def numbers(offset, modulus, shape, scale):
    count = int(np.prod(shape))
    values = [((offset + i * 7919) % modulus - modulus // 2) / scale for i in range(count)]
    return torch.tensor(values).reshape(shape)


def show(name, loss):
    z = numbers(3, 97, (6, 4), 32.0).requires_grad_()
    value = loss(z)
    value.backward()
    print(name, *[repr(float(x)) for x in [value.detach(), *z.grad.ravel()]])


y = numbers(50, 89, (6, 4), 32.0)
labels = torch.tensor([0, 3, 1, 1, 2, 3])
rows = torch.softmax(y, 1)
weights = torch.tensor([0.5, 2.0, 1.0, 0.25])
ignoring = torch.tensor([0, 9, 1, 9, 2, 3])

show("mean_absolute", lambda z: f.l1_loss(z, y))
show("mean_squared", lambda z: f.mse_loss(z, y))
show("huber", lambda z: f.huber_loss(z, y, delta=0.7))
show("negative_log_likelihood", lambda z: f.nll_loss(torch.log_softmax(z, 1), labels))
show("kl_divergence", lambda z: f.kl_div(torch.log_softmax(z, 1), rows, reduction="batchmean"))
show("hinge", lambda z: torch.clamp(1 - (2.0 * (y > 0) - 1) * z, min=0).mean())
# PyTorch divides by the number of classes.
show("multi_class_hinge", lambda z: 4 * f.multi_margin_loss(z, labels))
# PyTorch's cosine_embedding_loss adds 1e-12 to the squares of the norms.
show("cosine", lambda z: (1 - f.cosine_similarity(z, y, dim=1)).mean())
show("cross_entropy", lambda z: f.cross_entropy(z, labels))
show("smoothed", lambda z: f.cross_entropy(z, labels, label_smoothing=0.1))
show("weighted", lambda z: f.cross_entropy(z, labels, weight=weights))
show("all", lambda z: f.cross_entropy(z, ignoring, weight=weights, ignore_index=9, label_smoothing=0.1))
show("rows", lambda z: f.cross_entropy(z, rows, label_smoothing=0.1))
