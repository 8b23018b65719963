"""What `PORTAL_METRICS_LISTEN` stands for: an address of its own for `/metrics`."""

import re
from dataclasses import dataclass

from portal.setting_parsers import SettingsError

_NAME = "PORTAL_METRICS_LISTEN"
#: `host:port`; an address of IPv6 stands in brackets.
_ADDRESS = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.%\w]+)\]|(?P<host>[A-Za-z0-9._-]+)):(?P<port>\d+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricsAddress:
    """A host and a port, or the path of a unix socket."""

    host: str = ""
    port: int = 0
    path: str = ""

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def metrics_address(text: str, metrics: frozenset[str]) -> MetricsAddress | None:
    """The address that the setting names; `None` if it names none.

    Args:
        metrics: What `PORTAL_METRICS` asks for.

    Raises:
        SettingsError: It is no address, or nobody asked for anything that could be shown there.
    """
    if not text:
        return None
    address = _parsed(text)
    if address is None:
        raise SettingsError(
            _NAME,
            "Set it to host and port, such as 127.0.0.1:9100 or [::1]:9100, or to unix: and the"
            " full path of a socket, such as unix:/run/portal/metrics.sock.",
        )
    if "prometheus" not in metrics:
        raise SettingsError(_NAME, "Set PORTAL_METRICS=prometheus as well, or leave this out.")
    return address


def _parsed(text: str) -> MetricsAddress | None:
    if text.startswith("unix:"):
        path = text.removeprefix("unix:")
        # Linux takes 107 bytes.
        is_path = path.startswith("/") and "\0" not in path and len(path.encode()) <= 107
        return MetricsAddress(path=path) if is_path and not path.endswith("/") else None
    match = _ADDRESS.fullmatch(text)
    if match is None or not 1 <= int(match["port"]) <= 65535:
        return None
    return MetricsAddress(host=match["six"] or match["host"], port=int(match["port"]))
