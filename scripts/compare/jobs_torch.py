"""The jobs in eager PyTorch, one run after the other, as the paper trained its networks: autograd
through f(V θ̃) and torch.optim.Adam. One run is timed; how many runs take is that times their
number."""

import torch
import torch.nn.functional as F

from jobs import Problem, arguments, inputs_turned, report, seconds

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


class ReluNetwork:
    """V mixes each weight matrix, where there is any; biases stay as they are."""

    def __init__(self, widths, vectors=(None, None)):
        self.widths = features, units, classes = widths
        ends = [0]
        for size in (features * units, units, units * classes, classes):
            ends.append(ends[-1] + size)
        self.blocks = [slice(*pair) for pair in zip(ends, ends[1:])]
        self.vectors = [vectors[0], None, vectors[1], None]

    def outputs(self, theta, x):
        features, units, classes = self.widths
        first, first_bias, second, second_bias = theta
        x = F.relu(F.linear(x, first.view(units, features), first_bias))
        return F.linear(x, second.view(classes, units), second_bias)

    loss = staticmethod(F.cross_entropy)

    @staticmethod
    def accuracy(z, y):
        return (z.argmax(dim=1) == y).float().mean().item()


def digits_network(problem):
    vectors = [torch.from_numpy(problem.array(f"vectors{k}")) for k in (1, 2)]
    return ReluNetwork((64, 32, 10), vectors)


def train(problem, network, splits, start, rate, epochs):
    """The training loss before the first epoch and after every one."""
    settings = problem.settings
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


def run(problem, job, case, network, splits, start):
    tensors = {}
    for name, (x, y) in splits.items():
        x, y = torch.from_numpy(x), torch.from_numpy(y)
        tensors[name] = x, y if y.is_floating_point() else y.long()
    start = torch.from_numpy(start)
    # That of the single lane, so that its losses can be compared.
    rate = float(problem.array("rates-1")[0])
    # The first steps load libraries, which takes longer than many epochs.
    train(problem, network, tensors, start, rate, 1)
    epochs = problem.settings["epochs"]
    losses, elapsed = seconds(lambda: train(problem, network, tensors, start, rate, epochs))
    report(
        "PyTorch", job, f"{case}lanes: 1", 1, elapsed, losses[problem.settings["early"]], losses[-1]
    )


def set_up(problem):
    """(j) Gradients in singles by autograd, what is made of them in doubles by LAPACK, but where it is
    said otherwise. Points are drawn as ours are, by PyTorch's generator, and then replaced by ours, so
    that results compare."""
    settings = problem.settings
    network = ReluNetwork((784, 100, 10))
    splits = {name: problem.split(name) for name in ("training", "validation", "test")}
    x, y = torch.from_numpy(splits["training"][0]), torch.from_numpy(splits["training"][1]).long()
    points, passes = torch.from_numpy(problem.array("theta")), problem.array("passes")
    passes = [torch.from_numpy(order).split(settings["batch"]) for order in passes]

    def gradients(samples, drawn=True, dtype=torch.float64):
        """Those of the first layer's weights, one in each row."""
        bundle = torch.empty(samples, 78_400, dtype=dtype)
        point = torch.empty(points.shape[1])
        for sample in range(samples):
            if drawn:
                point.uniform_(-1 / 28, 1 / 28)
            rows = passes[sample // len(passes[0])][sample % len(passes[0])]
            theta = [points[sample, block].requires_grad_() for block in network.blocks]
            loss = network.loss(network.outputs(theta, x[rows]), y[rows])
            bundle[sample] = torch.autograd.grad(loss, theta)[0]
        return bundle

    def reflector(drawn=True, dtype=torch.float64):
        """GᵀU is summed up in `dtype`, all else in doubles."""
        bundle, k = gradients(settings["samples"], drawn, dtype), settings["columns"]
        doubles = bundle.double()
        eigenvalues, eigenvectors = torch.linalg.eigh(doubles @ doubles.T / len(bundle))
        del doubles
        vectors = (bundle.T @ eigenvectors[:, -k:].flip(1).to(dtype)).double()
        vectors, triangle = torch.linalg.qr(vectors)
        vectors = vectors * triangle.diagonal().sign()
        a, sigma, bt = torch.linalg.svd(vectors[:k])
        s = -a @ bt
        vectors[:k] -= s
        h = vectors @ (bt.T / (2 + 2 * sigma).sqrt()) @ bt
        return eigenvalues.flip(0)[:k], h.float(), s.float()

    def inputs():
        samples = gradients(settings["gradients"]).view(-1, 784)
        _, rotation = torch.linalg.eigh(samples.T @ samples)
        rotation = rotation.flip(1).float()
        return [torch.from_numpy(x) @ rotation for x, _ in splits.values()]

    works = {
        "reflector": reflector,
        "reflector, points given": lambda: reflector(drawn=False),
        "reflector, sums in singles": lambda: reflector(dtype=torch.float32),
        "input": inputs,
    }
    for case, work in works.items():
        work()
        result, elapsed = seconds(work)
        # The largest of the inputs' second moments, as no solver's signs are in them.
        last = (result[0].double() ** 2).mean(dim=0)[:20] if case == "input" else result[0]
        report("PyTorch", "j", case, 1, elapsed, (), last)


def main():
    args = arguments()
    problem = Problem(args.data, args.job)
    if args.job == "j":
        set_up(problem)
        return
    splits = {name: problem.split(name) for name in ("training", "validation", "test")}
    start = problem.array("start")
    if args.job == "h":
        network = ReluNetwork((784, 100, 10))
        run(problem, "h", "original, ", network, splits, start)
        turned = inputs_turned(splits, start, problem.array("rotation"), 100)
        run(problem, "h", "input, ", network, *turned)
        return
    network = {"b": LinearNetwork, "c": digits_network}[args.job](problem)
    run(problem, args.job, "", network, splits, start)


if __name__ == "__main__":
    main()
