#!/usr/bin/env bash
# One would expect: `is_dangerous` marks words that mix scripts to imitate other words, and leaves what
#   people write every day alone.
# What happens: Japanese, which is written in two or three scripts at once, is "dangerous", and so are a
#   Korean name with Chinese characters and a company that has its legal form in Cyrillic letters and
#   its name in Latin ones. Unicode Technical Standard 39 (section 5.1) counts the first two as written
#   in one script each (Jpan, Kore), and looks at identifiers, not at texts of several words.
# Seen with: confusable_homoglyphs 3.3.1, Python 3.11.
# Why it matters: whoever refuses or marks sign-ups by it does so with nearly every Japanese company.
# What the portal does: it asks the `regex` module for the scripts of each word by itself, with the
#   combinations that the standard allows, and only marks the word for the people who decide.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check confusable_homoglyphs==3.3.1
"$dir/venv/bin/python" - <<'PY'
from importlib.metadata import version

from confusable_homoglyphs import categories, confusables

print("confusable_homoglyphs", version("confusable_homoglyphs"))
for text, scripts in {
    "株式会社サンプル": {"HAN", "KATAKANA"},
    "漢字とひらがな": {"HAN", "HIRAGANA"},
    "한국漢字": {"HANGUL", "HAN"},
    "ООО Siemens": {"CYRILLIC", "LATIN", "COMMON"},
}.items():
    dangerous = bool(confusables.is_dangerous(text))
    print(f"{text}: dangerous {dangerous}, scripts {sorted(categories.unique_aliases(text))}")
    assert categories.unique_aliases(text) == scripts
    assert dangerous
for text in ("Łódź Dźwigi", "Müller 50 €"):
    print(f"{text}: dangerous {bool(confusables.is_dangerous(text))}")
    assert not confusables.is_dangerous(text)
PY
