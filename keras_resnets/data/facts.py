"""What is known of data sets before any of it is read."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Facts:
    """A data set in numbers; those of channels are over its whole training split."""

    classes: int
    size: tuple[int | None, int | None, int]
    """Height and width in px (None: they vary) and channels."""
    train: int
    """Training images, before any are held out."""
    test: int
    """Test images."""
    mean: tuple[float, ...] | None = None
    """Of each channel, in 0..255, where networks share one by convention; None is computed from the images."""
    deviation: tuple[float, ...] | None = None
    test_split: str = "test"
    licence: str = "not stated by its authors"
    homepage: str = ""


def _pixels(*shares):
    return tuple(255 * share for share in shares)


DATASETS = {
    "digits": Facts(
        classes=10,
        size=(8, 8, 1),
        train=1297,
        test=500,
        licence="CC BY 4.0",
        homepage="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
    ),
    "cifar10": Facts(
        classes=10,
        size=(32, 32, 3),
        train=50_000,
        test=10_000,
        homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
    ),
    "cifar100": Facts(
        classes=100,
        size=(32, 32, 3),
        train=50_000,
        test=10_000,
        homepage="https://www.cs.toronto.edu/~kriz/cifar.html",
    ),
    "mnist": Facts(
        classes=10,
        size=(28, 28, 1),
        train=60_000,
        test=10_000,
        licence="CC BY-SA 3.0",
        homepage="http://yann.lecun.com/exdb/mnist/",
    ),
    "fashion_mnist": Facts(
        classes=10,
        size=(28, 28, 1),
        train=60_000,
        test=10_000,
        licence="MIT",
        homepage="https://github.com/zalandoresearch/fashion-mnist",
    ),
    "imagenet2012": Facts(
        classes=1000,
        size=(None, None, 3),
        train=1_281_167,
        test=50_000,
        mean=_pixels(0.485, 0.456, 0.406),
        deviation=_pixels(0.229, 0.224, 0.225),
        test_split="validation",  # the labels of its test split were never published
        licence="research and education only, on its own terms",
        homepage="https://image-net.org",
    ),
}
"""Known data sets by name. Any other tensorflow-datasets name works too; its facts come from its builder."""
