"""Writes state_dicts of small PyTorch modules, and what the modules make of an input.

    python tests/files/pytorch/make.py tests/files/pytorch

NAME.safetensors is the state_dict, NAME.data.safetensors the input and the output. Where a module has tensors that `nn` does
without, NAME.written.safetensors lacks them; that PyTorch loads it all the same is asserted here.
"""

import pathlib
import sys

import torch
from safetensors.torch import save_file
from torch import nn

folder = pathlib.Path(sys.argv[1])


class Words(nn.Module):
    """Scores from the words of a text."""

    def __init__(self, recurrent):
        super().__init__()
        self.embedding = nn.Embedding(7, 3)
        self.recurrent = recurrent
        self.head = nn.Linear(4, 2)

    def forward(self, words):
        return self.head(self.recurrent(self.embedding(words))[0])


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.positions = nn.Embedding(5, 6)
        self.attention = nn.MultiheadAttention(6, 2, batch_first=True)
        self.block = nn.TransformerEncoderLayer(6, 3, 8, 0.0, "gelu", batch_first=True, norm_first=True)

    def forward(self, x):
        x = x + self.positions.weight
        return self.block(x + self.attention(x, x, x, need_weights=False)[0])


def case(name, module, x, dtype=torch.float32):
    torch.manual_seed(len(name))
    module = module.to(dtype)
    for tensor in module.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.randn_like(tensor) * 0.5)
    for key, tensor in module.state_dict().items():
        if key.endswith("running_var"):
            tensor.abs_().add_(0.5)
    module.eval()
    state = module.state_dict()
    save_file(state, folder / f"{name}.safetensors", metadata={"format": "pt"})
    kept = {key: tensor for key, tensor in state.items() if not key.endswith("num_batches_tracked")}
    if len(kept) < len(state):
        save_file(kept, folder / f"{name}.written.safetensors", metadata={"format": "pt"})
    with torch.no_grad():
        y = module(x)
        for parameter in module.parameters():
            parameter.zero_()
        module.load_state_dict(kept, strict=True)
    data = {"x": x.to(dtype) if x.is_floating_point() else x.float(), "y": y}
    save_file(data, folder / f"{name}.data.safetensors")


def normal(*shape, dtype=torch.float32):
    torch.manual_seed(len(shape))
    return torch.randn(*shape, dtype=dtype)


words = torch.tensor([[0, 3, 6, 1, 1], [5, 2, 0, 4, 3]])
case("dense", nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 4, bias=False)), normal(5, 3))
case("conv1d", nn.Sequential(nn.Conv1d(2, 4, 3, stride=2, padding=1, groups=2), nn.Tanh(),
                             nn.ConvTranspose1d(4, 3, 4, stride=2)), normal(2, 2, 9))
case("conv2d", nn.Sequential(nn.Conv2d(2, 3, (3, 2), padding=1), nn.BatchNorm2d(3), nn.ReLU(),
                             nn.ConvTranspose2d(3, 2, 3, stride=2, output_padding=1)), normal(2, 2, 5, 4))
case("norms", nn.Sequential(nn.Linear(3, 4), nn.LayerNorm(4), nn.PReLU(), nn.GroupNorm(2, 4), nn.RMSNorm(4, eps=1e-5),
                            nn.BatchNorm1d(4)), normal(5, 3, dtype=torch.float64), torch.float64)
case("gru", Words(nn.GRU(3, 4, batch_first=True)), words)
case("lstm", Words(nn.LSTM(3, 4, batch_first=True)), words, torch.float64)
case("rnn", Words(nn.RNN(3, 4, batch_first=True)), words)
case("attention", Attention(), normal(2, 5, 6, dtype=torch.float64), torch.float64)
print("PyTorch", torch.__version__, file=sys.stderr)
