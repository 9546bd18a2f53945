"""How good a model is: its measures, views of an image at test time, two models compared, robustness to damage."""

from keras_resnets.evaluation.comparison import Comparison, compare
from keras_resnets.evaluation.corruptions import CORRUPTIONS, corrupt
from keras_resnets.evaluation.measures import (
    CALIBRATION_BINS,
    Bin,
    ClassScore,
    Evaluation,
    Predictions,
    evaluate,
    hardest,
)
from keras_resnets.evaluation.robustness import Robustness, robustness
from keras_resnets.evaluation.sample import sample
from keras_resnets.evaluation.views import Views, predict_views

__all__ = [
    "CALIBRATION_BINS",
    "CORRUPTIONS",
    "Bin",
    "ClassScore",
    "Comparison",
    "Evaluation",
    "Predictions",
    "Robustness",
    "Views",
    "compare",
    "corrupt",
    "evaluate",
    "hardest",
    "predict_views",
    "robustness",
    "sample",
]
