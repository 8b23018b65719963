"""A tenant as an item, and back."""

from collections.abc import Mapping

from portal.contact_fields import CONTACT_ATTRIBUTES
from portal.records.access_fields import status_of, validity_of
from portal.records.attributes import Texts, format_optional_timestamp, parse_optional_timestamp
from portal.records.index_keys import index_keys
from portal.records.provenance import decided_state
from portal.stores import INDEXES, KEY, Item, Value
from portal.tenants import Client, Contact, Decision, Ids, Tenant, Verb
from portal.timestamps import format_timestamp, parse_timestamp

_PUBLIC_ATTRIBUTES = (
    KEY,
    "accountId",
    "accountName",
    "companyId",
    "companyName",
    "cluster",
    "validFrom",
    "validTo",
    "isActive",
)
_VERBS = {verb.value: verb for verb in Verb}
_TIMESTAMPS = frozenset({"validFrom", "validTo", "createdAt", "updatedAt"})
_NO_IDS = Ids(account_id="", company_id="")
_INDEX_KEYS = tuple(key for index in INDEXES for key in (index.partition, index.sort))


def tenant_of(item: Item) -> Tenant:
    """The tenant of an item with all its attributes. `status_of` and `validity_of` say how items of
    the old application are read, which have no `status`."""
    version = item.get("version")
    text = Texts(item)
    ids = None
    account_id, _, company_id = text[KEY].partition("_")
    account_id = text["accountId"] or (account_id if company_id else "")
    company_id = text["companyId"] or company_id
    if account_id and company_id:
        ids = Ids(
            account_id=account_id,
            company_id=company_id,
            account_name=text["accountName"],
            company_name=text["companyName"],
            cluster=text["cluster"],
        )
    return Tenant(
        id=text[KEY],
        status=status_of(item),
        version=version if isinstance(version, int) else None,
        contact=Contact(**{part: text[name] for part, name in CONTACT_ATTRIBUTES.items()}),
        ids=ids,
        validity=validity_of(item),
        client=Client(
            id=text["clientId"],
            sealed_secret=text["clientSecret"],
            secret_set_at=parse_timestamp(text["clientSecretSetAt"]),
        ),
        created_at=parse_timestamp(text["createdAt"]),
        updated_at=parse_timestamp(text["updatedAt"]),
        decision=_decision_of(text),
        reason=text["reason"],
        message=text["message"],
        locale=text["locale"],
        pending_id=text["pendingId"],
        status_link=text["statusLink"],
        set_aside=item.get("setAside") is True,
        erased=item.get("erased") is True,
    )


def _decision_of(text: Texts) -> Decision | None:
    at, verb = parse_timestamp(text["decidedAt"]), _VERBS.get(text["decidedVerb"])
    if at is None or verb is None:
        return None
    return Decision(
        verb=verb,
        by=text["decidedBy"],
        at=at,
        who=text["decidedWho"],
        idempotency_key=text["decidedMark"],
    )


def public_view(item: Item) -> dict[str, Value]:
    """The attributes that anybody may read: ids, names, validity and `isActive`; no contact and no
    secret."""
    return {name: item[name] for name in _PUBLIC_ATTRIBUTES if name in item}


def item_of(tenant: Tenant, previous: Mapping[str, Value] | None = None) -> Item:
    """The item of a tenant.

    Two kinds of attributes are carried over from the `previous` item, so that a change loses
    nothing: those that the portal does not know, and dates that could not be read, unless the
    tenant has a date in their place.
    """
    validity, client, contact, decision = (
        tenant.validity,
        tenant.client,
        tenant.contact,
        tenant.decision,
    )
    ids = tenant.ids or _NO_IDS
    values: dict[str, Value | None] = {
        KEY: tenant.id,
        "status": tenant.status.value,
        "isActive": tenant.is_active,
        "version": tenant.version,
        "accountId": ids.account_id,
        "accountName": ids.account_name,
        "companyId": ids.company_id,
        "companyName": ids.company_name,
        "cluster": ids.cluster,
        **{name: getattr(contact, part) for part, name in CONTACT_ATTRIBUTES.items()},
        "clientId": client.id,
        "clientSecret": client.sealed_secret,
        "clientSecretSetAt": format_optional_timestamp(client.secret_set_at),
        "validFrom": format_optional_timestamp(validity.valid_from),
        "validTo": format_optional_timestamp(validity.valid_to),
        "openEnded": validity.open_ended or None,
        "createdAt": format_optional_timestamp(tenant.created_at),
        "updatedAt": format_optional_timestamp(tenant.updated_at),
        "decidedVerb": decision.verb.value if decision else None,
        "decidedBy": decision.by if decision else None,
        "decidedAt": format_timestamp(decision.at) if decision else None,
        "decidedWho": decision.who if decision else None,
        "decidedMark": decision.idempotency_key if decision else None,
        "reason": tenant.reason,
        "message": tenant.message,
        "locale": tenant.locale,
        "pendingId": tenant.pending_id,
        "statusLink": tenant.status_link,
        "setAside": tenant.set_aside or None,
        "erased": tenant.erased or None,
        **dict.fromkeys(_INDEX_KEYS),
        **index_keys(tenant),
    }
    carried_over = {
        name: value
        for name, value in (previous or {}).items()
        if name not in values or (name in _TIMESTAMPS and parse_optional_timestamp(value) is None)
    }
    item = carried_over | {name: value for name, value in values.items() if value not in (None, "")}
    if previous and tenant.is_final and decision and decision.verb is not Verb.IMPORT:
        item |= decided_state(previous, tenant, decision.verb)
    return item


def index_keys_of(item: Item) -> dict[str, Value]:
    """The index keys that an item with all its attributes should have."""
    return index_keys(tenant_of(item))
