"""The parts of our WARC files that need a rule both ways: `application/warc-fields` and renamed HTTP fields.

`application/warc-fields` (ISO 28500:2017, section 4) is lines of `name: value` in UTF-8 and has no escape for
line breaks. A value that would not survive as it stands is written as a JSON string (RFC 8259), which other
tools show as quoted text; all others, URLs and ordinary headlines among them, stand plain.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

SITE = "Presskeep-Site"
"""WARC header of a response record: name of the site profile. A field of our own, which readers must ignore
(ISO 28500:2017, section 5.1), on the response so that one ranged GET brings it along."""

ORIGIN = "Presskeep-Origin"
"""WARC header of a response record that we did not take ourselves: `Capture.origin`. It stands there, and not only in
the metadata record, for the same reason."""

_ORIGINAL = "X-Archive-Orig-"
_UNPLAIN = re.compile(r'^$|^[\s"]|\s$|[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')
_TRANSFER_ENCODING = re.compile(rf"(?:{_ORIGINAL})*Transfer-Encoding", re.IGNORECASE)


def dump_fields(fields: Mapping[str, str]) -> bytes:
    """Write an `application/warc-fields` block; values may hold any text, names must be ASCII tokens."""
    return "".join(f"{name}: {_dump_value(value)}\r\n" for name, value in fields.items()).encode()


def load_fields(block: bytes) -> dict[str, str]:
    """Read what `dump_fields` wrote, names in lower case; ValueError if it is not UTF-8 or a quoted value is torn."""
    lines = (line.partition(":") for line in block.decode().split("\r\n") if line)
    return {name.lower(): _load_value(value.strip()) for name, _, value in lines}


def stored_name(name: str) -> str:
    """Name under which an HTTP field is stored: `Transfer-Encoding` gets the prefix `X-Archive-Orig-`.

    The body is stored without its chunk framing, and a reader that met `Transfer-Encoding: chunked` would try to
    take that framing off again. A field that came with the prefix gets a second one, so that nothing is lost.
    """
    return _ORIGINAL + name if _TRANSFER_ENCODING.fullmatch(name) else name


def sent_name(name: str) -> str:
    """Name under which the server sent an HTTP field that is stored as `name`: undoes `stored_name`."""
    return name[len(_ORIGINAL) :] if name.startswith(_ORIGINAL) and _TRANSFER_ENCODING.fullmatch(name) else name


def _dump_value(value: str) -> str:
    return json.dumps(value) if _UNPLAIN.search(value) else value


def _load_value(value: str) -> str:
    return str(json.loads(value)) if value.startswith('"') else value
