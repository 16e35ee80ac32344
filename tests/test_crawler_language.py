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
KURMANCI = "Pira benderê piştî du salan ji nû ve hat vekirin û şaredar got ku bajêr ji bo wê çil milyon xerc kiriye"
SORANI_IN_OLD_SPELLING = (
    "پردی بهندهرهكه دوای دوو ساڵ نۆژهنكردنهوه سهرلهنوێ كرایهوه و "
    "سهرۆكی شارهوانی گوتی چل ملیۆنی تێچووه بهڵام بهردهوام دهبێت"
)
TURKISH = (
    "Liman köprüsü iki yıllık onarımın ardından yeniden açıldı ve belediye başkanı kırk milyon harcandığını söyledi"
)
AZERBAIJANI = "Liman körpüsü iki illik təmirdən sonra yenidən açıldı və bələdiyyə sədri qırx milyon xərcləndiyini dedi"
NORWEGIAN = (
    "Havnebroen åpnet igjen etter to år med reparasjoner, og ordføreren sa at det hadde kostet byen førti millioner"
)
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


def test_a_template_in_the_wrong_language_is_corrected_by_the_words() -> None:
    assert extracted(article_page(), language="sv").language == "en"
    assert extracted(article_page(lang="de"), language="de").language == "en"
    assert extracted(article_page().replace(" lang='en'", "")).language == "en"


@pytest.mark.parametrize("text", ["Unit 7: 40 - 10.79 g (1h30)", "Muu tolo pesi vanda rilu, koma selu binda taro meku"])
def test_page_and_profile_decide_where_the_text_says_little(text: str) -> None:
    page = article_page(body=f"<p>{text}</p>")
    assert extracted(page.replace(" lang='en'", " lang='mi'"), language="sv").language == "mi"
    assert extracted(page.replace(" lang='en'", ""), language="sv").language == "sv"
    assert extracted(page.replace(" lang='en'", "")).language is None


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        (KURMANCI, "kmr"),
        (SORANI, "ckb"),
        (SORANI_IN_OLD_SPELLING, "ckb"),
        (TURKISH, "tr"),
        (AZERBAIJANI, "az"),
        (PERSIAN, "fa"),
        (ARABIC, "ar"),
        (UKRAINIAN, "uk"),
        (RUSSIAN, "ru"),
        (JAPANESE, "ja"),
        (CHINESE, "zh"),
        (KOREAN, "ko"),
    ],
)
def test_what_a_text_is_written_in_counts_for_more_than_what_its_page_says(text: str, tag: str) -> None:
    page = article_page(body="".join(f"<p>{text}, {text}.</p>" for _ in range(5)))
    assert extracted(page).language == tag


@pytest.mark.parametrize(
    ("text", "stated", "tag"),
    [
        (KURMANCI, "ku", "kmr"),
        (KURMANCI, "kmr", "kmr"),
        (SORANI, "ku", "ckb"),
        (NORWEGIAN, "nb", "nb"),
        (NORWEGIAN, "en", "no"),
        (PERSIAN, "prs", "prs"),
        (CHINESE, "yue", "yue"),
    ],
)
def test_near_relations_are_told_apart_by_what_the_page_says(text: str, stated: str, tag: str) -> None:
    page = article_page(body="".join(f"<p>{text}, {text}.</p>" for _ in range(5)), lang=stated)
    assert extracted(page).language == tag
