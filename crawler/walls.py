"""What stood where the article should be: a wall for consent, login, robots or money, told from pages that mention one.

Nearly every page has a cookie banner, a login link and a word to subscribers. So consent, login and captcha are read
from the extracted text, and only where that is short: on a wall it is all there is. A paywall leaves a teaser, so its
notice is looked for in all short blocks of the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from crawler.blocks import Block
from crawler.jsonld import ArticleNode
from crawler.metadata import Statements

_NOTICE = 60
"""Words of the longest block that can be a notice to subscribers."""
_WALL = 200
"""Words of the longest page without a date that is a wall; consent texts list purposes and take twice as many."""

_PAYWALL = re.compile(
    r"(?:subscribe|sign up|log in|sign in|register|become a member)\b.{0,30} to (?:continue|read|unlock|keep)|"
    r"already a subscriber|for subscribers only|(?:this|the rest of this) (?:article|story) is for subscribers|"
    r"exklusiv für abonnent|weiterlesen mit\b|réservée? aux abonnés|solo para suscriptores|"
    r"contenuto riservato agli abbonati|exclusivo para assinantes|abonelere özel|"
    r"доступно только подписчикам|会員限定",
    re.I,
)
# One of these is in whatever _PAYWALL matches, and most pages hold none.
_PAYWALL_WORDS = (
    *("to continue", "to read", "to unlock", "to keep", "subscriber", "abonn", "weiterlesen mit", "suscriptores"),
    *("abbonati", "assinantes", "abonelere", "подписчикам", "会員限定"),
)
_CAPTCHA = re.compile(
    r"(?:verify|confirm|prove|make sure|checking if)\b.{0,30}\b(?:you(?:['’]re| are)|the site connection)\b.{0,20}"
    r"\b(?:human|robot|secure)|are you (?:a )?(?:human|robot)|you(?:['’]re| are) not a (?:ro)?bot|"
    r"checking your browser|(?:complete|solve) (?:the|this) (?:security check|captcha)|"
    r"unusual (?:traffic|activity) from your|"
    r"enable javascript and cookies to continue|needs to review the security of your connection|"
    r"(?:we have detected|looks like) (?:automated|unusual) (?:access|activity|behaviou?r|traffic)|"
    r"performing (?:a )?security verification|press & hold|ddos protection by|"
    r"sind sie ein (?:mensch|roboter)|kein roboter|(?:vous n['’]êtes pas|êtes-vous) un robot|no (?:eres|soy) un robot|"
    r"robot olmadığınız|вы не робот|لست روبوت|ロボットではありません|验证您是真人",
    re.I,
)
_CAPTCHA_TITLES = re.compile(
    r"just a moment\W*|attention required!? .*|access (?:to this page has been )?denied|pardon our interruption\W*|"
    r"robot check|security check|bot verification|human verification|are you a robot\W*|one moment,? please\W*|"
    r"(?:verifying|checking) your browser\W*",
    re.I,
)
_LOGIN_TITLES = re.compile(
    r"(?:(?:please )?(?:log|sign) ?in|login|sign in to (?:your account|continue)|log in or (?:sign up|register)|"
    r"anmelden|anmeldung|einloggen|(?:se )?connecter|connexion|identifiez-vous|iniciar sesión|inicia sesión|entrar|"
    r"accedi|login / .{1,30}|giriş yap|üye girişi|вход|войти|авторизация|تسجيل الدخول|ورود|ログイン|登录|로그인)\W*",
    re.I,
)
_LOGIN = re.compile(
    r"(?:you (?:must|need to|have to) be|you are not) (?:logged|signed) in(?! to (?:post|leave|add|reply|comment))|"
    r"(?:please |you (?:must|need to|have to) )(?:log|sign) in to (?:continue|view|read|see|access|proceed)\b|"
    r"(?:bitte|müssen sie sich) (?:melden sie sich an|anmelden|einloggen)|veuillez vous (?:connecter|identifier)|"
    r"(?:por favor,? )?inicia sesión para|effettua il login per|lütfen giriş yap",
    re.I,
)
# What consent managers say, a line a purpose: whoever says four of these in a short text says nothing else.
_CONSENT_LINES = r"""
    cookies?\b|çerez\w*|куки|файлы cookie|クッキー
    (?:our|(?:\d+ )?of our) partners?\b|our \d+ (?:\w+ )?partners|unsere[nr]? (?:\d+ )?partner|nos (?:\d+ )?partenaires
    nuestros (?:\d+ )?socios|i nostri (?:\d+ )?(?:partner|fornitori)
    (?:accept|agree|allow)(?: (?:to|and|&))? (?:all|continue|close)|(?:accept|reject) all|alle akzeptieren|zustimmen
    (?:tout )?accepter|continuer sans accepter|aceptar(?: todo| y continuar)|accetta(?: tutto| e continua)|kabul et
    (?:manage|set|change|withdraw|customi[sz]e) (?:your |my )?(?:preferences|options|settings|choices|consent|cookies)
    einstellungen (?:anpassen|verwalten)|paramétrer|gérer (?:mes|vos) (?:choix|préférences)|gestionar|personalizza
    personal(?:ised|ized)? (?:data|ads|advertising|content)|personenbezogene\w*|données personnelles|datos personales
    dati personali|kişisel veri\w*
    consent\b|einwillig\w*|consentement|consentimiento|consenso
    legitimate interests?|berechtigte\w* interesse\w*|intérêts? légitimes?|interés legítimo
    (?:store|access)\w* (?:and/or access )?information on (?:a|your) device|informationen auf einem gerät
    (?:your|privacy) (?:privacy|policy|settings|choices)|datenschutz\w*|politique de confidentialité
    política de privacidad|informativa sulla privacy|gizlilik politika\w*
"""
_CONSENT = [re.compile(rf"\b(?:{line.strip()})", re.I) for line in _CONSENT_LINES.strip().splitlines()]
_CONSENT_SIGNS = 4
_CONSENT_DENSITY = 25
"""Words a sign: prose about privacy has fewer signs, banners are made of them."""


def find_walls(
    *,
    title: str | None,
    text: str,
    words: int,
    blocks: Sequence[Block],
    statements: Statements,
    node: ArticleNode,
    dated: bool,
) -> Iterator[str]:
    """`captcha`, `consent`, `login`, `paywall`: those that stood before the reader; `blocks` are all of the page."""
    heading = title or statements.document_title or ""
    stub = words < _WALL and not dated and not node.is_article
    if stub and (_CAPTCHA.search(text) or _CAPTCHA_TITLES.fullmatch(heading)):
        yield "captcha"
    if words < 2 * _WALL and _asks_consent(text, words):
        yield "consent"
    if stub and (_LOGIN_TITLES.fullmatch(heading) or _LOGIN.search(text)):
        yield "login"
    if _is_paywalled(blocks, statements, node):
        yield "paywall"


def _asks_consent(text: str, words: int) -> bool:
    signs = [len(pattern.findall(text)) for pattern in _CONSENT]
    return sum(map(bool, signs)) >= _CONSENT_SIGNS and sum(signs) * _CONSENT_DENSITY >= words


def _is_paywalled(blocks: Sequence[Block], statements: Statements, node: ArticleNode) -> bool:
    if node.paywalled or statements.first("article:content_tier") in ("locked", "metered"):
        return True
    notices = [block.text for block in blocks if block.words < _NOTICE]
    lower = "\n".join(notices).lower()
    return any(word in lower for word in _PAYWALL_WORDS) and any(map(_PAYWALL.search, notices))
