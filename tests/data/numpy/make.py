"""Writes the files that NumPy's formats are compared with."""

import numpy as np

grid = np.array([[0.0, 1.5, -2.0], [3.25, 1e-3, 250.0]])
np.save("f8.npy", grid)
np.save("f4_fortran.npy", np.asfortranarray(grid.astype("float32")))
np.save("f8_big_endian.npy", grid.astype(">f8"))
np.save("i8.npy", np.array([[-3, 0, 7], [2**40, -(2**40), 1]]))
np.save("u2.npy", np.array([0, 1, 65535], dtype="uint16"))
np.save("u1.npy", np.arange(24, dtype="uint8").reshape(2, 3, 4))
np.save("bool.npy", np.array([True, False, True]))
np.save("number.npy", np.array(2.5))
np.save("empty.npy", np.zeros((0, 4)))
np.save("records.npy", np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]))
np.save("text.npy", np.array(["a", "bc"]))
np.savez("plain.npz", x=grid, labels=np.array([0, 2, 1]))
np.savez_compressed("compressed.npz", x=grid, labels=np.array([0, 2, 1]))
