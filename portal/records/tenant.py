"""A tenant as an item, and back."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import attrgetter

import orjson

from portal.contact_fields import CONTACT_ATTRIBUTES, CONTACT_FIELDS
from portal.records.access_fields import status_of, validity_of
from portal.records.attributes import (
    Texts,
    format_optional_timestamp,
    parse_optional_timestamp,
)
from portal.records.ids import is_final_id, pending_id
from portal.records.incomplete import gaps_of, open_gaps_of
from portal.records.index_keys import index_keys
from portal.records.provenance import decided_state
from portal.records.question import question_of, question_text
from portal.records.row_marks import marked_gaps
from portal.records.shell_proof import SHELL_PROOF, shell_proof_of, shell_proof_text
from portal.records.stays import stays_of, stays_text
from portal.records.undo import UNDO
from portal.stores import (
    GSI1,
    GSI2,
    GSI3,
    GSI4,
    INDEXES,
    KEY,
    Item,
    Value,
    other_types,
    version_of,
    without_other_types,
)
from portal.tenants import Client, Contact, Decision, Gap, Ids, Tenant, Verb, cluster_of
from portal.timestamps import format_timestamp, parse_timestamp

_PUBLIC_ATTRIBUTES = (
    KEY, "accountId", "accountName", "companyId", "companyName", "cluster", "clientId", "validFrom",
    "validTo", "isActive",
)  # fmt: skip
#: What the answer to "may this tenant use the application?" needs: nothing personal, no secret.
_ACCESS_ATTRIBUTES = (*_PUBLIC_ATTRIBUTES, "status", "openEnded")
_VERBS = {verb.value: verb for verb in Verb}
_TIMESTAMPS = frozenset({
    "validFrom", "validTo", "createdAt", "updatedAt", "clientSecretSetAt", "decidedAt",
    "emailConfirmedAt", "erasedAt",
})  # fmt: skip
_BOOLEANS = frozenset(
    {"isActive", "openEnded", "setAside", "waitsForAddress", "reopened", "erased"}
)
#: They decide access and find conflicts, so a change never leaves them as they are.
_ALWAYS_WRITTEN = frozenset({KEY, "status", "isActive", "version", "openEnded"})
_CONTACT_NAMES = tuple(CONTACT_ATTRIBUTES.values())
_contact_values = attrgetter(*CONTACT_ATTRIBUTES)
_NO_IDS = Ids(account_id="", company_id="")
#: The keys of the index that the old application fills as well.
_GIVEN_KEYS = (GSI1.partition, GSI1.sort)
_NO_INDEX_KEYS = dict.fromkeys(key for index in INDEXES for key in (index.partition, index.sort))


def tenant_of(item: Item) -> Tenant:
    """The tenant of an item with all its attributes. `status_of` and `validity_of` say how items of
    the old application are read, which have no `status`."""
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
        version=version_of(item),
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
        ended_link=text["endedLink"],
        follows=text["follows"],
        renews=text["renews"],
        set_aside=item.get("setAside") is True,
        waits_for_address=item.get("waitsForAddress") is True,
        too_fast=item.get("tooFast") is True,
        email_confirmed_at=parse_timestamp(text["emailConfirmedAt"]),
        shell_proof=shell_proof_of(text[SHELL_PROOF], ids),
        question=question_of(text["question"]),
        was_reopened=item.get("reopened") is True,
        erased=item.get("erased") is True,
        erased_at=parse_timestamp(text["erasedAt"]),
        id_since=parse_optional_timestamp(item.get("idSince")),
        former_ids=stays_of(text["formerIds"]),
    )


def known_tenant_of(item: Item) -> Tenant:
    """As `tenant_of`, for tenants that are read again and again: an open page asks three times a
    minute. What is kept belongs to an item with exactly these values."""
    try:
        return _tenant_of_json(orjson.dumps(item))
    except TypeError:
        # An old record may hold what is no JSON, as half of a surrogate pair.
        return tenant_of(item)


# As many as a few people work on, since they are personal.
@lru_cache(256)
def _tenant_of_json(encoded: bytes) -> Tenant:
    return tenant_of(orjson.loads(encoded))


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


def public_view(item: Item, *, is_whole: bool = False) -> dict[str, Value]:
    """The tenant as the downstream application gets it. It never holds the secret.

    The application builds addresses and sentences of these fields. So ids, names, cluster and the
    fields of the contact are always there, as text. The cluster is empty where the record has none,
    or one that is no host label: the application sends its token to the host that it names. A name
    that is missing is answered as the id.

    Args:
        is_whole: Whether the personal fields of the contact are in it; otherwise they are empty.
    """
    text = Texts(item)
    # The id of a sign-up is not made of these.
    account_id, _, company_id = text[KEY].partition("_") if is_final_id(text[KEY]) else ("", "", "")
    view = {name: item[name] for name in _PUBLIC_ATTRIBUTES if name in item}
    view["accountId"] = account_id = text["accountId"] or account_id
    view["companyId"] = company_id = text["companyId"] or company_id
    view["accountName"] = text["accountName"] or account_id
    view["companyName"] = text["companyName"] or company_id
    view["cluster"] = cluster_of(text["cluster"]) or ""
    if not text["clientId"]:
        # Then the application uses one of its own.
        view.pop("clientId", None)
    for field in CONTACT_FIELDS:
        # The name of the company is no secret of a person: the application shows it to everybody.
        is_shown = is_whole or not field.personal or field.name == "company"
        view[field.attribute] = text[field.attribute] if is_shown else ""
    return view


def access_view(item: Item) -> dict[str, Value]:
    """The attributes that decide access, and those that the application needs to work: as stored,
    without contact and secret."""
    return {name: item[name] for name in _ACCESS_ATTRIBUTES if name in item}


def item_of(tenant: Tenant, previous: Mapping[str, Value] | None = None) -> Item:
    """The item of a tenant.

    Two kinds of attributes are carried over from the `previous` item, so that a change loses
    nothing: those that the portal does not know, and those that it cannot use, as far as the
    change does not replace them. A tenant that was erased keeps none of the second kind.
    """
    values = _values(tenant)
    item = {name: value for name, value in values.items() if value not in (None, "")}
    if previous is None:
        # What was made of a tenant has the portal's types: nothing in it is unusable.
        return _with_gaps_marked(item, tenant, ())
    carried_over = {name: value for name, value in previous.items() if name not in values}
    if not (tenant.is_final or tenant.id.startswith(pending_id(""))):
        # The downstream application lists a row with an id of another form by the keys that the old
        # application gave it.
        carried_over |= {name: previous[name] for name in _GIVEN_KEYS if name in previous}
    unused = unusable_attributes(previous)
    if unused:
        before = _values(tenant_of(previous))
        kept = {
            name
            for name in unused
            if name not in _ALWAYS_WRITTEN and values[name] == before[name] and not tenant.erased
        }
        carried_over |= {name: previous[name] for name in kept if name in previous}
        carried_over = dict(without_other_types(carried_over, values.keys() - kept))
        item = {name: value for name, value in item.items() if name not in kept}
    item = carried_over | item
    decision = tenant.decision
    if tenant.is_final and decision and decision.verb is not Verb.IMPORT:
        item |= decided_state(previous, tenant, decision.verb)
    return _with_gaps_marked(item, tenant, unusable_attributes(item))


def _with_gaps_marked(item: Item, tenant: Tenant, unusable: Sequence[str]) -> Item:
    """Only the whole item shows what it lacks, so the index keys say it last."""
    gaps = open_gaps_of(item, unusable)
    return {**item, **index_keys(tenant, gaps)} if gaps else item


def unusable_attributes(item: Item) -> list[str]:
    """The attributes of a tenant that have another type than the portal's, or are no date where
    they should be one, sorted. Index keys are not among them, since every change makes them anew.
    """
    unusable = {
        name
        for name, value in item.items()
        if name in TENANT_ATTRIBUTES and not _is_usable(name, value)
    }
    return sorted(unusable | (other_types(item).keys() & TENANT_ATTRIBUTES - item.keys()))


def _is_usable(name: str, value: Value) -> bool:
    if name in _BOOLEANS:
        return isinstance(value, bool)
    if name == "version":
        return type(value) is int
    if not isinstance(value, str):
        return False
    if name == "question":
        return not value or question_of(value) is not None
    return name not in _TIMESTAMPS or not value or parse_timestamp(value) is not None


def _values(tenant: Tenant) -> dict[str, Value | None]:
    """All attributes of a tenant's item, `None` or empty for those that it does not have."""
    validity, client, contact, decision = (
        tenant.validity,
        tenant.client,
        tenant.contact,
        tenant.decision,
    )
    ids = tenant.ids or _NO_IDS
    return {
        KEY: tenant.id,
        "status": tenant.status.value,
        "isActive": tenant.is_active,
        "version": tenant.version,
        "accountId": ids.account_id,
        "accountName": ids.account_name,
        "companyId": ids.company_id,
        "companyName": ids.company_name,
        "cluster": ids.cluster,
        **dict(zip(_CONTACT_NAMES, _contact_values(contact), strict=True)),
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
        "endedLink": tenant.ended_link,
        "follows": tenant.follows,
        "renews": tenant.renews,
        "setAside": tenant.set_aside or None,
        "waitsForAddress": tenant.waits_for_address or None,
        "tooFast": tenant.too_fast or None,
        "emailConfirmedAt": format_optional_timestamp(tenant.email_confirmed_at),
        SHELL_PROOF: shell_proof_text(tenant.shell_proof, ids) if tenant.shell_proof else None,
        "question": question_text(tenant.question) if tenant.question else None,
        "reopened": tenant.was_reopened or None,
        "erased": tenant.erased or None,
        "erasedAt": format_optional_timestamp(tenant.erased_at),
        "idSince": format_optional_timestamp(tenant.id_since),
        "formerIds": stays_text(tenant.former_ids) or None,
        # Only the decision itself adds it, so each further change drops it.
        UNDO: None,
        **_NO_INDEX_KEYS,
        **index_keys(tenant),
    }


