"""Runs an exported training step: `python train.py --data data.safetensors --steps 1000`.

The folder of this file has the step (`step.py`) and the state (`state.safetensors`: the arrays of the model and of the
optimizer), which is replaced as the training goes on.

Data: `--data FILE`, columns by name in a file of safetensors, from which batches are taken in order, or with `--shuffle` in
an order that is drawn anew for each pass; or a file `data.py` in this folder with a function `batch(step)` that answers with
a dictionary of the columns of step number `step` (from 1), the whole batch in every process.

Devices: `--mesh batch=8` gives each of 8 devices an eighth of every batch, and all of them the same parameters.
`--mesh batch=4,model=2 --shard '0.weight=None,model'` lays the columns of a parameter, and of what the optimizer keeps for
it, over two; a pattern such as `*.weight` names several. For several hosts the same command is started on each with
`--coordinator HOST:PORT --processes N --rank R`.

A step whose loss or whose new arrays are not finite leaves the state as it was; the training stops there, with exit code 3.
"""

import argparse
import importlib
import sys
import time
from fnmatch import fnmatchcase
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
FORMAT = "autodiff-jax 1"


def options(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=100, help="how many steps are made")
    parser.add_argument("--data", type=Path, help="a file of safetensors with the columns")
    parser.add_argument("--shuffle", action="store_true", help="draw the order of the examples for each pass")
    parser.add_argument("--seed", type=int, default=0, help="of the random keys and of --shuffle")
    parser.add_argument("--mesh", default="batch=1", help="axes of the mesh of devices: batch=4,model=2")
    parser.add_argument("--shard", action="append", default=[], help="PATH=AXIS,AXIS: over which axes a parameter lies")
    parser.add_argument("--save-every", type=int, default=0, help="write the state every so many steps, and at the end")
    parser.add_argument("--print-every", type=int, default=1, help="print the loss every so many steps")
    parser.add_argument("--coordinator", help="HOST:PORT of the first of several processes")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--rank", type=int, default=0)
    parser.add_argument("--virtual-devices", type=int, help="so many devices of this CPU, to try a mesh")
    parser.add_argument("--hlo", type=Path, help="write the compiled step to this file")
    return parser.parse_args(arguments)


def connect(given):
    """JAX, with as many devices and processes as are asked for."""
    import jax

    if given.virtual_devices:
        jax.config.update("jax_platforms", "cpu")
        jax.config.update("jax_num_cpu_devices", given.virtual_devices)
    if given.coordinator:
        jax.distributed.initialize(given.coordinator, given.processes, given.rank)
    return jax


