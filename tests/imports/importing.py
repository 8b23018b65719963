"""Former names of `tests.imports.files` and `tests.imports.harness`, for tests of other rooms."""

from portal.stores.contract import Store
from tests.imports.files import EXPORTS, LIMITS, SECRET, dump, lines, tenant
from tests.imports.harness import ImportHarness

__all__ = ["EXPORTS", "LIMITS", "SECRET", "Importer", "dump", "lines", "tenant"]


class Importer(ImportHarness):
    @property
    def kept(self) -> Store:
        return self.raw_store
