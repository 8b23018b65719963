"""The id of a request: no two are the same, whichever thread or process gives them."""

import os
import re
from concurrent.futures import ThreadPoolExecutor

from portal.web.http.request_ids import new_request_id

#: More than are made at once.
MANY = 2_000


def some_ids(number: int = MANY) -> list[str]:
    return [new_request_id() for _ in range(number)]


def test_ids_of_many_threads_are_16_random_characters_and_all_differ() -> None:
    with ThreadPoolExecutor(4) as threads:
        found = [each for ids in threads.map(some_ids, [MANY] * 4) for each in ids]
    assert len(set(found)) == len(found) == 4 * MANY
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in found)


def test_a_child_gives_other_ids_than_its_parent() -> None:
    new_request_id()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, " ".join(some_ids(300)).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        by_child = pipe.read().split()
    os.waitpid(child, 0)
    assert len(by_child) == 300
    assert set(by_child).isdisjoint(some_ids(300))
