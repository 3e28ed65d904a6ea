"""A mail server on loopback that behaves as it is told, and keeps what it was given."""

import email
import socket
from email import policy

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class PostOffice:
    """``answers`` are given to addresses instead of the usual OK: {"vera@…": "550 no such user"}."""

    def __init__(self) -> None:
        self.port, self.answers, self.mails, self.sessions = free_port(), {}, [], set()
        self.data_answer = ""
        self._controller = None

    def open(self, **more) -> None:
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **more)
        self._controller.start()

    def close(self) -> None:
        if self._controller:
            self._controller.stop()
        self._controller = None

    async def handle_RCPT(self, server, session, envelope, address, options):
        if answer := self.answers.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.data_answer:
            return self.data_answer
        self.sessions.add(session.peer)
        mail = email.message_from_bytes(envelope.content, policy=policy.default)
        self.mails.append((envelope.rcpt_tos, mail))
        return "250 OK"

    @property
    def recipients(self) -> list[str]:
        return sorted(address for addresses, _mail in self.mails for address in addresses)

    def mail_to(self, address: str):
        return next(mail for addresses, mail in self.mails if address in addresses)


def only(user: str, password: str):
    """An authenticator that lets in nobody else."""

    def check(_server, _session, _envelope, _mechanism, given):
        fits = (given.login, given.password) == (user.encode(), password.encode())
        return AuthResult(success=fits, handled=False)

    return check
