import gzip
import zlib

import pytest

from worker.tools.body import MAX_BODY_BYTES, BrokenBody, RawBody, decode_body


def test_it_is_utf_8_unless_it_says_otherwise() -> None:
    assert decode_body(RawBody(data="grün".encode())).text == "grün"
    latin = RawBody(data="grün".encode("latin-1"), charset="ISO-8859-1")
    assert decode_body(latin).text == "grün"


def test_it_replaces_what_cannot_be_decoded() -> None:
    assert decode_body(RawBody(data=b"a\xffb")).text == "a\ufffdb"


@pytest.mark.parametrize(
    "charset", ["nonsense", "hex", "zip", "punycode", "idna", "unicode_escape", "utf-7"]
)
def test_it_takes_odd_charsets_for_utf_8(charset: str) -> None:
    raw = RawBody(data=b"+2AA- \\ud800 -zz9a", charset=charset)

    assert decode_body(raw).text == "+2AA- \\ud800 -zz9a"


def test_it_drops_the_byte_order_mark() -> None:
    assert decode_body(RawBody(data=b"\xef\xbb\xbf{}")).text == "{}"


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(b"hello", mtime=0)),
        ("X-GZIP", gzip.compress(b"hello", mtime=0)),
        ("deflate", zlib.compress(b"hello")),
        ("identity", b"hello"),
        ("", b"hello"),
    ],
)
def test_it_unpacks_what_servers_send_unasked(coding: str, packed: bytes) -> None:
    body = decode_body(RawBody(data=packed, coding=coding))

    assert body.text == "hello"
    assert not body.is_clipped


def test_it_unpacks_a_bomb_no_further_than_the_limit() -> None:
    bomb = gzip.compress(b"\0" * (50 * 1024 * 1024))

    body = decode_body(RawBody(data=bomb, coding="gzip"))

    assert len(body.text) == MAX_BODY_BYTES
    assert body.is_clipped


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", b"not packed"),
        ("gzip", gzip.compress(b"hello", mtime=0)[:-9]),
        ("br", b"\x0b\x02\x80hello\x03"),
        ("gzip, gzip", gzip.compress(gzip.compress(b"hello", mtime=0), mtime=0)),
    ],
)
def test_it_says_when_a_body_cannot_be_unpacked(coding: str, data: bytes) -> None:
    with pytest.raises(BrokenBody):
        decode_body(RawBody(data=data, coding=coding))


def test_a_body_over_the_limit_is_clipped() -> None:
    body = decode_body(RawBody(data=b"x" * (MAX_BODY_BYTES + 5)))

    assert len(body.text) == MAX_BODY_BYTES
    assert body.is_clipped
