"""Settings of the section "Limits" in `docs/operating.md`."""

from portal.setting_list.setting import Setting

LIMITS = (
    Setting(
        "PORTAL_NOT_FOUND_PER_MINUTE",
        "6000",
        "How often `GET /api/validate` answers `NOT_FOUND` to one network in a minute, before it"
        " answers 429. `0` turns this off.",
    ),
    Setting(
        "PORTAL_VALIDATE_CACHE_SECONDS",
        "0",
        "How many seconds `GET /api/validate` may answer from what a worker has read before. Only"
        " with DynamoDB; the file store looks at each request and needs none. `0`: each request"
        " reads.",
    ),
    Setting(
        "PORTAL_VALIDATE_GRACE_HOURS",
        "72",
        "While the store cannot be asked, a tenant that was valid when it was last asked stays"
        " valid for this many hours, as long as its dates allow it. `0` turns this off.",
    ),
    Setting(
        "PORTAL_NOTE_USE",
        "true",
        "`false`: the portal does not note on which days applications were let in or refused, when"
        " status pages were opened, and which unknown ids are asked for.",
    ),
    Setting(
        "PORTAL_WORKERS",
        "1",
        "The number of processes that answer together: limits that each of them counts by itself"
        " are divided by it. `portal serve` sets it.",
    ),
    Setting(
        "PORTAL_STOP_SECONDS",
        "30",
        "How many seconds requests that are being answered get when `portal serve` is stopped, from"
        " 1 to 3600. Whatever stops it has to wait a little longer: Docker waits 10 seconds,"
        " Kubernetes 30, systemd 90.",
    ),
)
