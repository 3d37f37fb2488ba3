"""Names of clients over several gateways: the highest number keeps one."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.names import Names

PHONE = ("alice", "phone")


class Socket:
    """A named connection, and whether it had to go."""

    is_replaced = False

    def replaced(self) -> None:
        assert not self.is_replaced, "told once is enough"
        self.is_replaced = True


def test_the_newest_connection_here_has_the_name() -> None:
    names, first, second = Names(), Socket(), Socket()
    assert names.take(*PHONE, first) is None
    assert names.take("bob", "phone", Socket()) is None
    assert names.take(*PHONE, second) is first
    names.drop(*PHONE, first)
    assert names.take(*PHONE, first) is second
    names.drop(*PHONE, first)
    assert names.take(*PHONE, second) is None


def test_a_higher_number_heard_of_takes_the_name() -> None:
    names, socket = Names(), Socket()
    names.take(*PHONE, socket)
    names.number(*PHONE, socket, 5)

    names.heard({PHONE: 5, ("alice", "tablet"): 9})
    assert not socket.is_replaced
    names.heard({PHONE: 4})
    assert not socket.is_replaced
    names.heard({PHONE: 6})

    assert socket.is_replaced
    assert names.held() == []


def test_a_higher_number_may_be_heard_of_before_ones_own_is_known() -> None:
    names, socket = Names(), Socket()
    names.take(*PHONE, socket)
    names.heard({PHONE: 6})
    assert not socket.is_replaced

    names.number(*PHONE, socket, 5)

    assert socket.is_replaced


def test_one_that_has_lost_the_name_here_is_not_told_again() -> None:
    names, first, second = Names(), Socket(), Socket()
    names.take(*PHONE, first)
    names.take(*PHONE, second)
    names.number(*PHONE, first, 5)
    names.heard({PHONE: 6})
    names.number(*PHONE, second, 6)

    assert not first.is_replaced  # whoever took the name tells it
    assert not second.is_replaced
    assert names.held() == [PHONE]


@given(st.data())
def test_of_connections_at_several_gateways_the_newest_alone_survives(
    data: st.DataObject,
) -> None:
    gateways = [Names() for _ in range(3)]
    sockets = [Socket() for _ in range(5)]
    at = [data.draw(st.sampled_from(gateways)) for _ in sockets]
    # Each gets its number in turn; each gateway hears of it then or later, or never.
    for number, (socket, gateway) in enumerate(zip(sockets, at, strict=True), 1):
        before = gateway.take(*PHONE, socket)
        if isinstance(before, Socket):
            before.replaced()
        for other in data.draw(st.permutations(gateways)):
            if data.draw(st.booleans()):
                other.heard({PHONE: number})
        gateway.number(*PHONE, socket, number)

    for gateway in gateways:  # the comparison with the store, after a while
        gateway.heard({PHONE: len(sockets)})

    assert [one.is_replaced for one in sockets] == [True] * 4 + [False]
