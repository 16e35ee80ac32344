"""Article pages that tempt an extractor to keep a line too many or to lose one, a page for each way to fail.

Of each page its language and what stands between header and footer are written here. `[[…]]` marks a block of the
article; `[[3]]` is the third paragraph of that language's story, `{title}` its headline.
"""

from __future__ import annotations

import re

from tests.mode_stories import STORIES

_MARKED = re.compile(r"\[\[(.+?)\]\]", re.S)
_ALL = "".join(f"<p>[[{number}]]</p>" for number in range(1, 8))
_REST = "".join(f"<p>[[{number}]]</p>" for number in range(3, 8))

_KEPT_WRONGLY = {
    "headline_repeated_in_the_body": (
        "en",
        "<article class='post'><header class='post__header'><h1>{title}</h1></header><div class='post__body'>"
        f"<h2>{{title}}</h2>{_ALL}</div></article>",
    ),
    "headline_repeated_as_a_bold_paragraph": (
        "ru",
        f"<div class='content'><h1>{{title}}</h1><div class='text'><p><strong>{{title}}</strong></p>{_ALL}</div></div>",
    ),
    "buttons_around_the_text": (
        "en",
        "<article><h1>{title}</h1><div class='tools'><button>Listen</button><span>Text size</span><a href='#'>A+</a>"
        "<a href='#'>A-</a></div><div class='share-bar'><a href='#'>Facebook</a> <a href='#'>Copy link</a></div>"
        f"<div class='article-body'><p>[[1]]</p><p>[[2]]</p><div "
        f"class='ad-slot'><p>Advertisement</p></div>{_REST}</div>"
        "<div class='article-tools'><a href='#'>Print</a> <a href='#'>Report an error</a></div></article>",
    ),
    "advertisement_labels": (
        "de",
        "<article><h1>{title}</h1><div class='artikeltext'><p>[[1]]</p><div class='anzeige'>Anzeige</div><p>[[2]]</p>"
        f"<p class='label'>Werbung</p>{_REST}</div></article>",
    ),
    "advertisement_label_as_a_paragraph": (
        "en",
        "<article><h1>{title}</h1><div class='entry-content'><p>[[1]]</p><p>[[2]]</p><p>Advertisement</p><p>[[3]]</p>"
        "<p>[[4]]</p><p>ADVERTISEMENT</p><p>[[5]]</p><p>[[6]]</p><p>Story continues below advertisement</p><p>[[7]]</p>"
        "</div></article>",
    ),
    "scroll_on_labels": (
        "es",
        "<article><h1>{title}</h1><div class='cuerpo'><p>[[1]]</p><p>[[2]]</p><p>Publicidad</p><p>[[3]]</p><p>[[4]]</p>"
        "<p>[[5]]</p><p>[[6]]</p><p>[[7]]</p></div></article>",
    ),
    "text_like_the_body_below_it": (
        "en",
        f"<article class='story'><h1>{{title}}</h1><div class='story-text'>{_ALL}</div></article><div class='about-us'>"
        "<h3>Why trust the Calder Post</h3><p>The Calder Post has told the news of the northern coast since 1904 and "
        "belongs to the people who write it, which is why no advertiser has ever had a say in what is printed.</p>"
        "<p>Everything we publish is read by at least two editors before it appears, and mistakes are put right "
        "in the open.</p></div>",
    ),
    "next_story_below_the_first": (
        "de",
        f"<article><h1>{{title}}</h1><div class='artikel-inhalt'>{_ALL}</div></article><article><h1>Fähre fällt wieder "
        "aus</h1><div class='artikel-inhalt'><p>Die Fähre nach Nordeck ist am Mittwoch zum dritten Mal in dieser Woche "
        "ausgefallen, weil sich im Hafenbecken ein Netz in der Schraube verfangen hatte.</p><p>Die Reederei rechnet "
        "damit, dass die Fahrten am Freitag wieder aufgenommen werden, und lässt bis dahin einen Bus fahren.</p></div>"
        "</article>",
    ),
    "author_note_at_the_end": (
        "en",
        f"<article><h1>{{title}}</h1><p class='byline'>By Dana Reyes</p><div class='body'>{_ALL}<p><em>Dana Reyes is a "
        "reporter for the Calder Post who covers the coast and its councils.</em></p></div></article>",
    ),
    "author_box": (
        "fr",
        f"<article><h1>{{title}}</h1><div class='article__content'>{_ALL}</div><div class='author-box'><img "
        "src='a.jpg'><h4>Denise Roy</h4><p>Journaliste depuis douze ans, Denise Roy suit la vie des communes de la "
        "côte et de leurs habitants pour notre rédaction.</p></div></article>",
    ),
    "byline_and_date_above_the_text": (
        "en",
        "<article><h1>{title}</h1><div class='content'><p>By Dana Reyes, Harbour Correspondent</p><p>Published 12 "
        f"March 2024, 08:15 GMT</p>{_ALL}</div></article>",
    ),
    "byline_in_a_meta_line": (
        "tr",
        "<div class='haber'><h1>{title}</h1><div class='haber-meta'><span>Deniz Aydın</span> <span>12.03.2024 08:15"
        f"</span> <span>Güncelleme: 12.03.2024 09:40</span></div><div class='haber-metni'>{_ALL}</div></div>",
    ),
    "date_and_section_line": (
        "es",
        "<article><div class='cabecera'><a href='/local'>Local</a> <time datetime='2024-03-12'>12 de marzo de 2024"
        f"</time></div><h1>{{title}}</h1><div class='texto'>{_ALL}</div></article>",
    ),
    "newsletter_form_between_paragraphs": (
        "de",
        "<article><h1>{title}</h1><section class='text'><p>[[1]]</p><p>[[2]]</p><form class='nl-teaser'><h3>Der Tag an "
        "der Küste</h3><p>Abonnieren Sie unseren Newsletter und lesen Sie jeden Abend, was im Norden wichtig war.</p>"
        f"<input type='email'><button>Anmelden</button></form>{_REST}</section></article>",
    ),
    "newsletter_box_at_the_end": (
        "en",
        f"<article><h1>{{title}}</h1><div class='entry'>{_ALL}<div class='newsletter-signup'><h3>The "
        "Foghorn</h3><p>What happened on the coast this week, told by the people who live there, every Friday at "
        "noon.</p></div></div></article>",
    ),
    "follow_us_lines": (
        "es",
        f"<article><h1>{{title}}</h1><div class='nota'>{_ALL}<p>Síguenos en Facebook e Instagram.</p><p>Suscríbete a "
        "nuestro boletín y recibe cada mañana las noticias de la costa.</p></div></article>",
    ),
    "channel_lines": (
        "ru",
        f"<article><h1>{{title}}</h1><div class='article__text'>{_ALL}<p>Подписывайтесь на наш канал в <a href='#'>"
        "Telegram</a></p></div></article>",
    ),
    "teasers_amid_the_text": (
        "en",
        "<article><h1>{title}</h1><div class='rich-text'><p>[[1]]</p><p>[[2]]</p><ul><li><a href='/1'>Ferry fares to "
        "rise by a tenth from next month</a></li><li><a href='/2'>Herring market finds a new home by the quay</a></li>"
        f"</ul>{_REST}</div></article>",
    ),
    "teaser_cards_after_the_text": (
        "fr",
        f"<main><article><h1>{{title}}</h1><div class='corps'>{_ALL}</div></article><section class='a-la-une'><h2>Dans "
        "la même rubrique</h2><div class='card'><a href='/1'><h3>Le bac de nouveau en panne</h3></a><p>Un filet pris "
        "dans l’hélice a immobilisé le bateau tout l’après-midi.</p></div><div class='card'><a href='/2'><h3>La foire "
        "aux harengs change de quai</h3></a><p>Les marchands s’installeront cette année au nord du "
        "port.</p></div></section></main>",
    ),
    "read_more_links": (
        "en",
        "<article><h1>{title}</h1><div class='story'><p>[[1]]</p><p><strong>Read more:</strong> <a href='/1'>Ferry "
        "fares to rise by a tenth</a></p><p>[[2]]</p><p>ALSO READ | <a href='/2'>Herring market finds a new "
        f"home</a></p>{_REST}</div></article>",
    ),
    "read_more_links_in_turkish": (
        "tr",
        "<article><h1>{title}</h1><div class='icerik'><p>[[1]]</p><p>[[2]]</p><p><a href='/1'>İLGİLİ HABER: Feribot "
        f"ücretlerine yüzde on zam</a></p>{_REST}</div></article>",
    ),
    "read_more_links_in_arabic": (
        "ar",
        "<article><h1>{title}</h1><div class='article-text'><p>[[1]]</p><p>[[2]]</p><p>اقرأ أيضا: <a "
        f"href='/1'>العبّارة تتوقف للمرة الثالثة هذا الأسبوع</a></p>{_REST}</div></article>",
    ),
    "deck_under_the_headline": (
        "en",
        "<article><header><h1>{title}</h1><p class='standfirst'>A petition, two lawsuits and a foghorn that nobody "
        f"could sleep through</p></header><div class='article-content'>{_ALL}</div></article>",
    ),
    "share_list": (
        "en",
        f"<article><h1>{{title}}</h1><div class='post-content'>{_ALL}<ul class='share-list'><li>Share on Facebook</li>"
        "<li>Share on WhatsApp</li><li>Copy the link</li></ul></div></article>",
    ),
    "tag_list": (
        "fr",
        f"<article><h1>{{title}}</h1><div class='article-texte'>{_ALL}<ul class='tags'><li><a "
        "href='/t/1'>phare</a></li><li><a href='/t/2'>patrimoine</a></li><li><a "
        "href='/t/3'>Caldre</a></li></ul></div></article>",
    ),
    "captions_and_credits": (
        "en",
        "<article><h1>{title}</h1><figure><img src='1.jpg'><figcaption>The lighthouse of Calder, seen from the harbour."
        "</figcaption></figure><div class='text'><p>[[1]]</p><p>[[2]]</p><div class='image'><img src='2.jpg'><p "
        "class='image-caption'>The lamp was last lit by hand in 1978.</p></div><p>Photo: Ilse Brandt / Coast Pictures"
        f"</p>{_REST}</div></article>",
    ),
    "caption_in_chinese": (
        "zh",
        "<div class='main'><h1>{title}</h1><div class='content'><p>[[1]]</p><figure><img "
        f"src='1.jpg'><figcaption>卡尔德镇的灯塔，摄于港口。</figcaption></figure><p>[[2]]</p>{_REST}</div></div>",
    ),
    "related_box_in_an_aside": (
        "en",
        "<article><h1>{title}</h1><div class='longform'><p>[[1]]</p><p>[[2]]</p><aside "
        "class='related-content'><h4>More on this</h4><p>How the keepers of the northern coast lost their work to a "
        f"machine in the space of a single winter.</p></aside>{_REST}</div></article>",
    ),
    "most_read_beside_the_text": (
        "de",
        f"<div class='row'><div class='col-8'><h1>{{title}}</h1>{_ALL}</div><div "
        "class='col-4'><h3>Meistgelesen</h3><ol><li><a href='/1'>Fähre nach Nordeck fällt zum dritten Mal "
        "aus</a></li><li><a href='/2'>Heringsmarkt zieht an den Nordkai</a></li></ol></div></div>",
    ),
    "cookie_banner": (
        "fr",
        "<div class='cookie-consent'><p>Nous utilisons, avec nos partenaires, des cookies pour mesurer l’audience du "
        "site et vous proposer des contenus adaptés à vos centres d’intérêt.</p><button>Tout "
        f"accepter</button></div><article><h1>{{title}}</h1><div class='article-body'>{_ALL}</div></article>",
    ),
    "rights_reserved": (
        "en",
        f"<article><h1>{{title}}</h1><div class='content'>{_ALL}<p>© 2024 The Calder Post. All rights reserved. This "
        "material may not be published, broadcast or rewritten without permission.</p></div></article>",
    ),
    "rights_reserved_in_russian": (
        "ru",
        f"<article><h1>{{title}}</h1><div class='content'>{_ALL}<p>© 2024 «Кальдерский листок». Все права защищены.</p>"
        "</div></article>",
    ),
    "table_of_prices": (
        "en",
        f"<main><article><h1>{{title}}</h1><div class='article-main'>{_ALL}</div></article><div class='markets'><table>"
        "<tr><th>Index</th><th>Last</th></tr><tr><td>Coast 30</td><td>4,112</td></tr><tr><td>Herring</td><td>18.20</td>"
        "</tr></table></div></main>",
    ),
    "reader_comments": (
        "en",
        f"<article><h1>{{title}}</h1><div class='article-body'>{_ALL}</div><section id='comments'><h3>2 comments</h3>"
        "<div class='comment'><b>Harbourmaster</b><p>About time. I rowed past that tower every morning for forty years "
        "and it broke my heart to see the shutters closed.</p></div><div class='comment'><b>Wim</b><p>And who pays for "
        "the wall when the next storm comes in, the hotel chain or those of us who live behind it?</p></div></section>"
        "</article>",
    ),
    "reader_comments_without_names_for_them": (
        "de",
        f"<div class='inhalt'><h1>{{title}}</h1><div class='fliess'>{_ALL}<h3>Kommentare</h3><p>Endlich! Ich bin "
        "vierzig Jahre lang jeden Morgen an dem Turm vorbeigerudert und konnte die geschlossenen Läden kaum "
        "ansehen.</p><p>Und wer zahlt die Mauer, wenn der nächste Sturm kommt?</p></div></div>",
    ),
    "author_line_in_russian": (
        "ru",
        f"<article><h1>{{title}}</h1><div class='text'><p>Автор: Дарья Рябова</p>{_ALL}</div></article>",
    ),
    "editor_line_in_chinese": (
        "zh",
        f"<div class='main'><h1>{{title}}</h1><div class='content'>{_ALL}<p>（责任编辑：王小明）</p></div></div>",
    ),
    "read_more_links_in_spanish": (
        "es",
        "<article><h1>{title}</h1><div class='cuerpo'><p>[[1]]</p><p>[[2]]</p><p>Lea también: <a href='/1'>El "
        f"transbordador vuelve a fallar</a></p>{_REST}</div></article>",
    ),
    "reproduction_forbidden": (
        "fr",
        f"<article><h1>{{title}}</h1><div class='corps'>{_ALL}<p>Toute reproduction interdite sans "
        "autorisation.</p></div></article>",
    ),
    "box_of_facts": (
        "en",
        "<article><h1>{title}</h1><div class='copy'><p>[[1]]</p><p>[[2]]</p><div class='fact-box'><h4>The tower in "
        f"figures</h4><p>Built in 1871, 43 metres high, 212 steps.</p></div>{_REST}</div></article>",
    ),
}

