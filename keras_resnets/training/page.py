"""Pieces of an HTML page. Whatever comes from outside goes through `text`, so that a class may be called `<b>`."""

import base64
import html
import json


def text(value):
    """The only way of foreign text into a page."""
    return html.escape(str(value))


def table(header, rows, numbers=(), marked=(), fold=None):
    """An HTML table of escaped texts; `numbers` are right-aligned columns, `marked` tells which rows stand out.

    fold: the line to click on to see the table; None shows it.
    """

    def line(tag, cells, attributes=""):
        kinds = (' class="number"' if k in numbers else "" for k in range(len(cells)))
        cells = (f"<{tag}{kind}>{text(cell)}</{tag}>" for kind, cell in zip(kinds, cells, strict=True))
        return f"<tr{attributes}>{''.join(cells)}</tr>"

    head = f"<thead>{line('th', header)}</thead>" if any(header) else ""
    attributes = (' class="changed"' if k < len(marked) and marked[k] else "" for k in range(len(rows)))
    body = "\n".join(line("td", row, attribute) for row, attribute in zip(rows, attributes, strict=True))
    whole = f'<div class="table"><table>{head}<tbody>{body}</tbody></table></div>'
    return whole if fold is None else f"<details><summary>{text(fold)}</summary>{whole}</details>"


def data_uri(data, kind):
    """Bytes of the media type `kind` as an address that holds them."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def label(key):
    """A fact's name for people: `machine.memory_bytes` is `machine: memory`, for the unit stands with the value."""
    words = str(key).replace(".", ": ").replace("_", " ")
    words = next((words.removesuffix(unit) for unit in (" bytes", " seconds") if words.endswith(unit)), words)
    return "time" if words == "seconds" else words


def value(key, fact):
    """A fact for people: by the ending of its key a size (`bytes`) or a time (`seconds`), else a number or text."""
    if fact is None:
        return "–"
    if isinstance(fact, list | tuple):
        return ", ".join(value("", item) for item in fact) or "none"
    if isinstance(fact, dict):
        return json.dumps(fact) if fact else "none"
    if isinstance(fact, bool | str):
        return str(fact)
    if str(key).endswith("bytes"):
        return f"{fact / 1e9:,.2f} GB" if fact >= 1e9 else f"{fact / 1e6:,.2f} MB" if fact >= 1e5 else f"{fact:,} bytes"
    if str(key).endswith("seconds"):
        return _time(fact)
    return f"{fact:,}" if isinstance(fact, int) else f"{fact:,.4g}"


def _time(seconds):
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
