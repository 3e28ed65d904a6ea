"""How the address of a mail server is read."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from dashboard.smtp import Server, read


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://mail.example", Server("mail.example", 25, "", "", False, False)),
        ("smtp://127.0.0.1:2525/", Server("127.0.0.1", 2525, "", "", False, False)),
        ("smtp+tls://me:pass@mail.example", Server("mail.example", 587, "me", "pass", True, False)),
        ("smtps://me%40here:p%3A%2F@mail.example:4650", Server("mail.example", 4650, "me@here", "p:/", False, True)),
    ],
)
def test_it_is_read(url, server):
    assert read(url) == server


def test_without_one_there_is_no_server():
    assert read("") is None


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://", "smtp://h:99999", "smtp://h:secret"])
def test_what_cannot_be_read_is_refused_in_words_that_give_no_password_away(url):
    with pytest.raises(ImproperlyConfigured, match="LEITSTAND_SMTP_URL is not understood") as refused:
        read(url)
    assert "secret" not in str(refused.value)
    assert refused.value.__cause__ is None
