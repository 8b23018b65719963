"""The state before an import of each tenant that it wrote: kept with the write itself, so that the
import can be undone.

One item for each commit. It holds the attributes that changed, and of a new tenant none; so a
commit costs one item more, and the tenants stay as small as they are. Undoing puts what became of
each row in the place of its state.
"""

import base64
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import orjson

from portal import records
from portal.imports.jobs.undo_progress import AccessChange, UndoOutcome
from portal.imports.model import checked_dataclass
from portal.sealing import has_plaintext_secret
from portal.stores import KEY, Item, Store, Value, version_of
from portal.timestamps import format_timestamp, parse_timestamp

#: Bytes of states in one item before they are compressed. A commit takes fewer rows rather than
#: more bytes: an item has 400 kB at most, and those that do not compress take a third more.
STATES_BYTES = 240_000
#: The most that a state may have: that of a single tenant may be longer than all others together.
_MOST_PACKED = 380_000


@checked_dataclass(frozen=True, kw_only=True, slots=True)
class FormerState:
    """One row that an import wrote.

    number: of the row in the plan.
    is_new: whether the import made the tenant.
    version, digest: of the tenant as the import wrote it.
    former: the attributes that it changed, as they were, without the secret; `None`: it was not
        there. `former` itself is `None` if it was too large to be kept.
    secret: the former secret, sealed, if the import replaced it. Only until the store has it, it
        may be plain text.
    outcome: what became of it; `None` before that.
    by, at: who changed the tenant, and when, if that is why it stayed.
    access: how undoing the row changes the answer to whether the tenant may use the application.
    """

    number: int
    tenant_id: str
    is_new: bool
    version: int
    digest: str
    former: Mapping[str, Value | None] | None = field(default_factory=dict, repr=False)
    secret: str = field(default="", repr=False)
    outcome: UndoOutcome | None = None
    by: str = ""
    at: datetime | None = None
    access: AccessChange | None = None

    def without_values(self) -> "FormerState":
        """Once it is known what became of the row: the former values are personal."""
        return replace(self, former={}, secret="")

    def packed(self) -> list[Any]:
        """For JSON, without the secret. The order is fixed."""
        at = format_timestamp(self.at) if self.at else ""
        return [
            self.number, self.tenant_id, self.is_new, self.version, self.digest, self.former,
            self.outcome, self.by, at, self.access,
        ]  # fmt: skip

    @property
    def size(self) -> int:
        return len(orjson.dumps(self.packed())) + len(self.secret)


@dataclass(frozen=True, slots=True)
class FormerStates:
    """The rows of one commit."""

    version: int
    rows: Sequence[FormerState]


def former_state(number: int, before: Item | None, after: Item) -> FormerState:
    """Of a row that makes `after` of `before`; `before` is `None` for a new tenant."""
    # The store seals a plain secret in the write, so only without it the tenant stays as it is.
    digested = records.without_secret(after) if has_plaintext_secret(after) else after
    former = {} if before is None else records.former_values(before, after)
    # It stands beside the packed values: so the store seals it if it is plain text.
    secret = former.get(records.SECRET)
    if isinstance(secret, str):
        del former[records.SECRET]
    return FormerState(
        number=number,
        tenant_id=str(after[KEY]),
        is_new=before is None,
        version=version_of(after) or 0,
        digest=records.written_digest(digested),
        former=former,
        secret=secret if isinstance(secret, str) else "",
    )


def states_id(import_id: str, number: int) -> str:
    """`number` counts the items from 0."""
    return f"{import_id}-former-{number}"


def states_item(
    import_id: str, number: int, rows: Sequence[FormerState], *, version: int = 1
) -> Item:
    text = _text(rows)
    if len(text) > _MOST_PACKED:
        rows = [replace(row, former=None, secret="") for row in rows]
        text = _text(rows)
    secrets = {records.former_secret_name(row.tenant_id): row.secret for row in rows if row.secret}
    item: dict[str, Value] = {
        KEY: states_id(import_id, number),
        "version": version,
        "rows": text,
        **secrets,
    }
    return item


def read_states(store: Store, import_id: str, number: int) -> FormerStates:
    """`ItemNotFoundError` if retention has removed them."""
    item = store.get(states_id(import_id, number))
    text = zlib.decompress(base64.b64decode(str(item["rows"])))
    return FormerStates(
        int(item["version"]), [_unpacked(packed, item) for packed in orjson.loads(text)]
    )


def _text(rows: Sequence[FormerState]) -> str:
    packed = orjson.dumps([row.packed() for row in rows])
    return base64.b64encode(zlib.compress(packed, 1)).decode()


def _unpacked(packed: list[Any], item: Item) -> FormerState:
    number, tenant_id, is_new, version, digest, former, outcome, by, at, access = packed
    return FormerState(
        number=number,
        tenant_id=tenant_id,
        is_new=is_new,
        version=version,
        digest=digest,
        former=former,
        secret=str(item.get(records.former_secret_name(tenant_id), "")),
        outcome=UndoOutcome(outcome) if outcome else None,
        by=by,
        at=parse_timestamp(at),
        access=AccessChange(access) if access else None,
    )
