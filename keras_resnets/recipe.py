"""The schema of a run: every knob that exists, as frozen data with units, ranges and defaults.

A `Recipe` says everything about a run and nothing about the machine or the folder it runs in, so that it can be
printed, compared, saved as JSON and read back. The defaults are the embedded main job: a ResNet-20 on the
scikit-learn digits. The pages in `recipes/` fill it with what the papers did.
"""

import dataclasses
import difflib
import typing
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Data:
    """Which images a network sees, in what size, and in batches of how many."""

    name: str = "digits"
    """`digits` (scikit-learn, offline), any tensorflow-datasets name, or `folder:PATH` (one sub-folder a class, or
    train/ and test/ within)."""
    directory: str | None = None
    """Prepared tensorflow-datasets, only read; None is their default directory, downloaded into if need be."""
    batch_size: int = 128
    """Images a step, summed over all replicas; at least 1."""
    validation: float = 0.1
    """Share of the training images held out for validation, in [0, 1); 0 holds out none."""
    watch: Literal["validation", "test"] = "validation"
    """Evaluated after each epoch: the images held out or, for a figure, the test images; nothing is chosen by these."""
    image_size: int | None = None
    """px of height and width that images are resized to; None keeps their size, or takes 224 where sizes vary."""
    test_size: int | None = None
    """px of height and width in validation and test; None is that of training. NFNets test larger than they train."""
    resize: Literal["squash", "shorter_side", "resize_crop_32", "crop_resize"] = "squash"
    """How a whole image becomes a square. `squash`: both sides to the size. `shorter_side`: the shorter side to the
    size over `resize_ratio`, then the center (He et al. 2015). `resize_crop_32`: both sides to the size + 32, then the
    center (NFNet). `crop_resize`: the center of size / (size + 32) of the shorter side (DeepMind's ResNets)."""
    resize_ratio: float = 0.875
    """`shorter_side` only: the size over the shorter side, in (0, 1]; 224 / 256 is usual."""
    interpolation: Literal["bilinear", "bicubic"] = "bilinear"
    """How pixels are interpolated when images or crops are resized."""
    antialias: bool = True
    """Average over all the pixels that one replaces when shrinking; TensorFlow's code of the papers does not."""
    normalization: Literal["channel", "pixel-mean", "none"] = "channel"
    """What the network subtracts and divides by: each channel's mean and deviation, the mean image (He et al. 2015), or
    nothing."""
    corrupt: Literal["skip", "fail"] = "skip"
    """What to do with an image of a folder that can't be decoded: skip it by name and count it, or fail."""
    cache: bool = True
    """Keep decoded images in memory after the first epoch; random crops of larger files are decoded anew in each."""


@dataclass(frozen=True, kw_only=True)
class Augment:
    """What happens to a training image after it is read; all of it is off in evaluation."""

    crop: Literal["none", "inception", "scale"] = "none"
    """Part of the image that is resized and seen. `none`: as in evaluation. `inception`: any of `crop_area` and
    `crop_ratio` (Szegedy et al. 2015). `scale`: the shorter side to some px of `crop_scale`, then a random window (He
    et al. 2015)."""
    crop_area: tuple[float, float] = (0.08, 1.0)
    """`inception` only: smallest and largest share of the image's area, in (0, 1]."""
    crop_ratio: tuple[float, float] = (3 / 4, 4 / 3)
    """`inception` only: smallest and largest width over height."""
    crop_scale: tuple[int, int] = (256, 480)
    """`scale` only: smallest and largest px of the shorter side; the smallest at least the images' size."""
    crop_padding: int = 0
    """px of black around the image before a random crop of its own size; 0 is off."""
    flip: bool = False
    """Mirror left to right with probability 1/2."""
    color_jitter: float = 0.0
    """Brightness, contrast and saturation, in random order, each times 1 - this to 1 + this; in [0, 1], 0 is off.
    Howard 2013 has 0.5."""
    lighting: float = 0.0
    """Deviation of the weights of the principal components of color that are added; 0 is off. AlexNet has 0.1."""
    rand_augment: int = 0
    """Operations RandAugment applies to each image; 0 is off."""
    rand_augment_policy: Literal["keras", "nfnet"] = "keras"
    """Whose operations: those of Keras' layer, or the sixteen that NFNets were trained with."""
    rand_augment_magnitude: float = 0.5
    """`keras` only: strength of those operations, in [0, 1]."""
    rand_augment_level: int = 10
    """`nfnet` only: strength of those operations, 10 of 10 and up to 20; 5 for NFNet-F0, 10 to F2, 15 from F3."""
    erase: float = 0.0
    """Largest share of the area that random erasing fills with noise, in half of the images; in [0, 1), 0 is off."""
    mixing: Literal["batch", "nfnet"] = "batch"
    """`batch`: after all else, the batch with itself, MixUp or CutMix by a coin a step. `nfnet`: before RandAugment,
    twice as many images as the batch has in pairs, the first half of the pairs by MixUp, the others by CutMix."""
    mixup: float = 0.0
    """Parameter of MixUp's beta distribution; 0 is off."""
    cutmix: float = 0.0
    """Parameter of CutMix' beta distribution, at most 1; 0 is off."""


