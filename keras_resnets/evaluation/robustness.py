"""How much of a network's accuracy is left when its images are damaged."""

from dataclasses import asdict, dataclass

import keras
import numpy as np

from keras_resnets.evaluation.corruptions import CORRUPTIONS, LEFT_OUT, check, corrupt, parameters_of

SEVERITIES = (1, 2, 3, 4, 5)


@dataclass(frozen=True)
class Robustness:
    """What `robustness` measured on n images; plain numbers, ready for JSON."""

    n: int
    clean_top1: float
    """Top-1 on the images as they are, in [0, 1]."""
    severities: tuple[int, ...]
    top1: dict[str, tuple[float, ...]]
    """For each corruption, top-1 at each of `severities`."""
    mean_corruption_error: float
    """Mean of 1 - top1 over corruptions and severities, in [0, 1]. Not divided by AlexNet's, as the mCE of Hendrycks
    and Dietterich 2019 is: that would need AlexNet on the same images."""
    relative_corruption_error: float
    """`mean_corruption_error` less the error on clean images: what the damage costs."""
    parameters: str
    """Whose strengths the severities have: "CIFAR-10-C" or "ImageNet-C"."""
    seed: int
    left_out: tuple[str, ...]
    """Corruptions of the paper that were not measured."""
    deviations: dict[str, str]
    """For each corruption that differs from the reference's, in what."""

    def to_dict(self):
        """Dictionaries, lists and numbers only."""
        top1 = {name: list(values) for name, values in self.top1.items()}
        return asdict(self) | {"top1": top1, "severities": list(self.severities), "left_out": list(self.left_out)}


def robustness(predict, batches, names=tuple(CORRUPTIONS), severities=SEVERITIES, seed=0):
    """Runs `predict` on every image as it is and damaged by each corruption at each severity; returns `Robustness`.

    predict: function of a NumPy batch of float32 pixels 0 to 255 that returns (images, classes), logits or not.
    batches: iterable of (pixels, labels), labels integers (images,); gone through once.
    names: keys of CORRUPTIONS. severities: of 1 to 5. seed: image k is damaged in the same way whatever the batches.
    A top-1 of n images has a chance of up to 1 / sqrt(n) on both sides (95 %): 0.04 for 500.
    Raises ValueError for no images, and for names, severities or images that `corrupt` refuses.
    """
    names, severities = tuple(names), tuple(severities)
    if not names or not severities:
        raise ValueError(f"robustness: give at least one name and one severity, got {names} and {severities}.")
    for name in names:
        for severity in severities:
            check(name, severity)
    right, clean, n, parameters = np.zeros((len(names), len(severities)), int), 0, 0, ""
    for pixels, labels in batches:
        pixels, labels = (keras.ops.convert_to_numpy(array) for array in (pixels, labels))
        images = np.clip(np.round(pixels), 0, 255).astype("uint8")
        parameters = parameters_of(images.shape[1:])
        clean += _right(predict, images, labels)
        for row, name in enumerate(names):
            for column, severity in enumerate(severities):
                damaged = [corrupt(image, name, severity, (seed, n + k)) for k, image in enumerate(images)]
                right[row, column] += _right(predict, np.stack(damaged), labels)
        n += len(images)
    if n == 0:
        raise ValueError("robustness: `batches` must hold at least one image, got none. Check the split of the data.")
    top1 = right / n
    return Robustness(
        n=n,
        clean_top1=clean / n,
        severities=severities,
        top1={name: tuple(map(float, row)) for name, row in zip(names, top1, strict=True)},
        mean_corruption_error=float(1 - top1.mean()),
        relative_corruption_error=float(clean / n - top1.mean()),
        parameters=parameters,
        seed=seed,
        left_out=tuple(name for name in (*CORRUPTIONS, *LEFT_OUT) if name not in names),
        deviations={name: CORRUPTIONS[name].deviation for name in names if CORRUPTIONS[name].deviation},
    )


def _right(predict, images, labels):
    answers = keras.ops.convert_to_numpy(predict(images.astype("float32")))
    return int((answers.argmax(axis=1) == labels).sum())
