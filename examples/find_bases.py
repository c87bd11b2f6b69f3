"""Bases of sampled gradients, made by egop-run; needs NumPy only."""
import json
import math
import pathlib
import subprocess

import numpy as np


def find_bases(egop_run, shapes, gradients, folder):
    """Has egop-run make bases of gradients (one in each row) with respect to arrays of these shapes, by
    name and in their order, as examples/gradients.toml says. Returns the folder of their files."""
    folder = pathlib.Path(folder).resolve()
    np.save(folder / "gradients.npy", gradients)

    def block(name, shape):
        role, sizes = "bias", [math.prod(shape)]
        if len(shape) > 1:
            # Outputs by all that is of one: of a convolution, a row for each channel that comes out.
            role, sizes = "weight", [shape[0], math.prod(shape[1:])]
        return f"{{ name = {json.dumps(name)}, role = '{role}', shape = {sizes} }}"

    settings = {
        "objective.gradients": json.dumps([str(folder / "gradients.npy")]),
        "objective.blocks": f"[{', '.join(block(*named) for named in shapes.items())}]",
        **dict.fromkeys(["objective.rows", "egop.samples", "coordinates.input.samples"], len(gradients)),
    }
    config, out = pathlib.Path(__file__).parent / "gradients.toml", folder / "bases"
    command = [egop_run, config, "--out", out, "--save-basis", "--quiet"]
    command += [text for key, value in settings.items() for text in ("--set", f"{key}={value}")]
    subprocess.run(command, check=True)
    return out / "basis"
