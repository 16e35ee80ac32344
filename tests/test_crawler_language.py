"""In which language an article is written."""

from __future__ import annotations

import pytest

from crawler.language import primary_tag, written_in
from tests.article_page import article_page, extracted

SORANI = "ئەمڕۆ پێنجشەممە لە شاری هەڵەبجە فێستیڤاڵی ساڵانەی هەنار دەستیپێکرد و زیاتر لە سەد جووتیار هاتوون"
PERSIAN = "پل بندر پس از دو سال تعمیر دوباره باز شد و شهردار گفت که این کار چهل میلیون خرج داشته است"
ARABIC = "أعيد فتح جسر الميناء بعد عامين من أعمال الترميم التي كلفت المدينة أربعين مليونا كما قال رئيس البلدية"
UKRAINIAN = "Міст через гавань знову відкрили після двох років ремонту, який коштував місту сорок мільйонів"
RUSSIAN = "Мост через гавань снова открыт после двух лет ремонта, который обошёлся городу в сорок миллионов"
JAPANESE = "二年にわたる修理を終えて、港の橋が月曜日に再び開通した。市の負担は四千万に上った。"
CHINESE = "经过两年维修，海港大桥星期一恢复通车，市政府为此花费了四千万。"
KOREAN = "항구 다리가 이 년간의 수리를 마치고 월요일에 다시 개통되었다."


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (SORANI, "ckb"),
        (PERSIAN, "fa"),
        (ARABIC, "ar"),
        (UKRAINIAN, "uk"),
        (RUSSIAN, "ru"),
        (JAPANESE, "ja"),
        (CHINESE, "zh"),
        (KOREAN, "ko"),
    ],
)
def test_letters_tell_kin_apart(text: str, language: str) -> None:
    languages = written_in(text)
    assert languages is not None
    assert languages[0] == language


def test_latin_letters_say_nothing() -> None:
    assert written_in("The harbour bridge reopened") is None
    assert written_in("") is None


@pytest.mark.parametrize(
    ("value", "tag"), [("en-GB", "en"), ("pt_BR", "pt"), ("ckb", "ckb"), ("EN", "en"), ("english", None), (None, None)]
)
def test_primary_tags(value: str | None, tag: str | None) -> None:
    assert primary_tag(value) == tag


def test_a_template_in_the_wrong_language_is_corrected_by_the_letters() -> None:
    page = article_page(body="".join(f"<p>{UKRAINIAN}, {UKRAINIAN}.</p>" for _ in range(5)), lang="ru")
    assert extracted(page).language == "uk"


def test_an_edition_of_the_profile_decides() -> None:
    found = extracted(article_page(), url="https://paper.example/kurmanci/x", languages={"/kurmanci/": "kmr"})
    assert found.language == "kmr"


def test_the_profiles_language_serves_where_the_page_says_nothing() -> None:
    assert extracted(article_page().replace(" lang='en'", ""), language="sv").language == "sv"
    assert extracted(article_page().replace(" lang='en'", "")).language is None
