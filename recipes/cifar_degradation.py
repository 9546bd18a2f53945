"""Degradation: deeper plain nets train worse, deeper residual nets train better (arXiv:1512.03385, figure 6).

    python recipes/cifar_degradation.py                                          nets of 20 and 56 layers
    python recipes/cifar_degradation.py --depths 20 32                           other depths: 20, 32, 44, 56, 110
    python recipes/cifar_degradation.py --steps 2000 --data.directory DIR        shorter, on prepared data
    python recipes/cifar_degradation.py --data.name digits --steps 400           no network needed

Trains one net after the other with the recipe of cifar_resnet.py, each in its own folder of --workdir, and draws
degradation.png there. The test error is measured after each epoch, as in the figure; nothing is chosen by it.
The paper: plain-56 has a higher training and test error than plain-20; ResNet-56 lower ones than ResNet-20 (test
6.97 % against 8.75 %). Ours and the time it takes: recipes/README.md.
"""

import cifar_resnet

from keras_resnets.cli import run_degradation
from keras_resnets.recipe import Recipe, override


def recipe(model: str = "ResNet20", name: str = "cifar10") -> Recipe:
    return override(cifar_resnet.recipe(model, name), {"data.watch": "test", "export.formats": ()})


if __name__ == "__main__":
    run_degradation(recipe)
