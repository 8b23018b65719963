"""What the settings of Field Service Management stand for: its clusters, and the way to them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from portal.setting_parsers import SettingsError, certificates, flag

_CLUSTERS = "PORTAL_FSM_CLUSTERS"
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_CLUSTER = re.compile(rf"({_LABEL})(?:=({_LABEL}(?:\.{_LABEL})*)(?::([1-9][0-9]{{0,4}}))?)?")
_MOST_CLUSTERS = 50


@dataclass(frozen=True, kw_only=True, slots=True)
class FsmCluster:
    """One installation of Field Service Management.

    Attributes:
        label: As tenants have it, such as `eu`.
        host: Where it is asked, in lower case.
        former_host: Its name of former years; empty: none is known.
    """

    label: str
    host: str
    port: int = 443
    former_host: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FsmSetting:
    """The clusters, and the way to them.

    Attributes:
        try_credentials: Whether staff may have a client id and its secret tried there.
        private_addresses: Whether a cluster's name may lead to an address of an inner network.
        ca_file: Certificates that count beside those of the machine; `None`: no others.
        proxy: Its address; empty: none. It may hold a password.
        has_unusable_proxy: The machine names one that these calls cannot go through, such as one
            of SOCKS. It may serve other programs, so the portal starts; no cluster is asked.
        no_proxy: Hosts that are reached without it, as `NO_PROXY` has them.
    """

    clusters: tuple[FsmCluster, ...]
    try_credentials: bool
    private_addresses: bool
    ca_file: Path | None
    proxy: str = field(repr=False)
    has_unusable_proxy: bool
    no_proxy: str


def fsm_setting(text: Mapping[str, str], environ: Mapping[str, str]) -> FsmSetting:
    """The clusters of the settings in `text`, and the way to them.

    Args:
        environ: For the names in small letters, under which many machines have their proxy.

    Raises:
        SettingsError: A setting is not valid.
    """
    address = text["HTTPS_PROXY"] or environ.get("https_proxy", "").strip()
    proxy = _proxy(address)
    older = flag("PORTAL_FSM_OLDER_HOSTS", text["PORTAL_FSM_OLDER_HOSTS"])
    return FsmSetting(
        clusters=_clusters(text[_CLUSTERS], older=older),
        try_credentials=flag("PORTAL_FSM_TRY_CREDENTIALS", text["PORTAL_FSM_TRY_CREDENTIALS"]),
        private_addresses=flag(
            "PORTAL_FSM_PRIVATE_ADDRESSES", text["PORTAL_FSM_PRIVATE_ADDRESSES"]
        ),
        ca_file=certificates("PORTAL_FSM_CA_FILE", text),
        proxy=proxy,
        has_unusable_proxy=bool(address) and not proxy,
        no_proxy=text["NO_PROXY"] or environ.get("no_proxy", "").strip(),
    )


def _clusters(text: str, *, older: bool) -> tuple[FsmCluster, ...]:
    found: dict[str, FsmCluster] = {}
    for part in text.lower().replace(",", " ").split():
        match = _CLUSTER.fullmatch(part)
        if match is None or match[1] in found or int(match[3] or 443) > 65_535:
            raise SettingsError(
                _CLUSTERS,
                "Set it to labels with spaces between them, each once, such as eu us. A cluster"
                " with another host has it behind the label: lab=fsm.example.com, or with a port"
                " lab=fsm.example.com:8443.",
            )
        label, host, port = match.groups()
        found[label] = FsmCluster(
            label=label,
            host=host or f"{label}.fsm.cloud.sap",
            port=int(port or 443),
            former_host=f"{label}.coresystems.net" if older and not host else "",
        )
    if len(found) > _MOST_CLUSTERS:
        raise SettingsError(_CLUSTERS, f"Set it to at most {_MOST_CLUSTERS} clusters.")
    return tuple(found.values())


def _proxy(address: str) -> str:
    """With its scheme. Empty if none is set, or one that HTTPS calls cannot go through."""
    if "://" not in address:
        address = f"http://{address}"
    try:
        split = urlsplit(address)
        is_proxy = split.scheme in ("http", "https") and bool(split.hostname)
        _ = split.port
    except ValueError:
        is_proxy = False
    return address if is_proxy else ""
