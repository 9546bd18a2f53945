r"""NFNet-F0 to F7 on ImageNet as Brock et al. 2021 trained them (arXiv:2102.06171, section 6 and the released code).

    python recipes/imagenet_nfnet.py                                           NFNet-F0: 360 epochs at batch 4,096
    python recipes/imagenet_nfnet.py --model NFNetF5 --optimizer.sharpness 0.05 --optimizer.sharpness-share 0.2
    python recipes/imagenet_nfnet.py --mixed-precision mixed_bfloat16 --optimizer.micro-batches 4
    python recipes/imagenet_nfnet.py --data.name folder:photos --data.batch-size 8 --steps 4 --data.image-size 64 \
        --data.test-size 96

The variant's sizes, dropout and RandAugment level follow --model; the learning rate follows --data.batch-size. Each
image is made of two (MixUp or CutMix), so that 360 epochs pass 720 times over the images. Below batch 1,024 the paper
wants a larger --optimizer.clipping than 0.01: see recipes/agc_sensitivity.py. F5 and F6 gain from sharpness-aware
minimization, taken uphill on a fifth of the batch; its radius is not printed for ImageNet, 0.05 is that of fine-tuning.

The paper's top-1 (mean of 3 seeds): F0 83.6, F1 84.7, F2 85.1, F3 85.7, F4 85.9, F5 86.0, F5+SAM 86.3, F6+SAM 86.5 %
at test px (256 to 576). Ours: not measured, it takes weeks of accelerators. Evaluate with --data.resize resize_crop_32.
"""

from keras_resnets.cli import run
from keras_resnets.data.nfnet_settings import nfnet_augment
from keras_resnets.models.catalogue import constructor
from keras_resnets.recipe import Average, Data, Optimizer, Recipe, Schedule

IMAGES, EPOCHS, WARMUP_EPOCHS = 1_281_167, 360, 5


def recipe(
    model: str = "NFNetF0", name: str = "imagenet2012", batch_size: int = 4096, steps: int | None = None
) -> Recipe:
    variant = constructor(model).variant
    level = variant.blocks[0] - 1  # F0 has 1, 2, 6 and 3 blocks, F1 twice as many, ...
    steps = steps or round(EPOCHS * IMAGES / batch_size)
    return Recipe(
        model=model,
        data=Data(
            name=name,
            batch_size=batch_size,
            validation=0.0,
            watch="test",
            image_size=variant.train_resolution,
            test_size=variant.resolution,
            resize="resize_crop_32",
            interpolation="bicubic",
            antialias=False,
            cache=False,
        ),
        augment=nfnet_augment(level),
        optimizer=Optimizer(
            momentum=0.9,
            nesterov=True,
            weight_decay=2e-5,
            weight_decay_exempt=("gain", "bias"),
            clipping=0.01,
            clipping_epsilon=1e-3,
            clipping_exempt=("predictions/kernel",),
        ),
        schedule=Schedule(
            kind="cosine", peak=0.1 * batch_size / 256, warmup_steps=round(steps * WARMUP_EPOCHS / EPOCHS)
        ),
        average=Average(decay=0.99999, warmup=True),
        label_smoothing=0.1,
        steps=steps,
    )


if __name__ == "__main__":
    run(recipe)
