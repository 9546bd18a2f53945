"""One map brought to the size of another, so that both can be concatenated."""

import keras
from keras import ops

ALIGNMENTS = ("center", "start")


@keras.saving.register_keras_serializable("keras_resnets")
class FitSize(keras.layers.Layer):
    """Crops a map where it is larger than another, and pads it with zeros where it is smaller.

    align: "center" takes away or adds the same on both sides (the odd pixel at the end), as UNet's skips of valid
        convolutions; "start" does so at the end only, as decoders whose encoder rounds odd sides up.
    Called on the map and, as `like`, the one whose height and width it takes.
    Shapes: (batch, height, width, channels) and (batch, height', width', any) to (batch, height', width', channels).
    Raises ValueError for another alignment.
    Source: Ronneberger et al. 2015, arXiv:1505.04597, figure 1 ("copy and crop").
    """

    def __init__(self, align="center", **kwargs):
        super().__init__(**kwargs)
        if align not in ALIGNMENTS:
            raise ValueError(f"FitSize: `align` must be one of {', '.join(ALIGNMENTS)}, got {align!r}.")
        self.align = align

    def call(self, x, like):
        pads, slices = [[0, 0]], [slice(None)]
        for side, wanted in zip(ops.shape(x)[1:3], ops.shape(like)[1:3], strict=True):
            excess, missing = _positive(side - wanted), _positive(wanted - side)
            before = missing // 2 if self.align == "center" else 0
            start = excess // 2 if self.align == "center" else 0
            pads.append([before, missing - before])
            slices.append(slice(start, start + wanted))
        if any(not isinstance(size, int) or size for pair in pads for size in pair):
            x = ops.pad(x, [*pads, [0, 0]])
        return x[tuple(slices)]

    def compute_output_shape(self, x_shape, like_shape):
        return (x_shape[0], *like_shape[1:3], x_shape[-1])

    def get_config(self):
        return super().get_config() | {"align": self.align}


def _positive(size):
    """max(size, 0), for numbers and for sizes known only while the network runs."""
    return max(size, 0) if isinstance(size, int) else ops.maximum(size, 0)
