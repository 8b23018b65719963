"""Settings of the section "Links and proxies" in `docs/operating.md`."""

from portal.setting_list.setting import Setting

LINKS = (
    Setting(
        "PORTAL_BASE_URL",
        "http://127.0.0.1:8000",
        "The address at which people reach the portal, with the path below which it is, if any:"
        " `https://www.example.com/onboarding`. Links begin with it; if it begins with `https`,"
        " cookies are secure.",
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
        "The number of proxies in front of the portal that add to `X-Forwarded-For`: which of its"
        " addresses is the client's, for limits and the security log. `0`: that of the connection.",
    ),
    Setting(
        "PORTAL_HSTS_INCLUDE_SUBDOMAINS",
        "",
        "`true` tells browsers to use https for all hosts below the portal's own, too. Only if each"
        " of them has https.",
    ),
    Setting(
        "PORTAL_VALIDATE_LINKS",
        "",
        "`true` adds a `link` to each refusal of `GET /api/validate`: to a page that says why, and"
        " where people ask for access or for more time.",
    ),
    Setting(
        "API_ALLOWED_ORIGINS",
        "",
        "The origins whose pages may read answers of the API, separated by commas, for example"
        " `https://app.example.com`.",
    ),
)
