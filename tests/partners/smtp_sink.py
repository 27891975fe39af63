"""A mail server that keeps nothing: prints its port, then each message that it takes, as Python's `email` reads it with
the strict policy. `USER PASSWORD`: logs in first; `refuse`: knows no mailbox. Ends with its standard input."""

import email
import json
import socket
import sys
from email import policy

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

arguments = sys.argv[1:]
refuses = arguments == ["refuse"]
login = None if refuses or not arguments else arguments


def say(value):
    print(json.dumps(value), flush=True)


class Sink:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if refuses:
            return "550 5.1.1 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server, session, envelope):
        read = email.message_from_bytes(envelope.original_content, policy=policy.SMTP + policy.strict)
        defects = [str(defect) for part in read.walk() for defect in part.defects]
        say({
            "envelope": {"from": envelope.mail_from, "to": envelope.rcpt_tos},
            "headers": {name: str(value) for name, value in read.items()},
            "to_name": read["To"].addresses[0].display_name,
            "defects": defects,
            "text": read.get_body(("plain",)).get_content(),
            "html": read.get_body(("html",)).get_content(),
        })
        return "250 2.0.0 Ok: queued as SINK1"


def authenticate(server, session, envelope, mechanism, data):
    given = [data.login.decode(), data.password.decode()]
    return AuthResult(success=given == login)


options = {}
if login:
    # On the loopback device there is nobody to listen in.
    options = {"authenticator": authenticate, "auth_required": True, "auth_require_tls": False}
# The controller connects to the port that it was told, so it is told one that is free.
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
controller = Controller(Sink(), hostname="127.0.0.1", port=port, **options)
controller.start()
say({"port": port})
sys.stdin.read()
controller.stop()
