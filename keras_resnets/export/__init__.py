"""Artifacts: a trained network in the formats others run, verified against Keras, with labels and a card."""

from keras_resnets.export.artifact import Artifact, ArtifactFile, export, load_artifact
from keras_resnets.export.formats import predict
from keras_resnets.export.tflite import ExportUnsupported
from keras_resnets.export.verify import ExportMismatch

__all__ = ["Artifact", "ArtifactFile", "ExportMismatch", "ExportUnsupported", "export", "load_artifact", "predict"]
