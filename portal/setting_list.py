"""Every setting: its name, its default, and what it does. `docs/operating.md` says the same."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable. `default` is the text that stands for it when it is unset."""

    name: str
    default: str
    explanation: str


SETTINGS = (
    Setting(
        "USE_DYNAMODB",
        "",
        "`true` keeps the data in DynamoDB. Any other value keeps it in the file store.",
    ),
    Setting(
        "NODE_ENV",
        "",
        "Read only if `USE_DYNAMODB` is not set: `production` selects DynamoDB.",
    ),
    Setting(
        "TENANT_TABLE_NAME",
        "fsm-appointment-tenants",
        "The name of the DynamoDB table.",
    ),
    Setting(
        "AWS_REGION",
        "",
        "The region of the table and of the KMS key, for example `eu-central-1`.",
    ),
    Setting(
        "PORTAL_KMS_KEY_ID",
        "",
        "The KMS key (id, ARN or alias) that seals client secrets. If it is not set, the key"
        " file in the data folder seals them.",
    ),
    Setting(
        "AWS_ENDPOINT_URL_DYNAMODB",
        "",
        "The address of DynamoDB if it is not the region's own: a VPC endpoint, or a test engine.",
    ),
    Setting(
        "PORTAL_METRICS",
        "",
        "Where the portal reports its calls to DynamoDB: `log` writes CloudWatch embedded"
        " metrics to the log, `prometheus` opens `/metrics`, `log,prometheus` does both.",
    ),
    Setting(
        "DEBUG",
        "",
        "`fsm-appointment:tenant` logs each call to DynamoDB: operation, kind of item, time,"
        " capacity and request id; never a value.",
    ),
    Setting(
        "PORTAL_DATA_DIR",
        "./data",
        "The folder of the file store and of the keys that the portal creates. It must be on a"
        " local disk.",
    ),
    Setting(
        "PORTAL_DATA_DIR_IS_MADE",
        "",
        "`true`: the data folder and its store were made before. If they are missing, nobody makes"
        " new ones, since they may come back with what they held. `portal serve` sets it for its"
        " processes.",
    ),
    Setting(
        "PORTAL_TIME_ZONE",
        "UTC",
        "The time zone in which the days of a licence begin and end, for example `Europe/Berlin`.",
    ),
    Setting(
        "PORTAL_SECRET_KEY",
        "",
        "The key that signs sessions, form tokens and links; at least 32 characters. With the"
        " file store, the portal creates one on first use. With DynamoDB, you must set it.",
    ),
    Setting(
        "PORTAL_SECRET_KEY_FALLBACKS",
        "",
        "Earlier secret keys, separated by commas. What they signed stays valid.",
    ),
    Setting(
        "PORTAL_BASE_URL",
        "http://127.0.0.1:8000",
        "The address at which people reach the portal. Links begin with it; if it begins with"
        " `https`, cookies are secure.",
    ),
    Setting(
        "PORTAL_TRUSTED_HOSTS",
        "",
        "Further host names that the portal answers to, separated by commas. It always answers"
        " to the host of the base URL.",
    ),
    Setting(
        "PORTAL_PROXY_HOPS",
        "0",
        "The number of proxies in front of the portal that add to `X-Forwarded-For`.",
    ),
    Setting(
        "PORTAL_SIGN_UP_MIN_SECONDS",
        "3",
        "A sign-up form that is sent fewer seconds after it was shown has a mark in the queue.",
    ),
    Setting(
        "PORTAL_SIGN_UPS_PER_HOUR",
        "5",
        "How many sign-ups one network (an IPv4 address, or an IPv6 `/64`) may send in an hour;"
        " four times as many in a day. `0` turns off all limits on sign-ups, sign-in links,"
        " unknown tenants and wrong API tokens.",
    ),
    Setting(
        "PORTAL_NOT_FOUND_PER_MINUTE",
        "6000",
        "How often `GET /api/validate` answers `NOT_FOUND` to one network in a minute, before it"
        " answers 429. `0` turns this off.",
    ),
    Setting(
        "PORTAL_VALIDATE_CACHE_SECONDS",
        "0",
        "How many seconds `GET /api/validate` may answer from what a worker has read before. Only"
        " with DynamoDB; the file store looks at each request and needs none. `0`: each request"
        " reads.",
    ),
    Setting(
        "PORTAL_VALIDATE_GRACE_HOURS",
        "72",
        "While the store cannot be asked, a tenant that was valid when it was last asked stays"
        " valid for this many hours, as long as its dates allow it. `0` turns this off.",
    ),
    Setting(
        "PORTAL_NOTE_USE",
        "true",
        "`false`: the portal does not note on which days applications were let in or refused, when"
        " status pages were opened, and which unknown ids are asked for.",
    ),
    Setting(
        "PORTAL_WORKERS",
        "1",
        "The number of processes that answer together: limits that each of them counts by itself"
        " are divided by it. `portal serve` sets it.",
    ),
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
        "PORTAL_MAIL_URL",
        "file:",
        "How mail leaves: `smtp://user:password@host:587?tls=required` (or `starttls`, `none`),"
        " `smtps://user:password@host`, `ses://eu-central-1`, or `file:`, which writes each mail"
        " into the folder `mail` of the data folder and sends none.",
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
        "PORTAL_STATUS_LINK_DAYS",
        "730",
        "How many days a customer's link opens the status page.",
    ),
    Setting(
        "PORTAL_IMPORT_MEGABYTES",
        "5",
        "The largest file, in megabytes, that can be imported over the web.",
    ),
    Setting(
        "PORTAL_IMPORT_ROWS",
        "10000",
        "The most entries, of any program, in a file that is imported over the web.",
    ),
    Setting(
        "PORTAL_IMPORT_COMMAND_MEGABYTES",
        "50",
        "The largest file, in megabytes, that `migrations_tools import` reads.",
    ),
    Setting(
        "PORTAL_IMPORT_COMMAND_ROWS",
        "1000000",
        "The most entries, of any program, in a file that `migrations_tools import` reads.",
    ),
    Setting(
        "PORTAL_IMPORT_PROFILE_MEGABYTES",
        "1000",
        "The most megabytes that `migrations_tools import` copies from the profile of a browser.",
    ),
    Setting(
        "PORTAL_IMPORT_DEPTH",
        "32",
        "How deeply lists and objects may be nested in an imported file.",
    ),
    Setting(
        "PORTAL_IMPORT_VALUE_CHARACTERS",
        "1000000",
        "The most characters in one tenant's value in an imported file.",
    ),
    Setting(
        "PORTAL_HSTS_INCLUDE_SUBDOMAINS",
        "",
        "`true` tells browsers to use https for all hosts below the portal's own, too. Only if each"
        " of them has https.",
    ),
    Setting(
        "PORTAL_SECURITY_LOG_DAYS",
        "90",
        "How many days the events of the security log are kept, with names and network addresses.",
    ),
    Setting(
        "PORTAL_OIDC_ISSUER",
        "",
        "The provider of OpenID Connect at which staff sign in, for example"
        " `https://login.example.com/realms/staff`: exactly the `issuer` of its metadata. Needs the"
        " extra `oidc` of the package.",
    ),
    Setting(
        "PORTAL_OIDC_CLIENT_ID",
        "",
        "The id that the provider has given the portal.",
    ),
    Setting(
        "PORTAL_OIDC_CLIENT_SECRET",
        "",
        "The secret that belongs to it. Without one the portal is a public client.",
    ),
    Setting(
        "PORTAL_OIDC_SCOPES",
        "openid email profile",
        "What the portal asks the provider for, with spaces between. If the claim of roles needs a"
        " scope of its own, add it.",
    ),
    Setting(
        "PORTAL_OIDC_ROLE_CLAIM",
        "groups",
        "The claim of the provider's `userinfo` that gives roles: a text or a list of texts."
        " `realm_access.roles` is the claim `roles` inside `realm_access`.",
    ),
    Setting(
        "PORTAL_OIDC_ADMINS",
        "",
        "The values of that claim that make somebody an admin, separated by commas. Who has several"
        " values gets the highest role; who has none may not come in.",
    ),
    Setting(
        "PORTAL_OIDC_APPROVERS",
        "",
        "The same for approvers.",
    ),
    Setting(
        "PORTAL_OIDC_VIEWERS",
        "",
        "The same for viewers.",
    ),
    Setting(
        "PORTAL_SIGN_IN_MAIL",
        "",
        "`true`: people who are on the list of staff have a link sent to them from the sign-in"
        " page. `false`: links come from the command alone. If it is not set:"
        " `true` without `PORTAL_OIDC_ISSUER`, `false` with it.",
    ),
    Setting(
        "PORTAL_VALIDATE_LINKS",
        "",
        "`true` adds a `link` to each refusal of `GET /api/validate`: to a page that says why, and"
        " where people ask for access or for more time.",
    ),
    Setting(
        "PORTAL_FSM_CLUSTERS",
        "eu de us cn au",
        "The clusters of Field Service Management, with spaces between. `eu` has the host"
        " `eu.fsm.cloud.sap`; a cluster with another host has it behind its label:"
        " `lab=fsm.example.com:8443`. The portal asks no other host.",
    ),
    Setting(
        "PORTAL_FSM_OLDER_HOSTS",
        "",
        "`true`: the clusters are known under their older hosts, too, such as `eu.coresystems.net`."
        " They are asked under today's.",
    ),
    Setting(
        "PORTAL_FSM_TRY_CREDENTIALS",
        "true",
        "`true`: staff who may activate can have a client id and its secret tried at the cluster."
        " `false`: the portal sends nothing there.",
    ),
    Setting(
        "PORTAL_FSM_PROOF",
        "",
        "`true`: the page inside Field Service Management asks the shell for a token, and the"
        " portal has it verified by the keys of the cluster: the sign-up then says that its account"
        " is proved. See docs/fsm.md.",
    ),
    Setting(
        "PORTAL_FSM_PRIVATE_ADDRESSES",
        "",
        "`true`: the name of a cluster may lead to an address of an inner network or of this"
        " machine. For a test system.",
    ),
    Setting(
        "PORTAL_FSM_CA_FILE",
        "",
        "A file of certificates (PEM) that count at the clusters beside those of the machine, for"
        " example that of a proxy that opens TLS.",
    ),
    Setting(
        "HTTPS_PROXY",
        "",
        "The proxy through which the portal reaches the clusters, for example"
        " `http://proxy.example.com:3128`. The libraries for AWS and for OpenID Connect read it,"
        " too.",
    ),
    Setting(
        "NO_PROXY",
        "",
        "The hosts that are reached without it, separated by commas.",
    ),
    Setting(
        "API_ALLOWED_ORIGINS",
        "",
        "The origins whose pages may read answers of the API, separated by commas, for example"
        " `https://app.example.com`.",
    ),
)
