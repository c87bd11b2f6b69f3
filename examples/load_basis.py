"""Takes an EGOP basis into your own training: egop-run CONFIG --save-basis, then
python load_basis.py results/lsq/basis/0-reparameterized-all"""
import os
import sys

import numpy as np

stem = sys.argv[1] if len(sys.argv) == 2 else sys.exit(__doc__)
load = lambda ending: np.load(stem + ending + ".npy") if os.path.exists(stem + ending + ".npy") else None
V, U_out, U_in = load(""), load("-outputs"), load("-inputs")

# What takes your parameters of this block to the trained variables (there), and back. In PyTorch:
# torch.from_numpy(V), in JAX: jnp.asarray(V). Gradients go there too.
if V is None:
    # A weight matrix W, outputs x inputs: W = U_out W~ U_in^T; a missing side stays as it is.
    inputs = len(U_in) if U_in is not None else 3
    outputs = len(U_out) if U_out is not None else 3
    U_in, U_out = (np.eye(n) if U is None else U for U, n in ((U_in, inputs), (U_out, outputs)))
    d = outputs * inputs
    there = lambda w: (U_out.T @ w.reshape(outputs, inputs) @ U_in).ravel()
    back = lambda z: (U_out @ z.reshape(outputs, inputs) @ U_in.T).ravel()
    print("d =", d, "outputs =", outputs, "inputs =", inputs)
elif V.shape[0] == V.shape[1]:
    d = len(V)
    there, back = (lambda w: V.T @ w), (lambda z: V @ z)
    eigenvalues = load("-eigenvalues")  # descending; none of a random rotation
    if eigenvalues is None:
        print("d =", d)
    elif len(eigenvalues) < d:  # completed at random: of the leading ones alone no stable rank is known
        print("d =", d, "leading eigenvectors =", len(eigenvalues))
    else:
        print("d =", d, "stable rank =", np.sqrt(eigenvalues).sum() / np.sqrt(eigenvalues[0]))
else:
    # k leading eigenvectors, with auxiliary variables: w = V z_r + (I - V V^T) z_d.
    d, k = V.shape
    there = lambda w: np.concatenate([V.T @ w, w - V @ (V.T @ w)])
    back = lambda z: z[k:] + V @ (z[:k] - V.T @ z[k:])
    print("d =", d, "k =", k)

theta = 0.5 * np.random.default_rng(0).standard_normal(d)  # your start
target = back(np.ones_like(there(theta)))  # f(theta) = 1/2 |theta - target|^2 stands for your loss
new = there(theta)  # the same point in the new coordinates
for step in range(100):
    gradient = back(new) - target  # your gradient, at theta = back(new)
    new -= 0.1 * np.sign(there(gradient)) * 0.97**step  # any coordinate-wise method
print("distance to the minimizer:", np.linalg.norm(back(new) - target))
