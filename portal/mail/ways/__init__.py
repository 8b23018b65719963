"""How mail leaves.

ways       the one that the settings choose; files, if they choose none
smtp       a mail server
ses        Amazon SES
old_files  mails in files, which are deleted after some days
"""

from portal.mail.ways.old_files import OldFiles, remove_files_before
from portal.mail.ways.ways import Way, is_writable, open_way

__all__ = [
    "OldFiles", "Way", "is_writable", "open_way", "remove_files_before",
]  # fmt: skip
