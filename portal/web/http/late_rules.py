"""Rules of addresses that are compiled when the first address is made with them.

Werkzeug compiles two functions for each rule at the start, which takes a tenth of a second: most of
what it takes to make the application. Most processes, and most of all a function of AWS Lambda,
make few of the addresses.
"""

from collections.abc import Callable

from werkzeug.routing import Rule


class LateRule(Rule):
    """A rule whose functions that make addresses are compiled late. Matching is werkzeug's."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        """Werkzeug's method, which it calls for each rule. Should a later version not call it, its
        rules are compiled at the start again, and nothing else changes."""
        compiled: list[Callable[..., tuple[str, str]]] = []

        def build(rule: Rule, /, **values: object) -> tuple[str, str]:
            # Two threads at once compile the same.
            if not compiled:
                compiled.append(super(LateRule, self)._compile_builder(append_unknown))
            return compiled[0](rule, **values)

        return build
