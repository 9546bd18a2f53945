"""The command line: each verb is a file that parses, calls the module that does the work, and prints."""

import tyro

from keras_resnets.cli.augment import augment
from keras_resnets.cli.doctor import doctor
from keras_resnets.cli.evaluate import evaluate
from keras_resnets.cli.export import export
from keras_resnets.cli.list import list_
from keras_resnets.cli.messages import with_messages
from keras_resnets.cli.pages import run
from keras_resnets.cli.photos import run_on_photos
from keras_resnets.cli.port import port
from keras_resnets.cli.studies import run_agc_sensitivity, run_degradation
from keras_resnets.cli.train import train

__all__ = ["main", "run", "run_agc_sensitivity", "run_degradation", "run_on_photos"]


def main(argv=None):
    """The command `keras-resnets`; `argv` is sys.argv[1:] by default. Exits with 1 for a user's mistake."""
    verbs = {
        "train": train,
        "evaluate": evaluate,
        "augment": augment,
        "port": port,
        "export": export,
        "list": list_,
        "doctor": doctor,
    }
    with_messages(
        tyro.extras.subcommand_cli_from_dict,
        verbs,
        prog="keras-resnets",
        description="Residual networks in Keras 3, from ResNet to NFNet and to the phone.",
        args=argv,
    )
