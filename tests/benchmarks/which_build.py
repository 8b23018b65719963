"""Prints which package it found, for the tests of earlier_build.py."""

import json
from pathlib import Path

import portal

if __name__ == "__main__":
    assert portal.__file__
    print(json.dumps({"folder_length": len(str(Path(portal.__file__).parents[1]))}))
