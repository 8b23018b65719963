"""Addresses are those that werkzeug's rules make, and nothing is compiled before one is made."""

import sys

from flask import Flask
from werkzeug.routing import Map, Rule

from portal.web.http import LateRule

#: For the arguments of rules: each converter of the portal takes one of them.
TEXTS = ("86810_104348", "a" * 64, "import-" + "a" * 26, "0" * 32, "x", "3")


def test_each_rule_of_the_portal_makes_the_addresses_that_werkzeug_makes(app: Flask) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if rule.endpoint != "static"]
    assert {type(rule) for rule in rules} == {LateRule}
    plain = Map([Rule(**kept(rule)) for rule in rules], converters=app.url_map.converters)
    late = Map([rule.empty() for rule in rules], converters=app.url_map.converters)
    made = 0
    for rule in rules:
        for text in TEXTS:
            for more in ({}, {"page": "ü /?&", "done": ["1", "2"]}):
                values = {**dict.fromkeys(rule.arguments, text), **more}
                both = [
                    each.bind("portal.example").build(rule.endpoint, values)
                    for each in (plain, late)
                ]
                assert both[0] == both[1]
                made += 1
    assert made > 500


def kept(rule: Rule) -> dict:
    return {"string": rule.rule, **rule.get_empty_kwargs()}


def test_a_rule_is_compiled_when_its_first_address_is_made() -> None:
    rules = Map([LateRule("/a/<b>", endpoint="a"), LateRule("/c", endpoint="c")])
    addresses = rules.bind("x.example")
    compiled = 0

    def count(_frame: object, event: str, function: object) -> None:
        nonlocal compiled
        compiled += event == "c_call" and function is compile

    sys.setprofile(count)
    try:
        assert addresses.match("/a/1") == ("a", {"b": "1"})
        assert compiled == 0
        assert addresses.build("a", {"b": 1, "d": "2"}) == "/a/1?d=2"
        once = compiled
        assert addresses.build("a", {"b": 2, "d": "2"}) == "/a/2?d=2"
    finally:
        sys.setprofile(None)
    assert compiled == once > 0
