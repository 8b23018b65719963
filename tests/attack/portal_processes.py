"""The portal under test, its worker processes and their memory, and what it holds afterwards."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from portal import records
from portal.settings import Settings
from portal.stores import ItemNotFoundError
from portal.stores.contract import Add, Store
from portal.stores.factory import open_store
from portal.tenants import Client, Contact, Ids, Status, Tenant, Validity
from tests.attack.clients import ACTIVE
from tests.attack.http_client import ask
from tests.attack.tally import Tally
from tests.conftest import SECRET_KEY
from tests.serving import Portal

#: Except in the flood, clients come from one network and are no strangers.
NO_LIMITS = {"PORTAL_SIGN_UPS_PER_HOUR": "0", "PORTAL_NOT_FOUND_PER_MINUTE": "0"}


def port_of(portal: Portal) -> int:
    return int(portal.url.rpartition(":")[2])


def worker_ids(parent: int) -> list[int]:
    """The processes that answer: those below the parent that have no process below them."""
    children: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent_id = path.read_text().rpartition(")")[2].split()[:2]
        except OSError:  # It has just ended.
            continue
        if state != "Z":
            children.setdefault(int(parent_id), []).append(int(path.parent.name))
    found, unread = [], list(children.get(parent, ()))
    while unread:
        process = unread.pop()
        below = children.get(process, [])
        unread += below
        if not below and not _is_helper(process):
            found.append(process)
    return sorted(found)


def _is_helper(process: int) -> bool:
    """Whether it answers nothing: a process of Python's own, or the one that sends mail."""
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return True
    return b"resource_tracker" in command or b"--until-stdin-ends" in command


def resident_kilobytes(process: int) -> int:
    try:
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


class Memory(threading.Thread):
    """Watches the memory of each worker from when it has answered its first requests."""

    def __init__(self, portal: Portal) -> None:
        super().__init__(daemon=True)
        self._stop_event = threading.Event()
        for _ in range(20):
            for path in ("/health", "/sign-up", "/api/validate?accountId=7000&companyId=7000"):
                ask(port_of(portal), "GET", path)
        self.start_kilobytes = {
            process: resident_kilobytes(process) for process in worker_ids(portal.process.pid)
        }
        self.most = dict(self.start_kilobytes)

    @property
    def factor(self) -> float:
        """The most of a worker, as a multiple of its start."""
        return max(self.most[each] / start for each, start in self.start_kilobytes.items())

    def run(self) -> None:
        while not self._stop_event.wait(0.1):
            for process in self.most:
                self.most[process] = max(self.most[process], resident_kilobytes(process))

    def __enter__(self) -> "Memory":
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop_event.set()
        self.join()


def environment(folder: Path, settings: Mapping[str, str]) -> dict[str, str]:
    """The settings as `serving` gives them, for whoever opens the store beside the portal."""
    return {
        "PORTAL_DATA_DIR": str(folder / "data"),
        "PORTAL_SECRET_KEY": SECRET_KEY,
        **settings,
    }


@contextmanager
def opened(folder: Path, settings: Mapping[str, str]) -> Iterator[Store]:
    store = open_store(Settings.from_environment(environment(folder, settings)))
    try:
        yield store
    finally:
        store.close()


def fill(store: Store) -> None:
    """The active tenants that `Program` asks for."""
    now = datetime.now(UTC).replace(microsecond=0)
    for number in ACTIVE:
        ids = Ids(account_id=str(number), company_id=str(number), cluster="eu")
        contact = Contact(
            company=f"Old Lifts {number} Ltd", name="Aoife", email="aoife@example.com", phone=""
        )
        tenant = Tenant(
            id=ids.tenant_id,
            status=Status.ACTIVE,
            version=1,
            contact=contact,
            ids=ids,
            validity=Validity(
                valid_from=now - timedelta(days=1), valid_to=now + timedelta(days=365)
            ),
            client=Client(id="client"),
            created_at=now,
            updated_at=now,
        )
        store.write([Add(records.item_of(tenant))])


def lost_of(store: Store, tally: Tally) -> list[str]:
    """The acknowledged writes that the store does not hold."""
    lost = [
        f"sign-up {reference} of {company}"
        for reference, company in tally.sign_ups.items()
        if _company(store, records.pending_id(reference)) != company
    ]
    lost += [
        f"activation {tenant_id} of {company}"
        for tenant_id, company in tally.activations.items()
        if _company(store, tenant_id) != company
    ]
    return lost


def _company(store: Store, tenant_id: str) -> str:
    """The company of a tenant; of a sign-up that was activated, that of its final tenant."""
    try:
        item = store.get(tenant_id)
        if forward := records.forward_of(item):
            item = store.get(forward.to)
        return records.tenant_of(item).contact.company
    except ItemNotFoundError:
        return ""
