"""The account that the provider's `userinfo` describes."""

from collections.abc import Mapping
from typing import Any

from portal.auth import AccessToken, Account, Role
from portal.contact_readers import ProblemError, read_email
from portal.oidc.errors import ProviderError, ProviderProblem
from portal.oidc_setting import OidcSetting

_MAX_NAME = 200


def account_of(
    userinfo: Mapping[str, Any],
    setting: OidcSetting,
    *,
    subject: str,
    id_token: str = "",
    access: AccessToken | None = None,
) -> Account:
    """The account of an answer of `userinfo`.

    Raises:
        ProviderError: It is about somebody else, or its address is missing or not verified.
    """
    if userinfo.get("sub") != subject:
        raise ProviderError(ProviderProblem.USERINFO)
    role = _role(_values(userinfo, setting.role_claim), setting)
    try:
        email = read_email(str(userinfo.get("email", "")))
    except ProblemError as error:
        raise ProviderError(ProviderProblem.USERINFO) from error
    # At many providers people can type any address. Some send the flag as text.
    if userinfo.get("email_verified") not in (True, "true"):
        raise ProviderError(ProviderProblem.EMAIL_NOT_VERIFIED)
    return Account(
        issuer=setting.issuer,
        subject=subject,
        email=email,
        name=_name(userinfo) or email.partition("@")[0],
        role=role,
        id_token=id_token,
        access=access,
    )


def _name(userinfo: Mapping[str, Any]) -> str:
    for claim in ("name", "preferred_username"):
        value = userinfo.get(claim)
        if isinstance(value, str):
            printable = "".join(each if each.isprintable() else " " for each in value)
            if name := " ".join(printable.split())[:_MAX_NAME]:
                return name
    return ""


def _values(userinfo: Mapping[str, Any], claim: str) -> frozenset[str]:
    """The values of a claim. A dot in its name may lead into an object: `realm_access.roles`. One
    text counts as one value: an address with a space in it is not two of them."""
    value: Any = userinfo.get(claim)
    if value is None:
        value = userinfo
        for part in claim.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        return frozenset()
    return frozenset(each for each in value if isinstance(each, str))


def _role(values: frozenset[str], setting: OidcSetting) -> Role | None:
    """The highest role that the values give."""
    for name, giving in setting.roles.items():
        if values & giving:
            return Role.named(name)
    return None
