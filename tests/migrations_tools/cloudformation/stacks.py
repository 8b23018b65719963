"""What CloudFormation makes of a template: conditions decided, and every reference resolved."""

import re
from typing import Any

from tests.dynamodb_engine import REGION

ACCOUNT = "123456789012"
_PSEUDO = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT,
           "AWS::StackName": "stack"}  # fmt: skip
_NO_VALUE = object()


class Stack:
    """`resources` and `outputs` of a template that is given these parameters. A resource that
    another one asks about stands there as its name; one that is not made raises `KeyError`."""

    def __init__(self, template: dict[str, Any], **parameters: str) -> None:
        self._texts = {name: str(each["Default"]) for name, each in template["Parameters"].items()}
        assert parameters.keys() <= self._texts.keys()
        self._texts |= parameters | _PSEUDO
        self._conditions: dict[str, Any] = {}
        for name, condition in template["Conditions"].items():
            self._conditions[name] = self._resolved(condition)
        made = {
            name: each
            for name, each in template["Resources"].items()
            if "Condition" not in each or self._conditions[each["Condition"]]
        }
        self._texts |= {name: name for name in made}
        self.resources = self._resolved(made)
        self.outputs = self._resolved(template["Outputs"])

    def properties(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.resources[name]["Properties"]
        return found

    def _resolved(self, value: Any) -> Any:
        match value:
            case {"Ref": "AWS::NoValue"}:
                return _NO_VALUE
            case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
                return self._texts[name]
            case {"Fn::Sub": text}:
                return re.sub(r"\$\{([^}]+)\}", lambda found: self._texts[found[1]], text)
            case {"Fn::If": [condition, yes, no]}:
                return self._resolved(yes if self._conditions[condition] else no)
            case {"Fn::Equals": [one, other]}:
                return self._resolved(one) == self._resolved(other)
            case {"Fn::Not": [condition]}:
                return not self._resolved(condition)
            case dict():
                assert not [name for name in value if name.startswith("Fn::")]
                pairs = ((name, self._resolved(each)) for name, each in value.items())
                return {name: each for name, each in pairs if each is not _NO_VALUE}
            case list():
                items = (self._resolved(each) for each in value)
                return [each for each in items if each is not _NO_VALUE]
        return value
