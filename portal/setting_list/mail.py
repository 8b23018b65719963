"""Settings of the section "Mail settings" in `docs/operating.md`."""

from portal.setting_list.setting import Setting

MAIL = (
    Setting(
        "PORTAL_MAIL_URL",
        "file:",
        "How mail leaves: `smtp://user:password@host:587?tls=required` (or `starttls`, `none`),"
        " `smtps://user:password@host`, `ses://eu-central-1`, or `file:`, which writes each mail"
        " into the folder `mail` of the data folder and sends none.",
        is_secret=True,
    ),
    Setting(
        "PORTAL_MAIL_FROM",
        "",
        "The sender of mail, for example `Customer service <service@example.com>`. If it is not"
        " set, or cannot be used, it is `no-reply@` and the host of the base URL.",
    ),
    Setting(
        "PORTAL_MAIL_RETURN_PATH",
        "",
        "The address to which other mail servers report what they could not deliver, for example"
        " `bounces@example.com`: each mail adds `+` and a signed key to it. `portal outbox bounces`"
        " reads what arrives there.",
    ),
    Setting(
        "PORTAL_MAIL_DKIM_KEY_FILE",
        "",
        "A file with a private RSA key in PEM form. Mail is then signed by DKIM, unless"
        " it leaves by Amazon SES, which signs by itself. Needs the extra `dkim` of the"
        " package.",
    ),
    Setting(
        "PORTAL_MAIL_DKIM_SELECTOR",
        "",
        "The name under which DNS has the public key: `s1` for `s1._domainkey.example.com`.",
    ),
    Setting(
        "PORTAL_MAIL_DKIM_DOMAIN",
        "",
        "The domain that signs. If it is not set, the one of `PORTAL_MAIL_FROM`.",
    ),
    Setting(
        "PORTAL_MAIL_SNS_TOPICS",
        "",
        "The ARNs of the SNS topics by which Amazon SES reports bounces to `/api/mail/ses`,"
        " separated by commas.",
    ),
    Setting(
        "PORTAL_MAIL_STAFF",
        "",
        "Addresses that get a digest in the morning, separated by commas: who waits longer than"
        " promised, and whose access ends in 30, 14 or 3 days. Nothing is sent when there is"
        " nothing to tell.",
    ),
    Setting(
        "PORTAL_MAIL_STAFF_LANGUAGE",
        "en",
        "The language of the digest, `en` or `de`.",
    ),
    Setting(
        "PORTAL_MAIL_APPROVERS",
        "true",
        "Whether everybody on the list of staff who may decide gets the digest as well. With"
        " `false` it goes to the addresses of `PORTAL_MAIL_STAFF` alone.",
    ),
    Setting(
        "PORTAL_MAIL_EXPIRING",
        "",
        "`true` tells customers 30, 14 and 3 days ahead that their access ends.",
    ),
    Setting(
        "PORTAL_MAIL_FILE_DAYS",
        "30",
        "How many days mails that were written into files are kept. Whatever sends mail deletes"
        " older ones, once an hour; that they were sent stays.",
    ),
)
