"""What schemathesis is told beside the description: credentials, and the ids that the app has answered so far.

Loaded by schemathesis itself (SCHEMATHESIS_HOOKS). Nearly all of a description of this kind is reached only with an id
that exists and a key that fits: each call is authenticated as its operation says, and ids in paths and bodies are
mostly replaced by ones of the same kind that came back before. What the app has to say to the rest is tried as well.
"""

import base64
import hashlib
import hmac
import json
import os
import random
import re

import requests
import schemathesis

ADMIN, CRON, SANDBOX = (os.environ[name] for name in ("FUZZ_ADMIN", "FUZZ_CRON", "FUZZ_SANDBOX"))
SIGNING = os.environ["FUZZ_SIGNING"]
NOW = int(os.environ["FUZZ_NOW"])

KNOWN_PER_KIND = 200
ID = re.compile(r"^([a-z]{2,8})_[0-9A-Za-z]{20,30}$")
CHANCE = random.Random(int(os.environ["FUZZ_SEED"]))
known = {}
calls = {"calls": 0, "answers": {}}


def standard_webhooks(secret, identity, body):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = hmac.new(key, f"{identity}.{NOW}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": identity,
        "webhook-timestamp": str(NOW),
        "webhook-signature": "v1," + base64.b64encode(signed).decode(),
    }


def hexadecimal(secret, body):
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def in_base64(secret, body):
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def signature(path, scheme, body):
    """The headers that authenticate a webhook, where its scheme is a secret of ours over its body."""
    identity = f"evt_{CHANCE.randrange(10**12)}"
    match scheme:
        case "standardWebhooks":
            return standard_webhooks(SANDBOX if path.endswith("sandbox") else SIGNING, identity, body)
        case "resend":
            signed = standard_webhooks(SIGNING, identity, body)
            return {name.replace("webhook", "svix"): value for name, value in signed.items()}
        case "stripe":
            return {"stripe-signature": f"t={NOW},v1=" + hexadecimal(SIGNING, f"{NOW}.".encode() + body)}
        case "razorpay":
            return {"x-razorpay-signature": hexadecimal(SIGNING, body), "x-razorpay-event-id": identity}
        case "gocardless":
            return {"webhook-signature": hexadecimal(SIGNING, body)}
        case "xero":
            return {"x-xero-signature": in_base64(SIGNING, body)}
        case "quickbooks":
            return {"intuit-signature": in_base64(SIGNING, body)}
        case "lob":
            signed = hexadecimal(SIGNING, f"{NOW}.".encode() + body)
            return {"lob-signature": signed, "lob-signature-timestamp": str(NOW)}
        case "postmark":
            return {"authorization": "Basic " + base64.b64encode(b"fuzz:" + SIGNING.encode()).decode()}
    return {}


class Signed(requests.auth.AuthBase):
    """Authenticates a request when it is complete: signatures are over the very bytes that leave."""

    def __init__(self, path, schemes):
        self.path, self.schemes = path, schemes

    def __call__(self, request):
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        for scheme in self.schemes:
            if scheme == "key":
                request.headers["Authorization"] = f"Bearer {ADMIN}"
            elif scheme == "cron":
                request.headers["Authorization"] = f"Bearer {CRON}"
            elif scheme == "sandbox":
                request.headers["Authorization"] = f"Bearer {SANDBOX}"
            elif scheme == "session":
                request.headers["Cookie"] = session()
            else:
                request.headers.update(signature(self.path, scheme, body))
        return request


def session(cookies=[]):
    if not cookies:
        form = requests.post(os.environ["FUZZ_URL"] + "/console/login", data={"key": ADMIN}, allow_redirects=False)
        cookies.append(form.headers["set-cookie"].split(";")[0])
    return cookies[0]


def replaced(value):
    """A value with its ids mostly replaced by ones that exist."""
    if isinstance(value, dict):
        return {name: named(name, inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [replaced(inner) for inner in value]
    if isinstance(value, str) and (match := ID.match(value)):
        ids = known.get(match[1])
        if ids and CHANCE.random() < 0.8:
            return CHANCE.choice(ids)
    return value


def named(name, value):
    if name in ("external_id", "number", "token") and isinstance(value, str):
        values = known.get(name)
        return CHANCE.choice(values) if values and CHANCE.random() < 0.5 else value
    return replaced(value)


def learn(name, value):
    if isinstance(value, dict):
        for key, inner in value.items():
            learn(key, inner)
    elif isinstance(value, list):
        for inner in value[:20]:
            learn(name, inner)
    elif isinstance(value, str):
        kind = name if name in ("external_id", "number") else None
        if match := ID.match(value):
            kind = match[1]
        if name == "url" and "/pay/" in value:
            kind, value = "token", value.rsplit("/", 1)[1]
        if kind:
            values = known.setdefault(kind, [])
            if value not in values:
                values.append(value)
                # What is forgotten is any, so that old and new ones stay.
                if len(values) > KNOWN_PER_KIND:
                    values.pop(CHANCE.randrange(len(values)))


@schemathesis.hook
def before_call(context, case, kwargs):
    operation = case.operation.definition.raw
    schemes = [scheme for way in operation.get("security", [])[:1] or [{}] for scheme in way]
    if not schemes and operation.get("security"):
        schemes = [scheme for way in operation["security"] for scheme in way]
    if case.path_parameters:
        case.path_parameters = {name: named(name, value) for name, value in case.path_parameters.items()}
    if isinstance(case.body, (dict, list)):
        case.body = replaced(case.body)
    # Once in thirty calls nothing is known of who calls.
    if CHANCE.random() > 1 / 30:
        kwargs["auth"] = Signed(case.operation.path, schemes)


@schemathesis.hook
def after_call(context, case, response):
    calls["calls"] += 1
    status = str(response.status_code)
    calls["answers"][status] = calls["answers"].get(status, 0) + 1
    if calls["calls"] % 100 == 0:
        told()
    if response.status_code < 300 and "json" in (response.headers.get("content-type") or [""])[0]:
        try:
            learn("", json.loads(response.content))
        except ValueError:
            pass


def told():
    with open(os.environ["FUZZ_TALLY"], "w", encoding="ascii") as file:
        json.dump(calls, file)
