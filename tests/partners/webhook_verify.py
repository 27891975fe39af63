"""Verifies standard input at the time at which it was signed: webhook_verify.py LIBRARY SECRET ID SECONDS SIGNATURE."""

import importlib
import sys
from datetime import datetime

import standardwebhooks.webhooks

library, secret, identifier, seconds, signature = sys.argv[1:]


class Then(datetime):
    """The clock of the app that signed, which need not be today's."""

    @classmethod
    def now(cls, tz=None):
        return cls.fromtimestamp(int(seconds), tz)


# Svix's library verifies through this one.
standardwebhooks.webhooks.datetime = Then
module = importlib.import_module({"standardwebhooks": "standardwebhooks", "svix": "svix.webhooks"}[library])
headers = {"webhook-id": identifier, "webhook-timestamp": seconds, "webhook-signature": signature}
module.Webhook(secret).verify(sys.stdin.read(), headers)
print("verified")
