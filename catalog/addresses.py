"""Which addresses on the network may be reached for somebody else: an address in a request is
hostile, and the network this runs in trusts this machine.

Everything that connects to an address a storefront gave goes through `outgoing.py`, which asks
here, connects to the very addresses that were approved, and to nothing else.
"""

import ipaddress
import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolver = Callable[[str, int], Sequence[str]]

MAX_URL = 2_048
WEB_PORTS = frozenset({80, 443})
DEFAULT_PORTS = {"http": 80, "https": 443}

# Not meant for the public, though the registries call them global.
ALSO_PRIVATE: tuple[Network, ...] = tuple(
    ipaddress.ip_network(network)
    for network in (
        "168.63.129.16/32",  # the host of an Azure machine
        "192.88.99.0/24",  # relays from IPv6
        "fec0::/10",  # site-local, before there was fc00::/7
        "5f00::/16",  # segment routing
    )
)
# IPv4 in the last 32 bits, which a translator on the way would unwrap.
TRANSLATED: tuple[Network, ...] = tuple(
    ipaddress.ip_network(network) for network in ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")
)
# What the system's resolver takes for an IPv4 address: decimal, octal, hexadecimal, short.
NUMBER = re.compile(r"(0x[0-9a-f]*|[0-9]+)", re.IGNORECASE)


class AddressRefused(Exception):
    """An address that is not to be reached. `code` is stable; the message names the remedy and
    tells nothing about the inside of the network."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def system_resolver(host: str, port: int) -> list[str]:
    """What the machine's resolver says, IPv4 and IPv6. Raises OSError when there is nothing."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))


@dataclass(frozen=True)
class Rules:
    """What may be reached: these ports, these hosts if any are named, and public addresses or
    those of `networks`."""

    ports: frozenset[int] = WEB_PORTS
    hosts: tuple[str, ...] = ()  # a closed list; "*.example.com" stands for what is below it
    networks: tuple[Network, ...] = ()  # private ones the operator opened
    schemes: frozenset[str] = frozenset({"http", "https"})
    resolver: Resolver = field(default=system_resolver, compare=False)


def read(url: str, rules: Rules) -> httpx.URL:
    """The address, if its form allows reaching it. Raises `AddressRefused`.

    The same parser reads it here and where it is connected to, so that both mean the same host.
    """
    if len(url) > MAX_URL:
        raise AddressRefused("bad_url", f"The address is longer than {MAX_URL} characters.")
    if re.search(r"[\x00-\x20\x7f\\]", url):
        raise AddressRefused("bad_url", "The address contains spaces, backslashes or controls.")
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, UnicodeError, ValueError) as error:
        raise AddressRefused("bad_url", "This is not an address on the web.") from error
    if parsed.scheme not in rules.schemes:
        wanted = " or ".join(sorted(rules.schemes))
        raise AddressRefused("bad_scheme", f"Only {wanted} addresses are reached.")
    if parsed.userinfo:
        raise AddressRefused("bad_url", "The address carries a user name. Leave it out.")
    host = parsed.raw_host.decode("ascii")
    if not host or "%" in host:
        raise AddressRefused("bad_url", "The address names no host.")
    if _is_odd_number(host):
        raise AddressRefused("odd_host", "Write an IP address in its usual form.")
    port = parsed.port or DEFAULT_PORTS[parsed.scheme]
    if port not in rules.ports:
        listed = ", ".join(str(each) for each in sorted(rules.ports))
        raise AddressRefused("bad_port", f"Port {port} is not reached, only {listed}.")
    if rules.hosts and not any(_matches(host, each) for each in rules.hosts):
        raise AddressRefused("host_not_listed", "The host is not on this server's list.")
    return parsed


def approve(host: str, port: int, rules: Rules) -> list[str]:
    """The addresses of a host, each checked: one that is not public spoils them all, for whoever
    answers so means harm. Raises `AddressRefused`."""
    try:
        found = [ipaddress.ip_address(host.strip("[]"))]
    except ValueError:
        try:
            answers = rules.resolver(host, port)
            found = [ipaddress.ip_address(answer.partition("%")[0]) for answer in answers]
        except (OSError, UnicodeError, ValueError) as error:
            raise AddressRefused("unknown_host", "The host's name cannot be resolved.") from error
    if not found:
        raise AddressRefused("unknown_host", "The host's name cannot be resolved.")
    for address in found:
        if not is_public(address) and not any(address in each for each in rules.networks):
            raise AddressRefused("private_address", "The address is not on the public internet.")
    return [str(address) for address in found]


def is_public(address: Address) -> bool:
    """Whether anybody on the internet might be meant, also by what is wrapped inside."""
    inner = _unwrapped(address)
    if inner is not None:
        return is_public(inner)
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in each for each in ALSO_PRIVATE)
    )


def _unwrapped(address: Address) -> Address | None:
    """The IPv4 address that an IPv6 one stands for."""
    if isinstance(address, ipaddress.IPv4Address):
        return None
    if wrapped := address.ipv4_mapped or address.sixtofour:
        return wrapped
    if address.teredo:
        return address.teredo[1]
    if any(address in each for each in TRANSLATED):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _is_odd_number(host: str) -> bool:
    parts = host.rstrip(".").split(".")
    if len(parts) > 4 or not all(NUMBER.fullmatch(part) for part in parts):
        return False
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return True
    return False


def _matches(host: str, listed: str) -> bool:
    host, listed = host.lower().rstrip("."), listed.lower()
    return host.endswith(listed[1:]) if listed.startswith("*.") else host == listed
