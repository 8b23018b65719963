"""Other processes for tests: copies of one that has loaded everything, and has no other thread.

A copy of the process of the tests has their locks as well, among them those inside SQLite. What a
thread of an earlier test held at that moment is held in the copy for ever.
"""

import multiprocessing

#: Takes what `multiprocessing` takes; arguments are pickled. The processes start at once.
CLEAN = multiprocessing.get_context("forkserver")
# The first one starts the server for all, so it has to know what any of them needs.
CLEAN.set_forkserver_preload([
    "boto3",
    "portal.stores.aws.connections",
    "tests.figures.test_killed",
    "tests.outbox.test_killed",
    "tests.search.test_killed",
    "tests.stores.conftest",
    "tests.stores.file.test_crash",
    "tests.webhooks.test_killed",
])  # fmt: skip
