"""What the settings `PORTAL_OIDC_…` stand for: the provider at which staff sign in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from portal.setting_parsers import SettingsError, is_loopback, parts

_ISSUER = "PORTAL_OIDC_ISSUER"
#: Setting -> the role that its values give, the highest first.
_ROLES = {
    "PORTAL_OIDC_ADMINS": "admin",
    "PORTAL_OIDC_APPROVERS": "approver",
    "PORTAL_OIDC_VIEWERS": "viewer",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class OidcSetting:
    """A provider of OpenID Connect.

    Attributes:
        issuer: Its address, exactly as its metadata and its tokens have it.
        client_secret: Empty: the portal is a public client, which PKCE alone protects.
        role_claim: The claim of `userinfo` that gives roles.
        roles: Role -> the values of that claim that give it, the highest role first.
    """

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    scopes: str
    role_claim: str
    roles: Mapping[str, frozenset[str]]


def oidc_setting(text: Mapping[str, str]) -> OidcSetting | None:
    """The provider that the settings in `text` describe; `None` if there is none.

    Raises:
        SettingsError: They describe half of one. The error never repeats the client secret.
    """
    issuer = text[_ISSUER]
    if not issuer:
        others = ("PORTAL_OIDC_CLIENT_ID", "PORTAL_OIDC_CLIENT_SECRET", *_ROLES)
        for name in others:
            if text[name]:
                raise SettingsError(
                    _ISSUER, f"Set it to the address of the provider, since {name} is set."
                )
        return None
    _check_issuer(issuer)
    if not text["PORTAL_OIDC_CLIENT_ID"]:
        raise SettingsError(
            "PORTAL_OIDC_CLIENT_ID", "Set it to the id that the provider has given the portal."
        )
    scopes = text["PORTAL_OIDC_SCOPES"].split()
    if "openid" not in scopes:
        raise SettingsError(
            "PORTAL_OIDC_SCOPES", "Set it to scopes with spaces between them, openid among them."
        )
    roles = {role: frozenset(parts(text[name])) for name, role in _ROLES.items()}
    if not any(roles.values()):
        raise SettingsError(
            "PORTAL_OIDC_ADMINS",
            "Set it, PORTAL_OIDC_APPROVERS or PORTAL_OIDC_VIEWERS to values of the claim"
            f" {text['PORTAL_OIDC_ROLE_CLAIM']!r}. Otherwise nobody has a role.",
        )
    return OidcSetting(
        issuer=issuer,
        client_id=text["PORTAL_OIDC_CLIENT_ID"],
        client_secret=text["PORTAL_OIDC_CLIENT_SECRET"],
        scopes=" ".join(scopes),
        role_claim=text["PORTAL_OIDC_ROLE_CLAIM"],
        roles=roles,
    )


def _check_issuer(issuer: str) -> None:
    try:
        split = urlsplit(issuer)
        host = split.hostname or ""
        _ = split.port
    except ValueError:
        split, host = urlsplit(""), ""
    # Whoever reads or changes http between the portal and the provider can sign in as anybody.
    is_safe = split.scheme == "https" or (split.scheme == "http" and is_loopback(host))
    has_more = split.query or split.fragment or "@" in split.netloc or not issuer.isprintable()
    if not (is_safe and host) or has_more or " " in issuer:
        raise SettingsError(
            _ISSUER,
            "Set it to the address of the provider as its metadata has it, for example"
            " https://login.example.com/realms/staff. It begins with https:// and has no ? and"
            " no #.",
        )
