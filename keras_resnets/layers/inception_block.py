"""GoogLeNet's inception module: four looks at the same map, side by side."""

import keras
from keras import ops

from keras_resnets.layers.conventions import TORCHVISION, conventions_from, convolution, normalization, to_config


@keras.saving.register_keras_serializable("keras_resnets")
class InceptionBlock(keras.layers.Layer):
    """Concatenates conv 1x1; conv 1x1, conv 3x3; conv 1x1, conv 5x5; max pool 3x3, conv 1x1, each with ReLU.

    filters: six numbers of channels as in the paper's table 1: 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool proj.
    large: px of the "5x5" kernel, odd: 5 (the paper, Caffe) or 3 (torchvision, a slip that its weights have learned).
    batch_norm: between each convolution and its ReLU.
    conventions: what the reference does where the paper is silent (`Conventions`).

    Shapes: (batch, height, width, channels) to (batch, height, width, sum of the four branches).
    Raises ValueError for other than six positive filters.
    Source: Szegedy et al. 2014, arXiv:1409.4842, figure 2b and table 1.
    """

    def __init__(self, filters, large=5, batch_norm=False, conventions=TORCHVISION, **kwargs):
        super().__init__(**kwargs)
        if len(filters) != 6 or min(filters) < 1:
            raise ValueError(
                f"InceptionBlock: `filters` must be six numbers of at least 1 (1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, "
                f"pool proj), got {tuple(filters)}."
            )
        self.filters, self.large, self.batch_norm = tuple(filters), large, batch_norm
        self.conventions = conventions_from(conventions)
        one, reduce3, three, reduce5, five, project = self.filters
        self.branch1x1 = self._branch("branch1x1", (one, 1))
        self.branch3x3 = self._branch("branch3x3", (reduce3, 1), (three, 3))
        self.branch5x5 = self._branch("branch5x5", (reduce5, 1), (five, large))
        self.branch_pool = self._branch("branch_pool", (project, 1), pooled=True)

    @property
    def branches(self):
        """In the order of the output's channels."""
        return (self.branch1x1, self.branch3x3, self.branch5x5, self.branch_pool)

    def build(self, shape):
        for branch in self.branches:
            branch.build(shape)

    def call(self, x, training=None):
        return ops.concatenate([branch(x, training=training) for branch in self.branches], axis=-1)

    def compute_output_shape(self, shape):
        one, _, three, _, five, project = self.filters
        return (*shape[:-1], one + three + five + project)

    def get_config(self):
        return super().get_config() | {
            "filters": self.filters,
            "large": self.large,
            "batch_norm": self.batch_norm,
            "conventions": to_config(self.conventions),
        }

    def _branch(self, name, *convolutions, pooled=False):
        policy = self.dtype_policy
        parts = [keras.layers.MaxPooling2D(3, 1, "same", name="pool", dtype=policy)] if pooled else []
        for number, (filters, size) in enumerate(convolutions, 1):
            parts += rectified(self.conventions, filters, size, number=number, batch_norm=self.batch_norm, dtype=policy)
        return keras.Sequential(parts, name=name)


def rectified(conventions, filters, size, strides=1, *, number, batch_norm, prefix="", dtype=None):
    """A convolution, batch norm where asked for, and ReLU: layers `conv1`, `bn1`, `relu1` for `number` 1."""
    norm = [normalization(conventions, name=f"{prefix}bn{number}", dtype=dtype)] if batch_norm else []
    return [
        *convolution(
            conventions, filters, size, strides, name=f"{prefix}conv{number}", dtype=dtype, normalized=batch_norm
        ),
        *norm,
        keras.layers.ReLU(name=f"{prefix}relu{number}", dtype=dtype),
    ]
