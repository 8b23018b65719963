"""Runs inside new namespaces: mounts what a program shall see, and becomes that program.

`unshare … python enter.py <JSON>`, see `tests/deploying/namespaces.py`.
"""

import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

SET_FLAGS = 0x8914  # SIOCSIFFLAGS
UP = 0x1


def main() -> None:
    plan = json.loads(sys.argv[1])
    root = plan["root"]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sH14x", b"lo", UP))
    mount("--make-rprivate", "/")
    mount("--bind", root, root)
    for kind, source, target, options in plan["mounts"]:
        place = Path(root + target)
        if not place.exists():
            if kind == "bind" and not Path(source).is_dir():
                place.parent.mkdir(parents=True, exist_ok=True)
                place.touch()
            else:
                place.mkdir(parents=True)
        if kind == "bind":
            mount("--bind", source, place)
            if options:
                mount("--options", f"remount,bind,{options}", place)
        else:
            mount("--types", kind, *(["--options", options] if options else []), source, place)
    for target, link in plan["links"].items():
        Path(root + target).symlink_to(link)
    if plan["read_only"]:
        mount("--options", "remount,bind,ro", root)
    # Not chroot: the kernel lets nobody in one make user namespaces.
    os.chdir(root)
    subprocess.run(["pivot_root", ".", "."], check=True)
    subprocess.run(["umount", "--lazy", "."], check=True)
    # So that what one program inside mounts, others see: systemd relies on it.
    mount("--make-rshared", "/")
    os.chdir(plan["folder"])
    os.execvpe(plan["command"][0], plan["command"], plan["environ"])  # noqa: S606 - as it was given


def mount(*arguments: object) -> None:
    subprocess.run(["mount", *map(str, arguments)], check=True)


if __name__ == "__main__":
    main()
