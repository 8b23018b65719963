"""What `portal doctor` checks of the provider at which staff sign in."""

from collections.abc import Iterator

from portal.cli.doctor.findings import Finding
from portal.settings import Settings, SettingsError


def check_provider(settings: Settings) -> Iterator[Finding]:
    """Nothing if none is set. Whether it knows the portal shows when somebody signs in."""
    from portal.oidc import ProviderError, ProviderProblem, open_provider  # noqa: PLC0415 - Authlib

    what = "sign-in with OpenID Connect"
    try:
        provider = open_provider(settings)
    except SettingsError as error:
        yield Finding(what, f"{error.name} cannot be used.", str(error))
        return
    if provider is None:
        return
    try:
        provider.check()
    except ProviderError as error:
        if error.problem is ProviderProblem.UNREACHABLE:
            yield Finding(
                what,
                "The provider does not answer.",
                "Check PORTAL_OIDC_ISSUER, and that this machine may connect to it.",
            )
        else:
            yield Finding(
                what,
                "What the provider publishes does not fit PORTAL_OIDC_ISSUER.",
                "Set it to the value of `issuer` in the provider's metadata, at"
                " /.well-known/openid-configuration below its address.",
            )
        return
    yield Finding(f"{what}, if {provider.redirect_uri} is registered at the provider")
