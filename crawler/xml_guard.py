"""XML from strangers: no network, no files, no bombs; and a mend for what publishers commonly break.

libxml2 itself bounds nesting (256 levels), text nodes (10 MB) and entity expansion as long as `huge_tree` is off. On
top of that, a document whose entities are more than named characters is refused: no honest feed or sitemap has them.
"""

from __future__ import annotations

import html.entities
import re

from lxml import etree

from crawler.announced import SourceError

SAFE = {"resolve_entities": "internal", "no_network": True, "load_dtd": False, "huge_tree": False}
"""Options for every lxml parser that reads bytes from outside."""

_MAX_ENTITY = 64
_REFERENCE = re.compile(rb"&(?:#\d{1,7};|#[xX][0-9a-fA-F]{1,6};|([A-Za-z][A-Za-z0-9]{1,30});)?")
_XML_ENTITIES = (b"amp", b"lt", b"gt", b"quot", b"apos")


def refuse_entities(element: etree._Element, source: str) -> None:
    """Raise SourceError (`xml_bomb`) if the document declares external, nested or long entities."""
    dtd = element.getroottree().docinfo.internalDTD
    for entity in dtd.iterentities() if dtd is not None else ():
        if entity.content is None or len(entity.content) > _MAX_ENTITY or re.search(r"&(?!#)|%", entity.content):
            detail = f"declares the XML entity {entity.name[:50]!r}, which is external, nested or long; it is not read"
            raise SourceError(source, "xml_bomb", detail)


def local_name(element: etree._Element) -> str:
    """The element's name without its namespace, which publishers often get wrong; empty for comments."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def mended(body: bytes) -> bytes:
    """The document with bare `&` escaped, HTML's named characters (`&nbsp;`) as numbers, and no impossible numbers."""
    return _REFERENCE.sub(_mended_reference, body)


def _mended_reference(match: re.Match[bytes]) -> bytes:
    whole, name = match.group(), match.group(1)
    if whole.startswith(b"&#"):
        return whole if _is_character(whole[2:-1].lower()) else b"&#xFFFD;"
    if name in _XML_ENTITIES:
        return whole
    characters = html.entities.html5.get(name.decode() + ";") if name else None
    if characters is None:
        return b"&amp;" + whole[1:]
    return "".join(f"&#{ord(c)};" for c in characters).encode()


def _is_character(number: bytes) -> bool:
    """Whether a character reference names a character that XML allows (XML 1.0, production 2)."""
    code = int(number[1:], 16) if number.startswith(b"x") else int(number)
    return code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or 0x10000 <= code <= 0x10FFFF
