"""What `PORTAL_PROXY_HOPS` means, in a sentence."""


def describe_hops(hops: int) -> str:
    """For the line at the start, and for whoever checks the settings."""
    match hops:
        case 0:
            return (
                "No proxy is believed: a client's address is that of its connection"
                " (PORTAL_PROXY_HOPS=0)."
            )
        case 1:
            return (
                "1 proxy is believed: a client's address is the last one in X-Forwarded-For"
                " (PORTAL_PROXY_HOPS=1)."
            )
        case _:
            return (
                f"{hops} proxies are believed: a client's address is the one {hops} from the end in"
                f" X-Forwarded-For (PORTAL_PROXY_HOPS={hops})."
            )
