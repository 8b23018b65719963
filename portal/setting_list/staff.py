"""Settings of the section "Staff" in `docs/operating.md`."""

from portal.setting_list.setting import Setting

STAFF = (
    Setting(
        "PORTAL_CONTACT_URL",
        "",
        "Where customers reach a person: an address with `https://`, `http://` or `mailto:`. Each"
        " status page links to it.",
    ),
    Setting(
        "PORTAL_CONTACT_EMAIL",
        "",
        "The e-mail address at which customers reach a person; each status page shows it.",
    ),
    Setting(
        "PORTAL_CONTACT_PHONE",
        "",
        "The phone number at which customers reach a person, with its country code; each status"
        " page shows it.",
    ),
    Setting(
        "PORTAL_PRIVACY_URL",
        "",
        "The page that says what happens to personal data; each page links to it. For pages by"
        " language, `en=https://example.com/privacy de=https://example.com/datenschutz`.",
    ),
    Setting(
        "PORTAL_IMPRINT_URL",
        "",
        "The page that says who runs the portal, like `PORTAL_PRIVACY_URL`.",
    ),
    Setting(
        "PORTAL_SUPPORT_URL",
        "",
        "The page where people get help, like `PORTAL_PRIVACY_URL`.",
    ),
    Setting(
        "PORTAL_SECURITY_CONTACT",
        "",
        "Where to report a weakness, for `/.well-known/security.txt`: an address with `https://` or"
        " `mailto:`. If it is not set, `PORTAL_CONTACT_URL` stands there.",
    ),
    Setting(
        "PORTAL_FIRST_TERM_DAYS",
        "365",
        "A new licence is suggested to end after this many days, both its first and its last day"
        " included.",
    ),
    Setting(
        "PORTAL_EXPIRING_DAYS",
        "30",
        "On the pages of staff, a licence is expiring when it ends within so many days, from 1 to"
        " 365. For programs it is always 30.",
    ),
    Setting(
        "PORTAL_CONFIRM_ADDRESS",
        "false",
        "`true`: a sign-up gets into the queue only when its customer has confirmed the email"
        " address. Until then it is among the doubtful ones, where staff can move it into the"
        " queue. Needs mail that leaves, see `PORTAL_MAIL_URL`.",
    ),
    Setting(
        "PORTAL_PROMISED_DAYS",
        "2",
        "The age of a sign-up turns red after this many days in the queue. Until ten sign-ups are"
        " decided, status pages say that it takes so long.",
    ),
    Setting(
        "PORTAL_ESCALATE_DAYS",
        "3",
        "If somebody of staff has looked after a sign-up for so many days and it is not decided,"
        " the person of `PORTAL_ESCALATE_TO` is told by mail, once. `0` turns this off.",
    ),
    Setting(
        "PORTAL_ESCALATE_TO",
        "",
        "The address of somebody on the list of staff, an approver or an administrator. If it is"
        " not set, nobody is told.",
    ),
    Setting(
        "PORTAL_SECURITY_LOG_DAYS",
        "90",
        "How many days the events of the security log are kept, with names and network addresses.",
    ),
)
