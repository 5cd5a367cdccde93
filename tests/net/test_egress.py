"""What counts as a public address."""

import socket
from ipaddress import ip_address

import pytest

from bot.net.egress import (
    AddressRefused,
    is_public_address,
    is_public_host,
    public_socket,
    was_refused,
)

PUBLIC = ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]
PRIVATE = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808",
    "2002:7f00:1::",
    "2001:0:4136:e378:8000:63bf:f5ff:fffe",
    "2001:0:7f00:1::",
    "fc00::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "100::1",
    "4000::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are(address: str) -> None:
    assert is_public_address(ip_address(address))


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses_are_not_however_they_are_wrapped(address: str) -> None:
    assert not is_public_address(ip_address(address))


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST.", "a.localhost", "127.1", "0x7f.0.0.1", "fe80::1%eth0", "::1"]
)
def test_some_hosts_are_private_by_their_spelling(host: str) -> None:
    assert not is_public_host(host)


@pytest.mark.parametrize("host", ["example.com", "1.example.com", "8.8.8.8", "2606:4700::1111"])
def test_other_hosts_may_be_public(host: str) -> None:
    assert is_public_host(host)


def test_a_socket_is_made_for_a_public_address() -> None:
    where = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("8.8.8.8", 443))

    with public_socket(where) as made:
        assert made.family == socket.AF_INET


@pytest.mark.parametrize("address", ["::1", "fe80::1%1", "fe80::1%eth0"])
def test_no_socket_is_made_for_a_private_address(address: str) -> None:
    where = (socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, 443, 0, 0))

    with pytest.raises(AddressRefused) as refused:
        public_socket(where)

    assert was_refused(refused.value)
    assert address not in str(refused.value)


def test_a_refusal_is_found_among_the_causes() -> None:
    with pytest.raises(ConnectionError) as caught:
        raise ConnectionError("wrapped") from AddressRefused()

    assert was_refused(caught.value)
    assert not was_refused(ConnectionError("other"))
