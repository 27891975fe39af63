"""SendGrid's event webhook. `keys` prints a new pair; `sign PRIVATE SECONDS` signs standard input, and insists that
SendGrid's own library believes the signature."""

import base64
import json
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from sendgrid.helpers.eventwebhook import EventWebhook


def public_of(private):
    return base64.b64encode(
        private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    ).decode()


if sys.argv[1] == "keys":
    private = ec.generate_private_key(ec.SECP256R1())
    der = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    print(json.dumps({"private": base64.b64encode(der).decode(), "public": public_of(private)}))
else:
    _, _, encoded, seconds = sys.argv
    body = sys.stdin.read()
    private = serialization.load_der_private_key(base64.b64decode(encoded), None)
    signed = private.sign((seconds + body).encode(), ec.ECDSA(hashes.SHA256()))
    signature = base64.b64encode(signed).decode()
    assert EventWebhook(public_of(private)).verify_signature(body, signature, seconds)
    print(signature)
