#!/usr/bin/env bash
# One would expect: a date in SAP's compact form, "20271231", is read as that day, or refused.
# What happens: pydantic reads it as seconds since 1970, in strict mode on JSON as well. The result
#   is a day in August 1970. msgspec refuses the same text.
# Seen with: pydantic 2.13.4, msgspec 0.22.0, Python 3.11.
# Why it matters: programs around SAP write dates in this form. An end of validity in 1970 ends a
#   licence at once, without an error anywhere.
# What the portal does: dates of the API are ISO 8601 with an offset, or refused.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check pydantic==2.13.4 msgspec==0.22.0
"$dir/venv/bin/python" - <<'PY'
from datetime import datetime

import msgspec
import pydantic


class Licence(pydantic.BaseModel, strict=True):
    valid_to: datetime


body = '{"valid_to": "20271231"}'
seen = Licence.model_validate_json(body).valid_to
print("pydantic", pydantic.VERSION, "strict:", body, "->", seen.isoformat())
assert seen.isoformat() == "1970-08-23T14:53:51+00:00", seen


class Other(msgspec.Struct):
    valid_to: datetime


try:
    msgspec.json.decode(body, type=Other)
except msgspec.ValidationError as error:
    print("msgspec", msgspec.__version__, "->", error)
else:
    raise AssertionError("msgspec took it as well")
PY
