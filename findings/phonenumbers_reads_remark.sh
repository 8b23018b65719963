#!/usr/bin/env bash
# One would expect: a remark behind a German phone number makes it unreadable, or is left out.
# What happens: phonenumbers reads the letters of the remark as on a telephone's keys and appends
#   them to the number. The longer number counts as valid, so no check notices it. The German
#   words for "extension" are read in the same way; only some labels (ext, x, #, доб …) are known.
# Seen with: phonenumbers 9.0.43, Python 3.11.
# Why it matters: customers type "030 123456 (mobil)". Staff would then call a number that
#   nobody has, and `is_valid_number` is no proof that what was typed was understood.
# What the portal does: portal/contact_readers.py refuses letters that are no label of an extension.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check phonenumbers==9.0.43
"$dir/venv/bin/python" - <<'PY'
import phonenumbers

print("phonenumbers", phonenumbers.__version__)
expected = {
    "030 123456": ("+4930123456", True),
    "030 123456 (mobil)": ("+493012345666245", True),
    "030 123456 privat": ("+4930123456774828", True),
    "030 123456 App. 12": ("+493012345627712", True),
    "030 123456 ext. 12": ("+4930123456", True),
}
for typed, right in expected.items():
    number = phonenumbers.parse(typed, "DE")
    seen = (
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
        phonenumbers.is_valid_number(number),
    )
    print(f"{typed!r:24} -> {seen[0]:20} valid: {seen[1]}  extension: {number.extension}")
    assert seen == right, (typed, seen, right)
PY
