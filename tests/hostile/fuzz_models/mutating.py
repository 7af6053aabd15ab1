"""Changes to the files of a saved model: bytes, fields of JSON, lines of LightGBM's text, arrays, and UBJSON's values."""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile
from collections.abc import Callable
from typing import Any

import numpy as np

Files = dict[str, bytes]

ABOUT = "about.json"
"""Stands for the manifest: what it says; its sums are made anew."""

WHOLE = (-1, 0, 1, 2, 7, 127, 128, 255, 256, 32_767, 65_535, 2**31 - 1, 2**31, -(2**31), 2**32 - 1, 2**32, 2**63 - 1, -(2**63), 2**64, 10**30)  # fmt: skip
REAL = (0.0, -0.0, 1e-320, 1e38, -1e38, 3.5e38, 1e300, float("inf"), float("-inf"), float("nan"))
TEXTS = (b"", b"0", b"-", b"nan", b"inf", b"-inf", b"1e999", b"1.5", b"--1", b"0x10", b" 1", b"999999999999999999999999", b"\xff", b"a")  # fmt: skip
LINES = (
    b"is_linear=1\nleaf_const=0\nnum_features=1\nleaf_features=9\nleaf_coeff=1",
    b"average_output",
    b"forcedsplits_filename=/etc/passwd",
    b"objective=multiclass num_class:1000000000",
    b"num_class=2147483647",
    b"max_feature_idx=2147483646",
    b"tree_sizes=1 2 3",
    b"num_cat=1\ncat_boundaries=0 2147483647\ncat_threshold=1",
    b"Tree=0",
    b"end of trees",
    b"parameters:\n[machines: 10.0.0.1:80]",
)


def mutated(files: Files, chance: random.Random) -> Files:
    """The files with one to three changes; the manifest's sums are not among them."""
    made = dict(files)
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        name = chance.choice(sorted(made))
        made[name] = changed(name, made[name], chance)
    return made


def changed(name: str, content: bytes, chance: random.Random) -> bytes:
    """A file with one change of a kind that suits its name."""
    if chance.random() < 0.12:
        return _of_bytes(content, chance)
    kind = name.rsplit(".", 1)[-1]
    try:
        made = _KINDS.get(kind, _of_bytes)(content, chance)
    except NO_LONGER_SO:
        made = _of_bytes(content, chance)
    return made[: 1 << 22]


NO_LONGER_SO = (ValueError, MemoryError, TypeError, LookupError, OSError, RecursionError, zipfile.BadZipFile, EOFError, NotImplementedError, OverflowError, RuntimeError)  # fmt: skip
"""After an earlier change the file may not be of its kind any more."""


def _of_bytes(content: bytes, chance: random.Random) -> bytes:
    made = bytearray(content)
    at = chance.randrange(len(made) + 1)
    length = min(chance.choice((1, 1, 2, 4, 8, 64)), len(made) - at)
    way = chance.randrange(6)
    if way == 0:
        for place in range(at, at + length):
            made[place] ^= 1 << chance.randrange(8)
    elif way == 1:
        made[at : at + length] = chance.randbytes(length)
    elif way == 2:
        del made[at : at + length]
    elif way == 3:
        made[at:at] = made[: chance.randrange(len(made) + 1)][-200:]
    elif way == 4:
        del made[at:]
    else:
        made[at : at + length] = bytes([chance.choice((0, 255, 127, 128))]) * length
    return bytes(made)


def _of_json(content: bytes, chance: random.Random) -> bytes:
    document = json.loads(content)
    if chance.random() < 0.1:
        return content.replace(b"{", b'{"n_classes": 2, ', 1)
    if chance.random() < 0.03:
        return b"[" * 100_000
    places = list(_places(document))
    holder, key = chance.choice(places)
    way = chance.randrange(7)
    if way < 3:
        holder[key] = _value_like(holder[key], chance)
    elif way == 3:
        del holder[key]
    elif way == 4:
        holder[key] = chance.choice(list(_values(document)))
    elif way == 5 and isinstance(holder, list):
        holder.append(holder[key])
    else:
        holder[key] = chance.choice(
            (None, True, [], {}, "", "x" * 100_000, [[]], *WHOLE, *map(float, REAL))
        )
    return json.dumps(document).encode()


