"""What a store has to have done for it now and then, in a process that serves no requests."""

from collections.abc import Callable

from portal.stores.contract import Store
from portal.stores.wrapper import StoreWrapper

#: Goes on until the function that waits for some seconds returns true.
KeepHouse = Callable[[Callable[[float], bool]], None]


def housekeeping(store: Store) -> KeepHouse | None:
    """What keeps house for the file store; `None` for stores that need nobody."""
    while isinstance(store, StoreWrapper):
        store = store.inner
    # The class has to say so: a stand-in may pass on whatever it does not know itself.
    own: Callable[[Store, Callable[[float], bool]], None] | None = getattr(
        type(store), "keep_house", None
    )
    if own is None:
        return None
    keep_house = own
    return lambda wait: keep_house(store, wait)
