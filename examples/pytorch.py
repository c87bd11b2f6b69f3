"""Trains a PyTorch model in an EGOP basis: gradients are sampled here, egop-run makes bases of them, and
Adam trains in these, by a parametrization of the weights or on rotated inputs.

    python examples/pytorch.py target/release/egop-run
"""
import sys
import tempfile

import numpy as np
import torch
from torch import nn
from torch.nn.utils import parametrize

from find_bases import find_bases


def sample_gradients(model, loss, inputs, targets, count, batch):
    """count x d: gradients on random minibatches, at parameters as the layers draw them. They are
    in the order of model.parameters(), which those of find_bases are in too."""
    rows = []
    for _ in range(count):
        for layer in model.modules():
            if hasattr(layer, "reset_parameters"):
                layer.reset_parameters()
        chosen = torch.randint(len(inputs), (batch,))
        value = loss(model(inputs[chosen]), targets[chosen])
        gradients = torch.autograd.grad(value, list(model.parameters()))
        rows.append(torch.cat([g.flatten() for g in gradients]))
    return torch.stack(rows).numpy()


class InBasis(nn.Module):
    """weight = V z, of which z is trained."""

    def __init__(self, V, shape):
        super().__init__()
        self.register_buffer("V", V)
        self.shape = shape

    def forward(self, z):
        return (self.V @ z).reshape(self.shape)

    def right_inverse(self, weight):
        return self.V.T @ weight.flatten()


def reparameterize(layer, V):
    """Lets an optimizer train V^T w in the place of a layer's weights w, from the same point."""
    V = torch.from_numpy(V).to(layer.weight.dtype)
    parametrize.register_parametrization(layer, "weight", InBasis(V, layer.weight.shape))


def rotate_inputs(layer, U, inputs):
    """Turns the weights of the first layer, W <- W U, and returns the inputs turned too, X U."""
    U = torch.from_numpy(U).to(inputs.dtype)
    with torch.no_grad():
        layer.weight.copy_(layer.weight @ U)
    return inputs @ U


def train(model, loss, inputs, targets, passes, batch, rate):
    """Adam on the minibatches of each pass over the rows; returns the training loss."""
    optimizer = torch.optim.Adam(model.parameters(), rate)
    for order in passes:
        for rows in torch.split(order, batch):
            optimizer.zero_grad()
            loss(model(inputs[rows]), targets[rows]).backward()
            optimizer.step()
    with torch.no_grad():
        return loss(model(inputs), targets).item()


def main(egop_run):
    torch.manual_seed(0)
    torch.set_num_threads(1)  # these matrices are small
    # Your data and your model. These inputs vary most in directions that are no axes.
    inputs = torch.randn(1000, 20) / torch.arange(1, 21) @ torch.linalg.qr(torch.randn(20, 20))[0]
    targets = (inputs @ torch.randn(20, 3)).argmax(dim=1)
    model = nn.Sequential(nn.Linear(20, 16), nn.ReLU(), nn.Linear(16, 3))
    loss = nn.functional.cross_entropy

    gradients = sample_gradients(model, loss, inputs, targets, count=512, batch=50)
    start = {name: value.clone() for name, value in model.state_dict().items()}
    passes = [torch.randperm(1000) for _ in range(20)]
    with tempfile.TemporaryDirectory() as folder:
        shapes = {name: parameter.shape for name, parameter in model.named_parameters()}
        bases = find_bases(egop_run, shapes, gradients, folder)
        load = lambda name: np.load(bases / f"0-{name}.npy")
        V, U = {i: load(f"egop-{i}.weight") for i in (0, 2)}, load("input-0.weight-inputs")

    print("original:      ", train(model, loss, inputs, targets, passes, 50, 0.01))
    model.load_state_dict(start)
    turned = rotate_inputs(model[0], U, inputs)
    print("rotated inputs:", train(model, loss, turned, targets, passes, 50, 0.01))
    model.load_state_dict(start)
    for index, matrix in V.items():
        reparameterize(model[index], matrix)
    print("EGOP basis:    ", train(model, loss, inputs, targets, passes, 50, 0.01))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: pytorch.py EGOP_RUN, the program egop-run or where it is")
    main(sys.argv[1])