@dataclass(frozen=True, kw_only=True)
class Optimizer:
    """How gradients become updates."""

    kind: Literal["sgd", "rmsprop"] = "sgd"
    """Stochastic gradient descent as PyTorch and DeepMind write it, or RMSProp (MobileNet, EfficientNet)."""
    momentum: float = 0.9
    """Share of the last step carried into the next, in [0, 1)."""
    nesterov: bool = False
    """Look ahead along the momentum (Nesterov); `sgd` only."""
    rho: float = 0.9
    """`rmsprop` only: share of the mean square gradient carried into the next step, in [0, 1)."""
    epsilon: float = 1e-3
    """`rmsprop` only: added to the mean square gradient before the root."""
    weight_decay: float = 1e-4
    """Coupled L2 decay: this times the weight is added to its gradient; 0 is off."""
    weight_decay_exempt: tuple[str, ...] = ()
    """Weights whose path holds one of these words are not decayed; He et al. 2015 decay all."""
    clipping: float | None = None
    """Adaptive gradient clipping: largest ratio of gradient norm to weight norm, e.g. 0.01; None is off."""
    clipping_epsilon: float = 1e-3
    """Smallest weight norm that clipping assumes."""
    clipping_exempt: tuple[str, ...] = ("predictions/kernel",)
    """Weights whose path holds one of these words are not clipped; Brock et al. 2021 exempt the classifier's kernel."""
    sharpness: float = 0.0
    """Sharpness-aware minimization: radius rho of the step uphill before the gradient is taken, e.g. 0.05; 0 is off."""
    sharpness_share: float = 1.0
    """Share of the batch that the step uphill is taken on, in (0, 1]; Brock et al. 2021 use 0.2."""
    micro_batches: int = 1
    """Equal parts that a batch is computed in, one after the other, to fit into memory; one update for all."""


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """The learning rate at each step: linear warm-up to `peak`, then steps down or half a cosine."""

    kind: Literal["steps", "cosine"] = "steps"
    """`steps` divides at `drops`, `cosine` falls smoothly to `end`."""
    peak: float = 0.1
    """Learning rate after the warm-up."""
    warmup_steps: int = 0
    """Updates before `peak` is reached."""
    warmup_from: float = 0.0
    """Learning rate that the warm-up starts from."""
    warmup_kind: Literal["linear", "constant"] = "linear"
    """Rise to `peak` in a line, or stay at `warmup_from` and then jump (ResNet-110)."""
    drops: tuple[float, ...] = (0.5, 0.75)
    """`steps` only: shares of the run, in (0, 1), after which the rate is multiplied by `drop_factor`."""
    drop_factor: float = 0.1
    """`steps` only: what the rate is multiplied by at each drop."""
    end: float = 0.0
    """`cosine` only: learning rate at the last step."""


