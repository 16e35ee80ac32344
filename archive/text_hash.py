"""When two texts are the same to a reader: the hash by which a page that was fetched again is compared.

    spacing, letter case, Unicode form         do not count
    time stamps, counters, share lines         do not count: a line such as "Updated 10:31" or "1,204 views"
    the order of lines                         does not count
    headlines of other articles                do not count: a short line that ends no sentence
    everything else, the headline too          counts

Rotating boxes that extraction left in the text are lists of short lines, and so are stamps and counters. What is lost
with them is an edit that changes nothing but a subheading. Where short lines are all there is, they count.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from functools import lru_cache

SHORT_LINE = 12
"""Words below which a line that ends no sentence does not count; letters of scripts without spaces count two a word."""

# None of the patterns of lines that do not count matches without one, and most lines have none.
_DIGIT = re.compile(r"\d")
_SENTENCE_END = re.compile(r"[.!?…。！？؟۔।:;][\"'”’»)\]]*$")
_NO_SPACES = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_STAMP = re.compile(
    r"^(?:last |zuletzt |dernière |última |ultima )?(?:updated?|modified|published|posted|edited|aktualisiert|"
    r"veröffentlicht|stand|mis à jour|mise à jour|publié|modifié|actualizad[oa]|actualización|publicad[oa]|"
    r"aggiornat[oa]|aggiornamento|atualizad[oa]|bijgewerkt|güncellen\w*|güncelleme|обновлено|опубликовано|оновлено|"
    r"تم التحديث|آخر تحديث|نوێکرایەوە|更新|更新日|公開日)\b.*\d",
    re.I,
)
_COUNTER = re.compile(
    r"^\W*\d[\d.,\s]*[km]?\s*(?:views?|reads?|readers|people (?:are reading|have read)|comments?|shares?|likes?|"
    r"reactions?|aufrufe|kommentare?|vues|commentaires?|visitas|lecturas|comentarios?|visualizzazioni|commenti|weergaven|"
    r"reacties|görüntülenme|yorum|просмотр\w*|комментари\w*|перегляд\w*|مشاهدة|تعليق\w*|次阅读|评论|閲覧)",
    re.I,
)
_AGO = re.compile(r"\b\d+\s*(?:seconds?|minutes?|mins?|hours?|hrs?|days?)\s+ago\b|\bil y a \d+|\bvor \d+ \w+$", re.I)


# A batch asks three times for each of its articles: to compare, to decide, and for the catalog.
@lru_cache(maxsize=1024)
def text_hash(title: str | None, text: str) -> str:
    """SHA-256 hex digest of what counts of title and text; pure."""
    lines = [line for line in map(_folded, text.splitlines()) if line]
    counting = [line for line in lines if _counts(line)] or lines
    return hashlib.sha256("\n".join([_folded(title or ""), *sorted(counting)]).encode()).hexdigest()


def _folded(line: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", line).casefold().split())


def _counts(line: str) -> bool:
    words = len(line.split()) + (0 if line.isascii() else len(_NO_SPACES.findall(line)) // 2)
    short_with_number = words < 2 * SHORT_LINE and _DIGIT.search(line)
    if short_with_number and any(pattern.search(line) for pattern in (_STAMP, _COUNTER, _AGO)):
        return False
    return words >= SHORT_LINE or _SENTENCE_END.search(line) is not None
