"""What Python makes of a form, as JSON: with qs-codec, since its own library knows no brackets.

`list_limit` 0 leaves a list's places as they are; otherwise what stands behind a place with nothing in it would move up.
"""
import json
import sys

from qs_codec import DecodeOptions, Duplicates, decode

options = DecodeOptions(depth=100, list_limit=0, parameter_limit=100_000, duplicates=Duplicates.LAST)
print(json.dumps(decode(sys.stdin.read(), options)))
