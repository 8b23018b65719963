"""All scenarios by their names, in the order in which they run."""

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.attack import (
    faulty_dynamodb,
    flood,
    frozen_store,
    junk_headers,
    kills,
    many_networks,
    removed_folder,
    unfinished_requests,
)
from tests.attack.scenario import Row, Size

#: Folder of the portal, number of its workers, size -> outcome.
Scenario = Callable[[Path, int, Size], Row]

SCENARIOS: Mapping[str, Scenario] = {
    kills.NAME: kills.run,
    unfinished_requests.NAME: unfinished_requests.run,
    junk_headers.NAME: junk_headers.run,
    flood.NAME: flood.run,
    many_networks.NAME: many_networks.run,
    removed_folder.NAME: removed_folder.run,
    frozen_store.NAME: frozen_store.run,
    faulty_dynamodb.NAME: faulty_dynamodb.run,
}