class Training:
    """A step on a mesh, with the state on its devices."""

    def __init__(self, given, folder=FOLDER):
        self.jax = connect(given)
        sys.path.insert(0, str(folder))
        self.arrays, self.step = importlib.import_module("arrays"), importlib.import_module("step")
        self.given, self.folder = given, folder
        values, metadata = self.arrays.read_with_metadata(folder / "state.safetensors")
        if metadata.get("format") != FORMAT:
            raise SystemExit(f"state.safetensors has the format {metadata.get('format')!r}, not {FORMAT!r}")
        self.made = int(metadata["step"])
        self.metadata = metadata
        self.mesh = self.make_mesh()
        self.roles = list(enumerate(self.step.ROLES))
        self.names = [name for _, (role, name) in self.roles if role == "state"]
        self.specs = {name: self.spec(name, values[name]) for name in self.names}
        self.check_shards()
        self.state = [self.place(values[name], self.specs[name]) for name in self.names]
        self.compiled, self.compile_seconds = None, 0.0

    def make_mesh(self):
        """A mesh of the first devices, with the axes that are asked for."""
        import numpy as np

        axes = [axis.split("=") for axis in self.given.mesh.split(",")]
        names, lengths = [name for name, _ in axes], [int(length) for _, length in axes]
        if "batch" not in names:
            names, lengths = ["batch"] + names, [1] + lengths
        count, devices = int(np.prod(lengths)), self.jax.devices()
        if len(devices) < count:
            raise SystemExit(f"--mesh {self.given.mesh} takes {count} devices; there are {len(devices)} "
                             f"({devices[0].platform}); --virtual-devices {count} makes them of a CPU")
        return self.jax.sharding.Mesh(np.array(devices[:count]).reshape(lengths), names)

    def spec(self, name, array):
        """Over which axes of the mesh an array of the state lies."""
        partition = self.jax.sharding.PartitionSpec
        path = name.split("/", 1)[1] if name.startswith("model/") else name.split("/", 2)[2]
        for rule in self.given.shard:
            pattern, axes = rule.rsplit("=", 1)
            axes = [None if axis == "None" else axis for axis in axes.split(",")]
            if fnmatchcase(path, pattern) and array.ndim == len(axes):
                return partition(*axes)
        return partition()

    def check_shards(self):
        """An error for a rule that names no parameter or no axis."""
        for rule in self.given.shard:
            pattern, axes = rule.rsplit("=", 1)
            unknown = [axis for axis in axes.split(",") if axis != "None" and axis not in self.mesh.axis_names]
            if unknown:
                raise SystemExit(f"--shard {rule}: the mesh has no axis `{unknown[0]}`")
            paths = [name.split("/", 1)[1] for name in self.names if name.startswith("model/")]
            if not any(fnmatchcase(path, pattern) for path in paths):
                raise SystemExit(f"--shard {rule}: there is no such parameter; there are {', '.join(paths)}")

    def sharding(self, spec):
        return self.jax.sharding.NamedSharding(self.mesh, spec)

    def place(self, array, spec):
        """An array, of which every process has the whole, on the devices."""
        return self.jax.make_array_from_callback(array.shape, self.sharding(spec), lambda index: array[index])

    def function(self):
        """One step: new state, loss, and whether all is finite; where it is not, the state is as it was."""
        step, jnp = self.step, self.jax.numpy
        where = {name: i for i, name in enumerate(self.names)}
        updated = [(i, where[name]) for i, (role, name) in enumerate(step.RESULTS) if role == "state"]
        loss_at = [role for role, _ in step.RESULTS].index("loss")

        def one(state, columns, numbers, key):
            given = {"state": iter(state), "column": iter(columns), "number": iter(numbers), "key": iter([key])}
            kinds = {"schedule": "number", "step": "number", "examples": "number"}
            results = step.program(*(next(given[kinds.get(role, role)]) for _, (role, _) in self.roles))
            loss = results[loss_at]
            finite = jnp.isfinite(loss)
            for i, _ in updated:
                finite = finite & jnp.all(jnp.isfinite(results[i]))
            after = list(state)
            for i, at in updated:
                after[at] = jnp.where(finite, results[i], state[at])
            return after, loss, finite

        whole = self.sharding(self.jax.sharding.PartitionSpec())
        rows = self.sharding(self.jax.sharding.PartitionSpec("batch"))
        states = [self.sharding(self.specs[name]) for name in self.names]
        return self.jax.jit(
            one,
            in_shardings=(states, rows, whole, whole),
            out_shardings=(states, whole, whole),
            donate_argnums=0,
        )

    def columns(self, batch):
        """The columns of a batch on the devices; indices are looked at here, where they can be refused."""
        import numpy as np

        placed = []
        for i, (role, name) in self.roles:
            if role != "column":
                continue
            if name not in batch:
                raise SystemExit(f"the batch has no column `{name}`; it has {', '.join(batch)}")
            _, kind, shape = self.step.INPUTS[i]
            array = np.asarray(batch[name])
            if array.shape != shape:
                raise SystemExit(f"the column `{name}` should have the shape {shape}, not {array.shape}")
            bound = self.step.BOUNDS.get(i, 1 << 31)
            if kind == "index" and array.size and (array.min() < 0 or array.max() >= bound):
                raise SystemExit(f"the column `{name}` has an index that is not from 0 to {bound - 1}")
            array = array.astype(self.step.I if kind == "index" else self.step.F)
            placed.append(self.place(array, self.jax.sharding.PartitionSpec("batch")))
        return placed

    def numbers(self, number):
        """Hyperparameters, learning rate, number of the step and of examples, in the order of their inputs."""
        step = self.step
        at = min(max(number - step.FIRST, 0), len(step.SCHEDULE) - 1)
        schedule = iter(step.SCHEDULE[at])
        examples = next(step.INPUTS[i][2][0] for i, (role, _) in self.roles if role == "column")
        values = {"schedule": lambda: next(schedule), "step": lambda: number, "examples": lambda: examples}
        return [step.F(values[role]()) for _, (role, _) in self.roles if role in values]

    def make(self, batch):
        """Makes one step; the loss, and whether it was finite."""
        number = self.made + 1
        key = self.step.key(self.step.fold_in(self.given.seed, number))
        arguments = self.state, self.columns(batch), self.numbers(number), key
        if self.compiled is None:
            start = time.perf_counter()
            self.compiled = self.function().lower(*arguments).compile()
            self.compile_seconds = time.perf_counter() - start
            if self.given.hlo:
                self.given.hlo.write_text(self.compiled.as_text())
        self.state, loss, finite = self.compiled(*arguments)
        if finite:
            self.made = number
        return float(loss), bool(finite)

    def save(self):
        """Replaces the file of the state."""
        import numpy as np
        from jax.experimental import multihost_utils

        def whole(array):
            if array.is_fully_addressable or array.is_fully_replicated:
                return np.asarray(array.addressable_data(0) if array.is_fully_replicated else array)
            return np.asarray(multihost_utils.process_allgather(array, tiled=True))

        values = {name: whole(array) for name, array in zip(self.names, self.state)}
        if self.jax.process_index() == 0:
            self.arrays.write(self.folder / "state.safetensors", values, self.metadata | {"step": self.made})


