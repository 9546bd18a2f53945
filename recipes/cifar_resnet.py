"""ResNets on CIFAR-10 as He et al. 2015 trained them (arXiv:1512.03385, section 4.2 and table 6).

    python recipes/cifar_resnet.py                                       ResNet-20, the paper's 64,000 iterations
    python recipes/cifar_resnet.py --model ResNet110                     with the paper's warm-up
    python recipes/cifar_resnet.py --steps 3510 --data.directory DIR     ten epochs on prepared tensorflow-datasets
    python recipes/cifar_resnet.py --data.name digits --steps 800        no network needed

The paper's test error: ResNet-20 8.75 %, 32 7.51 %, 44 7.17 %, 56 6.97 %, 110 6.61 +- 0.16 % (5 runs), 1202 7.93 %.
Ours and the time it takes: recipes/README.md.
"""

from keras_resnets.cli import run
from keras_resnets.recipe import Augment, Data, Optimizer, Recipe, Schedule


def recipe(model: str = "ResNet20", name: str = "cifar10") -> Recipe:
    # Digits are 8 px and have a right way round: 4 px of CIFAR's 32 is 1 px of 8, and no flip.
    digits = name == "digits"
    # "we use a learning rate of 0.01 to warm up the training until the training error is below 80% (about 400
    # iterations)": the 110-layer nets only.
    warmup = 400 if model in ("ResNet110", "PlainNet110", "ResNet1202", "ResNet110V2", "ResNet1001V2") else 0
    return Recipe(
        model=model,
        data=Data(name=name, batch_size=128, validation=5_000 / 50_000, normalization="pixel-mean"),
        augment=Augment(crop_padding=1 if digits else 4, flip=not digits),
        optimizer=Optimizer(momentum=0.9, weight_decay=1e-4),
        schedule=Schedule(
            peak=0.1,
            drops=(32_000 / 64_000, 48_000 / 64_000),
            drop_factor=0.1,
            warmup_steps=warmup,
            warmup_from=0.01 if warmup else 0.0,
            warmup_kind="constant",
        ),
        steps=64_000,
    )


if __name__ == "__main__":
    run(recipe)
