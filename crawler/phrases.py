"""Phrases by which publishers talk to the reader instead of telling the news, in the languages we archive.

Every pattern is a list of alternatives, one a line, matched without regard to case. They were collected from labelled
pages and hold for many publishers; what is peculiar to one site belongs into its profile (`extract.drop_lines`).
"""

from __future__ import annotations

import re


def _any(alternatives: str, *, start: bool = False) -> re.Pattern[str]:
    """A pattern of all alternatives; with `start`, only at the beginning of a line, behind punctuation."""
    joined = "|".join(line.strip() for line in alternatives.strip().splitlines())
    return re.compile(rf"^[\W_]*(?:{joined})" if start else joined, re.I)


SEE_ALSO = _any(
    r"""
    (?:also )?(?:read|see|watch|listen)(?: (?:more|also|next|now|this|here))+|(?:also )?(?:read|watch|listen)\s*[:：|]
    more (?:on|from|about|stories|coverage|in)\b
    related(?: (?:stor(?:y|ies)|articles?|content|posts?|coverage|news|topics|links|reading|video))?\s*[:：|]
    related (?:stor(?:y|ies)|articles?|content|posts?|coverage|news|topics|links)$
    recommended\s*[:：]|(?:recommended|related)$|don['’]?t miss\b
    you (?:may|might) (?:also )?(?:like|enjoy|be interested)
    most (?:read|popular)\b|trending\b|up next\b|editor['’]?s['’]? picks?|what to read next|deep dive$
    (?:top|latest|popular|other|must)[- ](?:stories|news|reads?)\b|also on [\w-]+\.\w+
    lesen sie (?:auch|mehr|dazu|hier|weiter)|mehr (?:zum thema|dazu)\b|lesetipps?\b|siehe auch|zum artikel
    auch interessant
    das könnte sie|[àa] lire(?: aussi| également)?\b|lire (?:aussi|également)|voir aussi
    le[ea] (?:tambi[ée]n|m[áa]s)|leer m[áa]s|te puede interesar|ver tambi[ée]n|mira tambi[ée]n
    leia (?:tamb[ée]m|mais)|veja (?:tamb[ée]m|mais)|leggi anche|ilgili haber(?:ler)?|bunu da oku
    l[äa]s (?:mer|också|även)|les (?:også|mer)|l[æa]s også|lees (?:ook|meer)
    читайте (?:также|також)|اقرأ أيض|اقرأ المزيد|بیشتر بخوانید|زیاتر بخوێنە|延伸阅读|相关阅读|関連記事|【関連|관련기사
    """,
    start=True,
)
"""The beginning of a line that only points at other articles."""

ADVERTISEMENT = re.compile(
    r"[\W_]*(?:advertisements?|sponsored content|scroll to continue|"
    r"(?:story|article|content) continues (?:below|after)(?: (?:this )?ad(?:vertisement)?)?|"
    r"anzeige|werbung|publicit[ée]|publicidade?|contin[uú]a después de la publicidad|continua após a publicidade|"
    r"pubblicità|advertentie|annons|annonse|annonce|mainos|reklama?|реклама|إعلان|广告|廣告|広告|광고)[\W_]*",
    re.I,
)
"""A whole line that marks the place of an advertisement."""


def call_to_action(text: str) -> re.Match[str] | None:
    """A request to subscribe, follow, donate, write in or share."""
    lower = text.lower()
    # Most lines hold none of these letters, and looking for them is a hundred times faster than the pattern.
    return _CALL.search(text) if any(trigger in lower for trigger in _CALL_TRIGGERS) else None


def speaks_of_comments(text: str) -> bool:
    """Whether a line mentions reader comments."""
    lower = text.lower()
    return any(word in lower for word in _COMMENT_WORDS)


def moderation(text: str) -> set[str]:
    """The different words of moderators in a line, as comment policies use them."""
    return {hit.group()[:7] for hit in _MODERATION.finditer(text.lower())}


_CALL = _any(
    r"""
    \bsign up (?:for|to|here|now|today)|\bsubscribe(?: (?:to|for|here|now|today)|$)|\bnever miss a\b
    \bour (?:\w+ ){0,3}newsletters?\b|\b(?:free|daily|weekly) (?:\w+ )?newsletters?\b|newsletter$
    \bnewsletters? (?:here|delivered)
    \bfollow (?:us|@\w+|(?:\w+ ){1,6}on (?:x|twitter|facebook|instagram|tiktok|threads|linkedin|google))\b
    \bfollow (?:him|her|them)\b
    \blike us on|\bjoin (?:us|our|the conversation)\b|\bclick here\b|\bdownload (?:the|our) \w*\s?app\b
    \b(?:in|to) your inbox\b|\bdelivered (?:directly |straight )?to you
    \bsupport (?:our|independent) \w+|\bbecome a (?:member|subscriber|supporter)|\bmake a donation
    \bdonate (?:to|now|today|here)
    \b(?:have|got) a (?:news )?(?:tip|story)\b|\bsend us\b|\bemail us\b|\be-?mail:? \S+@
    \bcontact (?:us|the (?:author|writer|reporter))\b|\bcontact (?:\S+ ){1,6}(?:at|via) \S+@
    \bcan be reached (?:at|on|via)|\breach(?:ed)? (?:\w+ ){1,4}(?:at|on) \S*@
    \breach the (?:reporters?|authors?)\b|\bleave (?:a comment|a reply|your comment)|\bin the comments\b
    \bcomments? (?:below|section)
    \btell us (?:what|in)|\blet us know\b|\bshare (?:this \w+|it) (?:with|on)|\bshare your (?:thoughts|views|opinion)
    \blisten to .{1,40} (?:on|wherever|here|live)|\bwatch (?:the video|more)\b|\bget access to\b
    \bfolgen sie uns|\babonnieren sie|\bhier abonnieren|\bjetzt (?:abonnieren|testen|anmelden|bestellen)
    \bkostenlos(?:en)? (?:testen|newsletter|anmelden|bestellen)|\bunser(?:e[mnrs]?)? (?:\w+-?)?newsletter
    \bunterstützen sie uns
    \babonnez-vous|\binscrivez-vous|\bsuivez-nous|réservée? aux abonn
    \bsuscr[íi]b(?:ete|ase|irte)|\bs[íi]guenos|\biscriviti|\bsegui(?:ci| \w+ su)\b|\bassine\b|\bsiga[- ]nos
    \babone ol|\btakip edin|\bprenumerera|\bnyhetsbrev
    подпис(?:ывайтесь|аться|ывайся)|تابعونا|اشترك في|登録はこちら|購読
    """
)
_CALL_WORDS = """
    sign | subscri | miss a | newsletter | follow | like us | join | click | download | inbox | delivered |
    support | become | donat | tip | story | send us | mail | contact | reach | leave | comment | tell us | let us
    | share | listen | watch | access | folgen | abonn | jetzt | kostenlos | unterstützen | inscri | suivez |
    suscr | síg | sig | iscriv | segui | assin | abone | takip | prenumer | nyhetsbrev | подпис | تابعونا | اشترك
    | 登録 | 購読
"""
_CALL_TRIGGERS = tuple(word.strip() for word in _CALL_WORDS.split("|"))

