"""Runs checks one after the other. Whatever happens in one of them is a finding of it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from portal.cli.doctor.findings import Finding


@dataclass(frozen=True, slots=True)
class Step:
    """A check, or several that belong together.

    Attributes:
        check: Its name for programs.
        what: What it looks at, for people, if it finds nothing else to say.
    """

    check: str
    what: str
    run: Callable[[], Iterable[Finding]]


def run_steps(steps: Sequence[Step]) -> Iterator[Finding]:
    """The findings of all steps. It raises no error: one that ends a step is its finding."""
    for number, step in enumerate(steps):
        try:
            for finding in step.run():
                yield replace(finding, check=step.check)
        except KeyboardInterrupt:
            problem = Finding(step.what, "It was interrupted.", "Run the command again.")
            yield replace(problem, check=step.check)
            yield from not_tried(steps[number + 1 :], "The command was interrupted.")
            return
        except GeneratorExit:
            raise
        except BaseException as error:  # noqa: BLE001 - a library may raise anything, and did
            yield replace(_unexpected(step.what, error), check=step.check)


def not_tried(steps: Sequence[Step], why: str) -> Iterator[Finding]:
    """A finding for each step that nobody could run."""
    return (Finding(step.what, not_tried=why, check=step.check) for step in steps)


def _unexpected(what: str, error: BaseException) -> Finding:
    # Its text may hold a secret.
    sentence = f"It ended with {type(error).__name__}, which the portal does not expect."
    if isinstance(error, ImportError):
        name = f" {error.name}" if error.name else ""
        return Finding(
            what,
            f"The library{name} is missing or cannot be loaded.",
            "Install the portal again with its extras, as docs/operating.md names them.",
        )
    return Finding(what, sentence, "Look at what this needs, and report it with the lines above.")