def _places(value: Any) -> Any:
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    for key in list(keys):
        yield value, key
        yield from _places(value[key])


def _values(document: Any) -> Any:
    return [holder[key] for holder, key in _places(document)]


def _value_like(value: Any, chance: random.Random) -> Any:
    if isinstance(value, bool) or value is None:
        return chance.choice((True, False, None, 1, "true"))
    if isinstance(value, int):
        return chance.choice((*WHOLE, value + 1, value - 1, float(value), str(value)))
    if isinstance(value, float):
        return chance.choice((*REAL, -value, value * 1e10, int(value) if abs(value) < 1e9 else 0))
    if isinstance(value, str):
        return chance.choice(
            ("", value + "x", value[:-1], "(a+)+$", "%Y%Q", "../x", "\x00", "lightgbm")
        )
    return chance.choice(([], {}, None, [value], 1))


def _of_text(content: bytes, chance: random.Random) -> bytes:
    lines = content.split(b"\n")
    at = chance.randrange(len(lines))
    way = chance.randrange(10)
    if way < 5:
        with_numbers = [i for i, line in enumerate(lines) if b"=" in line]
        at = chance.choice(with_numbers or [at])
        name, _, told = lines[at].partition(b"=")
        lines[at] = name + b"=" + _of_tokens(told, chance)
    elif way == 5:
        del lines[at]
    elif way == 6:
        lines.insert(at, chance.choice(lines))
    elif way == 7:
        other = chance.randrange(len(lines))
        lines[at], lines[other] = lines[other], lines[at]
    elif way == 8:
        lines.insert(at, chance.choice(LINES))
    else:
        same = [
            i
            for i, line in enumerate(lines)
            if line.partition(b"=")[0] == lines[at].partition(b"=")[0]
        ]
        lines[at] = lines[chance.choice(same)]
    return b"\n".join(lines)


def _of_tokens(told: bytes, chance: random.Random) -> bytes:
    tokens = told.split(b" ")
    at = chance.randrange(len(tokens))
    way = chance.randrange(7)
    if way < 3:
        tokens[at] = str(chance.choice((*WHOLE[:14], -3, 3, 5))).encode()
    elif way == 3:
        tokens[at] = chance.choice(TEXTS)
    elif way == 4:
        other = chance.randrange(len(tokens))
        tokens[at], tokens[other] = tokens[other], tokens[at]
    elif way == 5:
        del tokens[at]
    else:
        tokens.insert(at, chance.choice(tokens))
    return b" ".join(tokens)


def _of_arrays(content: bytes, chance: random.Random) -> bytes:
    with np.load(io.BytesIO(content)) as stored:
        arrays = {name: stored[name].copy() for name in stored.files}
    name = chance.choice(sorted(arrays))
    if chance.random() < 0.06:
        return _with_forged_header(arrays, name, chance)
    if name == "text" and chance.random() < 0.9:
        text = _of_text(arrays[name].tobytes(), chance)
        arrays[name] = np.frombuffer(text, np.uint8)
    else:
        change_array(arrays, name, chance)
    stream = io.BytesIO()
    (np.savez_compressed if chance.random() < 0.01 else np.savez)(stream, **arrays)
    return stream.getvalue()


