"""Verifies webhook-signature with `standardwebhooks` from PyPI, which PYTHONPATH leads to. Reads {"secret", "headers", "body"} on stdin;
exits with 0 if the signature holds, 1 if it does not, 2 if it could not be told."""

import json
import sys

try:
    from standardwebhooks.webhooks import Webhook

    delivery = json.load(sys.stdin)
    webhook = Webhook(delivery["secret"])
except Exception as error:
    sys.exit(print(repr(error), file=sys.stderr) or 2)

try:
    webhook.verify(delivery["body"], delivery["headers"], json_parse=False)
except Exception as refusal:  # a signature that is no base64 is refused with another error than one that does not hold
    sys.exit(print(repr(refusal), file=sys.stderr) or 1)
