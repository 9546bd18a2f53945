"""MobileNetV3 for your own photos, for a phone (Howard et al. 2019, arXiv:1905.02244): from scratch or from weights.

    python recipes/phone_mobilenet.py --data folder:photos                            Small, from scratch
    python recipes/phone_mobilenet.py --data folder:photos --model MobileNetV3Large
    python recipes/phone_mobilenet.py --data folder:photos --weights imagenet         as recipes/finetune.py does
    python recipes/phone_mobilenet.py --data folder:photos --data.image-size 96 --steps 200

The paper trains on ImageNet's 1.28 million images: RMSProp with momentum 0.9, rate 0.1 at batch 4096 (16 per 0.0004),
times 0.99 each 3 epochs, decay of weights 1e-5, dropout 0.2, a moving average of 0.9999, batch norm's momentum 0.99;
top-1 67.4 % (Small) and 75.2 % (Large). Here, for some hundreds of photos: a cosine for the slow fall of the rate,
which a short run would never see, and batch norm's momentum 0.9, because 0.99 still holds half of the first statistics
after 70 steps. So few photos are learned by heart from scratch: with --weights, expect far more.
"""

import finetune

from keras_resnets.cli import run_on_photos
from keras_resnets.recipe import Augment, Average, Data, Optimizer, Recipe, Schedule


def recipe(
    model: str = "MobileNetV3Small", name: str = "folder:photos", weights: str | None = None, steps: int | None = None
) -> Recipe:
    if weights:
        return finetune.recipe(model, name, weights, steps=steps or 400)
    steps = steps or 2_000
    batch_size = 16
    return Recipe(
        model=model,
        model_options={"momentum": 0.9},
        data=Data(name=name, batch_size=batch_size, validation=0.2),
        augment=Augment(crop="inception", crop_area=(0.35, 1.0), flip=True, color_jitter=0.2),
        optimizer=Optimizer(kind="rmsprop", rho=0.9, momentum=0.9, weight_decay=1e-5),
        schedule=Schedule(kind="cosine", peak=0.1 * batch_size / 4096, warmup_steps=steps // 40),
        average=Average(decay=0.9999),
        class_weights="balanced",
        steps=steps,
        epoch_steps=50,
        patience=20,
    )


if __name__ == "__main__":
    run_on_photos(recipe)
