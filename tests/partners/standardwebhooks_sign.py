"""Signs standard input: standardwebhooks_sign.py SECRET ID SECONDS."""

import sys
from datetime import datetime, timezone

from standardwebhooks import Webhook

secret, identifier, seconds = sys.argv[1:]
at = datetime.fromtimestamp(int(seconds), timezone.utc)
print(Webhook(secret).sign(identifier, at, sys.stdin.read()))