_LOST = {
    "body_in_divs": (
        "en",
        "<div class='page'><h1>{title}</h1><div class='txt'>"
        + "".join(f"<div>[[{number}]]</div>" for number in range(1, 8))
        + "</div></div>",
    ),
    "body_between_line_breaks": (
        "tr",
        "<div class='detay'><h1>{title}</h1><div class='metin'>"
        + "<br><br>".join(f"[[{number}]]" for number in range(1, 8))
        + "</div></div>",
    ),
    "a_section_for_each_paragraph": (
        "en",
        "<main><article><h1>{title}</h1>"
        + "".join(
            f"<section class='block block--text' data-index='{number}'><div class='inner'><p>[[{number}]]</p></div>"
            "</section>"
            for number in range(1, 8)
        )
        + "</article></main>",
    ),
    "body_in_custom_elements": (
        "de",
        "<app-root><app-article><h1>{title}</h1><app-text>"
        + "".join(f"<app-block><p>[[{number}]]</p></app-block>" for number in range(1, 8))
        + "</app-text></app-article></app-root>",
    ),
    "body_cut_by_advertisements": (
        "fr",
        "<article><h1>{title}</h1><div class='part'><p>[[1]]</p><p>[[2]]</p></div><div "
        "class='ad-wrapper'><span>Publicité</span></div><div class='part'><p>[[3]]</p><p>[[4]]</p></div><div "
        "class='ad-wrapper'><span>Publicité</span></div><div "
        "class='part'><p>[[5]]</p><p>[[6]]</p><p>[[7]]</p></div></article>",
    ),
    "body_behind_a_paywall_class": (
        "de",
        "<article><h1>{title}</h1><div class='intro'><p>[[1]]</p><p>[[2]]</p></div><div class='paywall "
        f"premium-content'>{_REST}</div></article>",
    ),
    "lead_in_a_box_of_its_own": (
        "ru",
        "<article><h1>{title}</h1><div class='article__lead'><p>[[1]]</p></div><div class='article__text'><p>[[2]]</p>"
        f"{_REST}</div></article>",
    ),
    "body_in_a_layout_table": (
        "es",
        f"<table width='960'><tr><td class='menu'><a href='/'>Inicio</a><br><a "
        f"href='/l'>Local</a></td><td><h1>{{title}}"
        f"</h1>{_ALL}</td></tr></table>",
    ),
    "body_under_a_social_class": (
        "en",
        f"<div class='layout has-sidebar share-enabled'><article class='article-with-comments'><h1>{{title}}</h1>{_ALL}"
        "</article></div>",
    ),
    "paragraphs_in_chinese": (
        "zh",
        f"<div class='wrap'><h1>{{title}}</h1><div class='TRS_Editor'>{_ALL}</div></div>",
    ),
    "paragraphs_in_arabic": (
        "ar",
        "<div class='details'><h1>{title}</h1><div class='body' dir='rtl'>"
        + "".join(f"<p dir='rtl'><span>[[{number}]]</span></p>" for number in range(1, 8))
        + "</div></div>",
    ),
    "subheads": (
        "en",
        "<article><h1>{title}</h1><div class='article-body'><p>[[1]]</p><p>[[2]]</p><h2>[[A grandmother’s lamp]]</h2>"
        "<p>[[3]]</p><p>[[4]]</p><h2>[[What has to be mended]]</h2><p>[[5]]</p><p>[[6]]</p><h3>[[What comes next]]</h3>"
        "<p>[[7]]</p></div></article>",
    ),
    "bold_subheads": (
        "de",
        "<article><h1>{title}</h1><div class='artikel'><p>[[1]]</p><p>[[2]]</p><p><strong>[[Streit um die "
        "Mauer]]</strong></p><p>[[3]]</p><p>[[4]]</p><p>[[5]]</p><p><b>[[Eröffnung im "
        "Oktober]]</b></p><p>[[6]]</p><p>[[7]]</p></div></article>",
    ),
    "short_lines_of_dialogue": (
        "en",
        "<article><h1>{title}</h1><div class='story'><p>[[1]]</p><p>[[2]]</p><p>[[3]]</p><p>[[“Eleven to four.”]]</p>"
        "<p>[[Nobody clapped.]]</p><p>[[4]]</p><p>[[5]]</p><p>[[6]]</p><p>[[7]]</p></div></article>",
    ),
    "an_interview": (
        "fr",
        "<article><h1>{title}</h1><div class='entretien'><p>[[1]]</p><p><strong>[[Qui a eu l’idée "
        "?]]</strong></p><p>[[2]]</p><p>[[3]]</p><p><strong>[[Et la digue "
        "?]]</strong></p><p>[[4]]</p><p>[[5]]</p><p>[[6]]</p><p>[[7]]</p></div></article>",
    ),
    "text_beside_paragraphs": (
        "en",
        "<article><h1>{title}</h1><div "
        "class='story-copy'>[[1]]<p>[[2]]</p><p>[[3]]</p>[[4]]<p>[[5]]</p><p>[[6]]</p>[[7]]</div></article>",
    ),
    "links_and_markup_within_paragraphs": (
        "en",
        "<article><h1>{title}</h1><div class='prose'><p>[[1]]</p><p>[[The <a href='/hotel'>hotel chain</a> did <em>not"
        "</em> answer <a href='/q'>our questions</a> about the <strong>state of the tower</strong> before the vote."
        "]]</p><p>[[2]]</p>" + _REST + "</div></article>",
    ),
    "list_of_the_article": (
        "en",
        "<article><h1>{title}</h1><div class='article-text'><p>[[1]]</p><p>[[2]]</p><p>[[3]]</p><p>[[The plan has "
        "three parts, which the council means to finish within two years:]]</p><ul><li>[[a new railing for the "
        "gallery, to be made by the shipyard]]</li><li>[[repairs to the stairs, with help from the state]]</li><li>[[a "
        "small museum in the keeper’s "
        "rooms]]</li></ul><p>[[4]]</p><p>[[5]]</p><p>[[6]]</p><p>[[7]]</p></div></article>",
    ),
    "numbered_list_in_russian": (
        "ru",
        "<article><h1>{title}</h1><div class='text'><p>[[1]]</p><p>[[2]]</p><ol><li>[[Новые перила для галереи сделает "
        "верфь.]]</li><li>[[Лестницу починят на деньги области.]]</li></ol>" + _REST + "</div></article>",
    ),
    "table_of_the_article": (
        "en",
        "<article><h1>{title}</h1><div class='article-text'><p>[[1]]</p><p>[[2]]</p><p>[[3]]</p><table><tr>[[<th>"
        "Instalment</th><th>Due</th>]]</tr><tr>[[<td>First 300,000</td><td>September</td>]]</tr><tr>[[<td>Second "
        "300,000</td><td>March</td>]]</tr></table><p>[[4]]</p><p>[[5]]</p><p>[[6]]</p><p>[[7]]</p></div></article>",
    ),
    "quotations": (
        "es",
        "<article><h1>{title}</h1><div class='noticia'><p>[[1]]</p><p>[[2]]</p><blockquote><p>[[3]]</p></blockquote>"
        "<p>[[4]]</p><blockquote>[[5]]</blockquote><p>[[6]]</p><p>[[7]]</p></div></article>",
    ),
    "body_in_an_aside": ("en", f"<main><h1>{{title}}</h1><aside class='text'>{_ALL}</aside></main>"),
    "body_in_a_form": (
        "tr",
        f"<form id='aspnetForm'><div id='sayfa'><h1>{{title}}</h1><div id='metin'>{_ALL}</div></div></form>",
    ),
    "definitions": (
        "en",
        "<article><h1>{title}</h1><div class='copy'><p>[[1]]</p><p>[[2]]</p><dl><dt>[[The tower]]</dt><dd>[[Built in "
        f"1871 of granite brought from the north.]]</dd></dl>{_REST}</div></article>",
    ),
}


