"""(g) The comparators in eager PyTorch, one run after the other: a gradient by autograd and an update.

SOAP, GaLore and Muon are those of the package `pytorch_optimizer`. VectorAdam, Shampoo with the
length of Adam's steps and full-matrix Adagrad are written here after their authors' code. One run is
timed; how many runs take is that times their number.
"""

import functools

import torch
import torch.nn.functional as F
from pytorch_optimizer import SOAP, GaLore, Muon
from pytorch_optimizer.optimizer.muon import base as muon

from jobs import Problem, arguments, report, seconds

torch.set_num_threads(1)
# In the precision of the runs, as ours: the package rounds to bfloat16, which takes longer on
# processors that have no instructions for it.
muon.zero_power_via_newton_schulz_5 = functools.partial(
    muon.zero_power_via_newton_schulz_5, dtype=torch.float32
)


class VectorAdam(torch.optim.Optimizer):
    """One second moment for each row of a matrix, one for each entry of a bias."""

    def __init__(self, theta, lr, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(theta, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            (beta1, beta2), eps = group["betas"], group["eps"]
            for theta in group["params"]:
                g, state = theta.grad, self.state[theta]
                squares = g.square() if g.dim() == 1 else g.square().sum(dim=-1, keepdim=True)
                if not state:
                    state.update(step=0, m=torch.zeros_like(g), v=torch.zeros_like(squares))
                state["step"] += 1
                m = state["m"].lerp_(g, 1 - beta1)
                v = state["v"].lerp_(squares, 1 - beta2)
                divisor = v.div(1 - beta2 ** state["step"]).sqrt_().add_(eps)
                theta.addcdiv_(m, divisor, value=-group["lr"] / (1 - beta1 ** state["step"]))


class Shampoo(torch.optim.Optimizer):
    """Averages of GGᵀ and GᵀG, their powers every `every` steps, the length of Adam's steps."""

    def __init__(self, theta, lr, betas=(0.9, 0.999), eps=1e-6, every=10, graft_eps=1e-8):
        defaults = {"lr": lr, "betas": betas, "eps": eps, "every": every, "graft_eps": graft_eps}
        super().__init__(theta, defaults)

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            (beta1, beta2), every = group["betas"], group["every"]
            for theta in group["params"]:
                g, state = theta.grad, self.state[theta]
                if not state:
                    state.update(step=0, m=torch.zeros_like(g), v=torch.zeros_like(g))
                    state["factors"] = [g.new_zeros(size, size) for size in g.shape]
                    state["powers"] = [None] * g.dim()
                state["step"] += 1
                step, factors, powers = state["step"], state["factors"], state["powers"]
                corrections = 1 - beta1**step, 1 - beta2**step
                grams = [torch.outer(g, g)] if g.dim() == 1 else [g @ g.T, g.T @ g]
                for factor, gram in zip(factors, grams):
                    factor.lerp_(gram, 1 - beta2)
                if step == 1 or step % every == 0:
                    for side, factor in enumerate(factors):
                        values, vectors = torch.linalg.eigh(factor)
                        values = values.clamp_(min=0).div_(corrections[1]).add_(group["eps"])
                        powers[side] = (vectors * values.pow_(-0.5 / g.dim())) @ vectors.T
                averaged = state["m"].lerp_(g, 1 - beta1) / corrections[0]
                v = state["v"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
                adam = averaged / (v / corrections[1]).sqrt_().add_(group["graft_eps"])
                direction = powers[0] @ averaged
                if g.dim() == 2:
                    direction = direction @ powers[1]
                scale = adam.norm() / direction.norm().add_(1e-16)
                theta.sub_(direction.mul_(scale), alpha=group["lr"])


class FullAdagrad(torch.optim.Optimizer):
    """θ ← θ − η (S + εI)^(−1/2) g of a vector, or θ ← θ − η (S^(1/2) + εI)⁻¹ g."""

    def __init__(self, theta, lr, eps=1e-4, outside=False):
        super().__init__(theta, {"lr": lr, "eps": eps, "outside": outside})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for theta in group["params"]:
                g, state = theta.grad, self.state[theta]
                if not state:
                    state["sum"] = g.new_zeros(len(g), len(g))
                values, vectors = torch.linalg.eigh(state["sum"].addr_(g, g))
                values.clamp_(min=0)
                if group["outside"]:
                    divisors = values.sqrt_().add_(group["eps"])
                else:
                    divisors = values.add_(group["eps"]).sqrt_()
                scaled = (vectors.T @ g) / divisors
                theta.sub_(vectors @ scaled, alpha=group["lr"])


def soap(theta, lr, every):
    return SOAP(
        theta, lr, betas=(0.9, 0.999), weight_decay=0.0, precondition_frequency=every, eps=1e-8
    )


def galore(theta, lr):
    projected = {"rank": 8, "update_proj_gap": 200, "scale": 1.0, "projection_type": "std"}
    matrices = [t for t in theta if t.dim() == 2]
    biases = [t for t in theta if t.dim() == 1]
    return GaLore([{"params": matrices} | projected, {"params": biases}], lr)


def muon_and_adam(theta, lr):
    matrices = [t for t in theta if t.dim() == 2]
    biases = [t for t in theta if t.dim() == 1]
    groups = [
        {"params": matrices, "lr": lr, "use_muon": True},
        {"params": biases, "lr": 0.015 * lr, "use_muon": False},
    ]
    return Muon(groups)


# Of a case the optimizer, and whether it makes our steps. SOAP's bases of rank-deficient averages
# and the signs of GaLore's singular vectors are the solver's.
METHODS = {
    "VectorAdam": (VectorAdam, True),
    "Muon": (muon_and_adam, True),
    "GaLore, rank 8": (galore, False),
    "SOAP, f = 10": (functools.partial(soap, every=10), False),
    "SOAP, f = 1": (functools.partial(soap, every=1), False),
    "Shampoo, f = 10": (Shampoo, False),
    "Shampoo, f = 1": (functools.partial(Shampoo, every=1), False),
}
VECTOR_METHODS = {
    "full-matrix Adagrad": (FullAdagrad, True),
    "full-matrix Adagrad, ε outside": (functools.partial(FullAdagrad, outside=True), True),
}


class Network:
    """Digits, 64–32–10."""

    def __init__(self, problem):
        x, y = map(torch.from_numpy, problem.split("training"))
        batches = torch.from_numpy(problem.array("pass")).split(problem.settings["batch"])
        self.batches = [(x[rows], y[rows].long()) for rows in batches]
        start = torch.from_numpy(problem.array("start"))
        first, first_bias, second, second_bias = start.split([2048, 32, 320, 10])
        self.start = [first.view(32, 64), first_bias, second.view(10, 32), second_bias]

    def loss(self, theta, step):
        x, y = self.batches[step % len(self.batches)]
        hidden = F.relu(F.linear(x, theta[0], theta[1]))
        return F.cross_entropy(F.linear(hidden, theta[2], theta[3]), y)


class LeastSquares:
    def __init__(self, problem):
        self.matrix = torch.from_numpy(problem.array("matrix"))
        self.targets = torch.from_numpy(problem.array("vector-targets"))
        self.start = [torch.from_numpy(problem.array("vector-start"))]

    def loss(self, theta, _):
        return 0.5 * (torch.mv(self.matrix, theta[0]) - self.targets).square().sum()


def train(objective, method, rate, steps, compared):
    """The losses before some of the updates."""
    theta = [t.clone().requires_grad_() for t in objective.start]
    optimizer = method(theta, rate)
    losses = []
    for step in range(steps):
        optimizer.zero_grad()
        loss = objective.loss(theta, step)
        loss.backward()
        optimizer.step()
        if step in compared:
            losses.append(loss.item())
    return losses


def main():
    args = arguments()
    problem = Problem(args.data, args.job)
    network, least_squares = Network(problem), LeastSquares(problem)
    steps, compared = problem.settings["steps"], problem.settings["compared"]
    cases = [(network, "rates-1", *one) for one in METHODS.items()]
    cases += [(least_squares, "vector-rates-1", *one) for one in VECTOR_METHODS.items()]
    for objective, name, case, (method, same) in cases:
        rate = float(problem.array(name)[0])
        # The first steps load libraries.
        train(objective, method, rate, 20, compared)
        work = functools.partial(train, objective, method, rate, steps, compared)
        losses, elapsed = seconds(work)
        results = losses if same else ((), ())
        report("PyTorch", args.job, f"{case}, lanes: 1", 1, elapsed, *results, steps=steps)


if __name__ == "__main__":
    main()
