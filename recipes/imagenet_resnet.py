"""ResNets on ImageNet, trained as three papers did.

    python recipes/imagenet_resnet.py                        He et al. 2015 (arXiv:1512.03385): ResNet-50, batch 256
    python recipes/imagenet_resnet.py goyal2017              Goyal et al. 2017 (arXiv:1706.02677): batch 8,192
    python recipes/imagenet_resnet.py he2018                 He et al. 2018 (arXiv:1812.01187): ResNet-50-D, all tricks
    python recipes/imagenet_resnet.py --model resnet152_v1   any other network of the catalogue
    python recipes/imagenet_resnet.py --data.name imagenette                    a tenth of the classes, downloaded
    python recipes/imagenet_resnet.py he2018 --data.name folder:photos --data.batch-size 8 --steps 4

Data: tensorflow-datasets' imagenet2012, prepared by hand in --data.directory (its license needs an account), or any
folder. The learning rate follows --data.batch-size; --steps shortens the schedule as a whole. On several GPUs or hosts:
docs/distributed.md.

The papers' top-1 error on the validation images: He 2015 22.85 % (ResNet-50, 10-crop, table 3: `keras-resnets evaluate
--views ten-crop`); Goyal 2017 23.74 +- 0.09 % (single crop, 5 runs, section 5); He 2018 20.85 % without distillation
(ResNet-50-D, table 6; both by memory of the papers). Hue, which He 2018 jitter too, is left alone here. Ours: not
measured, it takes days of GPUs.
"""

from keras_resnets.cli import run
from keras_resnets.recipe import Augment, Data, Optimizer, Recipe, Schedule

IMAGES = {"imagenet2012": 1_281_167, "imagenette": 9_469}
"""Training images; a folder is given ImageNet's schedule: shorten it with --steps."""
UNDECAYED = ("gamma", "beta", "bias")


def he2015(
    model: str = "resnet50_v1", name: str = "imagenet2012", batch_size: int = 256, steps: int | None = None
) -> Recipe:
    # Section 3.4: "up to 60 x 10^4 iterations", the rate "divided by 10 when the error plateaus". When that was is not
    # said; each 30 epochs is what later work took for it (Goyal et al. 2017, section 5.1).
    return Recipe(
        model=model,
        data=_data(name, batch_size, resize="shorter_side"),
        augment=Augment(crop="scale", crop_scale=(256, 480), flip=True, lighting=0.1),
        optimizer=Optimizer(momentum=0.9, weight_decay=1e-4),
        schedule=Schedule(peak=0.1 * batch_size / 256, drops=(0.25, 0.5, 0.75), drop_factor=0.1),
        steps=steps or 600_000 * 256 // batch_size,
    )


def goyal2017(
    model: str = "ResNet50", name: str = "imagenet2012", batch_size: int = 8192, steps: int | None = None
) -> Recipe:
    steps = steps or _steps(90, name, batch_size)
    return Recipe(
        model=model,
        data=_data(name, batch_size, resize="shorter_side"),
        augment=Augment(crop="inception", flip=True),
        # Section 5.1: Nesterov momentum, no decay of batch norm's gamma and beta
        optimizer=Optimizer(momentum=0.9, nesterov=True, weight_decay=1e-4, weight_decay_exempt=("gamma", "beta")),
        # Section 2.2: the rate proportional to the batch, reached from the small batch's in 5 epochs
        schedule=Schedule(
            peak=0.1 * batch_size / 256,
            warmup_from=min(0.1, 0.1 * batch_size / 256),
            warmup_steps=round(steps * 5 / 90),
            drops=(30 / 90, 60 / 90, 80 / 90),
        ),
        steps=steps,
        # Section 2.3: statistics of each GPU's own 32 images are part of the recipe
        synchronized_batch_norm=False,
    )


def he2018(
    model: str = "ResNet50D", name: str = "imagenet2012", batch_size: int = 1024, steps: int | None = None
) -> Recipe:
    steps = steps or _steps(200, name, batch_size)  # 120 without MixUp
    return Recipe(
        model=model,
        data=_data(name, batch_size, resize="shorter_side"),
        augment=Augment(crop="inception", flip=True, color_jitter=0.4, lighting=0.1, mixup=0.2),
        optimizer=Optimizer(momentum=0.9, nesterov=True, weight_decay=1e-4, weight_decay_exempt=UNDECAYED),
        schedule=Schedule(kind="cosine", peak=0.1 * batch_size / 256, warmup_steps=round(steps * 5 / 200)),
        label_smoothing=0.1,
        steps=steps,
    )


def _data(name, batch_size, resize):
    return Data(name=name, batch_size=batch_size, validation=0.02, image_size=224, resize=resize, cache=False)


def _steps(epochs, name, batch_size):
    return max(epochs * IMAGES.get(name, IMAGES["imagenet2012"]) // batch_size, 1)


recipe = he2015

if __name__ == "__main__":
    run(he2015, goyal2017, he2018)