def change_array(arrays: dict[str, Any], name: str, chance: random.Random) -> None:
    array = arrays[name]
    way = chance.randrange(12)
    if way < 6 and array.size:
        places = [chance.randrange(array.size) for _ in range(chance.choice((1, 1, 1, 3)))]
        flat = array.reshape(-1)
        for place in places:
            flat[place] = _number_for(array, flat[place], chance)
        arrays[name] = flat.reshape(array.shape)
    elif way == 6:
        arrays[name] = array[: chance.randrange(len(array) + 1)] if array.ndim else array[None]
    elif way == 7:
        arrays[name] = np.concatenate([array, array[:1]]) if array.ndim else array[None]
    elif way == 8:
        other = chance.choice(sorted(arrays))
        arrays[name], arrays[other] = arrays[other], arrays[name]
    elif way == 9:
        del arrays[name]
    elif way == 10:
        kind = chance.choice(("f8", "f4", "f2", "i8", "u1", "i1", ">f4", "S3", "U2", "?", "c8"))
        with np.errstate(all="ignore"):
            arrays[name] = array.astype(kind)
    else:
        arrays[name] = chance.choice(
            (array.T, array.reshape(-1), array[None], np.zeros((0, 3), array.dtype))
        )


def _number_for(array: Any, now: Any, chance: random.Random) -> Any:
    if array.dtype.kind == "f":
        with np.errstate(all="ignore"):
            return np.array(chance.choice((*REAL, -now, now * 2))).astype(array.dtype)
    if array.dtype.kind == "b":
        return not now
    info = np.iinfo(array.dtype)
    fitting = [one for one in (*WHOLE, int(now) + 1, int(now) - 1) if info.min <= one <= info.max]
    return chance.choice(fitting)


def _with_forged_header(arrays: dict[str, Any], name: str, chance: random.Random) -> bytes:
    shape = chance.choice(((2**40,), (0, 2**40), (-1,), (2**33, 2**33), (3, 3, 3, 3, 3), (1,)))
    kind = chance.choice(("<f4", "<i8", "|O", "|V8", "<f8", "<M8[s]"))
    header = str({"descr": kind, "fortran_order": chance.random() < 0.5, "shape": shape}).encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for one, array in arrays.items():
            content = io.BytesIO()
            np.save(content, array)
            told = content.getvalue()
            if one == name:
                told = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + told[128:]
            archive.writestr(f"{one}.npy", told)
    return made.getvalue()


def _of_ubjson(content: bytes, chance: random.Random) -> bytes:
    """Numbers of a typed array: they are most of it."""
    if chance.random() < 0.3:
        return _of_bytes(content, chance)
    marks = [i for kind in (b"[$l#L", b"[$d#L", b"[$U#L", b"[$L#L") for i in _all(content, kind)]
    if not marks:
        return _of_bytes(content, chance)
    at = chance.choice(marks)
    kind, length = content[at + 2 : at + 3], int.from_bytes(content[at + 5 : at + 13], "big")
    layout = {b"l": ">i", b"d": ">f", b"U": ">B", b"L": ">q"}[kind]
    size = struct.calcsize(layout)
    made = bytearray(content)
    if not length or length > len(content) or chance.random() < 0.05:
        made[at + 5 : at + 13] = struct.pack(">q", chance.choice((-1, 0, 1, 2**31, 2**62)))
        return bytes(made)
    place = at + 13 + size * chance.randrange(length)
    low, high = {"i": (-(2**31), 2**31), "q": (-(2**63), 2**63), "B": (0, 256)}.get(
        layout[1], (0, 0)
    )
    value = (
        chance.choice((*REAL[:5], float("inf"), float("nan")))
        if layout == ">f"
        else chance.choice([one for one in (*WHOLE, 3, 4, 5, 6) if low <= one < high])
    )
    made[place : place + size] = struct.pack(layout, value)
    return bytes(made)


def _all(content: bytes, mark: bytes) -> list[int]:
    found, at = [], content.find(mark)
    while at >= 0:
        found.append(at)
        at = content.find(mark, at + 1)
    return found


_KINDS: dict[str, Callable[[bytes, random.Random], bytes]] = {
    "json": _of_json,
    "txt": _of_text,
    "npz": _of_arrays,
    "ubj": _of_ubjson,
}
