"""Writes cases.txt: what PyTorch computes for the layers of `nn`, in double precision.

    python tests/nn/pytorch/make.py > tests/nn/pytorch/cases.txt

A line is a layer, its settings, and a digest of its output and of each gradient of the sum of its output times fixed weights.
Inputs and parameters are made by `numbers`, which `tests/nn/pytorch.rs` repeats, so that only digests are kept: the sum of an
array, its sum with fixed weights, and its first, middle and last element.
"""

import itertools
import math
import sys

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def numbers(seed, *shape):
    """Numbers between -1 and 1: cubes modulo 2003, which all differ for 2,003 neighbours."""
    k = torch.arange(math.prod(shape), dtype=torch.int64) + 613 * seed
    return ((k * k * k % 2003).double() / 1001.5 - 1.0).reshape(shape)


def digest(array):
    flat = array.detach().contiguous().reshape(-1)
    weights = numbers(77, flat.numel())
    figures = [flat.sum(), (flat * weights).sum(), flat[0], flat[flat.numel() // 2], flat[-1]]
    return ",".join(repr(float(figure)) for figure in figures)


def case(layer, settings, inputs, parameters, run, extra=()):
    """`inputs` and `parameters`: name to shape. Seeds count from 1 in this order."""
    arrays = {}
    for seed, (name, shape) in enumerate([*inputs.items(), *parameters.items()], 1):
        arrays[name] = numbers(seed, *shape).requires_grad_()
    y = run(arrays)
    (y * numbers(99, *y.shape)).sum().backward()
    words = [f"{key}={','.join(map(str, value)) if isinstance(value, (list, tuple)) else int(value)}"
             for key, value in settings.items()]
    words += [f"{name}:{','.join(map(str, shape))}" for name, shape in inputs.items()]
    digests = [f"y {digest(y)}"]
    digests += [f"{name} {digest(array.grad)}" for name, array in arrays.items()]
    digests += [f"{name} {digest(array)}" for name, array in extra]
    print(layer, " ".join(words), "|", " | ".join(digests))


def convolutions():
    for axes in (1, 2):
        conv = (F.conv1d, F.conv2d)[axes - 1]
        back = (F.conv_transpose1d, F.conv_transpose2d)[axes - 1]
        each = lambda *pair: pair[:axes]
        strides = [each(1, 1), each(2, 1), each(2, 3)]
        paddings = [each(0, 0), each(1, 2)]
        dilations = [each(1, 1), each(2, 1)]
        shapes = [((2, 4, *each(7, 6)), each(3, 2), 6), ((1, 2, *each(9, 8)), each(2, 3), 4)]
        for stride, padding, dilation, groups, bias, (x, window, outputs) in itertools.product(
                strides, paddings, dilations, (1, 2), (True, False), shapes):
            if not bias and groups == 2:
                continue
            settings = dict(stride=stride, padding=padding, dilation=dilation, groups=groups, window=window,
                            outputs=outputs, bias=bias)
            weights = {"weight": (outputs, x[1] // groups, *window)} | ({"bias": (outputs,)} if bias else {})
            case(f"conv{axes}d", settings, {"x": x}, weights, lambda a: conv(
                a["x"], a["weight"], a.get("bias"), stride, padding, dilation, groups))
            for more in {each(0, 0), tuple(s - 1 for s in stride)}:
                weights = {"weight": (x[1], outputs // groups, *window)} | ({"bias": (outputs,)} if bias else {})
                case(f"conv_transpose{axes}d", settings | {"output_padding": more}, {"x": x}, weights, lambda a: back(
                    a["x"], a["weight"], a.get("bias"), stride, padding, more, groups, dilation))


def pools():
    for axes in (1, 2):
        most = (F.max_pool1d, F.max_pool2d)[axes - 1]
        mean = (F.avg_pool1d, F.avg_pool2d)[axes - 1]
        each = lambda *pair: pair[:axes]
        windows = [each(2, 2), each(3, 2)]
        for x, window, stride, padding, dilation, ceil in itertools.product(
                [(2, 3, *each(7, 8)), (1, 2, *each(6, 5))], windows, [each(1, 1), each(2, 3)],
                [each(0, 0), each(1, 1)], [each(1, 1), each(2, 1)], (False, True)):
            settings = dict(window=window, stride=stride, padding=padding, ceil=ceil)
            case(f"max_pool{axes}d", settings | {"dilation": dilation}, {"x": x}, {}, lambda a: most(
                a["x"], window, stride, padding, dilation, ceil))
            if dilation == each(1, 1):
                for include in (False, True):
                    case(f"average_pool{axes}d", settings | {"include_padding": include}, {"x": x}, {}, lambda a: mean(
                        a["x"], window, stride, padding, ceil, include))
    case("global_average", {}, {"x": (2, 3, 4, 5)}, {}, lambda a: F.adaptive_avg_pool2d(a["x"], 1)[:, :, 0, 0])
    case("global_max", {}, {"x": (2, 3, 4, 5)}, {}, lambda a: F.adaptive_max_pool2d(a["x"], 1)[:, :, 0, 0])


def norms():
    for x, training in itertools.product([(5, 3), (4, 3, 6), (2, 3, 4, 5), (3, 2, 1, 3)], (True, False)):
        mean, variance = numbers(55, x[1]), numbers(56, x[1]) + 1.5
        case("batch_norm", dict(training=training), {"x": x}, {"scale": (x[1],), "shift": (x[1],)}, lambda a: F.batch_norm(
            a["x"], mean, variance, a["scale"], a["shift"], training, 0.1, 1e-5),
            [("running_mean", mean), ("running_variance", variance)])
    for x, last in itertools.product([(5, 6), (2, 3, 6), (2, 3, 4, 5)], (1, 2)):
        if last == len(x):
            continue
        shape = x[-last:]
        case("layer_norm", dict(last=last), {"x": x}, {"scale": shape, "shift": shape}, lambda a: F.layer_norm(
            a["x"], shape, a["scale"], a["shift"], 1e-5))
        case("rms_norm", dict(last=last), {"x": x}, {"scale": shape}, lambda a: F.rms_norm(a["x"], shape, a["scale"]))
    for x, groups in [((3, 6), 2), ((2, 4, 5), 4), ((2, 6, 3, 4), 3), ((2, 6, 3, 4), 1)]:
        case("group_norm", dict(groups=groups), {"x": x}, {"scale": (x[1],), "shift": (x[1],)}, lambda a: F.group_norm(
            a["x"], groups, a["scale"], a["shift"], 1e-5))


def recurrent():
    for kind, gates in (("rnn", 1), ("rnn_relu", 1), ("gru", 3), ("lstm", 4)):
        for (examples, steps, inputs, width), unequal, started in itertools.product(
                [(3, 5, 2, 4), (4, 1, 3, 2), (2, 7, 4, 3)], (False, True), (False, True)):
            made = dict(rnn=torch.nn.RNN, gru=torch.nn.GRU, lstm=torch.nn.LSTM)[kind.split("_")[0]]
            more = dict(nonlinearity="relu") if kind == "rnn_relu" else {}
            module = made(inputs, width, batch_first=True, **more)
            lengths = [(steps + 2 * i) % steps + 1 for i in range(examples)] if unequal else []

            def run(a):
                weights = {"weight_ih_l0": a["input.weight"].T, "bias_ih_l0": a["input.bias"],
                           "weight_hh_l0": a["state.weight"].T, "bias_hh_l0": a["state.bias"]}
                x = a["x"]
                if unequal:
                    x = torch.nn.utils.rnn.pack_padded_sequence(x, torch.tensor(lengths), True, False)
                start = [a[name][None] for name in ("h", "c") if name in a]
                start = None if not start else tuple(start) if kind == "lstm" else start[0]
                y, last = torch.func.functional_call(module, weights, (x, start))
                if unequal:
                    y, _ = torch.nn.utils.rnn.pad_packed_sequence(y, True, total_length=steps)
                last = last if kind == "lstm" else (last,)
                return torch.cat([y.reshape(-1)] + [state.reshape(-1) for state in last])

            starts = {name: (examples, width) for name in ("hc" if kind == "lstm" else "h")} if started else {}
            case(kind, dict(width=width) | (dict(lengths=lengths) if unequal else {}),
                 {"x": (examples, steps, inputs)} | starts,
                 {"input.weight": (inputs, gates * width), "input.bias": (gates * width,),
                  "state.weight": (width, gates * width), "state.bias": (gates * width,)}, run)


def bidirectional():
    """Two layers, one on the other, each of two that read from the two ends."""
    for (examples, steps, inputs, width), layers in itertools.product([(3, 5, 2, 4), (2, 7, 4, 3)], (1, 2)):
        module = torch.nn.GRU(inputs, width, num_layers=layers, batch_first=True, bidirectional=True)
        ends = {"forward": "", "backward": "_reverse"}
        parameters = {}
        for layer in range(layers):
            given = inputs if layer == 0 else 2 * width
            for end in ends:
                parameters |= {f"{layer}.{end}.input.weight": (given, 3 * width),
                               f"{layer}.{end}.input.bias": (3 * width,),
                               f"{layer}.{end}.state.weight": (width, 3 * width),
                               f"{layer}.{end}.state.bias": (3 * width,)}

        def run(a):
            weights = {}
            for layer, (end, suffix) in itertools.product(range(layers), ends.items()):
                for own, name in (("ih", "input"), ("hh", "state")):
                    weights[f"weight_{own}_l{layer}{suffix}"] = a[f"{layer}.{end}.{name}.weight"].T
                    weights[f"bias_{own}_l{layer}{suffix}"] = a[f"{layer}.{end}.{name}.bias"]
            return torch.func.functional_call(module, weights, (a["x"],))[0]

        case("bidirectional", dict(width=width, layers=layers), {"x": (examples, steps, inputs)}, parameters, run)


def dense(prefix, inputs, outputs):
    return {f"{prefix}.weight": (inputs, outputs), f"{prefix}.bias": (outputs,)}


def attended(a, prefix, width, heads, operands, causal, mask):
    part = lambda name: a[f"{prefix}{name}"]
    joined = torch.cat([part(f"{name}.weight").T for name in ("query", "key", "value")])
    biases = torch.cat([part(f"{name}.bias") for name in ("query", "key", "value")])
    queries, keys = operands[0].shape[1], operands[1].shape[1]
    later = torch.ones(queries, keys, dtype=torch.bool).triu(1) if causal else None
    y, _ = F.multi_head_attention_forward(
        *(x.transpose(0, 1) for x in operands), width, heads, joined, biases, None, None, False, 0.0,
        part("output.weight").T, part("output.bias"), attn_mask=later,
        key_padding_mask=None if mask is None else ~mask, need_weights=False)
    return y.transpose(0, 1)


def attention():
    for (examples, queries, keys, width, heads), causal, masked in itertools.product(
            [(2, 4, 4, 6, 2), (3, 5, 3, 4, 4), (1, 1, 6, 8, 1)], (False, True), (False, True)):
        lengths = [keys - i % keys for i in range(examples)] if masked else []
        mask = torch.arange(keys)[None] < torch.tensor(lengths)[:, None] if masked else None
        parameters = {}
        for name in ("query", "key", "value", "output"):
            parameters |= dense(name, width, width)
        case("attention", dict(heads=heads, causal=causal) | (dict(lengths=lengths) if masked else {}),
             {"q": (examples, queries, width), "k": (examples, keys, width), "v": (examples, keys, width)}, parameters,
             lambda a: attended(a, "", width, heads, (a["q"], a["k"], a["v"]), causal, mask))


def transformers():
    width, heads, hidden = 6, 3, 10
    for post, causal, relu in itertools.product((False, True), (False, True), (False, True)):
        module = torch.nn.TransformerEncoderLayer(width, heads, hidden, 0.0, "relu" if relu else "gelu", 1e-5, True, not post)
        parameters = {"attention_norm.scale": (width,), "attention_norm.shift": (width,)}
        for name in ("query", "key", "value", "output"):
            parameters |= dense(f"attention.{name}", width, width)
        parameters |= {"network_norm.scale": (width,), "network_norm.shift": (width,)}
        parameters |= dense("inner", width, hidden) | dense("outer", hidden, width)

        def run(a):
            names = ("query", "key", "value")
            weights = {
                "self_attn.in_proj_weight": torch.cat([a[f"attention.{name}.weight"].T for name in names]),
                "self_attn.in_proj_bias": torch.cat([a[f"attention.{name}.bias"] for name in names]),
                "self_attn.out_proj.weight": a["attention.output.weight"].T,
                "self_attn.out_proj.bias": a["attention.output.bias"],
                "linear1.weight": a["inner.weight"].T, "linear1.bias": a["inner.bias"],
                "linear2.weight": a["outer.weight"].T, "linear2.bias": a["outer.bias"],
                "norm1.weight": a["attention_norm.scale"], "norm1.bias": a["attention_norm.shift"],
                "norm2.weight": a["network_norm.scale"], "norm2.bias": a["network_norm.shift"]}
            later = torch.nn.Transformer.generate_square_subsequent_mask(5, dtype=torch.float64) if causal else None
            return torch.func.functional_call(module, weights, (a["x"],), dict(src_mask=later))

        case("transformer", dict(heads=heads, hidden=hidden, post=post, causal=causal, relu=relu), {"x": (2, 5, width)},
             parameters, run)


def activations():
    functions = dict(
        relu=F.relu, leaky_relu=lambda x: F.leaky_relu(x, 0.1), elu=lambda x: F.elu(x, 0.7), tanh=torch.tanh,
        sigmoid=torch.sigmoid, softmax=lambda x: torch.softmax(x, -1), gelu=F.gelu,
        gelu_tanh=lambda x: F.gelu(x, approximate="tanh"), silu=F.silu, mish=F.mish, selu=F.selu,
        softplus=lambda x: F.softplus(x, threshold=100), softsign=F.softsign,
        # The slopes of F.hardsigmoid and F.hardswish have a sixth in single precision.
        hard_sigmoid=lambda x: torch.clamp(x / 6 + 0.5, 0, 1), hard_swish=lambda x: x * torch.clamp(x / 6 + 0.5, 0, 1))
    for name, function in functions.items():
        case(name, {}, {"x": (6, 5)}, {}, lambda a: function(6 * a["x"]))
    case("prelu", dict(channels=1), {"x": (4, 3)}, {"slope": (1,)}, lambda a: F.prelu(a["x"], a["slope"]))
    case("prelu", dict(channels=3), {"x": (2, 3, 2, 2)}, {"slope": (3,)}, lambda a: F.prelu(a["x"], a["slope"]))


print("PyTorch", torch.__version__, file=sys.stderr)
for make in (convolutions, pools, norms, recurrent, attention, transformers, activations, bidirectional):
    make()
