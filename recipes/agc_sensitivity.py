"""Adaptive gradient clipping: batch size against threshold (arXiv:2102.06171, figure 2).

    python recipes/agc_sensitivity.py                                            CIFAR-10, NF-ResNet-29
    python recipes/agc_sensitivity.py --data.name digits --model NFResNet20      no network needed
    python recipes/agc_sensitivity.py --batch-sizes 256 1024 --thresholds 0.01 0.04 --seeds 0 1 2

Trains the recipe of cifar_nf_resnet.py without clipping and with each threshold at each batch size, its learning rate
proportional to the batch, each run in its own folder of --workdir; finished ones are not run again. A run whose updates
stop being finite numbers counts as diverged. Writes agc_sensitivity.json and .png there.
The paper (ResNet-50 and -200 without normalization, ImageNet): without clipping they fail at batch 4,096, with it they
match batch norm; larger batches want smaller thresholds. Ours: recipes/README.md.
"""

import cifar_nf_resnet

from keras_resnets.cli import run_agc_sensitivity
from keras_resnets.recipe import Recipe, override

REFERENCE_BATCH = {"digits": 64}
"""Batch at which the learning rate is 0.1: digits are 1,167 images, and 256 of them is a fifth of all."""


def recipe(
    model: str = "NFResNet29", name: str = "cifar10", batch_size: int = 1024, steps: int | None = None
) -> Recipe:
    base = cifar_nf_resnet.recipe(model, name, batch_size, steps)
    rate = 0.1 * batch_size / REFERENCE_BATCH.get(name, 256)
    return override(base, {"schedule.peak": rate, "faults.skips": 5, "export.formats": ()})


if __name__ == "__main__":
    run_agc_sensitivity(recipe)