CREDIT = _any(
    r"""
    ^[\W_]*(?:photos?|photographs?|images?|pictures?|pic|illustrations?|video|credits?|fotos?|bild(?:er)?|crédits?|cr[ée]ditos?|fotoğraf)\s*(?:credits?)?\s*(?:by\b|[:=©/]|courtesy\b|via\b)
    ^[\W_]*(?:写真|사진|图片来源|صورة|وێنە)\s*[:=：]|^[\W_]*(?:sources?|quellen?|fuentes?|fonte)\s*:
    ^[\W_]*责任编辑\s*[:：]
    \s摄$|供图$|撮影[）)]?$
    ^[\W_]*(?:©|\(c\)\s|copyright\b)|all rights reserved|(?:may|must) not be (?:published|reproduced)
    alle rechte vorbehalten
    ^toute reproduction\b.{0,40}\binterdite|tous droits r[ée]serv|todos los derechos reserv|무단\s?전재
    \((?:ap|afp|reuters|getty|photo)\b[^)]{0,60}\)\W*$|getty images\W*$|/\s?(?:afp|ap|getty|reuters|epa|dpa)\W*$
    """
)
"""Who owns a picture or the text."""

REPORTING = _any(
    r"""
    (?:additional )?(?:reporting|writing|editing|production) (?:by|from)
    with (?:reporting|files|additional reporting|inputs)
    mit (?:material|informationen) (?:von|der)|.{0,160}\bcontributed (?:to th|reporting)|.{0,80}\breported from\b
    this (?:article|story|piece|post|report|essay) (?:\w+ ){0,3}(?:originally|first|edited|published|adapted|part of)
    this (?:interview|episode|excerpt) (?:\w+ ){0,3}(?:originally|first|edited|produced|adapted|part of)
    first published (?:in|on|by)
    """,
    start=True,
)
"""Who worked on a text, and where it first appeared."""

_ROLES = r"""
    reporter writer editor correspondent journalist columnist contributor fellow author professor director producer
    freelance\w* blogger critic redakteur\w* autor\w* korrespondent\w* redactor\w* periodista rédact\w+ giornalista
    covering
"""
ROLE = re.compile(
    r"\b(?:is|was|works|writes|covers|leads|runs|ist|schreibt|arbeitet|est)\s+(?:\w+\W+){0,8}?"
    rf"(?:{'|'.join(_ROLES.split())})\b",
    re.I,
)
"""What a person does for a living, as author notes say it."""

COMMENTS_HEADING = re.compile(
    r"[\W_\d]*(?:(?:(?:view|show|load|read|post|leave|add|write|reader|user) )?(?:a |all |your |the |reader |user )?"
    r"comments?(?: section| policy)?|leave a reply|join the (?:conversation|discussion)|"
    r"kommentare?|commentaires?|comentarios?|coment[áa]rios|commenti|yorum(?:lar|u)?|şîrove|"
    r"комментари[ийев]+|коментар[іи]?|التعليقات|تعليقات|کۆمێنتەکان|لێدوانەکان|نظرات|دیدگاه(?:ها)?|评论|評論|コメント|댓글)[\W_\d]*",
    re.I,
)
"""A whole line that opens the reader comments."""

_MODERATION = _any(
    r"""
    \bcomments?\b|\b(?:pre-?|post-?)?moderat(?:e|es|ed|ion|ors?)\b|\bcommunity (?:guidelines|standards|rules)\b
    \bhouse rules\b|\bprofanity\b
    \bpersonal attacks?\b|\bhate speech\b|\b(?:not|be) (?:tolerated?|rejected|removed|deleted|approved)\b
    \bguidelines\b|\bspam\b
    \boffensive\b|\bdefamatory\b|\bkommentar\w*|\bmoderier\w*|\bnetiquette\b|\bmodér\w+|\bcommentaires?\b|\bcharte\b
    \bcomentarios?\b|\bnormas de (?:uso|participación)\b|\byorum\w*|\bhakaret\b|\bкомментари\w*|\bоскорблени\w*
    تعليق\w*|评论|コメント
    """
)
_COMMENT_WORDS = (
    "comment",
    "kommentar",
    "comentario",
    "comentário",
    "yorum",
    "коммент",
    "комент",
    "تعليق",
    "评论",
    "コメント",
)
