"""Three ingredients of corruptions: motion blur, a zoom into the center, and clouds.

Source: github.com/hendrycks/robustness, make_imagenet_c.py; the motion blur is that of ImageMagick, which it calls.
"""

import math

import numpy as np
from scipy import ndimage


def motion_blurred(x, radius, deviation, angle):
    """`x` (height, width, channels) smeared along a line to one side, by half a Gaussian.

    ImageMagick's MotionBlurImage: 2 * radius + 1 px along the line at `angle` degrees, rounded to whole px, weighted
    exp(-i^2 / (2 deviation^2)); what lies beyond the border repeats it.
    """
    reach = 2 * radius + 1
    weights = np.exp(-(np.arange(reach) ** 2) / (2 * deviation**2))
    weights /= weights.sum()
    height, width, _ = x.shape
    padded = np.pad(x, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    sine, cosine = math.sin(math.radians(angle)), math.cos(math.radians(angle))
    blurred = np.zeros_like(x)
    for step, weight in enumerate(weights):
        top, left = (reach + math.ceil(step * part - 0.5) for part in (sine, cosine))
        blurred += weight * padded[top : top + height, left : left + width]
    return blurred


def clipped_zoom(x, factor):
    """The center of `x` (height, width, channels) enlarged `factor` times, bilinearly, and cut to the size of `x`."""
    sizes = x.shape[:2]
    kept = [math.ceil(size / factor) for size in sizes]
    top, left = ((size - part) // 2 for size, part in zip(sizes, kept, strict=True))
    zoomed = ndimage.zoom(x[top : top + kept[0], left : left + kept[1]], (factor, factor, 1), order=1)
    top, left = ((have - size) // 2 for have, size in zip(zoomed.shape[:2], sizes, strict=True))
    return zoomed[top : top + sizes[0], left : left + sizes[1]]


def plasma(side, decay, generator):
    """Clouds: a fractal height map (side, side) from 0 to 1, by diamonds and squares on a torus.

    side: px, a power of two. decay: what the roughness is divided by at each halving of the step, above 1.
    """
    heights, step, wobble = np.zeros((side, side)), side, 100.0

    def mean_and_wobble(total):
        return total / 4 + wobble * generator.uniform(-wobble, wobble, total.shape)

    while step >= 2:
        half = step // 2
        corners = heights[::step, ::step]
        total = corners + np.roll(corners, -1, axis=0)
        heights[half::step, half::step] = mean_and_wobble(total + np.roll(total, -1, axis=1))
        centers = heights[half::step, half::step]
        beside = corners + np.roll(corners, -1, axis=1) + centers + np.roll(centers, 1, axis=0)
        heights[::step, half::step] = mean_and_wobble(beside)
        above = corners + np.roll(corners, -1, axis=0) + centers + np.roll(centers, 1, axis=1)
        heights[half::step, ::step] = mean_and_wobble(above)
        step, wobble = half, wobble / decay
    heights -= heights.min()
    return heights / heights.max()
