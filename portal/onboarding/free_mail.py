"""Domains that give addresses to anybody, so the limit for one company's domain does not hold."""

FREE_MAIL_DOMAINS = frozenset({
    "126.com", "163.com", "abv.bg", "alice.it", "aol.com", "arcor.de", "att.net", "bigpond.com",
    "bk.ru", "bluewin.ch", "bol.com.br", "bt.com", "btinternet.com", "centrum.cz", "comcast.net",
    "cox.net", "daum.net", "fastmail.com", "foxmail.com", "free.fr", "freemail.hu", "freenet.de",
    "gmail.com", "gmx.at", "gmx.ch", "gmx.com", "gmx.de", "gmx.net", "googlemail.com",
    "hanmail.net", "hey.com", "hotmail.co.uk", "hotmail.com", "hotmail.de", "hotmail.es",
    "hotmail.fr", "hotmail.it", "icloud.com", "inbox.lv", "inbox.ru", "interia.pl", "laposte.net",
    "libero.it", "list.ru", "live.co.uk", "live.com", "live.de", "live.fr", "live.it", "live.nl",
    "mac.com", "mail.com", "mail.de", "mail.ru", "mailbox.org", "me.com", "msn.com", "naver.com",
    "o2.pl", "onet.pl", "orange.fr", "outlook.com", "outlook.de", "outlook.es", "outlook.fr",
    "outlook.it", "pm.me", "posteo.de", "proton.me", "protonmail.ch", "protonmail.com", "qq.com",
    "rambler.ru", "rediffmail.com", "rogers.com", "sapo.pt", "seznam.cz", "sfr.fr", "shaw.ca",
    "sina.com", "sky.com", "sohu.com", "t-online.de", "telenet.be", "terra.com.br", "tiscali.it",
    "tuta.com", "tutanota.com", "ukr.net", "uol.com.br", "verizon.net", "virgilio.it",
    "virginmedia.com", "wanadoo.fr", "web.de", "wp.pl", "xs4all.nl", "yahoo.co.in", "yahoo.co.jp",
    "yahoo.co.uk", "yahoo.com", "yahoo.com.br", "yahoo.de", "yahoo.es", "yahoo.fr", "yahoo.it",
    "yandex.com", "yandex.ru", "ymail.com", "zoho.com",
})  # fmt: skip