def _page(language: str, main: str) -> tuple[str, list[str]]:
    title, paragraphs = STORIES[language]
    wanted = []

    def fill(mark: re.Match[str]) -> str:
        block = paragraphs[int(mark[1]) - 1] if mark[1].isdigit() else mark[1]
        wanted.append(re.sub(r"<[^>]+>", "", block.replace("</th><th>", " ").replace("</td><td>", " ")))
        return block

    filled = _MARKED.sub(fill, main.replace("{title}", title))
    direction = "rtl" if language == "ar" else "ltr"
    html = (
        f"<!doctype html><html lang='{language}' dir='{direction}'><head><meta charset='utf-8'><title>{title} | The "
        f"Calder Post</title><meta property='og:type' content='article'><meta property='og:title' "
        f"content='{title}'></head><body>"
        "<header class='site-header'><a href='/'>The Calder Post</a><nav><ul><li><a href='/news'>News</a></li><li><a "
        f"href='/sport'>Sport</a></li></ul></nav></header>{filled}<footer><p>The Calder Post, 4 Harbour Row</p><a "
        "href='/imprint'>Imprint</a></footer></body></html>"
    )
    return html, wanted


PAGES = {mode: _page(*page) for mode, page in (_KEPT_WRONGLY | _LOST).items()}
"""The page and the blocks of its article, by what it tempts to."""
