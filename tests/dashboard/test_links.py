"""Addresses in texts from outside become links that say where they lead; everything else stays text."""

import html
import re
import time

import pytest

from dashboard.templatetags.links import linked


def links(text):
    return [html.unescape(found) for found in re.findall(r'<a class="out" href="([^"]*)"', linked(text))]


def seen(text):
    """What a person reads."""
    return html.unescape(re.sub(r"<[^>]+>", "", linked(text)))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://shop.example/a", "https://shop.example/a"),
        ("see http://shop.example, then", "http://shop.example"),
        ("(https://shop.example/a)", "https://shop.example/a"),
        ("https://shop.example/wiki/Lift_(truck)", "https://shop.example/wiki/Lift_(truck)"),
        ("Is it https://shop.example/a?b=c&d=e#f?!", "https://shop.example/a?b=c&d=e#f"),
        ("“https://shop.example/a”", "https://shop.example/a"),
        ("'https://shop.example/a'.", "https://shop.example/a"),
        ("HTTPS://SHOP.example/A", "https://shop.example/A"),
        ("https://shop.example:8443/a", "https://shop.example:8443/a"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000/"),
        ("http://[::1]:8000/a", "http://[::1]:8000/a"),
        ("one\nhttps://shop.example/a\ntwo", "https://shop.example/a"),
        ("https://shop.example/größe/日本", "https://shop.example/größe/日本"),
    ],
)
def test_an_address_is_a_link_without_what_ends_the_sentence(text, address):
    assert links(text) == [address]


@pytest.mark.parametrize(
    "text",
    [
        "javascript:alert(1)", "JaVaScRiPt://https:/alert(1)", "data:text/html,<b>", "vbscript:x", "file:///etc/passwd",
        "ftp://shop.example", "www.shop.example", "shop.example", "mail@shop.example", "//shop.example", "https:/shop",
        "https://", "http://:80/", "https://bank.example@shop.example/", "https://user:secret@shop.example/",
        "https://shop.example:99999/", "https://shop.example:x/", "https://%73hop.example/", "https://-/",
        "https://bank.example∕login.shop.example/", "https://bank.example／x", "https://[::1", "xhttps://shop.example",
        "https://" + "a" * 64 + "ü.example", "https://shop.example/" + "x" * 2_000,
    ],
)  # fmt: skip
def test_what_is_no_address_or_reads_as_another_stays_text(text):
    assert links(text) == []
    assert seen(text) == text


def test_a_link_says_its_host_apart_and_gives_nothing_away():
    shown = linked("https://shop.example/a")
    assert "<b>shop.example</b>" in shown
    assert 'rel="noopener noreferrer nofollow"' in shown
    assert 'target="_blank"' in shown


def test_markup_and_quotes_stay_text():
    text = """<script>alert('1')</script> & "https://shop.example/a'b" onmouseover="x" """
    shown = linked(text)
    assert "<script" not in shown
    assert links(text) == ["https://shop.example/a'b"]
    assert 'onmouseover="' not in shown
    assert seen(text) == text


def test_an_address_cannot_leave_its_attribute():
    shown = linked("""https://shop.example/a'onclick='alert(1)""")
    assert "'" not in shown
    assert shown.count("<a ") == 1


@pytest.mark.parametrize("sign", "\u202e\u202a\u2066\u2069\u200e\u200f\u061c\u200b\ufeff\u00ad\x00\x1b")
def test_a_sign_that_hides_or_turns_text_is_shown_and_ends_an_address(sign):
    text = f"https://shop.example/a{sign}moc.knab//:sptth"
    assert links(text) == ["https://shop.example/a"]
    assert f"[U+{ord(sign):04X}]moc.knab" in seen(text)
    assert sign not in linked(text)


def test_text_around_cannot_turn_the_direction_of_an_address():
    assert '<bdi dir="ltr">' in linked("משרד https://shop.example/a")


def test_a_host_in_another_script_is_shown_as_it_is_sent_too():
    [address] = links("https://аррӏе.example/login")  # Cyrillic
    assert address == "https://xn--80ak6aa92e.example/login"
    assert seen("https://аррӏе.example/login") == "https://аррӏе.example/login (xn--80ak6aa92e.example)"


def test_several_addresses_and_what_is_between_them():
    text = "a https://one.example, b https://two.example/x; c"
    assert links(text) == ["https://one.example", "https://two.example/x"]
    assert seen(text) == text


@pytest.mark.parametrize(
    "text",
    ["x" * 5_000, "https://" * 625, "https://a.example/" * 277, "(" * 2_500 + ")" * 2_500, "https://a" + ")" * 4_991],
)
def test_five_thousand_characters_are_read_at_once(text):
    began = time.perf_counter()
    assert seen(text)[:100] == text[:100]
    assert time.perf_counter() - began < 1


def test_lines_stay_lines():
    assert linked("one\r\ntwo\rthree\tx") == "one\ntwo\nthree\tx"


def test_what_is_no_text_is_said_as_text():
    assert linked(5) == "5"
