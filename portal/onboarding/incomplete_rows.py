"""What an operator answers to an incomplete row of the old application: keep it, or end its access.

These two are made for rows that another program may be writing, so they only say what to write: the
command `adopt` writes row and event all or nothing, on the condition that the row is as it was
read.
"""

from dataclasses import replace

from portal import records
from portal.records import AdoptAnswer
from portal.stores import KEY, Item, version_of, without_other_types
from portal.tenants import AuditInfo, Decision, Gap, Reason, Status, Verb
from portal.timestamps import format_timestamp


def kept(row: Item, audit: AuditInfo) -> tuple[Item, Item]:
    """The row as it is to be stored, and its event. If it has no end, its licence never ends.

    It gets neither a status nor a version: what the old application says of it goes on counting.
    """
    gaps = records.all_gaps(row)
    version = version_of(row)
    # Of another type stands at most a null in their place.
    after = dict(without_other_types(row, ("updatedAt", "openEnded", records.ADOPT_ANSWER)))
    after |= {
        records.ADOPT_ANSWER: records.answer_text(AdoptAnswer.KEEP, gaps),
        "updatedAt": format_timestamp(audit.at),
    }
    if Gap.END in gaps:
        after["openEnded"] = True
    if version is not None:
        after["version"] = version + 1
    after |= records.index_keys_of(after)
    return after, records.event_item(str(row[KEY]), Verb.KEEP, audit, row, after)


def closed(row: Item, audit: AuditInfo) -> tuple[Item, Item]:
    """The row as it is to be stored, and its event: it is suspended, because the contract has
    ended. A row that is not active stays so, also if the old application says otherwise later."""
    tenant = records.tenant_of(row)
    reason = Reason.CONTRACT_ENDED.value
    if tenant.status is Status.ACTIVE:
        after = tenant.changed(Verb.SUSPEND, audit, reason=reason)
    else:
        after = replace(
            tenant,
            version=(tenant.version or 0) + 1,
            updated_at=audit.at,
            decision=Decision(verb=Verb.SUSPEND, by=audit.by, at=audit.at, who=audit.who),
            reason=tenant.reason or reason,
        )
    answer = records.answer_text(AdoptAnswer.CLOSE, records.all_gaps(row))
    answered = {**without_other_types(row, (records.ADOPT_ANSWER,)), records.ADOPT_ANSWER: answer}
    item = records.item_of(after, answered)
    return item, records.event_item(tenant.id, Verb.SUSPEND, audit, row, item, reason=after.reason)
