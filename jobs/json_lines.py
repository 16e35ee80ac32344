"""Articles as JSON Lines, a table of them at a time: Arrow joins the columns, and no row becomes a Python object.

Until all is joined, bytes that UTF-8 never has (RFC 3629, section 1) stand for the quotes and line ends of JSON itself;
so whatever else is a quote or line end is what somebody wrote, and is escaped in all rows at once (RFC 8259, section
7). A line is the same as Pydantic gives.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_QUOTE = b"\xfe"
_END = b"\xff"
_NOTHING = b""

_SHORT = {"\\": "\\\\", '"': '\\"', "\n": "\\n"}
_RARE = {chr(code): f"\\u{code:04x}" for code in range(0x20) if chr(code) != "\n"} | {
    "\b": "\\b",
    "\t": "\\t",
    "\f": "\\f",
    "\r": "\\r",
}
_MOST = 256 << 20
"""Bytes that are joined at once: Arrow's strings end at 2^31, and escapes make them longer."""


def json_lines(table: pa.Table) -> bytes:
    """A line of UTF-8 JSON (https://jsonlines.org) for each row, with all columns in their order.

    Times are ISO 8601 in UTC with `Z`, days `YYYY-MM-DD`.
    """
    if table.nbytes > _MOST and table.num_rows > 1:
        half = table.num_rows // 2
        return json_lines(table.slice(0, half)) + json_lines(table.slice(half))
    lines = [_objects(batch.schema.names, batch.columns, end=b"}" + _END) for batch in table.to_batches()]
    return b"".join(_escaped(_bytes(some)) for some in lines)


def _escaped(joined: bytes) -> bytes:
    escapes = _SHORT
    # Of the other control characters there are nearly never any.
    if joined and pc.min(pa.Array.from_buffers(pa.uint8(), len(joined), [None, pa.py_buffer(joined)])).as_py() < 0x20:
        escapes = _SHORT | _RARE
    for char, escape in escapes.items():
        joined = joined.replace(char.encode(), escape.encode())
    return joined.replace(_QUOTE, b'"').replace(_END, b"\n")


def _values(column: pa.Array) -> pa.Array:
    """Each value as JSON, as far as it can be said without escapes."""
    kind = column.type
    if pa.types.is_list(kind):
        # A slice of a list has all values of the whole below it.
        starts = pc.subtract(column.offsets, column.offsets[0])
        lists = pa.ListArray.from_arrays(starts, _values(column.flatten()))
        return pc.binary_join_element_wise(b"[", pc.binary_join(lists, b","), b"]", _NOTHING)
    if pa.types.is_struct(kind):
        return _objects([field.name for field in kind], column.flatten(), end=b"}")
    text = pc.cast(_moments(column) if pa.types.is_timestamp(kind) else pc.cast(column, pa.string()), pa.binary())
    if not pa.types.is_integer(kind):
        text = pc.binary_join_element_wise(_QUOTE, text, _QUOTE, _NOTHING)
    return pc.fill_null(text, b"null")


def _moments(column: pa.Array) -> pa.Array:
    text = pc.cast(pc.cast(column, pa.timestamp("us")), pa.string())
    moments = pc.binary_join_element_wise(pc.replace_substring(text, " ", "T"), "Z", "")
    return pc.replace_substring(moments, ".000000Z", "Z")


def _objects(names: Sequence[str], columns: Sequence[pa.Array], *, end: bytes) -> pa.Array:
    parts: list[Any] = []
    for name, column in zip(names, columns, strict=True):
        parts += [(b"," if parts else b"{") + _QUOTE + name.encode() + _QUOTE + b":", _values(column)]
    return pc.binary_join_element_wise(*parts, end, _NOTHING)


def _bytes(lines: pa.Array) -> bytes:
    """What lies in them, one behind the other."""
    joined: bytes = lines.buffers()[2][: pc.sum(pc.binary_length(lines)).as_py()].to_pybytes()
    return joined
