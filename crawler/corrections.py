"""Corrections that a page itself tells of: "Correction: …", "This article was amended …".

The phrases open a paragraph, or say outright that an earlier version was wrong; a link to a page of corrections does
neither. They are in the languages that crawler/phrases.py has, and were written down from publishers' own notes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

CORRECTED = "corrected"
"""Flag of an article whose page notes a correction."""

_LONGEST = 1_000
"""Letters beyond which a paragraph is no such note."""

_LABELS = """
    corrections? | clarification | erratum | korrektur(?:hinweis)? | berichtigung | richtigstellung | rectificatif
    | mise au point | corrección | fe de erratas | fe de errores | rectificación | correzione | errata corrige
    | rettifica | correção | errata | erramos | correctie | rectificatie | rättelse | rettelse | retting | düzeltme
    | tekzip
    | исправление | поправка | уточнение | виправлення | уточнення | تصحيح | تصويب | اصلاحیه | تصحیح
    | ڕاستکردنەوە
    | راستکردنەوە | rastkirin | sererastkirin | 更正 | 勘误 | 訂正 | 정정
"""
_LABEL = re.compile(
    rf"^\W*(?:{'|'.join(' '.join(label.split()) for label in _LABELS.split('|'))})"
    r"(?:\s*\([^)]{1,60}\)|\s+\d[\d./ -]{4,20}|,[^:]{1,40})?\s*[:：—–]",
    re.I,
)
_SENTENCES = r"""
    \ban? (?:earlier|previous) version of th(?:is|e) (?:article|story|piece|post|report|headline|column|caption)
    \bthis (?:\w+ ){0,2}(?:article|story|piece|post|report|column) (?:was|has been) (?:\w+ )?(?:amended|corrected)
    \bthis (?:article|story|piece|post|report) (?:was|has been) updated to (?:correct|clarify|fix)
    \bin einer (?:früheren|ersten|vorherigen|älteren|vorigen) (?:version|fassung)\b
    \b(?:artikel|text|beitrag|fehler|stelle) wurde (?:\w+ )?(?:korrigiert|berichtigt)
    \bune (?:première|précédente) version de (?:cet article|ce texte)|\bcet article a été (?:corrigé|rectifié)
    \buna versión anterior de est[ea]|\best[ea] (?:artículo|noticia|información) ha sido (?:corregid|rectificad)[oa]
    \buna (?:precedente versione|versione precedente) di quest|\bquesto articolo è stato corretto
    \buma versão anterior dest[ea]|\best[ea] (?:texto|reportagem|matéria) foi corrigid[oa]
    \bin een eerdere versie van (?:dit|deze)|\bi en (?:tidigare|tidligere) (?:version|versjon|udgave) (?:av|af)\b
    \bbu haberin (?:önceki|ilk) (?:sürüm|hal)|\bв (?:предыдущей|первоначальной|более ранней) версии\b
    \bу попередній версії\b|نسخة سابقة من هذ|바로잡습니다|정정합니다|^\W*訂正|訂正します
"""
_SENTENCE = re.compile("|".join(line.strip() for line in _SENTENCES.strip().splitlines()), re.I)


def notes_correction(paragraphs: Iterable[str]) -> bool:
    """Whether one of the paragraphs is a note of correction."""
    short = (text for text in paragraphs if len(text) <= _LONGEST)
    return any(_LABEL.match(text) or _SENTENCE.search(text) for text in short)
