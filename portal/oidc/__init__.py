"""Sign-in of staff at a provider of OpenID Connect, by the authorization code flow.

provider      a sign-in from its beginning to the account, and the sign-out
provider_data what the provider publishes: its metadata and its keys
id_token      the check of an ID token
accounts      the account that `userinfo` describes
connections   requests to the provider, with limits of time and size
unfinished    a sign-in that has begun here
errors        what can go wrong

Authlib speaks the protocol. It is an extra of the package, `oidc`, and is loaded when a provider is
set. Its errors, and those of the libraries below it, become a `ProviderError` here. No error of
this room holds a code, a token, a state or personal data.
"""

from typing import TYPE_CHECKING

from portal.oidc.errors import ProviderError, ProviderProblem
from portal.oidc.unfinished import UnfinishedSignIn
from portal.settings import Settings, SettingsError

if TYPE_CHECKING:
    from portal.oidc.provider import OpenIdProvider

__all__ = [
    "OpenIdProvider", "ProviderError", "ProviderProblem", "UnfinishedSignIn",
    "open_provider",
]  # fmt: skip


def open_provider(settings: Settings) -> "OpenIdProvider | None":
    """The provider that the settings name; `None`: there is none. It is not asked for anything yet,
    so one that is down does not keep the portal from starting.

    Raises:
        SettingsError: The extra is not installed.
    """
    if settings.oidc is None:
        return None
    try:
        from portal.oidc.provider import OpenIdProvider  # noqa: PLC0415 - an extra of the package
    except ImportError as error:
        raise SettingsError(
            "PORTAL_OIDC_ISSUER",
            "Install the extra for it: pip install 'fsm-onboarding-portal[oidc]'. Or remove the"
            " setting.",
        ) from error
    return OpenIdProvider(settings.oidc, base_url=settings.base_url)