@dataclass(frozen=True, kw_only=True)
class Average:
    """An exponential moving average of the weights and batch statistics: what is evaluated and kept, if it is on."""

    decay: float = 0.0
    """Share of the average carried into the next step, in [0, 1), e.g. 0.9999; 0 is off."""
    warmup: bool = True
    """Carry at most (1 + t) / (10 + t) after t updates, so that the first weights are soon forgotten."""
    recalibrate: int = 0
    """Training batches that batch norm's statistics are taken from afresh for the averaged weights; 0 averages them."""


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What happens when the loss, a gradient or a weight is not a finite number: the update is skipped and counted."""

    skips: int = 20
    """Updates skipped in a row that end the run; at least 1. The last good checkpoint stays."""
    rollbacks: int = 0
    """Times the run goes back to the last good checkpoint, with a lower learning rate, instead of ending."""
    rollback_factor: float = 0.5
    """What the learning rate is multiplied by at each rollback, in (0, 1]."""


@dataclass(frozen=True, kw_only=True)
class FineTune:
    """Going on from a trained network: where it comes from, what of it trains, when, and how fast. Off by default."""

    weights: str | None = None
    """A `.keras` file of ours (of a run, or of `keras-resnets port`), which brings its preprocessing and its image size
    along; or `imagenet` or another tag of `keras-resnets list`, which is downloaded. None trains from scratch."""
    preprocessing: Literal["file", "torch", "tf", "none"] = "file"
    """What the weights expect: `file`: what their file holds, or what their authors published; else a mode of
    `preprocess_input`, for a file that holds none."""
    head: Literal["new", "keep"] = "new"
    """Start the classifier anew, or keep the file's, whose classes must be the same in the same order."""
    method: Literal["all", "head", "ssf", "batch_norm"] = "all"
    """What trains besides the head: all weights; nothing; a scale and a shift a channel, merged when saved (Lian et al.
    2022); or batch norm's gamma and beta (Frankle et al. 2020)."""
    unfreeze: tuple[float, ...] = (0.2, 0.5)
    """Shares of the run, rising in [0, 1), at which stages join in, as many each time and from the top; before the
    first the head trains alone. Rounded to epochs; () trains all from the start."""
    frozen_stages: int = 0
    """Stages at the bottom, the stem being the first, that never train."""
    rate_factor: float = 0.5
    """What the learning rate is multiplied by from the head to the last stage, and from each stage to the one below, in
    (0, 1]; Howard and Ruder 2018 take 1 / 2.6."""
    batch_statistics: Literal["frozen", "moving"] = "frozen"
    """Normalize by the pretrained statistics in training too, or let those of the stages that train follow the new
    images, which takes large batches."""
    input_check: Literal["fail", "warn", "off"] = "fail"
    """What to do where the network doesn't recognize the photos' range of pixels: wrong preprocessing."""


@dataclass(frozen=True, kw_only=True)
class Export:
    """What a finished run leaves for others to use."""

    formats: tuple[Literal["saved_model", "tflite"], ...] = ("saved_model", "tflite")
    """Formats beside the Keras file; none is allowed."""
    verify_images: int = 256
    """Test images on which every format must agree with the Keras model; at least 1."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything about a run: the same recipe on the same machine gives the same network."""

    model: str = "ResNet20"
    """A constructor or catalogue name; `keras-resnets list` shows them."""
    model_options: dict[str, int | float | str] = field(default_factory=dict)
    """Keyword arguments for the model's constructor, e.g. `shortcut B`."""
    data: Data = field(default_factory=lambda: Data(batch_size=64))
    augment: Augment = field(default_factory=lambda: Augment(crop_padding=1))
    optimizer: Optimizer = field(default_factory=lambda: Optimizer(clipping=0.02))
    schedule: Schedule = field(default_factory=Schedule)
    average: Average = field(default_factory=Average)
    faults: Faults = field(default_factory=Faults)
    fine_tune: FineTune = field(default_factory=FineTune)
    steps: int = 800
    """Updates of the weights; at least 1."""
    epoch_steps: int | None = None
    """Updates between validations; None is one pass over the training images."""
    checkpoint_steps: int | None = None
    """Updates between checkpoints; None is one after each epoch, where one is always made."""
    patience: int | None = None
    """Epochs in a row without a better validation that end the run, which then keeps its best network; better is a
    higher top-1, or the same at a lower loss. None trains to the last step and keeps the last network."""
    loss: Literal["cross_entropy", "binary_cross_entropy"] = "cross_entropy"
    """One class of all, or a yes or no to each (Wightman et al. 2021)."""
    label_smoothing: float = 0.0
    """Share of the label spread over all classes, in [0, 1)."""
    class_weights: Literal["none", "balanced"] = "none"
    """`balanced` weighs each image by the inverse of its class' frequency, 1 on average: rare classes count as much."""
    mixed_precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    """Keras dtype policy of the network; `mixed_float16` scales the loss dynamically."""
    synchronized_batch_norm: bool = True
    """On several replicas, take batch norm's statistics from the whole batch, as one device does, or each its own."""
    jit_compile: Literal["auto", "always", "never"] = "auto"
    """Compile the train step with XLA; `auto` does so on a GPU (on most CPUs it is slower)."""
    deterministic: bool = False
    """Ask TensorFlow for bit-reproducible kernels (`tf.config.experimental.enable_op_determinism`)."""
    seed: int = 0
    """Of the initial weights, the data order and the augmentation."""
    export: Export = field(default_factory=Export)

    def __post_init__(self):
        check(self)


