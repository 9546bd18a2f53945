"""What cameras, weather and compression do to an image, in five severities: Hendrycks and Dietterich 2019.

Source: arXiv:1903.12261 and its code, github.com/hendrycks/robustness (make_cifar_c.py, make_imagenet_c.py), whose
parameters stand in the table below: those of CIFAR-10-C for images of up to 64 px, those of ImageNet-C for larger ones
(they count px of 224). Formulas are the reference's, written with NumPy, SciPy and Pillow; `Corruption.deviation` says
where ours differ. Frost is left out: it lays photographs of frost over an image, which we don't ship. ImageNet-C is
also stored as JPEG of quality 85, which is not done here. Results are therefore near those on the published files, and
strictly comparable only with one another.
"""

import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from keras_resnets.evaluation.weather import clipped_zoom, motion_blurred, plasma

SMALL_SIDE = 64
"""px of the shorter side up to which the parameters of CIFAR-10-C hold."""
LEFT_OUT = ("frost",)
"""Of the reference's fifteen, those that are not here."""
GRAY = (0.299, 0.587, 0.114)
"""Luma of red, green, blue (ITU-R BT.601)."""


@dataclass(frozen=True, kw_only=True)
class Corruption:
    """One kind of damage."""

    distort: Callable
    """(image, generator, *parameters) to an image: floats in [0, 1], (height, width, channels); clipped afterwards."""
    small: tuple
    """Parameters of each severity, 1 to 5, as CIFAR-10-C."""
    large: tuple
    """The same as ImageNet-C."""
    deviation: str = ""
    """In what the result differs from the reference's, else ""."""


def corrupt(image, name, severity, seed=0):
    """`image` damaged by `name`, a key of CORRUPTIONS; the same seed gives the same image.

    image: uint8, (height, width, 1 or 3). severity: 1 to 5. seed: a whole number, or a sequence of them.
    Raises ValueError for another name, severity or image.
    """
    check(name, severity)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in (1, 3):
        raise ValueError(
            f"corrupt: `image` must be uint8 of shape (height, width, 1 or 3), got {image.dtype} of {image.shape}. "
            "Round pixels 0 to 255 first."
        )
    row = CORRUPTIONS[name]
    parameters = (row.small if parameters_of(image.shape) == "CIFAR-10-C" else row.large)[severity - 1]
    generator = np.random.default_rng([*np.atleast_1d(seed), zlib.crc32(name.encode()), severity])
    damaged = row.distort(image / 255, generator, *parameters)
    # Cut off as the reference does; the small number keeps 254.999... of an exact 255 from losing a level.
    return (np.clip(damaged, 0, 1) * 255 + 1e-6).astype("uint8")


def parameters_of(shape):
    """Whose parameters images of `shape` (height, width, ...) get: "CIFAR-10-C" or "ImageNet-C"."""
    return "CIFAR-10-C" if min(shape[:2]) <= SMALL_SIDE else "ImageNet-C"


def check(name, severity):
    """Raises ValueError for a name or a severity that there is not."""
    if name not in CORRUPTIONS:
        why = " That one needs pictures of frost, which are not shipped." if name in LEFT_OUT else ""
        raise ValueError(f"corrupt: `name` must be one of {', '.join(CORRUPTIONS)}, got {name!r}.{why}")
    if severity not in range(1, 6):
        raise ValueError(f"corrupt: `severity` must be 1, 2, 3, 4 or 5, got {severity!r}.")


def gaussian_noise(x, generator, deviation):
    return x + generator.normal(0, deviation, x.shape)


def shot_noise(x, generator, photons):
    return generator.poisson(x * photons) / photons


def impulse_noise(x, generator, share):
    """Salt and pepper on each channel apart."""
    hit, salt = generator.random(x.shape) < share, generator.random(x.shape) < 0.5
    return np.where(hit, salt, x)


def defocus_blur(x, generator, radius, antialiasing):
    """A disk, its edge softened by a Gaussian of 3 or 5 px, as OpenCV's filters have it at the borders."""
    reach = np.arange(-max(radius, 8), max(radius, 8) + 1)
    disk = (reach[:, None] ** 2 + reach**2 <= radius**2).astype(float)
    disk /= disk.sum()
    near = np.arange(-1, 2) if radius <= 8 else np.arange(-2, 3)
    soft = np.exp(-(near**2) / (2 * antialiasing**2))
    for axis in (0, 1):
        disk = ndimage.correlate1d(disk, soft / soft.sum(), axis, mode="mirror")
    return ndimage.correlate(x, disk[..., None], mode="mirror")


