"""Signs standard input as a payment provider's own library does: provider_sign.py razorpay|gocardless|adyen SECRET.
For Adyen the input is a notification item; the library computes its signature. For the others the library must believe
what is printed."""

import hashlib
import hmac
import json
import sys

kind, secret = sys.argv[1:]
text = sys.stdin.read()
if kind == "adyen":
    from Adyen.util import generate_notification_sig

    print(generate_notification_sig(json.loads(text), secret).decode())
    sys.exit()
signature = hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()
if kind == "razorpay":
    import razorpay

    assert razorpay.Client(auth=("id", "secret")).utility.verify_webhook_signature(text, signature, secret)
else:
    from gocardless_pro import webhooks

    webhooks.parse(text, secret, signature)
print(signature)
