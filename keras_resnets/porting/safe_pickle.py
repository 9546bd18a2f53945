"""Pickles of plain arrays, read without running what they say.

A pickle is a program: it names functions and has them called. Here no name it says is ever looked up. The few that
arrays need stand for constructors of this file, which build values from bytes, shapes and dtypes alone; any other name
refuses the file.
"""

import io
import math
import pickle
from pathlib import Path

import numpy as np

KINDS = "biufc"
"""Of NumPy's dtypes: booleans, integers, floats and complex numbers. No objects, and no text."""


class _Refused(pickle.UnpicklingError):
    """What the file tried, as a sentence."""


def read_pickle(path):
    """The nested dictionaries, lists, tuples, text, numbers and NumPy arrays that a pickle (or dill) file holds.

    path: a file of any pickle protocol. Returns what it holds, arrays as they were saved (dtype, shape, order).
    Raises ValueError that names the first thing in it that is none of these, e.g. "os.system", and for a file that is
    no pickle; nothing in it has run then.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"read_pickle: `path` names no file: {str(path)!r}.")
    return parse_pickle(path.read_bytes(), str(path))


def parse_pickle(data, name="data"):
    """As `read_pickle`, of bytes; `name` is for messages."""
    try:
        return _plain(_Unpickler(io.BytesIO(data)).load(), {})
    except _Refused as refused:
        raise ValueError(f"read_pickle: {name!r} is refused: {refused}. Only plain arrays are read.") from None
    except RecursionError:
        raise ValueError(f"read_pickle: {name!r} is refused: it holds itself, or is nested too deep.") from None
    # A damaged program can fail in any way.
    except Exception as error:
        raise ValueError(f"read_pickle: {name!r} can't be read: {type(error).__name__}: {error}") from None


class _Unpickler(pickle.Unpickler):
    def find_class(self, module, name):
        constructor = NAMES.get((module, name))
        if constructor is None:
            raise _Refused(f"it asks for {module}.{name}")
        return _Function(f"{module}.{name}", constructor)

    def persistent_load(self, pid):
        raise _Refused(f"it refers to something outside of the file, {pid!r}")


class _Sealed:
    """Base of what a file handles before it is a value: it can't be changed from within the file."""

    __slots__ = ()

    def __setstate__(self, state):
        raise _Refused(f"it sets the state of {self}")


class _Function(_Sealed):
    """A constructor under the name that the file knows."""

    __slots__ = ("_constructor", "_name")

    def __init__(self, name, constructor):
        self._name, self._constructor = name, constructor

    def __call__(self, *arguments):
        return self._constructor(*arguments)

    def __str__(self):
        return self._name


class _Dtype(_Sealed):
    """numpy.dtype("f4", ...), whose state adds the order of bytes."""

    __slots__ = ("value",)

    def __init__(self, code, *_):
        if not isinstance(code, str) or code[:1] not in KINDS or not code[1:].isdigit():
            raise _Refused(f"it holds an array of dtype {code!r}")
        self.value = np.dtype(code)

    def __setstate__(self, state):
        order, rest = state[1], state[2:5]
        if order not in ("<", ">", "|", "=") or any(part is not None for part in rest):
            raise _Refused("it holds an array of structured dtype")
        self.value = self.value.newbyteorder(order)

    def __str__(self):
        return "a dtype"


class _Array(_Sealed):
    """An array or scalar, as far as it is known: what _reconstruct returns is nothing until its state is set."""

    __slots__ = ("value",)

    def __init__(self, value=None):
        self.value = value

    def __setstate__(self, state):
        _version, shape, dtype, fortran, data = state
        self.value = _filled(data, dtype, shape, "F" if fortran else "C")

    def __str__(self):
        return "an array without content"


def _reconstruct(subtype, *_):
    if not (isinstance(subtype, _Function) and str(subtype) == "numpy.ndarray"):
        raise _Refused(f"it makes an array of type {subtype}")
    return _Array()


def _frombuffer(data, dtype, shape, order):
    return _Array(_filled(data, dtype, shape, order))


def _scalar(dtype, data):
    return _Array(_filled(data, dtype, (), "C")[()])


def _filled(data, dtype, shape, order):
    if not isinstance(dtype, _Dtype):
        raise _Refused(f"it holds an array of dtype {dtype}")
    if not isinstance(data, (bytes, bytearray)):
        raise _Refused(f"it fills an array from {type(data).__name__} instead of bytes")
    if not isinstance(shape, tuple) or math.prod(shape) * dtype.value.itemsize != len(data):
        raise _Refused(f"it fills an array of shape {shape} and dtype {dtype.value} from {len(data)} bytes")
    return np.frombuffer(data, dtype.value).reshape(shape, order=order).copy(order=order)


def _dill_array(reconstruct, arguments, state, attributes=None):
    """dill's detour around numpy's: the function, its arguments, and the state of what it returns."""
    if not isinstance(reconstruct, _Function):
        raise _Refused(f"it calls {type(reconstruct).__name__}")
    if attributes:
        raise _Refused("it gives an array attributes")
    array = reconstruct(*arguments)
    array.__setstate__(state)
    return array


def _ndarray(*_):
    raise _Refused("it calls numpy.ndarray")


def _encode(text, encoding):
    """_codecs.encode: how protocols 0 to 2 write bytes."""
    if not isinstance(text, str) or encoding != "latin1":
        raise _Refused(f"it calls _codecs.encode with {encoding!r}")
    return text.encode("latin1")


def _no_bytes():
    """bytes(): how protocols 0 to 2 write none."""
    return b""


NAMES = {
    ("__builtin__", "bytes"): _no_bytes,
    ("builtins", "bytes"): _no_bytes,
    ("numpy", "ndarray"): _ndarray,
    ("numpy", "dtype"): _Dtype,
    ("_codecs", "encode"): _encode,
    ("dill._dill", "_create_array"): _dill_array,
    ("dill.dill", "_create_array"): _dill_array,
} | {
    (f"numpy.{core}.{module}", name): constructor
    for core in ("core", "_core")
    for module, name, constructor in (
        ("multiarray", "_reconstruct", _reconstruct),
        ("multiarray", "scalar", _scalar),
        ("numeric", "_frombuffer", _frombuffer),
    )
}
"""{(module, name) in the file: constructor here}; not one of them is the function that the file means."""


def _plain(value, done):
    """`value` with arrays for what stood for them; refuses all that is no data.

    done: what each container became, by id, so that one that is shared a million times is built once; None while it
    is being built.
    """
    if isinstance(value, _Array) and value.value is not None:
        return value.value
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        return value
    if not isinstance(value, (dict, list, tuple)):
        raise _Refused(f"it holds {value if isinstance(value, _Sealed) else type(value).__name__}")
    if id(value) not in done:
        done[id(value)] = None
        if isinstance(value, dict):
            built = {_plain(key, done): _plain(item, done) for key, item in value.items()}
        else:
            built = type(value)(_plain(item, done) for item in value)
        done[id(value)] = built
    if done[id(value)] is None:
        raise _Refused("it holds itself")
    return done[id(value)]
