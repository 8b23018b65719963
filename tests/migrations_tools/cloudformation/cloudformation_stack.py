"""What CloudFormation makes of a template: it decides conditions and resolves references."""

import re
from typing import Any

from tests.dynamodb_engine import REGION

ACCOUNT = "123456789012"
_PSEUDO_PARAMETERS = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT,
           "AWS::StackName": "stack", "AWS::URLSuffix": "amazonaws.com"}  # fmt: skip
_NO_VALUE = object()


class Stack:
    """`resources` and `outputs` of a template with these parameters.

    A reference to another resource becomes its name; `KeyError` if that resource is not made.
    """

    def __init__(self, template: dict[str, Any], **parameters: str) -> None:
        self._values = {
            name: str(parameter["Default"])
            for name, parameter in template["Parameters"].items()
            if "Default" in parameter
        }
        assert parameters.keys() <= template["Parameters"].keys()
        self._values |= parameters | _PSEUDO_PARAMETERS
        self._conditions: dict[str, Any] = {}
        for name, condition in template["Conditions"].items():
            self._conditions[name] = self._resolved(condition)
        made = {
            name: resource
            for name, resource in template["Resources"].items()
            if "Condition" not in resource or self._conditions[resource["Condition"]]
        }
        self._values |= {name: name for name in made}
        self.resources = self._resolved(made)
        self.outputs = self._resolved(template["Outputs"])

    def properties(self, name: str) -> dict[str, Any]:
        properties: dict[str, Any] = self.resources[name]["Properties"]
        return properties

    def _resolved(self, value: Any) -> Any:
        match value:
            case {"Ref": "AWS::NoValue"}:
                return _NO_VALUE
            case {"Ref": name} | {"Fn::GetAtt": [name, _]}:
                return self._values[name]
            case {"Fn::Sub": text}:
                return re.sub(r"\$\{([^}]+)\}", lambda match: self._values[match[1]], text)
            case {"Fn::If": [condition, yes, no]}:
                return self._resolved(yes if self._conditions[condition] else no)
            case {"Fn::Select": [number, {"Fn::Split": [separator, text]}]}:
                return self._resolved(text).split(separator)[number]
            case {"Fn::Equals": [left, right]}:
                return self._resolved(left) == self._resolved(right)
            case {"Fn::And": conditions}:
                return all(self._resolved(each) for each in conditions)
            case {"Fn::Not": [condition]}:
                return not self._resolved(condition)
            case dict():
                assert not [name for name in value if name.startswith("Fn::")]
                pairs = ((name, self._resolved(part)) for name, part in value.items())
                return {name: part for name, part in pairs if part is not _NO_VALUE}
            case list():
                items = (self._resolved(part) for part in value)
                return [item for item in items if item is not _NO_VALUE]
        return value
