import socket
from itertools import islice

from aicc.local.configuration import LOOPBACK
from aicc.local.ports import FIRST, LAST, free_ports, is_free


def test_the_same_seed_gives_the_same_ports() -> None:
    assert list(islice(free_ports("a stack"), 6)) == list(islice(free_ports("a stack"), 6))


def test_ports_are_distinct_and_in_range() -> None:
    ports = list(islice(free_ports("a stack"), 50))
    assert len(set(ports)) == 50
    assert all(FIRST <= port < LAST for port in ports)


def test_a_taken_port_is_passed_over() -> None:
    first = next(free_ports("a stack"))
    with socket.create_server((LOOPBACK, first)):
        assert not is_free(first)
        assert next(free_ports("a stack")) != first
    assert is_free(first)
