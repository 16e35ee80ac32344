"""Stories of an invented harbour town in several languages: a headline and seven paragraphs each."""

from __future__ import annotations

Story = tuple[str, tuple[str, ...]]

STORIES: dict[str, Story] = {
    "en": (
        "Town of Calder votes to buy back its lighthouse",
        (
            "The town council of Calder voted eleven to four on Tuesday night to buy back the lighthouse it sold to a "
            "hotel chain nineteen years ago, ending a quarrel that had outlived three mayors and two lawsuits.",
            "Under the agreement the town will pay 1.2 million in four instalments, the first of them in September, "
            "and the chain will leave behind the lamp, the foghorn and the furniture of the keeper’s rooms.",
            "“My grandmother lit that lamp for thirty years, and I would like my children to be able to climb up to "
            "it,” said Oona Tarrant, who gathered four thousand signatures in a town of nine thousand people.",
            "Opponents argued that the money would be better spent on the harbour wall, parts of which collapsed "
            "during the storms of last winter and have since been held together with sandbags and steel cable.",
            "An engineer hired by the council told the meeting that the tower was sound, although the gallery needs "
            "new railings and the stairs, which date from 1871, would have to be closed to visitors for a season.",
            "The hotel chain bought the building in order to let its rooms to guests, but the plan was abandoned when "
            "the first winter showed that nobody could sleep through the foghorn, which the law obliges it to sound.",
            "If the state approves the sale, as it is expected to do before the summer, the lighthouse could be "
            "opened to the public on the first weekend of October, when the town holds its herring market.",
        ),
    ),
    "de": (
        "Kalderhafen kauft seinen Leuchtturm zurück",
        (
            "Der Gemeinderat von Kalderhafen hat am Dienstagabend mit elf gegen vier Stimmen beschlossen, den vor "
            "neunzehn Jahren an eine Hotelkette verkauften Leuchtturm wieder in den Besitz der Stadt zu bringen.",
            "Die Stadt zahlt dafür 1,2 Millionen in vier Raten, die erste davon im September, und die Kette lässt die "
            "Lampe, das Nebelhorn und die Möbel aus den Zimmern des Wärters im Turm zurück.",
            "„Meine Großmutter hat diese Lampe dreißig Jahre lang angezündet, und ich möchte, dass meine Kinder zu "
            "ihr hinaufsteigen können“, sagte Okka Tarrant, die viertausend Unterschriften gesammelt hatte.",
            "Die Gegner hätten das Geld lieber in die Hafenmauer gesteckt, von der im vergangenen Winter während der "
            "Stürme Teile eingestürzt sind und die seither nur von Sandsäcken und Stahlseilen gehalten wird.",
            "Ein von der Stadt beauftragter Ingenieur erklärte in der Sitzung, der Turm sei standfest, nur brauche "
            "die Galerie ein neues Geländer, und die Treppe von 1871 müsse für eine Saison gesperrt werden.",
            "Die Hotelkette hatte die Zimmer an Gäste vermieten wollen, gab den Plan aber auf, als sich im ersten "
            "Winter zeigte, dass niemand bei dem gesetzlich vorgeschriebenen Nebelhorn schlafen konnte.",
            "Stimmt das Land dem Verkauf wie erwartet vor dem Sommer zu, könnte der Leuchtturm am ersten Wochenende "
            "im Oktober, wenn die Stadt ihren Heringsmarkt feiert, für alle Besucher geöffnet werden.",
        ),
    ),
    "fr": (
        "La ville de Caldre rachète son phare",
        (
            "Le conseil municipal de Caldre a voté mardi soir, par onze voix contre quatre, le rachat du phare qu’il "
            "avait cédé il y a dix-neuf ans à une chaîne d’hôtels, mettant fin à une querelle de trois mandats.",
            "Selon l’accord, la ville versera 1,2 million en quatre fois, dont une première part en septembre, et la "
            "chaîne laissera sur place la lampe, la corne de brume et les meubles du logement du gardien.",
            "« Ma grand-mère a allumé cette lampe pendant trente ans, et je voudrais que mes enfants puissent y "
            "monter », explique Oriane Tarrant, qui a réuni quatre mille signatures dans une ville de neuf mille "
            "habitants.",
            "Les opposants estimaient que l’argent serait mieux employé à réparer la digue du port, dont plusieurs "
            "parties se sont effondrées pendant les tempêtes de l’hiver dernier et que retiennent des sacs de sable.",
            "Un ingénieur mandaté par la commune a indiqué que la tour était saine, mais que la galerie avait besoin "
            "de garde-corps neufs et que l’escalier de 1871 devrait être fermé aux visiteurs pendant une saison.",
            "La chaîne voulait louer les chambres à des touristes, mais elle y a renoncé dès le premier hiver, "
            "lorsqu’il est apparu que personne ne dormait à côté de la corne de brume, que la loi impose de faire "
            "sonner.",
            "Si l’État approuve la vente avant l’été, comme tout le laisse penser, le phare pourrait ouvrir au public "
            "le premier week-end d’octobre, au moment où la ville tient sa grande foire aux harengs.",
        ),
    ),
    "es": (
        "El pueblo de Caldera recupera su faro",
        (
            "El pleno de Caldera aprobó el martes por la noche, por once votos a favor y cuatro en contra, la compra "
            "del faro que había vendido hace diecinueve años a una cadena de hoteles, tras una larga disputa.",
            "Según el acuerdo, el municipio pagará 1,2 millones en cuatro plazos, el primero de ellos en septiembre, "
            "y la cadena dejará en la torre la lámpara, la sirena y los muebles de la vivienda del farero.",
            "«Mi abuela encendió esa lámpara durante treinta años y quiero que mis hijos puedan subir hasta ella», "
            "dijo Olaya Tarrán, que reunió cuatro mil firmas en un pueblo de nueve mil habitantes.",
            "Los contrarios a la compra sostienen que el dinero hacía más falta en el muelle, del que varias partes "
            "se derrumbaron con los temporales del invierno pasado y que hoy sujetan sacos de arena y cables.",
            "Un ingeniero contratado por el ayuntamiento explicó que la torre es firme, aunque la galería necesita "
            "otra barandilla y la escalera, que es de 1871, tendrá que cerrarse a las visitas durante una temporada.",
            "La cadena quería alquilar las habitaciones a los turistas, pero abandonó el plan cuando el primer "
            "invierno demostró que nadie podía dormir junto a la sirena, que por ley debe sonar los días de niebla.",
            "Si el Estado autoriza la venta antes del verano, como se espera, el faro podría abrirse al público el "
            "primer fin de semana de octubre, cuando el pueblo celebra la feria del arenque.",
        ),
    ),
    "tr": (
        "Kaldere kasabası deniz fenerini geri alıyor",
        (
            "Kaldere belediye meclisi salı akşamı, on dokuz yıl önce bir otel zincirine satılan deniz fenerinin geri "
            "alınmasına dörde karşı on bir oyla karar verdi ve üç belediye başkanı eskiten tartışmayı bitirdi.",
            "Anlaşmaya göre belediye, ilki eylül ayında olmak üzere dört taksitte 1,2 milyon ödeyecek, zincir ise "
            "lambayı, sis düdüğünü ve bekçi odalarındaki eşyaları kulede bırakacak.",
            "Dokuz bin nüfuslu kasabada dört bin imza toplayan Oya Tarhan, “Büyükannem o lambayı otuz yıl boyunca "
            "yaktı, çocuklarımın da oraya çıkabilmesini istiyorum” dedi.",
            "Karara karşı çıkanlar, paranın geçen kışın fırtınalarında bir bölümü yıkılan ve o günden beri kum "
            "torbaları ile çelik halatlarla ayakta tutulan liman duvarına harcanması gerektiğini savundu.",
            "Belediyenin görevlendirdiği mühendis, kulenin sağlam olduğunu, ancak balkon korkuluklarının yenilenmesi "
            "ve 1871 yılından kalma merdivenin bir mevsim boyunca ziyarete kapatılması gerektiğini anlattı.",
            "Otel zinciri odaları konuklara kiralamayı düşünmüş, ancak ilk kış kimsenin yasaya göre çalınması zorunlu "
            "olan sis düdüğü yüzünden uyuyamadığı anlaşılınca bu plandan vazgeçmişti.",
            "Devlet satışı beklendiği gibi yazdan önce onaylarsa, fener kasabanın ringa pazarını kurduğu ekim ayının "
            "ilk hafta sonunda halka açılabilecek.",
        ),
    ),
    "ru": (
        "Город Кальдер выкупает свой маяк",
        (
            "Городской совет Кальдера во вторник вечером одиннадцатью голосами против четырёх решил выкупить маяк, "
            "который девятнадцать лет назад был продан сети гостиниц, и тем закончил многолетний спор.",
            "По договору город заплатит 1,2 миллиона четырьмя частями, первую из которых в сентябре, а сеть оставит в "
            "башне лампу, туманный горн и мебель из комнат смотрителя.",
            "«Моя бабушка зажигала эту лампу тридцать лет, и я хочу, чтобы мои дети могли к ней подняться», — сказала "
            "Ольга Тарант, собравшая четыре тысячи подписей в городе, где живут девять тысяч человек.",
            "Противники покупки считали, что деньги нужнее портовой стене, часть которой обрушилась во время штормов "
            "прошлой зимой и с тех пор держится на мешках с песком и стальных тросах.",
            "Инженер, нанятый городом, сообщил на заседании, что башня прочна, хотя на галерее нужны новые перила, а "
            "лестницу 1871 года придётся на один сезон закрыть для посетителей.",
            "Сеть собиралась сдавать комнаты гостям, но отказалась от этого замысла, когда в первую же зиму "
            "оказалось, что никто не может спать рядом с горном, который по закону обязан звучать в туман.",
            "Если государство, как ожидается, одобрит сделку до начала лета, маяк откроют для всех в первые выходные "
            "октября, когда в городе проходит селёдочная ярмарка.",
        ),
    ),
    "ar": (
        "بلدة كالدر تستعيد منارتها القديمة",
        (
            "صوّت مجلس بلدة كالدر مساء الثلاثاء بأغلبية أحد عشر صوتا مقابل أربعة على شراء المنارة التي باعها قبل تسعة "
            "عشر عاما لسلسلة فنادق، لينتهي بذلك خلاف طويل شغل ثلاثة رؤساء بلدية.",
            "وبموجب الاتفاق ستدفع البلدة مليونا ومئتي ألف على أربع دفعات، تبدأ أولاها في سبتمبر المقبل، على أن تترك "
            "الشركة المصباح وبوق الضباب وأثاث غرف الحارس في مكانه.",
            "وقالت علا طرانت، التي جمعت أربعة آلاف توقيع في بلدة لا يزيد سكانها على تسعة آلاف، إن جدتها أضاءت ذلك "
            "المصباح ثلاثين عاما وإنها تريد أن يصعد أولادها إليه.",
            "ورأى المعارضون أن المال كان أولى بجدار الميناء الذي انهارت أجزاء منه خلال عواصف الشتاء الماضي، وما زال "
            "منذ ذلك الحين مسنودا بأكياس الرمل وحبال الفولاذ.",
            "وأوضح مهندس كلفته البلدية أن البرج سليم، لكن الشرفة تحتاج إلى حواجز جديدة، وأن الدرج الذي يعود إلى القرن "
            "التاسع عشر سيغلق أمام الزوار موسما كاملا.",
            "وكانت الشركة تنوي تأجير الغرف للنزلاء، غير أنها تخلت عن الفكرة بعدما تبين في الشتاء الأول أن أحدا لا "
            "يستطيع النوم قرب البوق الذي يفرض القانون إطلاقه.",
            "وإذا وافقت الدولة على البيع قبل الصيف كما هو متوقع، فقد تفتح المنارة أبوابها للجمهور في أول عطلة من شهر "
            "أكتوبر حين تقيم البلدة سوق السمك السنوي.",
        ),
    ),
    "zh": (
        "卡尔德镇投票决定买回灯塔",
        (
            "卡尔德镇议会周二晚间以十一票赞成、四票反对的结果，决定买回十九年前卖给一家连锁酒店的灯塔，从而结束了一场历经三任镇长的争论。",
            "根据协议，镇政府将分四次支付一百二十万元，第一笔款项在九月付清，酒店方面则会把灯具、雾号以及看守人房间里的家具全部留在塔内。",
            "在这个只有九千人的小镇上征集到四千个签名的塔兰特女士说：“我的祖母点了三十年的灯，我希望我的孩子们也能够登上去看一看。”",
            "反对者认为这笔钱更应该用来修理港口的防波堤，去年冬天的风暴使其中几段倒塌，至今仍然靠沙袋和钢缆勉强支撑着。",
            "镇议会聘请的工程师在会上表示，塔身依然牢固，但是外廊需要更换栏杆，建于一八七一年的楼梯也必须对游客关闭一个季节。",
            "酒店当初买下这座建筑是为了出租房间，但是第一个冬天就发现，法律规定必须鸣响的雾号让所有客人都无法入睡，计划只好放弃。",
            "如果上级政府像预期的那样在夏天之前批准这笔交易，灯塔有望在十月的第一个周末、也就是镇上举办鲱鱼集市的时候向公众开放。",
        ),
    ),
}
