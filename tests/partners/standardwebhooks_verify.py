"""Verifies standard input, signed just now: standardwebhooks_verify.py SECRET ID SECONDS SIGNATURE."""

import sys

from standardwebhooks import Webhook

secret, identifier, seconds, signature = sys.argv[1:]
headers = {"webhook-id": identifier, "webhook-timestamp": seconds, "webhook-signature": signature}
Webhook(secret).verify(sys.stdin.read(), headers)
print("verified")
