"""Files of safetensors, with NumPy alone: eight bytes of length, a header in JSON, the arrays."""

import json
import os
from pathlib import Path

import numpy as np

TYPES = {"F64": "<f8", "F32": "<f4", "I64": "<i8", "I32": "<i4", "U64": "<u8", "U32": "<u4", "U8": "|u1"}


def read_with_metadata(path):
    """The arrays of a file by name, and its metadata."""
    data = Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    arrays = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        raw = np.frombuffer(data[8 + length + first : 8 + length + last], TYPES[entry["dtype"]])
        arrays[name] = raw.reshape(entry["shape"])
    return arrays, metadata


def read(path):
    """The arrays of a file by name."""
    return read_with_metadata(path)[0]


def write(path, arrays, metadata):
    """Writes arrays by name, and replaces a former file at once."""
    header, chunks, at = {"__metadata__": {name: str(value) for name, value in metadata.items()}}, [], 0
    names = {np.dtype(code): name for name, code in TYPES.items()}
    for name, array in arrays.items():
        raw = np.ascontiguousarray(array).tobytes()
        header[name] = {
            "dtype": names[np.asarray(array).dtype],
            "shape": list(np.shape(array)),
            "data_offsets": [at, at + len(raw)],
        }
        chunks.append(raw)
        at += len(raw)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path = Path(path)
    new = path.with_name(f".{path.name}.tmp")
    with open(new, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    os.replace(new, path)
