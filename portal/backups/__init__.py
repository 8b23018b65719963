"""Backups of the data folder of the file store, made while the portal runs, and put back.

making     a folder with a whole copy, or none
restoring  fills an empty data folder from such a folder, or leaves it empty
manifest   what a backup holds: its files with their sums
folders    which files belong to a backup; folders and files that are made durably
errors     why there is no backup, or no restore
"""

from portal.backups.errors import BackupError
from portal.backups.making import Backup, make_backup
from portal.backups.manifest import Manifest
from portal.backups.restoring import restore_backup

__all__ = ["Backup", "BackupError", "Manifest", "make_backup", "restore_backup"]
