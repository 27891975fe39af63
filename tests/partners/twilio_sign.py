"""Signs a request as Twilio's own library does: twilio_sign.py SECRET URL ALGORITHM, the form's fields as a JSON object on
standard input. What is printed, the library's own check believes."""

import json
import sys

from twilio.request_validator import RequestValidator

secret, url, algorithm = sys.argv[1:]
fields = json.load(sys.stdin)
validator = RequestValidator(secret)
signature = validator.compute_signature(url, fields, algorithm)
assert validator.validate(url, fields, signature, algorithm)
print(signature)
