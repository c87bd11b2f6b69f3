"""Takes an EGOP eigenbasis into your own training: egop-run CONFIG --save-basis, then
python load_basis.py results/lsq/basis/0-reparameterized-all"""
import sys

import numpy as np

V = np.load(sys.argv[1] + ".npy")  # (d, d); in PyTorch: torch.from_numpy(V), in JAX: jnp.asarray(V)
eigenvalues = np.load(sys.argv[1] + "-eigenvalues.npy")  # (d,), descending
d = len(V)
print("d =", d, "stable rank =", np.sqrt(eigenvalues).sum() / np.sqrt(eigenvalues[0]))

theta = np.random.default_rng(0).standard_normal(d)  # your start
target = V @ np.ones(d)  # f(theta) = 1/2 |theta - target|^2 stands for your loss
new = V.T @ theta  # the same point in the new coordinates
for step in range(100):
    gradient = V @ new - target  # your gradient, at theta = V new
    new -= 0.1 * np.sign(V.T @ gradient) * 0.97**step  # any coordinate-wise method
print("distance to the minimizer:", np.linalg.norm(V @ new - target))
