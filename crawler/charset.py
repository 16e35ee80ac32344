"""Bytes from a server to text: never fails, whatever charset the server or the document claims."""

from __future__ import annotations

from w3lib.encoding import html_to_unicode


def decode(body: bytes, content_type: str | None) -> str:
    """The text by byte-order mark, HTTP header, the document's own declaration, else UTF-8, else windows-1252.

    `content_type` is the HTTP header. The order is that of the HTML standard (section "determining the character
    encoding") and suits XML as well (RFC 7303 section 3). Undecodable bytes become U+FFFD.
    """
    try:
        text: str = html_to_unicode(content_type, body, auto_detect_fun=_undeclared)[1]
    except (LookupError, UnicodeError):
        # Python knows codecs that are no charsets, such as `hex` and `idna`.
        text = body.decode(_undeclared(body), errors="replace")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text


def _undeclared(body: bytes) -> str:
    try:
        body.decode()
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"
