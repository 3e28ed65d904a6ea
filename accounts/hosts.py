"""Which hosts may be called, and at which addresses: read from a setting, pure, with no network and no Django.

A setting names hosts, separated by commas; nothing else is ever called:

- ``erp.example.com`` or ``erp.example.com:8443``: this very name, at any port or at that one, over https, and only
  while it leads to public addresses;
- ``http://erp.example.com``: over plain http too;
- ``erp.internal=10.1.0.0/16``: a name that may lead into this network, private as it is;
- ``10.1.2.3:8443``, ``[::1]:9000``: an address names itself; ``localhost`` names loopback.

Loopback, once named, may be called over plain http. What is never called, whoever names it: link-local addresses and
those at which clouds hand out credentials, multicast, reserved and unspecified ones.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import quote, urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

LONGEST = 2_000
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")
_NEVER_IN_URLS = re.compile(r"[\x00-\x20\x7f\\]")
_LOOPBACK: tuple[Network, ...] = (IPv4Network("127.0.0.0/8"), IPv6Network("::1/128"))
_NAT64 = IPv6Network("64:ff9b::/96")
_METADATA = {ip_address(text) for text in ("169.254.169.254", "100.100.100.200", "168.63.129.16", "fd00:ec2::254")}


class Failed(Exception):
    """A call that was not made, or not answered: a code for programs, a sentence for administrators.

    ``arrived``: the other side may have got it, so that it may have been done.
    """

    def __init__(self, code: str, words: str, *, arrived: bool = False) -> None:
        super().__init__(words)
        self.code, self.words, self.arrived = code, words, arrived


@dataclass(frozen=True)
class Url:
    """A URL, taken apart and put in order: nothing in it is read differently by anybody later."""

    scheme: str
    host: str
    port: int
    target: str
    address: Address | None

    @property
    def secure(self) -> bool:
        return self.scheme == "https"


@dataclass(frozen=True)
class Rule:
    """One entry of the setting."""

    host: str
    port: int | None
    plain: bool
    networks: tuple[Network, ...] = ()

    def names(self, url: Url) -> bool:
        return self.host == url.host and self.port in (None, url.port)

    def permits(self, address: Address) -> bool:
        seen = plain_address(address)
        return not _never(seen) and (_public(seen) or any(seen in network for network in self.networks))


@dataclass(frozen=True)
class Hosts:
    """What a setting allows; false if it names nobody."""

    rules: tuple[Rule, ...] = ()

    @cached_property
    def _hash(self) -> int:
        return hash(self.rules)

    def __hash__(self) -> int:
        """Reckoned once: it is looked for with each call."""
        return self._hash

    def __bool__(self) -> bool:
        return bool(self.rules)

    def check(self, url: str) -> tuple[Url, "Hosts"]:
        """The URL taken apart, with the rules that allow it; raises :class:`Failed` if none does."""
        found = split(url)
        named = [rule for rule in self.rules if rule.names(found)]
        if not named:
            raise Failed("not_allowed", f"{_shown(found)} is not among the hosts that may be called.")
        allowing = tuple(rule for rule in named if found.secure or rule.plain)
        if not allowing:
            raise Failed("plain", f"{_shown(found)} may be called over https only.")
        return found, Hosts(allowing)

    def permits(self, address: Address) -> bool:
        return any(rule.permits(address) for rule in self.rules)


def _shown(url: Url) -> str:
    return f"{url.host}:{url.port}"


# --- the setting -------------------------------------------------------------------------------------------------


def read(text: str, *, plain: bool = False) -> Hosts:
    """The hosts that a setting names. ``plain``: over http as over https. Raises ValueError in words."""
    return Hosts(tuple(rule for entry in text.split(",") if entry.strip() for rule in _rules(entry.strip(), plain)))


def _rules(entry: str, plain: bool) -> Iterator[Rule]:
    named, equals, network = entry.partition("=")
    plain = plain or named.lower().startswith("http://")
    named = re.sub(r"^https?://", "", named, flags=re.IGNORECASE).rstrip("/")
    try:
        url = split(f"https://{named}/")
        networks = (ip_network(network.strip()),) if equals else _own(url)
    except (Failed, ValueError) as error:
        raise ValueError(f"{entry!r} is not understood: write host, host:port or host=network. ({error})") from None
    if "/" in named or "?" in named:
        raise ValueError(f"{entry!r} names more than a host: leave the path out.")
    port = url.port if re.search(r":\d+$", named) else None
    yield Rule(url.host, port, plain or _is_loopback(networks), networks)


def _own(url: Url) -> tuple[Network, ...]:
    """The networks that a host names by itself."""
    if url.address is not None:
        return (ip_network(plain_address(url.address)),)
    return _LOOPBACK if url.host == "localhost" else ()


def _is_loopback(networks: tuple[Network, ...]) -> bool:
    return bool(networks) and all(network.is_loopback for network in networks)


# --- URLs --------------------------------------------------------------------------------------------------------


def split(url: str) -> Url:
    """Take a URL apart, or raise :class:`Failed`: no user and password, no control characters, nothing unusual."""
    if len(url) > LONGEST:
        raise _bad(f"it is longer than {LONGEST:,} characters")
    if _NEVER_IN_URLS.search(url):
        raise _bad("it holds a space, a control character or a backslash")
    try:
        parts = urlsplit(url)
        scheme, named, port = parts.scheme.lower(), parts.hostname or "", parts.port
    except ValueError as error:
        raise _bad(str(error)) from None
    if scheme not in ("http", "https"):
        raise _bad("it does not begin with https://")
    if "@" in parts.netloc:
        raise _bad("it holds a user or a password; they would be in every log")
    if parts.fragment or not named or port == 0 or parts.netloc.endswith(":"):
        raise _bad("it holds a part after #, no host, or no port after the colon")
    host, address = _host(named)
    target = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    if parts.query:
        target += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~-._?[]")
    return Url(scheme, host, port or (443 if scheme == "https" else 80), target, address)


def _host(named: str) -> tuple[str, Address | None]:
    try:
        address = ip_address(named)
    except ValueError:
        return _name(named), None
    return str(plain_address(address)), address


def _name(named: str) -> str:
    try:
        name = named.rstrip(".").encode("idna").decode().lower()
    except UnicodeError:
        name = ""
    if not _NAME.fullmatch(name) or ".." in name:
        raise _bad("its host is not a name")
    return name


def _bad(why: str) -> Failed:
    return Failed("bad_url", f"The address cannot be called: {why}.")


# --- addresses ---------------------------------------------------------------------------------------------------


def plain_address(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for (mapped, or through NAT64), else itself."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address in _NAT64:
            return IPv4Address(int(address) & 0xFFFFFFFF)
    return address


def _never(address: Address) -> bool:
    if address.is_loopback:  # of IPv6's, Python calls it reserved
        return False
    odd = address.is_link_local or address.is_multicast or address.is_unspecified or address.is_reserved
    return odd or address in _METADATA or (_never_6(address) if isinstance(address, IPv6Address) else _never_4(address))


def _never_4(address: IPv4Address) -> bool:
    return address.packed[0] == 0


def _never_6(address: IPv6Address) -> bool:
    """Tunnels, which may end anywhere, what was once site-local, and what is of one interface only."""
    tunnelled = address.sixtofour is not None or address.teredo is not None
    return tunnelled or address.is_site_local or address.scope_id is not None


def _public(address: Address) -> bool:
    return address.is_global and not address.is_loopback
