"""Files of plain arrays are read; a file that tries anything else is refused by the name of what it tried."""

import io
import os
import pickle
import sys
import types

import numpy as np
import pytest

from keras_resnets.porting.deepmind import read
from keras_resnets.porting.safe_pickle import parse_pickle, read_pickle

ARRAYS = {
    "NFNet/~/stem_conv0": {
        "w": np.arange(12, dtype="float32").reshape(2, 2, 3),
        "gain": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "bias": np.array([1, 2], ">i4"),
    },
    "NFNet/~/nf_block": {
        "skip_gain": np.array(0.5, "float32"),
        "scalar": np.float32(3),
        "empty": np.zeros((0, 3), "f4"),
    },
    "more": {"text": "a", "numbers": [1, 2.5, None, True, ("b", b"c", b"")]},
}


@pytest.fixture(autouse=True)
def fresh_names_and_seed():
    """Nothing here makes a layer, so none of conftest's cleaning is needed."""


def _same(ours, theirs):
    assert type(ours) is type(theirs)
    if isinstance(ours, dict):
        assert list(ours) == list(theirs)
        for key in ours:
            _same(ours[key], theirs[key])
    elif isinstance(ours, (np.ndarray, np.generic)):
        assert ours.dtype == theirs.dtype and np.array_equal(ours, theirs)
        assert np.isfortran(ours) == np.isfortran(theirs)
    else:
        assert ours == theirs


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_of_every_protocol_are_read(protocol):
    _same(parse_pickle(pickle.dumps(ARRAYS, protocol)), ARRAYS)


def test_numpy_before_2_is_read():
    old = pickle.dumps(ARRAYS, 2).replace(b"numpy._core.", b"numpy.core.")
    _same(parse_pickle(old), ARRAYS)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_dill_is_read(protocol, monkeypatch):
    """dill calls a function of its own around numpy's, with its arguments, the state, and attributes."""
    module = types.ModuleType("dill._dill")

    def _create_array():
        raise AssertionError

    _create_array.__module__, _create_array.__qualname__ = "dill._dill", "_create_array"
    module._create_array = _create_array
    monkeypatch.setitem(sys.modules, "dill", types.ModuleType("dill"))
    monkeypatch.setitem(sys.modules, "dill._dill", module)

    class Pickler(pickle.Pickler):
        def reducer_override(self, value):
            if type(value) is not np.ndarray:
                return NotImplemented
            function, arguments, state = value.__reduce__()
            return _create_array, (function, arguments, state, None)

    file = io.BytesIO()
    Pickler(file, protocol).dump(ARRAYS)
    assert b"_create_array" in file.getvalue()
    _same(parse_pickle(file.getvalue()), ARRAYS)


def test_what_dill_writes_is_read():
    dill = pytest.importorskip("dill")
    _same(parse_pickle(dill.dumps(ARRAYS)), ARRAYS)


class Call:
    """Pickles as the call of `function`."""

    def __init__(self, function, *arguments, state=None):
        self.reduced = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self):
        return self.reduced


def _reconstruct():
    return np.array(1.0).__reduce__()[0]


