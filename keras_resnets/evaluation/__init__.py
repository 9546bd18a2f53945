"""How good a model is: its measures, views of an image at test time, the comparison of two models, robustness."""

from keras_resnets.evaluation.measures import (
    CALIBRATION_BINS,
    Bin,
    ClassScore,
    Evaluation,
    Predictions,
    evaluate,
    hardest,
)

__all__ = ["CALIBRATION_BINS", "Bin", "ClassScore", "Evaluation", "Predictions", "evaluate", "hardest"]