def glass_blur(x, generator, deviation, reach, rounds):
    """Blurs, lets each pixel take the place of another at most `reach` px away, and blurs again.

    The reference means to exchange two pixels but, through NumPy's views, copies one over the other; so do we.
    """

    def blur(image):
        return ndimage.gaussian_filter(image, (deviation, deviation, 0), mode="nearest")

    height, width, channels = x.shape
    rows, columns = np.arange(height - reach, reach, -1), np.arange(width - reach, reach, -1)
    here = (rows[:, None] * width + columns).ravel()
    source = list(range(height * width))
    for _ in range(rounds):
        steps = generator.integers(-reach, reach, (len(here), 2))
        there = here + steps[:, 1] * width + steps[:, 0]
        for position, other in zip(here.tolist(), there.tolist(), strict=True):
            source[position] = source[other]  # in order: what was moved may move on
    pixels = np.floor(blur(x) * 255 + 1e-6) / 255
    return blur(pixels.reshape(-1, channels)[source].reshape(x.shape))


def motion_blur(x, generator, radius, deviation):
    return motion_blurred(x, radius, deviation, generator.uniform(-45, 45))


def zoom_blur(x, generator, stop, step):
    factors = np.arange(1, stop, step)
    return (x + sum(clipped_zoom(x, factor) for factor in factors)) / (len(factors) + 1)


def snow(x, generator, mean, deviation, zoom, threshold, radius, blur, share):
    flakes = clipped_zoom(generator.normal(mean, deviation, x.shape[:2])[..., None], zoom)
    flakes = np.floor(np.clip(np.where(flakes < threshold, 0, flakes), 0, 1) * 255) / 255
    flakes = motion_blurred(flakes, radius, blur, generator.uniform(-135, -45))
    gray = (x @ np.array(GRAY))[..., None] if x.shape[2] == 3 else x
    bleached = share * x + (1 - share) * np.maximum(x, 1.5 * gray + 0.5)
    return bleached + flakes + np.rot90(flakes, 2)


def fog(x, generator, amount, decay):
    side = 2 ** (max(x.shape[:2]) - 1).bit_length()
    clouds = plasma(side, decay, generator)[: x.shape[0], : x.shape[1], None]
    return (x + amount * clouds) * x.max() / (x.max() + amount)


def brightness(x, generator, amount):
    """Raises the value of HSV: the largest channel, the others in proportion."""
    value = x.max(axis=2, keepdims=True)
    raised = np.minimum(value + amount, 1)
    return np.where(value > 0, x * raised / np.where(value > 0, value, 1), raised)


def contrast(x, generator, share):
    mean = x.mean(axis=(0, 1), keepdims=True)
    return (x - mean) * share + mean