def batches(training):
    """A function that answers with the columns of a step."""
    import numpy as np

    given = training.given
    if not given.data:
        sys.path.insert(0, str(training.folder))
        if not (training.folder / "data.py").exists():
            raise SystemExit("there is no data: give --data FILE, or write data.py with a function `batch(step)`")
        return importlib.import_module("data").batch
    data = training.arrays.read(given.data)
    shapes = {name: training.step.INPUTS[i][2] for i, (role, name) in training.roles if role == "column"}
    missing = [name for name in shapes if name not in data]
    if missing:
        raise SystemExit(f"{given.data} has no column `{missing[0]}`; it has {', '.join(data)}")
    size = next(iter(shapes.values()))[0]
    examples = min(data[name].shape[0] for name in shapes)
    if examples < size:
        raise SystemExit(f"{given.data} has {examples} examples, fewer than a batch of {size}")
    if any(shape[0] != size for shape in shapes.values()):
        raise SystemExit("columns of different lengths are for data.py: write a function `batch(step)`")
    per_pass = examples // size

    def batch(number):
        which, at = divmod(number - 1, per_pass)
        rows = np.arange(at * size, (at + 1) * size)
        if given.shuffle:
            rows = np.random.default_rng([given.seed, which]).permutation(examples)[rows]
        return {name: data[name][rows] for name in shapes}

    return batch


def main():
    given = options()
    training = Training(given)
    first = training.jax.process_index() == 0
    batch = batches(training)
    start = time.perf_counter()
    for number in range(1, given.steps + 1):
        loss, finite = training.make(batch(training.made + 1))
        if not finite:
            training.save()
            if first:
                print(f"step {training.made + 1}: the loss is {loss} or a new array is not finite; the state is as it was",
                      file=sys.stderr)
            sys.exit(3)
        if first and (number % given.print_every == 0 or number == given.steps):
            print(f"step {training.made} loss {loss!r}", flush=True)
        if given.save_every and number % given.save_every == 0:
            training.save()
    if first:
        seconds = (time.perf_counter() - start - training.compile_seconds) / max(given.steps, 1)
        print(f"compiled in {training.compile_seconds:.2f} s; {1e3 * seconds:.2f} ms a step, data and printing included")
    training.save()


if __name__ == "__main__":
    main()
