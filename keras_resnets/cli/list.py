"""The verb `list`."""

import tyro
from rich.table import Table

from keras_resnets.cli.messages import CONSOLE


def list_(pattern: tyro.conf.Positional[str] = "*"):
    """List the models of the catalogue.

    Args:
        pattern: Shell pattern of names, e.g. "cifar_*".
    """
    from keras_resnets.models.catalogue import list_models, variants

    found, known = list_models(pattern), variants()
    table = Table("name", "parameters", "px", "equal to")
    for name in found:
        variant = known[name]
        table.add_row(name, f"{variant.parameters:,}", str(variant.resolution), variant.reference)
    CONSOLE.print(table)
    CONSOLE.print(f"{len(found)} models.")
