"""Checks of the data folder: owner, mode, file system, free space."""

import logging
from pathlib import Path

from portal.stores.contract import UnavailableError
from portal.stores.file.disk import Disk
from portal.stores.file.os_errors import MAKE_ROOM

logger = logging.getLogger("portal.store")

# Linux passes flock on to the server. But each machine caches pages of its own, so portals on
# two machines would see each other's changes late.
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
# Here flock works within one machine only, or not at all.
_FILE_SYSTEMS_WITHOUT_LOCKS = {
    "fuse.sshfs",
    "fuse.s3fs",
    "fuse.rclone",
    "fuse.gcsfuse",
    "fuse.mount-s3",
}


def check_folder(disk: Disk, folder: Path, file: Path) -> None:
    """Log a warning for a risk, such as a mode that lets others read.

    A folder that belongs to a group of this process is as good as its own: Kubernetes makes such
    volumes (`fsGroup`).

    Raises:
        UnavailableError: Others own the folder or the file, or the file system has no locks that
            exclude other processes.
    """
    _check_mount(disk, folder)
    process = disk.process_user()
    is_shared = False
    for path, needed in ((folder, 0o070), (file, 0o060)):
        try:
            status = disk.status(path)
        except FileNotFoundError:
            continue
        # Root may write everywhere, but what it made there, the portal could not read later.
        is_of_group = (
            process.user != 0 and status.group in process.groups and status.mode & needed == needed
        )
        is_own = status.owner == process.user
        if not is_own and not is_of_group:
            raise UnavailableError(
                reason=f"{path} belongs to another user (uid {status.owner}).",
                remedy="Run the portal as that user, or make the portal's user the owner:"
                f" `chown -R … {folder}`.",
            )
        # What is in the folder of a group can be reached only through that folder.
        is_shared = is_shared or not is_own
        if status.mode & (0o007 if is_shared else 0o077):
            others = "o" if is_shared else "go"
            logger.warning(
                "Other users can read %s (mode %o). Run: chmod %s= %s",
                path, status.mode, others, path,
            )  # fmt: skip


def check_free_space(disk: Disk, folder: Path, needed: int) -> None:
    """Check that a write of `needed` bytes to the folder would succeed.

    Raises:
        UnavailableError: The disk has less free space, or this user may not write there.
    """
    if disk.free_bytes(folder) < needed:
        raise UnavailableError(
            reason=f"The disk of {folder} is full. Reading still works.", remedy=MAKE_ROOM
        )
    if not disk.is_writable(folder):
        raise UnavailableError(
            reason=f"The portal cannot write to {folder}.",
            remedy="Give the portal's user the right to write there.",
        )


def _check_mount(disk: Disk, folder: Path) -> None:
    file_system = _file_system_of(disk.mount_info(), folder.resolve())
    if file_system in _FILE_SYSTEMS_WITHOUT_LOCKS:
        raise UnavailableError(
            reason=f"{folder} is on a {file_system} file system, whose locks are not reliable.",
            remedy="Keep the data folder on a local disk, or use DynamoDB (`USE_DYNAMODB=true`).",
        )
    if file_system in _NETWORK_FILE_SYSTEMS:
        logger.warning(
            "%s is on a network file system (%s). Run only one portal on it, or use DynamoDB.",
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
        # If two file systems are mounted at the same point, the later one is visible.
        if folder.is_relative_to(mount_point) and len(mount_point.parts) >= depth:
            depth, file_system = len(mount_point.parts), file_system_part.split(" ")[0]
    return file_system
