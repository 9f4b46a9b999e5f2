"""A mail server (aiosmtpd) that prints every message it takes as a line of JSON, taken apart by Python's own parser.

mail_server.py MODE USER PASSWORD [CERTIFICATE KEY]: MODE is plain, starttls or tls. The first line is the port. Addresses
that begin with "nobody" are refused for good, those that begin with "busy" the first time, "later-nobody" first in the one
way and then in the other. Nobody may send as "denied".
"""

import asyncio
import json
import ssl
import sys
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP, AuthResult

mode, user, password = sys.argv[1:4]
busy = set()


class Handler:
    async def handle_MAIL(self, server, session, envelope, address, options):
        if address.startswith("denied"):
            return "550 5.7.1 sender not owned"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return "550 5.1.1 no such user " + address
        if address.startswith(("busy", "later")) and address not in busy:
            busy.add(address)
            return "451 4.7.1 greylisted, come again"
        if address.startswith("later"):
            return "550 5.1.1 no such user " + address
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        message = message_from_bytes(envelope.content, policy=policy.default)
        print(json.dumps({
            "tls": session.ssl is not None or mode == "tls",
            "user": session.auth_data.login.decode() if session.auth_data else None,
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": {name.lower(): str(value) for name, value in message.items()},
            "plain": message.get_body(("plain",)).get_content(),
            "html": message.get_body(("html",)).get_content(),
            "files": [
                [part.get_filename(), part.get_content_type(), part.get_payload(decode=True).hex()]
                for part in message.iter_attachments()
            ],
        }), flush=True)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    good = data.login.decode() == user and data.password.decode() == password
    return AuthResult(success=good, handled=good, auth_data=data)


async def main():
    context = None
    if mode != "plain":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*sys.argv[4:6])
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(
            Handler(),
            tls_context=context if mode == "starttls" else None,
            require_starttls=mode == "starttls",
            auth_required=user != "",
            auth_require_tls=mode == "starttls",
            authenticator=authenticate,
            hostname="mail.example.org",
        ),
        "127.0.0.1",
        0,
        ssl=context if mode == "tls" else None,
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
