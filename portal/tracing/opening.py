"""Opens the tracing that the settings choose."""

from importlib.util import find_spec

from portal.settings import Settings, SettingsError
from portal.tracing.contract import NoTracing, Tracing

_NEEDED = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http")


def open_tracing(settings: Settings) -> Tracing:
    """One for this process. It may start a thread, so open it after a fork.

    Raises:
        SettingsError: Traces are asked for, and the libraries are missing, or cannot be set up.
    """
    if not settings.traces:
        return NoTracing()
    require_libraries(settings)
    from portal.tracing.otel import open_opentelemetry  # noqa: PLC0415 - only if asked for

    return open_opentelemetry()


def require_libraries(settings: Settings) -> None:
    """Find out whether the libraries are there if the settings need them.

    Raises:
        SettingsError: One of them is not installed.
    """
    if settings.traces and not all(map(_is_there, _NEEDED)):
        raise SettingsError(
            "PORTAL_TRACES",
            "Install the libraries for it: pip install 'fsm-onboarding-portal[otel]'",
        )


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        # A package above it is missing.
        return False
