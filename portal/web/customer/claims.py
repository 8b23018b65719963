"""The ids that a link out of the Field Service Management shell names: on pages, and in a link to
other pages."""

from typing import Any

from flask import url_for

from portal.tenants import Ids, cluster_of
from portal.web.i18n import _, labels


def sign_up_link(ids: Ids | None) -> str:
    """The address of the form, with ids that are known already."""
    return url_for("customer.sign_up", **_known(ids))


def lost_link_url(ids: Ids | None, **parameters: Any) -> str:
    """The address of the page that sends the link to a status page by mail, with ids for which
    whoever is somebody else can ask instead."""
    return url_for("lost_link.ask", **_known(ids), **parameters)


def _known(ids: Ids | None) -> dict[str, Any]:
    return {"account_id": ids.account_id, "company_id": ids.company_id} if ids else {}


def claim_facts(ids: Ids | None) -> list[tuple[str, str]]:
    """What a link out of the Field Service Management shell said. Read-only on the page."""
    if ids is None:
        return []
    facts = [
        (_("Account"), labels.named_id(ids.account_name, ids.account_id)),
        (_("Company in FSM"), labels.named_id(ids.company_name, ids.company_id)),
    ]
    cluster = cluster_of(ids.cluster)
    return [*facts, (_("Cluster"), cluster)] if cluster else facts