#: The names of all attributes of a tenant but its index keys.
TENANT_ATTRIBUTES = frozenset(_values(tenant_of({KEY: ""}))) - frozenset(_NO_INDEX_KEYS)


def index_keys_of(item: Item) -> dict[str, Value]:
    """The index keys that an item with all its attributes should have."""
    return index_keys(tenant_of(item), open_gaps(item))


#: The attributes of the rows of the lists.
_LISTED = (GSI2.attributes or frozenset()).union(GSI3.attributes or (), GSI4.attributes or ())


def all_gaps(item: Item) -> tuple[Gap, ...]:
    """What an item with all its attributes lacks, also what an operator's answer covers."""
    return gaps_of(item, unusable_attributes(item))


def open_gaps(item: Item) -> tuple[Gap, ...]:
    """What an item with all its attributes lacks, and no answer covers: any makes it
    incomplete."""
    return open_gaps_of(item, unusable_attributes(item))


def known_open_gaps(item: Item) -> tuple[Gap, ...]:
    """As `open_gaps`, in the way of `known_tenant_of`."""
    try:
        return _open_gaps_of_json(orjson.dumps(item))
    except TypeError:
        return open_gaps(item)


@lru_cache(256)
def _open_gaps_of_json(encoded: bytes) -> tuple[Gap, ...]:
    return open_gaps(orjson.loads(encoded))


def gaps_of_row(row: Item) -> tuple[Gap, ...]:
    """As `open_gaps`, for a row of any index, too. A row of a list says only what was true when
    its keys were made."""
    is_listed = GSI2.sort in row or GSI3.sort in row or GSI4.sort in row
    is_whole = not is_listed or not row.keys() <= _LISTED
    return open_gaps(row) if is_whole else marked_gaps(row)
