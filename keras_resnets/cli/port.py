"""The verb `port`."""

from pathlib import Path

import tyro

from keras_resnets.cli.messages import CONSOLE


def port(
    weights: tyro.conf.Positional[Path],
    output: Path,
    source: str | None = None,
    model: str | None = None,
    to: str | None = None,
    preprocessing: bool = True,
):
    """Turn weights of another project into a `.keras` file, or a `.keras` file into weights for another project.

    Args:
        weights: An .npz, .safetensors or .h5 file of another project, or with `--to` a `.keras` file of ours.
        output: The `.keras` file to write, or with `--to` a .safetensors or .npz file.
        source: Whose names the arrays have: akamaster, timm, torchvision, deepmind or keras.
        model: A constructor or catalogue name.
        to: Write names of this project instead: timm, torchvision, deepmind or akamaster.
        preprocessing: Whether the `.keras` file takes pixels 0 to 255; else images normalized as its authors did.
    """
    from keras_resnets.porting.port import port as port_
    from keras_resnets.porting.port import port_back

    if to is not None:
        ported = port_back(weights, to, output)
    elif source is None or model is None:
        raise ValueError("port: give `--source` and `--model`, or `--to` to go the other way.")
    else:
        ported = port_(weights, source, model, output, preprocessing)
    CONSOLE.print(
        f"{ported.output}: {ported.model}, {ported.arrays} arrays, {ported.parameters:,} trainable parameters."
    )
