"""What `portal doctor` checks of search."""

from collections.abc import Iterator
from datetime import timedelta

from portal.cli.doctor.findings import Finding
from portal.cli.search import CAP, sentence_of_backlog
from portal.settings import Settings
from portal.stores import StoreError, is_made, open_store
from portal.timestamps import utc_now

#: The background process looks every two seconds. After so long, it does not run.
_LONG = timedelta(minutes=5)


def check_search(settings: Settings) -> Iterator[Finding]:
    """Nothing as long as what was changed gets into search."""
    from portal.search import backlog  # noqa: PLC0415 - the other commands start sooner

    if not is_made(settings):
        return
    now = utc_now()
    store = open_store(settings)
    try:
        waiting = backlog(store, now, cap=CAP)
        if waiting.oldest and now - waiting.oldest > _LONG:
            yield Finding(
                "search",
                hint=sentence_of_backlog(waiting),
                remedy="Let portal serve run without --no-outbox, or run portal outbox send"
                " --watch: this process also brings search up to date.",
            )
    except StoreError:
        # What the store says of itself was said before.
        yield Finding("search", not_tried="The store did not answer.")
    finally:
        store.close()
