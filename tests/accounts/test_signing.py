"""Signatures by Standard Webhooks, against its reference vector and against HMAC worked out by its definition."""

import base64
import hashlib

from accounts import signing

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def hmac_by_definition(key: bytes, message: bytes) -> bytes:
    """RFC 2104, with SHA-256."""
    padded = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in padded) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in padded) + inner).digest()


def verified(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """As a receiver does it, with code of its own."""
    given = {name.lower(): value for name, value in headers.items()}
    key = base64.b64decode(secret.removeprefix("whsec_"))
    message = f"{given['webhook-id']}.{given['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac_by_definition(key, message)).decode()
    return f"v1,{wanted}" in given["webhook-signature"].split(" ")


def test_it_is_that_of_the_reference_vector():
    made = signing.signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert made == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_it_is_verified_by_the_definition_with_each_secret_that_counts():
    old, new = signing.new_secret(), signing.new_secret()
    body = '{"title":"Gabelstapler für Köln"}'.encode()
    headers = signing.headers([new, old], "msg_1", 1_700_000_000, body)
    assert verified(new, headers, body)
    assert verified(old, headers, body)
    assert not verified(signing.new_secret(), headers, body)
    assert not verified(new, headers, body + b" ")
    assert not verified(new, {**headers, "webhook-timestamp": "1700000001"}, body)


def test_secrets_are_long_and_never_the_same():
    secrets = {signing.new_secret() for _number in range(100)}
    assert len(secrets) == 100
    assert all(len(base64.b64decode(secret.removeprefix("whsec_"))) == 32 for secret in secrets)
