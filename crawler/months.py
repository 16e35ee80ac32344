"""Month names in the languages we archive, and the solar Hijri calendar of Persian papers.

Names are those of the Unicode CLDR (wide, standalone and abbreviated forms), with the spellings papers use beside it.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

DIGITS = {first + value: str(value) for first in (0x0660, 0x06F0, 0x0966, 0xFF10) for value in range(10)}
"""For `str.translate`: Arabic-Indic, Persian, Devanagari and full-width digits to ASCII."""

# A paragraph a language; months are separated by |, spellings of one month by commas.
_GREGORIAN = """
january,jan | february,feb | march,mar | april,apr | may | june,jun | july,jul | august,aug |
september,sept,sep | october,oct | november,nov | december,dec

januar,jänner,jän | februar,feber | märz,mär,mrz | april | mai | juni | juli | august | september |
oktober,okt | november | dezember,dez

janvier,janv | février,févr,fév | mars | avril,avr | mai | juin | juillet,juil | août,aout |
septembre | octobre | novembre | décembre,déc

enero,ene | febrero | marzo | abril,abr | mayo | junio | julio | agosto,ago |
septiembre,setiembre,set | octubre | noviembre | diciembre,dic

janeiro | fevereiro,fev | março | abril | maio | junho | julho | agosto | setembro | outubro,out |
novembro | dezembro

gennaio,gen | febbraio | marzo | aprile | maggio,mag | giugno,giu | luglio,lug | agosto | settembre |
ottobre,ott | novembre | dicembre

ocak,oca | şubat,şub | mart | nisan,nis | mayıs | haziran,haz | temmuz,tem | ağustos,ağu | eylül,eyl |
ekim,eki | kasım,kas | aralık,ara

januari | februari | maart,mrt | april | mei,maj | juni | juli | augustus,augusti | september |
oktober | november | december

çile,rêbendan,çileya paşîn | sibat,şibat,reşemî | adar,avdar | nîsan,avrêl | gulan |
hezîran,pûşper,pûşber | tîrmeh | tebax | îlon,rezber | cotmeh,çiriya pêşîn | mijdar,çiriya paşîn |
berfanbar,kanûn,çileya pêşîn

کانوونی دووەم,ڕێبەندان | شوبات,ڕەشەمێ | ئازار,ئادار | نیسان | ئایار,مایس,گوڵان |
حوزەیران,حوزهیران,پووشپەڕ | تەممووز,تەمموز | ئاب,خەرمانان | ئەیلوول,ئەیلول | تشرینی یەکەم |
تشرینی دووەم | کانوونی یەکەم,کانونی یەکەم

يناير,كانون الثاني | فبراير,شباط | مارس,آذار,اذار | أبريل,ابريل,إبريل,نيسان | مايو,أيار,ايار |
يونيو,يونيه,حزيران | يوليو,يوليه,تموز | أغسطس,اغسطس,آب | سبتمبر,أيلول,ايلول |
أكتوبر,اكتوبر,تشرين الأول,تشرين الاول | نوفمبر,تشرين الثاني | ديسمبر,كانون الأول,كانون الاول

ژانویه | فوریه | مارس | آوریل | مه,می | ژوئن | ژوئیه,جولای | اوت | سپتامبر | اکتبر | نوامبر | دسامبر

января,январь,янв | февраля,февраль,фев,февр | марта,март,мар | апреля,апрель,апр | мая,май |
июня,июнь,июн | июля,июль,июл | августа,август,авг | сентября,сентябрь,сен,сент |
октября,октябрь,окт | ноября,ноябрь,ноя,нояб | декабря,декабрь,дек

січня,січень,січ | лютого,лютий,лют | березня,березень,бер | квітня,квітень,кві | травня,травень,тра |
червня,червень,чер | липня,липень,лип | серпня,серпень,сер | вересня,вересень,вер |
жовтня,жовтень,жов | листопада,листопад,лис | грудня,грудень,гру
"""
_SOLAR_HIJRI = "فروردین | اردیبهشت | خرداد | تیر | مرداد,امرداد | شهریور | مهر | آبان | آذر | دی | بهمن | اسفند"

# 1 Farvardin of year 1 when the 33-year rule is carried back from Nowruz 1403, 20 March 2024.
_SOLAR_HIJRI_EPOCH = date(622, 3, 21)
_LEAP_PLACES = frozenset({1, 5, 9, 13, 17, 22, 26, 30})


def _numbers(table: str) -> dict[str, int]:
    return {
        name.strip(): number
        for language in table.split("\n\n")
        for number, names in enumerate(language.split("|"), start=1)
        for name in names.split(",")
    }


_GREGORIAN_NUMBERS = _numbers(_GREGORIAN)
_SOLAR_HIJRI_NUMBERS = _numbers(_SOLAR_HIJRI)
_NAMES = sorted(_GREGORIAN_NUMBERS | _SOLAR_HIJRI_NUMBERS, key=len, reverse=True)

MONTH_NAME = r"\b(?:" + "|".join(map(re.escape, _NAMES)) + r")(?:\b|(?=ی))\.?"
"""Regex source that matches any known month name; use with re.IGNORECASE."""


def month_number(name: str) -> tuple[int, bool]:
    """The month's number and whether it is a month of the solar Hijri calendar; KeyError for an unknown name."""
    key = name.lower().rstrip(".").replace("i̇", "i")
    if key in _GREGORIAN_NUMBERS:
        return _GREGORIAN_NUMBERS[key], False
    return _SOLAR_HIJRI_NUMBERS[key], True


def jalali_to_gregorian(year: int, month: int, day: int) -> date:
    """The Gregorian day of a solar Hijri date; ValueError if there is none.

    Leap years by the 33-year rule (Heydari-Malayeri, "A concise review of the Iranian calendar", 2004), which agrees
    with the official calendar for the years 1178 to 1633 (1799 to 2254 CE).
    """
    length = 31 if month <= 6 else 30 if month <= 11 else 29 + (year % 33 in _LEAP_PLACES)
    if not (1178 <= year <= 1633 and 1 <= month <= 12 and 1 <= day <= length):
        raise ValueError(f"{year}-{month}-{day} is no day of the solar Hijri calendar")
    cycles, rest = divmod(year - 1, 33)
    leap_days = 8 * cycles + sum(place <= rest for place in _LEAP_PLACES)
    day_of_year = 30 * (month - 1) + min(month - 1, 6) + day - 1
    return _SOLAR_HIJRI_EPOCH + timedelta(days=(year - 1) * 365 + leap_days + day_of_year)
