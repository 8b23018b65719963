"""Whether a folder is a place to keep the file store in."""

import logging
import os
from pathlib import Path

from portal.stores.contract import UnavailableError
from portal.stores.file.disk import Disk

logger = logging.getLogger("portal.store")

# Linux passes flock on to the server, but every machine keeps pages of its own, and a
# portal on each would show the other's changes late.
_NETWORK_FILE_SYSTEMS = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "ceph",
    "glusterfs",
    "fuse.glusterfs",
    "9p",
}
# Here flock holds on one machine only, or nowhere.
_FILE_SYSTEMS_WITHOUT_LOCKS = {
    "fuse.sshfs",
    "fuse.s3fs",
    "fuse.rclone",
    "fuse.gcsfuse",
    "fuse.mount-s3",
}


def check_folder(disk: Disk, folder: Path, file: Path) -> None:
    """Warn of what is doubtful about the folder; `UnavailableError` for what is wrong."""
    _check_mount(disk, folder)
    for path in (folder, file):
        try:
            status = disk.status(path)
        except FileNotFoundError:
            continue
        if status.owner != os.geteuid():
            raise UnavailableError(
                reason=f"{path} belongs to another user (number {status.owner}).",
                remedy="Run the portal as that user, or give it the folder:"
                f" `chown -R … {folder}`.",
            )
        if status.mode & 0o077:
            logger.warning(
                "%s may be read by others (mode %o); take that away with `chmod go= %s`",
                path, status.mode, path,
            )  # fmt: skip


def check_free_space(disk: Disk, folder: Path, needed: int) -> None:
    """`UnavailableError` if so many bytes have no room there, or may not be written."""
    if disk.free_bytes(folder) < needed:
        raise UnavailableError(
            reason=f"The disk with {folder} is full. Reading goes on.",
            remedy="Make room; writing works again by itself.",
        )
    if not disk.is_writable(folder):
        raise UnavailableError(
            reason=f"{folder} may not be written to.",
            remedy="Give the portal's user the right to write there.",
        )


def _check_mount(disk: Disk, folder: Path) -> None:
    file_system = _file_system_of(disk.mount_info(), folder.resolve())
    if file_system in _FILE_SYSTEMS_WITHOUT_LOCKS:
        raise UnavailableError(
            reason=f"{folder} is on a {file_system} file system, whose locks cannot be trusted.",
            remedy="Keep the data folder on a local disk, or use DynamoDB (`USE_DYNAMODB=true`).",
        )
    if file_system in _NETWORK_FILE_SYSTEMS:
        logger.warning(
            "%s is on a network file system (%s); run one portal on it only, or use DynamoDB",
            folder, file_system,
        )  # fmt: skip


def _file_system_of(mount_info: str, folder: Path) -> str:
    depth, file_system = -1, ""
    for line in mount_info.splitlines():
        # 36 35 98:0 /root /mount/point rw,noatime master:1 - ext3 /dev/root rw
        mount_part, _, file_system_part = line.partition(" - ")
        fields = mount_part.split(" ")
        if len(fields) < 5 or not file_system_part:
            continue
        mount_point = Path(fields[4].encode().decode("unicode_escape"))
        # Of two mounts on one place the later one counts.
        if folder.is_relative_to(mount_point) and len(mount_point.parts) >= depth:
            depth, file_system = len(mount_point.parts), file_system_part.split(" ")[0]
    return file_system
