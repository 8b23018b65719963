"""Reads a Dockerfile and a .dockerignore, as far as this project's use them."""

import json
import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

#: What the machine of the tests does as well. Another instruction fails the test that reads it.
KNOWN = {
    "ARG", "CMD", "COPY", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN", "STOPSIGNAL",
    "USER", "VOLUME", "WORKDIR",
}  # fmt: skip


@dataclass
class Stage:
    """One `FROM` and what follows it: (instruction, rest of the line)."""

    base: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def values(self, instruction: str) -> list[str]:
        return [rest for name, rest in self.steps if name == instruction]

    def value(self, instruction: str) -> str:
        """The rest of the only such line."""
        (value,) = self.values(instruction)
        return value

    def pairs(self, instruction: str) -> dict[str, str]:
        """What `ENV` or `LABEL` set."""
        words = [word for rest in self.values(instruction) for word in shlex.split(rest)]
        return dict(word.split("=", 1) for word in words)


def stages(dockerfile: str) -> list[Stage]:
    """The stages, with the defaults of the arguments put in."""
    found: list[Stage] = []
    arguments: dict[str, str] = {}
    for line in _lines(dockerfile):
        name, _, rest = line.partition(" ")
        assert name in KNOWN, f"The tests do not know {name} of a Dockerfile."
        rest = rest.strip()
        if name == "ARG":
            key, _, default = rest.partition("=")
            arguments[key] = default
        elif name == "FROM":
            base, _, stage = rest.partition(" AS ")
            found.append(Stage(re.sub(r"\$\{(\w+)\}", lambda m: arguments[m[1]], base), stage))
        else:
            found[-1].steps.append((name, rest))
    return found


def _lines(text: str) -> Iterator[str]:
    """Without comments, a line that continues with the next one as one."""
    kept = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    yield from filter(None, (line.strip() for line in kept.replace("\\\n", "").splitlines()))


def exec_form(rest: str) -> list[str]:
    """The words of a command in the form that needs no shell.

    Raises:
        ValueError: The command is in the other form: a shell would get the signals.
    """
    words: list[str] = json.loads(rest)
    return words


def context(root: Path) -> list[str]:
    """The paths of the files that `COPY . .` copies."""
    rules = [
        (not line.startswith("!"), _pattern(line.removeprefix("!")))
        for line in (root / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]

    def is_left_out(path: str) -> bool:
        parts = path.split("/")
        paths = ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]
        answer = False
        for leaves_out, pattern in rules:
            if any(pattern.fullmatch(each) for each in paths):
                answer = leaves_out
        return answer

    found = []
    for folder, folders, files in os.walk(root):
        inside = os.path.relpath(folder, root).removeprefix(".").removeprefix("/")
        prefix = f"{inside}/" if inside else ""
        # Nothing below is taken again: no rule with ! names a path inside of another one.
        folders[:] = [name for name in folders if not is_left_out(prefix + name)]
        found += [prefix + name for name in files if not is_left_out(prefix + name)]
    return sorted(found)


def _pattern(rule: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*|\?)", rule.strip("/"))
    as_regex = {"**/": r"(?:[^/]+/)*", "*": r"[^/]*", "?": r"[^/]"}
    return re.compile("".join(as_regex.get(part) or re.escape(part) for part in parts))
