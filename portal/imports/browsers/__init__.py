"""Entries straight from what a browser has on its disk: a profile, a folder of profiles, a backup,
or a single file of SQLite.

profile         opens a path, and yields the entries of all storages in it
folder          a folder that is listed and read without ever following a link out of it
storages        which storages of browsers lie in a folder
running         whether the browser still runs
private_copy    the copy that is read, because opening an original changes it
chromium        Chromium, Edge and Brave: LevelDB, compared with what the browser noted of it
leveldb_child   the program that reads LevelDB, in a process of its own
leveldb_log     whether a log of LevelDB ends within a write
firefox         Firefox: a file of SQLite for each origin
webkit          WebKit: likewise
sqlite_file     a file of SQLite that somebody else made
stored_values   bytes -> texts and entries
"""

from portal.imports.browsers.profile import is_browser_storage, open_browser_storage

__all__ = [
    "is_browser_storage",
    "open_browser_storage",
]
