"""A residual network on CIFAR-10 with batch norm, without, normalizer-free, and with adaptive gradient clipping.

    python recipes/cifar_nf_resnet.py                                    normalizer-free, clipping 0.01, batch 1,024
    python recipes/cifar_nf_resnet.py --optimizer.clipping None          the same unclipped
    python recipes/cifar_nf_resnet.py --model ResNet164V2                batch norm; its blocks without any norm:
    python recipes/cifar_nf_resnet.py --model ResNet164V2 --model-options norm none
    python recipes/cifar_nf_resnet.py --batch-size 4096                  the learning rate follows
    python recipes/cifar_nf_resnet.py --data.name digits --model NFResNet20 --steps 90     no network needed

Source: Brock et al. 2021, arXiv:2102.06171, section 4 and figure 2: adaptive gradient clipping lets normalizer-free
ResNets train at batch 4,096 with the learning rate 0.1 * batch / 256, where they diverge without it; the network:
arXiv:2101.08692. Theirs are ResNet-50 and -200 on ImageNet; on CIFAR-10 there is no number of theirs.
A grid of batch sizes and thresholds: recipes/agc_sensitivity.py. Ours: recipes/README.md.
"""

from keras_resnets.cli import run
from keras_resnets.recipe import Augment, Data, Optimizer, Recipe, Schedule

IMAGES = {"cifar10": 45_000, "cifar100": 45_000, "digits": 1_167}
"""Training images after a tenth is held out."""
EPOCHS, WARMUP_EPOCHS = 90, 5


def recipe(
    model: str = "NFResNet29", name: str = "cifar10", batch_size: int = 1024, steps: int | None = None
) -> Recipe:
    digits = name == "digits"  # 8 px, and with a right way round
    epoch_steps = max(IMAGES.get(name, 45_000) // batch_size, 1)
    steps = steps or EPOCHS * epoch_steps
    return Recipe(
        model=model,
        data=Data(name=name, batch_size=batch_size, validation=0.1),
        augment=Augment(crop_padding=1 if digits else 4, flip=not digits),
        optimizer=Optimizer(
            momentum=0.9,
            nesterov=True,
            weight_decay=5e-5,
            weight_decay_exempt=("gain", "bias", "gamma", "beta"),
            clipping=0.01,
            clipping_exempt=("predictions/kernel",),
        ),
        schedule=Schedule(
            kind="cosine", peak=0.1 * batch_size / 256, warmup_steps=round(steps * WARMUP_EPOCHS / EPOCHS)
        ),
        label_smoothing=0.1,
        steps=steps,
    )


if __name__ == "__main__":
    run(recipe)
