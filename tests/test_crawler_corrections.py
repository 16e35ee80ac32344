"""Promises of the flag `corrected`: it tells of notes that a page makes of itself, and of nothing else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from crawler.corrections import notes_correction
from crawler.extract import Page, extract
from crawler.profile import SiteProfile

NOTES = {
    "en-label": "Correction: an earlier headline gave the wrong name of the bridge.",
    "en-dated": "Correction (4 March 2026): the bridge was built in 1931.",
    "en-amended": "This article was amended on 5 March 2026 to give the right age of the mayor.",
    "en-earlier": "An earlier version of this story misspelled the surveyor's name.",
    "de": "Korrektur: In der Überschrift stand zunächst ein falscher Ort.",
    "de-version": "In einer früheren Version hieß es, die Brücke sei gesperrt. Das ist falsch.",
    "fr": "Une première version de cet article indiquait un autre montant.",
    "es": "Fe de errores: el puente tiene cuatro pilares.",
    "it": "Errata corrige: il ponte ha quattro pilastri.",
    "pt": "Correção: a ponte tem quatro pilares.",
    "nl": "In een eerdere versie van dit artikel stond een onjuist bedrag.",
    "sv": "Rättelse: bron har fyra pelare.",
    "tr": "Düzeltme: Köprünün dört ayağı vardır.",
    "ru": "Исправление: у моста четыре опоры.",
    "uk": "Виправлення: у моста чотири опори.",
    "ar": "تصحيح: للجسر أربعة أعمدة.",
    "fa": "اصلاحیه: پل چهار ستون دارد.",
    "ckb": "ڕاستکردنەوە: پردەکە چوار پایەی هەیە.",
    "zh": "更正：桥有四个桥墩。",
    "ja": "訂正：橋脚は四本です。",
    "ko": "정정: 다리의 기둥은 네 개입니다.",
}
NONE = {
    "link": "Corrections",
    "story": "The ministry asked the newspaper for a correction, and none was printed.",
    "prison": "The department of corrections said that nobody was hurt.",
    "german": "Die Korrektur der Zahlen überraschte die Märkte: Analysten hatten mehr erwartet.",
    "market": "Correction territory is where the index stands after ten per cent.",
}


@pytest.mark.parametrize("note", NOTES.values(), ids=NOTES.keys())
def test_a_note_of_correction_is_seen(note: str) -> None:
    assert notes_correction(["The bridge is closed.", note])


@pytest.mark.parametrize("text", NONE.values(), ids=NONE.keys())
def test_what_only_speaks_of_corrections_is_none(text: str) -> None:
    assert not notes_correction([text])


@pytest.mark.parametrize("note", ["", NOTES["en-label"]], ids=["without", "with"])
def test_an_article_with_a_note_has_the_flag(note: str) -> None:
    text = "<p>The town council met on Tuesday evening to talk about the bridge over the lower canal.</p>" * 6
    html = f"<html><body><article><h1>Bridge closed</h1>{text}<p>{note}</p></article></body></html>"
    page = Page(
        url="https://www.example.org/1", html=html.encode(), content_type="text/html", fetched=datetime.now(UTC)
    )
    found = extract(page, SiteProfile(name="x", title="X", hosts=("www.example.org",)))
    assert ("corrected" in found.flags) is bool(note)
