"""Says whether Standard Webhooks' library for Python believes a call: headers a line each, an empty line, the body."""
import os
import sys

from standardwebhooks import Webhook

head, body = sys.stdin.buffer.read().split(b"\n\n", 1)
headers = dict(line.split(": ", 1) for line in head.decode().split("\n"))
webhook = Webhook(os.environ["WEBHOOK_SECRET"])
try:
    webhook.verify(body, headers, json_parse=False)
    print("yes")
except Exception:  # A signature without a comma is a ValueError.
    print("no")
