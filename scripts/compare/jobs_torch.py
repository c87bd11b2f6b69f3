"""The jobs in eager PyTorch, one run after the other, as the paper trained its networks: autograd
through f(V θ̃) and torch.optim.Adam. One run is timed; how many runs take is that times their
number."""

import torch
import torch.nn.functional as F

from jobs import Problem, arguments, report, seconds

torch.set_num_threads(1)


class LinearNetwork:
    """Its parameters are one vector; V mixes all of them."""

    def __init__(self, problem):
        self.blocks = [slice(None)]
        self.vectors = [torch.from_numpy(problem.array("vectors1"))]

    def outputs(self, theta, x):
        first, second, third = theta[0].split([500, 1500, 300])
        x = F.linear(x, first.view(50, 10))
        return F.linear(F.linear(x, second.view(30, 50)), third.view(10, 30))

    loss = staticmethod(F.mse_loss)

    @staticmethod
    def accuracy(z, y):
        return None


class DigitsNetwork:
    """V mixes each weight matrix; biases stay as they are."""

    def __init__(self, problem):
        self.blocks = [slice(0, 2048), slice(2048, 2080), slice(2080, 2400), slice(2400, 2410)]
        first, second = (torch.from_numpy(problem.array(f"vectors{k}")) for k in (1, 2))
        self.vectors = [first, None, second, None]

    def outputs(self, theta, x):
        first, first_bias, second, second_bias = theta
        x = F.relu(F.linear(x, first.view(32, 64), first_bias))
        return F.linear(x, second.view(10, 32), second_bias)

    loss = staticmethod(F.cross_entropy)

    @staticmethod
    def accuracy(z, y):
        return (z.argmax(dim=1) == y).float().mean().item()


def train(problem, network, splits, rate, epochs):
    """The training loss before the first epoch and after every one."""
    settings = problem.settings
    start = torch.from_numpy(problem.array("start"))
    passes, schedule = torch.from_numpy(problem.array("passes")), problem.array("schedule")
    parts = list(zip(network.vectors, (start[block] for block in network.blocks)))
    theta = [(t if v is None else v.T @ t).clone().requires_grad_() for v, t in parts]
    optimizer = torch.optim.Adam(theta, lr=rate)

    def outputs(x):
        original = [t if v is None else v @ t for v, t in zip(network.vectors, theta)]
        return network.outputs(original, x)

    @torch.no_grad()
    def metrics(split):
        x, y = splits[split]
        z = outputs(x)
        return network.loss(z, y).item(), network.accuracy(z, y)

    curve = [(metrics("training"), metrics("validation"))]
    x, y = splits["training"]
    for epoch in range(epochs):
        for group in optimizer.param_groups:
            group["lr"] = rate * schedule[epoch]
        for rows in passes[epoch].split(settings["batch"]):
            optimizer.zero_grad()
            network.loss(outputs(x[rows]), y[rows]).backward()
            optimizer.step()
        curve.append((metrics("training"), metrics("validation")))
    metrics("test")
    return [training[0] for training, _ in curve]


def main():
    args = arguments()
    problem = Problem(args.data, args.job)
    network = {"b": LinearNetwork, "c": DigitsNetwork}[args.job](problem)
    splits = {}
    for name in ("training", "validation", "test"):
        x, y = map(torch.from_numpy, problem.split(name))
        splits[name] = x, y if y.is_floating_point() else y.long()
    # That of the single lane, so that its losses can be compared.
    rate = float(problem.array("rates-1")[0])
    # The first steps load libraries, which takes longer than many epochs.
    train(problem, network, splits, rate, 1)
    epochs = problem.settings["epochs"]
    losses, elapsed = seconds(lambda: train(problem, network, splits, rate, epochs))
    early = losses[problem.settings["early"]]
    report("PyTorch", args.job, "lanes: 1", 1, elapsed, early, losses[-1])


if __name__ == "__main__":
    main()