def elastic_transform(x, generator, amplitude, smoothness, affine):
    """An affine map that moves three points by up to `affine` px, then a smooth random displacement."""
    height, width, _ = x.shape
    center, reach = np.array([height // 2, width // 2]), min(height, width) // 3
    fixed = center + reach * np.array([[1, 1], [1, -1], [-1, -1]])
    moved = fixed + generator.uniform(-affine, affine, fixed.shape)
    # From the image made back to the one given: a row (row, column, 1) times `back` is (row, column).
    back = np.linalg.solve(np.column_stack([moved, np.ones(3)]), fixed)

    def displacement():
        noise = generator.uniform(-1, 1, (height, width))
        return ndimage.gaussian_filter(noise, smoothness, mode="reflect", truncate=3) * amplitude

    rows, columns = np.mgrid[:height, :width]
    places = np.stack([rows + displacement(), columns + displacement()])

    def bend(channel):
        straight = ndimage.affine_transform(channel, back[:2].T, back[2], order=1, mode="mirror")
        return ndimage.map_coordinates(straight, places, order=1, mode="reflect")

    return np.stack([bend(x[..., channel]) for channel in range(x.shape[2])], axis=-1)


def pixelate(x, generator, share):
    image = _picture(x)
    small = image.resize((int(image.width * share), int(image.height * share)), Image.Resampling.BOX)
    return _array(small.resize(image.size, Image.Resampling.BOX))


def jpeg_compression(x, generator, quality):
    file = io.BytesIO()
    _picture(x).save(file, "JPEG", quality=quality)
    return _array(Image.open(file))


def _picture(x):
    pixels = np.round(x * 255).astype("uint8")
    return Image.fromarray(pixels[..., 0] if x.shape[2] == 1 else pixels)


def _array(image):
    pixels = np.asarray(image) / 255
    return pixels[..., None] if pixels.ndim == 2 else pixels


def _each(*values):
    return tuple((value,) for value in values)


MAGICK = "ImageMagick's motion blur by its formula in NumPy, without its rounding to 16 bits"

CORRUPTIONS = {
    "gaussian_noise": Corruption(
        distort=gaussian_noise,
        small=_each(0.04, 0.06, 0.08, 0.09, 0.10),
        large=_each(0.08, 0.12, 0.18, 0.26, 0.38),
    ),
    "shot_noise": Corruption(distort=shot_noise, small=_each(500, 250, 100, 75, 50), large=_each(60, 25, 12, 5, 3)),
    "impulse_noise": Corruption(
        distort=impulse_noise, small=_each(0.01, 0.02, 0.03, 0.05, 0.07), large=_each(0.03, 0.06, 0.09, 0.17, 0.27)
    ),
    "defocus_blur": Corruption(
        distort=defocus_blur,
        small=((0.3, 0.4), (0.4, 0.5), (0.5, 0.6), (1, 0.2), (1.5, 0.1)),
        large=((3, 0.1), (4, 0.5), (6, 0.5), (8, 0.5), (10, 0.5)),
    ),
    "glass_blur": Corruption(
        distort=glass_blur,
        small=((0.05, 1, 1), (0.25, 1, 1), (0.4, 1, 1), (0.25, 1, 2), (0.4, 1, 2)),
        large=((0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)),
    ),
    "motion_blur": Corruption(
        distort=motion_blur,
        small=((6, 1), (6, 1.5), (6, 2), (8, 2), (9, 2.5)),
        large=((10, 3), (15, 5), (15, 8), (15, 12), (20, 15)),
        deviation=MAGICK,
    ),
    "zoom_blur": Corruption(
        distort=zoom_blur,
        small=((1.06, 0.01), (1.11, 0.01), (1.16, 0.01), (1.21, 0.01), (1.26, 0.01)),
        large=((1.11, 0.01), (1.16, 0.01), (1.21, 0.02), (1.26, 0.02), (1.31, 0.03)),
    ),
    "snow": Corruption(
        distort=snow,
        small=(
            (0.1, 0.2, 1, 0.6, 8, 3, 0.95),
            (0.1, 0.2, 1, 0.5, 10, 4, 0.9),
            (0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
            (0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
            (0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
        ),
        large=(
            (0.1, 0.3, 3, 0.5, 10, 4, 0.8),
            (0.2, 0.3, 2, 0.5, 12, 4, 0.7),
            (0.55, 0.3, 4, 0.9, 12, 8, 0.7),
            (0.55, 0.3, 4.5, 0.85, 12, 8, 0.65),
            (0.55, 0.3, 2.5, 0.85, 12, 12, 0.55),
        ),
        deviation=MAGICK,
    ),
    "fog": Corruption(
        distort=fog,
        small=((0.2, 3), (0.5, 3), (0.75, 2.5), (1, 2), (1.5, 1.75)),
        large=((1.5, 2), (2, 2), (2.5, 1.7), (2.5, 1.5), (3, 1.4)),
    ),
    "brightness": Corruption(
        distort=brightness, small=_each(0.05, 0.1, 0.15, 0.2, 0.3), large=_each(0.1, 0.2, 0.3, 0.4, 0.5)
    ),
    "contrast": Corruption(
        distort=contrast, small=_each(0.75, 0.5, 0.4, 0.3, 0.15), large=_each(0.4, 0.3, 0.2, 0.1, 0.05)
    ),
    "elastic_transform": Corruption(
        distort=elastic_transform,
        small=((0, 0, 2.56), (1.6, 6.4, 2.24), (2.56, 1.92, 1.92), (3.2, 1.28, 1.6), (3.2, 0.96, 0.96)),
        large=((488, 170.8, 24.4), (488, 19.52, 48.8), (12.2, 2.44, 4.88), (17.08, 2.44, 4.88), (29.28, 2.44, 4.88)),
        deviation="the affine map is interpolated exactly, where OpenCV rounds places to 1/32 px",
    ),
    "pixelate": Corruption(
        distort=pixelate, small=_each(0.95, 0.9, 0.85, 0.75, 0.65), large=_each(0.6, 0.5, 0.4, 0.3, 0.25)
    ),
    "jpeg_compression": Corruption(
        distort=jpeg_compression, small=_each(80, 65, 58, 50, 40), large=_each(25, 18, 15, 10, 7)
    ),
}
"""Fourteen of the reference's fifteen, in its order; severity 1 first."""