RULES = {
    "steps": (lambda v: v >= 1, "must be at least 1"),
    "epoch_steps": (lambda v: v is None or v >= 1, "must be at least 1, or None for one pass over the data"),
    "checkpoint_steps": (lambda v: v is None or v >= 1, "must be at least 1, or None for one after each epoch"),
    "label_smoothing": (lambda v: 0 <= v < 1, "must be in [0, 1)"),
    "data.batch_size": (lambda v: v >= 1, "must be at least 1"),
    "data.validation": (lambda v: 0 <= v < 1, "must be in [0, 1); 0 holds out none"),
    "data.image_size": (lambda v: v is None or v >= 1, "must be at least 1 px, or None for the images' own size"),
    "data.test_size": (lambda v: v is None or v >= 1, "must be at least 1 px, or None for the size of training"),
    "data.resize_ratio": (lambda v: 0 < v <= 1, "must be in (0, 1]"),
    "augment.crop_area": (lambda v: 0 < v[0] <= v[1] <= 1, "must be two rising shares in (0, 1]"),
    "augment.crop_ratio": (lambda v: 0 < v[0] <= v[1], "must be two rising ratios of width over height"),
    "augment.crop_scale": (lambda v: 1 <= v[0] <= v[1], "must be two rising numbers of px"),
    "augment.color_jitter": (lambda v: 0 <= v <= 1, "must be in [0, 1]; 0 is off"),
    "augment.lighting": (lambda v: v >= 0, "must be 0 (off) or positive"),
    "augment.rand_augment_level": (lambda v: 0 <= v <= 20, "must be in [0, 20]"),
    "augment.crop_padding": (lambda v: v >= 0, "must be 0 (off) or a number of px"),
    "augment.rand_augment": (lambda v: v >= 0, "must be 0 (off) or a number of operations"),
    "augment.rand_augment_magnitude": (lambda v: 0 <= v <= 1, "must be in [0, 1]"),
    "augment.erase": (lambda v: 0 <= v < 1, "must be in [0, 1); 0 is off"),
    "augment.mixup": (lambda v: v >= 0, "must be 0 (off) or positive"),
    "augment.cutmix": (lambda v: 0 <= v <= 1, "must be in [0, 1]; 0 is off"),
    "optimizer.momentum": (lambda v: 0 <= v < 1, "must be in [0, 1)"),
    "optimizer.weight_decay": (lambda v: v >= 0, "must be 0 (off) or positive"),
    "optimizer.clipping": (lambda v: v is None or v > 0, "must be positive, or None for no clipping"),
    "optimizer.clipping_epsilon": (lambda v: v > 0, "must be positive"),
    "optimizer.rho": (lambda v: 0 <= v < 1, "must be in [0, 1)"),
    "optimizer.epsilon": (lambda v: v > 0, "must be positive"),
    "optimizer.sharpness": (lambda v: v >= 0, "must be 0 (off) or a positive radius, e.g. 0.05"),
    "optimizer.sharpness_share": (lambda v: 0 < v <= 1, "must be in (0, 1]"),
    "optimizer.micro_batches": (lambda v: v >= 1, "must be at least 1"),
    "average.decay": (lambda v: 0 <= v < 1, "must be in [0, 1); 0 is off"),
    "average.recalibrate": (lambda v: v >= 0, "must be 0 (off) or a number of batches"),
    "faults.skips": (lambda v: v >= 1, "must be at least 1"),
    "faults.rollbacks": (lambda v: v >= 0, "must be 0 (off) or positive"),
    "faults.rollback_factor": (lambda v: 0 < v <= 1, "must be in (0, 1]"),
    "fine_tune.unfreeze": (
        lambda v: list(v) == sorted(v) and all(0 <= share < 1 for share in v),
        "must rise within [0, 1): shares of the run, not steps",
    ),
    "fine_tune.frozen_stages": (lambda v: v >= 0, "must be 0 (none) or positive"),
    "fine_tune.rate_factor": (lambda v: 0 < v <= 1, "must be in (0, 1]"),
    "patience": (lambda v: v is None or v >= 1, "must be at least 1 epoch, or None to train to the last step"),
    "schedule.peak": (lambda v: v > 0, "must be positive"),
    "schedule.warmup_steps": (lambda v: v >= 0, "must be 0 (no warm-up) or positive"),
    "schedule.warmup_from": (lambda v: v >= 0, "must be 0 or positive"),
    "schedule.drops": (
        lambda v: list(v) == sorted(v) and all(0 < drop < 1 for drop in v),
        "must rise within (0, 1): shares of the run, not steps",
    ),
    "schedule.drop_factor": (lambda v: v > 0, "must be positive"),
    "schedule.end": (lambda v: v >= 0, "must be 0 or positive"),
    "export.verify_images": (lambda v: v >= 1, "must be at least 1"),
}


