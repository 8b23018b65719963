"""What `portal doctor` checks of the clusters of Field Service Management."""

from collections.abc import Iterator

from portal.cli.doctor.findings import Finding
from portal.settings import Settings


def check_proxy(settings: Settings) -> Iterator[Finding]:
    """Whether clusters can be asked through the proxy of this machine. Nothing if it has none."""
    if settings.fsm.has_unusable_proxy and (settings.fsm_proof or settings.fsm.try_credentials):
        yield Finding(
            "the proxy to the clusters of Field Service Management",
            "HTTPS_PROXY is no address of an HTTP proxy, so no cluster is asked.",
            "Set it for the portal to one such as http://proxy.example.com:3128, or name the hosts"
            " of the clusters in NO_PROXY.",
        )


def check_cluster_keys(settings: Settings) -> Iterator[Finding]:
    """Whether each cluster publishes the keys by which tokens of the shell are verified. Nothing if
    no token is to be."""
    from portal.fsm import HttpsCaller, open_shell_proofs  # noqa: PLC0415 - joserfc

    if not settings.fsm_proof:
        return
    what = "keys of the clusters, for PORTAL_FSM_PROOF"
    missing = open_shell_proofs(HttpsCaller(settings.fsm)).clusters_without_keys()
    if not missing:
        yield Finding(what)
        return
    yield Finding(
        what,
        f"The keys of these clusters cannot be read: {', '.join(missing)}.",
        "Check that this machine may connect to them, over HTTPS_PROXY if it is set, or leave them"
        " out of PORTAL_FSM_CLUSTERS. Until then sign-ups from there are claims.",
    )
