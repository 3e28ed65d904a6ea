"""Which hosts may be called, and at which addresses: every way round it that we know of is closed."""

from ipaddress import ip_address

import pytest

from accounts.hosts import Failed, read, split


def code(hosts, url):
    try:
        read(hosts).check(url)
    except Failed as failed:
        return failed.code
    return "allowed"


@pytest.mark.parametrize(
    ("hosts", "url", "expected"),
    [
        ("erp.example.com", "https://erp.example.com/hook?x=1", "allowed"),
        ("erp.example.com", "https://ERP.example.com.:8443/", "allowed"),
        ("ERP.Example.com", "https://erp.example.com/", "allowed"),
        ("erp.example.com:8443", "https://erp.example.com:8443/", "allowed"),
        ("erp.example.com:8443", "https://erp.example.com/", "not_allowed"),
        ("erp.example.com:443", "https://erp.example.com/", "allowed"),
        ("erp.example.com", "https://other.example.com/", "not_allowed"),
        ("erp.example.com", "https://x.erp.example.com/", "not_allowed"),
        ("erp.example.com", "https://erp.example.com.evil.org/", "not_allowed"),
        ("erp.example.com", "https://erp.example.com@evil.org/", "bad_url"),
        ("erp.example.com", "https://user:password@erp.example.com/", "bad_url"),
        ("erp.example.com", "https://evil.org\\@erp.example.com/", "bad_url"),
        ("erp.example.com", "https://evil.org#@erp.example.com/", "bad_url"),
        ("erp.example.com", "https://erp.example.com/\r\nHost: evil.org", "bad_url"),
        ("erp.example.com", "http://erp.example.com/", "plain"),
        ("http://erp.example.com", "http://erp.example.com/", "allowed"),
        ("http://erp.example.com", "https://erp.example.com/", "allowed"),
        ("https://erp.example.com", "http://erp.example.com/", "plain"),
        ("", "https://erp.example.com/", "not_allowed"),
        ("a.org, b.org ,", "https://b.org/", "allowed"),
        ("127.0.0.1:9000", "http://127.0.0.1:9000/", "allowed"),
        ("127.0.0.1:9000", "http://127.0.0.1:9001/", "not_allowed"),
        ("127.0.0.1", "http://127.0.0.1:9001/", "allowed"),
        ("127.0.0.1", "http://[::ffff:127.0.0.1]/", "allowed"),
        ("127.0.0.1", "http://2130706433/", "not_allowed"),
        ("127.0.0.1", "http://0x7f.1/", "not_allowed"),
        ("127.0.0.1", "http://localhost/", "not_allowed"),
        ("[::1]:9000", "http://[::1]:9000/", "allowed"),
        ("[::1]", "http://[0:0:0:0:0:0:0:1]:80/", "allowed"),
        ("localhost", "http://localhost:9000/", "allowed"),
        ("10.1.2.3", "http://10.1.2.3/", "plain"),
        ("10.1.2.3", "https://10.1.2.3/", "allowed"),
        ("bücher.example", "https://xn--bcher-kva.example/", "allowed"),
    ],
)
def test_a_url_is_allowed_or_says_why_not(hosts, url, expected):
    assert code(hosts, url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "", "erp", "ftp://erp/", "file:///etc/passwd", "gopher://erp/", "https://", "https:///path", "https://erp:99999/",
        "https://erp:/", "https://erp:0/", "https://erp:x/", "https://e rp/", "https://erp/\x00", "https://[::1",
        "//erp/",
        "https://erp..example/", "https://-erp/", "https://%65rp/", "https://erp/" + "x" * 2_000, "https://erp/#a",
        "javascript:alert(1)", "https://erp/\t", "https://[fe80::1%25eth0]/x y",
    ],
)  # fmt: skip
def test_what_is_no_url_to_be_called_is_said_to_be_none(url):
    with pytest.raises(Failed) as failed:
        split(url)
    assert failed.value.code == "bad_url"


def permits(hosts, address):
    [rule] = read(hosts).rules
    return rule.permits(ip_address(address))


NEVER = [
    "169.254.169.254", "169.254.1.1", "fe80::1", "fe80::1%eth0", "0.0.0.0", "0.1.2.3", "::", "224.0.0.1", "ff02::1",
    "255.255.255.255", "240.0.0.1", "100.100.100.200", "168.63.129.16", "fd00:ec2::254", "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2", "fec0::1", "::127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe",
]  # fmt: skip
PRIVATE = [
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "127.0.0.1", "127.9.9.9", "100.64.0.1", "::1", "fc00::1", "fd12::1",
    "192.0.2.1", "198.18.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
]  # fmt: skip


@pytest.mark.parametrize("address", [*NEVER, *PRIVATE])
def test_a_name_that_is_allowed_leads_to_public_addresses_only(address):
    assert not permits("erp.example.com", address)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are_called(address):
    assert permits("erp.example.com", address)


@pytest.mark.parametrize("address", NEVER)
def test_some_addresses_are_never_called_whatever_the_setting_says(address):
    assert not permits("erp=0.0.0.0/0", address)
    assert not permits("erp=::/0", address)


def test_a_name_may_lead_into_the_network_that_is_named_with_it_and_no_other():
    assert permits("erp.internal=10.1.0.0/16", "10.1.2.3")
    assert permits("erp.internal=10.1.0.0/16", "::ffff:10.1.2.3")
    assert not permits("erp.internal=10.1.0.0/16", "10.2.2.3")
    assert not permits("erp.internal=10.1.0.0/16", "127.0.0.1")
    assert permits("erp.internal:8443=10.1.2.3", "10.1.2.3")
    assert permits("erp.internal=fd12::/16", "fd12::1")
    assert not permits("erp.internal=0.0.0.0/0", "::1")


def test_localhost_is_loopback_and_an_address_is_itself():
    assert permits("localhost", "127.0.0.1")
    assert permits("localhost", "::1")
    assert not permits("localhost", "10.0.0.1")
    assert permits("192.168.1.1", "192.168.1.1")
    assert not permits("192.168.1.1", "192.168.1.2")


@pytest.mark.parametrize(
    "entry", ["erp/path", "erp?x", "a b", "user@erp", "erp:x", "erp=10.0.0.1/8", "=10.0.0.0/8", "*.example"]
)
def test_a_setting_that_is_not_understood_is_said_to_be(entry):
    with pytest.raises(ValueError, match=r"is not understood|more than a host"):
        read(f"fine.example,{entry}")


def test_plain_http_everywhere_where_the_setting_is_for_that():
    assert read("erp.example", plain=True).check("http://erp.example/")[0].port == 80


def test_nobody_named_is_false():
    assert not read(" , ")
    assert read("erp")
