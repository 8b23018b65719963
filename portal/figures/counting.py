"""Counts sign-ups and decisions in the write that makes them: once each, whatever is killed, and
however many workers there are."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from portal import records
from portal.stores import KEY, MAX_CHANGES, Add, Change, Count, Remove, Replace, StoreWrapper
from portal.tenants import TRANSITIONS, Verb

#: More than anybody decides in a week. A `Count` needs a limit.
_NO_LIMIT = 10**15


def _decides(verb: Verb) -> bool:
    transition = TRANSITIONS[verb]
    changes_status = any(before is not after for before, after in transition.leads.items())
    sets = transition.sets_status or transition.sets_validity
    return sets or changes_status or verb in (Verb.RELEASE, Verb.UNDO, Verb.SET_IDS)


#: Verbs with which staff decide. Each counts for itself: one that takes another one back as well.
DECISIONS = frozenset(verb.value for verb in TRANSITIONS if _decides(verb))


class CountingStore(StoreWrapper):
    """A `Store` that adds the counts to each write. Every verb writes through it, so none can
    forget to be counted."""

    def write(self, changes: Sequence[Change]) -> None:
        super().write(with_counts(changes))


def with_counts(changes: Sequence[Change]) -> list[Change]:
    """The changes, and the counts of the sign-ups and decisions that they are. What is counted in
    the same item becomes one change: on DynamoDB each further one costs two write units."""
    wanted: dict[str, dict[str, int]] = {}
    for item_id, name in _counted(changes):
        wanted.setdefault(item_id, {})[name] = _NO_LIMIT
    merged: list[Change] = []
    for change in changes:
        numbers = wanted.pop(change.item_id, None) if isinstance(change, Count) else None
        if isinstance(change, Count) and numbers:
            merged.append(replace(change, limits={**change.limits, **numbers}))
        else:
            merged.append(change)
    merged += [Count(item_id, numbers) for item_id, numbers in wanted.items()]
    # No verb changes so much. If one does, its decision matters more than the figure.
    return merged if len(merged) <= MAX_CHANGES else list(changes)


def _counted(changes: Sequence[Change]) -> Iterator[tuple[str, str]]:
    """Item and name of each number that goes up."""
    for change in changes:
        if isinstance(change, Count | Remove):
            continue
        if records.item_kind(str(change.item[KEY])) == "event":
            decision = _decision_of(change)
            if decision:
                yield decision
            continue
        week = records.counted_sign_up(change.item)
        if week and not _is_counted(change):
            yield records.sign_ups_item_id(week), records.SIGN_UPS


def _decision_of(change: Add | Replace) -> tuple[str, str] | None:
    if not isinstance(change, Add) or change.item.get("verb") not in DECISIONS:
        return None
    counted = records.counted_decision(change.item)
    if counted is None:
        return None
    week, name = counted
    return records.decisions_item_id(week), name


def _is_counted(change: Add | Replace) -> bool:
    """Whether the sign-up was counted before. One that was set aside is counted when it gets into
    the queue, or is decided."""
    if isinstance(change, Add):
        return False
    return change.read is None or records.counted_sign_up(change.read) is not None
