"""Signs standard input as Stripe does: stripe_sign.py SECRET SECONDS."""

import sys

from stripe import WebhookSignature

secret, seconds = sys.argv[1:]
print(WebhookSignature.generate_signature_header(sys.stdin.read(), secret, int(seconds)))