@pytest.mark.parametrize("protocol", (0, 2, 4, 5))
@pytest.mark.parametrize(
    ("attack", "named"),
    (
        (lambda path: Call(os.system, f"touch {path}"), f"{os.name}.system"),
        (lambda path: Call(eval, f"open({path!r}, 'w')"), "builtin.*eval"),
        (lambda path: Call(exec, f"open({path!r}, 'w')"), "builtin.*exec"),
        (lambda path: Call(getattr, "a", "upper"), "builtin.*getattr"),
        (lambda path: Call(np.save, path, 1), "numpy.save"),
        (lambda path: Call(np.memmap, path, "f4", "w+", 0, 1), "memmap"),
        (lambda path: Call(np.testing.runstring, f"open({path!r}, 'w')", {}), "runstring"),
        (lambda path: {"module": {"w": [np.ones(2), (Call(os.system, f"touch {path}"),)]}}, f"{os.name}.system"),
        (lambda path: Call(_reconstruct(), Call(os.system, f"touch {path}"), (0,), b"b"), f"{os.name}.system"),
        (lambda path: Call(_reconstruct(), np.matrix, (0,), b"b"), "matrix"),
        (lambda path: np.array([Call(os.system, f"touch {path}")], object), f"{os.name}.system|dtype 'O8'"),
        (lambda path: np.array([None, 1], object), "dtype 'O8'"),
        (lambda path: np.zeros(2, [("a", "f4")]), "dtype 'V4'"),
        (lambda path: np.array(["text"]), "dtype 'U4'"),
        (lambda path: Call(np.ndarray, (1,)), "numpy.ndarray"),
        (lambda path: np.ndarray, "numpy.ndarray"),
        (lambda path: {1, 2}, "set"),
        (lambda path: types.SimpleNamespace(a=1), "types.SimpleNamespace"),
    ),
)
def test_an_attack_is_refused_by_name_and_never_runs(attack, named, protocol, tmp_path):
    path = tmp_path / "run"
    file = tmp_path / "F0_haiku.npz"
    file.write_bytes(pickle.dumps(attack(str(path)), protocol))
    with pytest.raises(ValueError, match=rf"(?s)read_pickle: .*F0_haiku.* is refused: .*({named})"):
        read_pickle(file)
    assert not path.exists()


@pytest.mark.parametrize(
    ("data", "says"),
    (
        # A dotted name would walk from a module to anything that it imports.
        (b"\x80\x04\x8c\x05numpy\x8c\x0bctypes.CDLL\x93.", "asks for numpy.ctypes.CDLL"),
        (b"cnumpy._core.multiarray\n_reconstruct.__globals__\n.", "asks for .*__globals__"),
        (b"cnumpy\ndtype\n}S'a'\nI1\nsb.", "sets the state of numpy.dtype"),
        (b"cnumpy\ndtype\n(N}S'__defaults__'\n(tstb.", "sets the state of numpy.dtype"),
        (b"Pfile://secret\n.", "refers to something outside"),
        (b"(cnumpy\ndtype\nS'f4'\noI1\nb.", "can't be read"),
        (b"]q\x00h\x00a.", "holds itself"),
        (b"\x82\x01.", "can't be read: ValueError: unregistered extension"),
        (b"\x80\x05\x96\xff\xff\xff\xff\xff\xff\x00\x00.", "can't be read"),
        (b"cdill._dill\n_create_array\n(S'x'\n)NNtR.", "calls str"),
        (b"cdill._dill\n_create_type\n.", "asks for dill._dill._create_type"),
        (b"PK\x03\x04", "can't be read"),
        (b"", "can't be read: EOFError"),
    ),
)
def test_a_crafted_or_damaged_program_is_refused(data, says):
    with pytest.raises(ValueError, match=says):
        parse_pickle(data)


def test_a_shape_that_lies_is_refused():
    data = pickle.dumps(np.zeros((2, 3), "f4"), 2)
    assert b"K\x02K\x03" in data
    with pytest.raises(ValueError, match=r"shape \(2, 9\) and dtype float32 from 24 bytes"):
        parse_pickle(data.replace(b"K\x02K\x03", b"K\x02K\x09"))


def test_what_is_shared_is_read_once():
    """Forty lists of two times the one before would be 2^40 lists if each were read where it stands."""
    nested = [np.ones(1)]
    for _ in range(40):
        nested = [nested, nested]
    assert parse_pickle(pickle.dumps(nested))[0] is not None


def test_haiku_parameters_become_flat_names(tmp_path):
    file = tmp_path / "F0_haiku.npz"
    file.write_bytes(pickle.dumps({key: ARRAYS[key] for key in list(ARRAYS)[:1]}))
    assert list(read(file)) == ["NFNet/~/stem_conv0/w", "NFNet/~/stem_conv0/gain", "NFNet/~/stem_conv0/bias"]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match="`path` names no file"):
        read_pickle(tmp_path / "none.npz")