def check(recipe):
    """Raises ValueError for the first field of `recipe` outside its range."""
    for path, (holds, rule) in RULES.items():
        value = get(recipe, path)
        if not holds(value):
            raise ValueError(f"Recipe: `{path}` {rule}, got {value!r}.")
    if recipe.schedule.warmup_steps > recipe.steps:
        raise ValueError(
            f"Recipe: `schedule.warmup_steps` must be at most `steps` ({recipe.steps}), "
            f"got {recipe.schedule.warmup_steps}. Train longer or warm up less."
        )
    if recipe.data.batch_size % recipe.optimizer.micro_batches:
        raise ValueError(
            f"Recipe: `optimizer.micro_batches` must divide `data.batch_size` ({recipe.data.batch_size}), "
            f"got {recipe.optimizer.micro_batches}."
        )
    if recipe.patience is not None and recipe.data.watch == "test":
        raise ValueError(
            "Recipe: `patience` needs `data.watch validation`, got `test`: nothing is chosen by test images."
        )
    if recipe.fine_tune.method != "all" and recipe.fine_tune.weights is None:
        raise ValueError(
            f"Recipe: `fine_tune.method` {recipe.fine_tune.method!r} trains a part of a trained network, so it needs "
            "`fine_tune.weights`, got None. Name a `.keras` file, or train `all`."
        )
    frozen = recipe.fine_tune.weights is not None and recipe.fine_tune.batch_statistics == "frozen"
    if recipe.average.recalibrate and frozen:
        raise ValueError(
            f"Recipe: `average.recalibrate` must be 0 while `fine_tune.batch_statistics` is 'frozen', got "
            f"{recipe.average.recalibrate}: statistics either stay or are taken afresh. Use 'moving', or 0."
        )
    if recipe.augment.mixing == "nfnet" and not recipe.augment.mixup + recipe.augment.cutmix:
        raise ValueError(
            "Recipe: `augment.mixing nfnet` needs `augment.mixup` or `augment.cutmix` above 0, got 0 for both. "
            "NFNets have 0.2 and 1; to mix nothing, use `batch`."
        )


def get(recipe, path):
    """The value at a dotted path, e.g. "schedule.peak"; ValueError if there is none such."""
    for key in path.split("."):
        recipe = getattr(recipe, _field(recipe, key, path).name)
    return recipe


def override(recipe, changes):
    """`recipe` with fields replaced by dotted path, e.g. {"schedule.peak": 0.05}; ValueError if there is none such."""
    for path, value in changes.items():
        recipe = _replace(recipe, path.split("."), value, path)
    return recipe


def to_dict(recipe):
    """`recipe` as JSON-ready dictionaries and lists."""
    return dataclasses.asdict(recipe)


def from_dict(values, cls=Recipe):
    """The inverse of `to_dict`; ValueError names a key that is no field."""
    hints = typing.get_type_hints(cls)
    for key in values:
        _field(cls, key, key)
    return cls(**{key: _convert(value, hints[key]) for key, value in values.items()})


def differences(before, after):
    """{dotted path: (value before, value after)} of every field in which two recipes differ."""
    one, two = _flatten(before), _flatten(after)
    return {path: (one.get(path), two.get(path)) for path in {**one, **two} if one.get(path) != two.get(path)}


def _replace(node, keys, value, path):
    name = _field(node, keys[0], path).name
    if keys[1:]:
        value = _replace(getattr(node, name), keys[1:], value, path)
    return dataclasses.replace(node, **{name: value})


def _field(node, key, path):
    fields = {f.name: f for f in dataclasses.fields(node)} if dataclasses.is_dataclass(node) else {}
    if key not in fields:
        owner = node.__name__ if isinstance(node, type) else type(node).__name__
        near = difflib.get_close_matches(key, fields, n=1)
        hint = f" Did you mean `{near[0]}`?" if near else ""
        raise ValueError(f"No recipe field `{path}`: {owner} has {', '.join(fields) or 'no fields'}.{hint}")
    return fields[key]


def _convert(value, hint):
    if dataclasses.is_dataclass(hint):
        return from_dict(value, hint)
    if isinstance(value, dict):
        return {key: _convert(item, Any) for key, item in value.items()}
    return tuple(value) if isinstance(value, list) else value  # JSON knows no tuples, a recipe has no lists


def _flatten(node, prefix=""):
    values = {}
    for f in dataclasses.fields(node):
        value = getattr(node, f.name)
        if dataclasses.is_dataclass(value):
            values |= _flatten(value, f"{prefix}{f.name}.")
        else:
            values[prefix + f.name] = value
    return values
