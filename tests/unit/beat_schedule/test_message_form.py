"""A message is filled into the form of another, whatever its values hold."""

import json
from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beat_schedule.message_form import RUN_ID, SHOWN, UID, MessageForm
from heartbeat.store.slots import Claim

BODY = [[UID, RUN_ID], {}, {"chord": None, "100%": "%s"}]


def written(body: object = BODY, **properties: object) -> bytes:
    """Return what a broker would hold, in the shape of kombu's messages."""
    return json.dumps(
        {
            "body": b64encode(json.dumps(body).encode()).decode(),
            "headers": {"id": RUN_ID, "root_id": RUN_ID, "argsrepr": SHOWN},
            "properties": {
                "correlation_id": RUN_ID,
                "delivery_info": {"exchange": "", "routing_key": "form"},
                "delivery_tag": "a-tag",
                "origin": "50%(d) of it",
                **properties,
            },
        }
    ).encode()


def a_claim(uid: str = "ann:hb", queue: str = "heartbeat") -> Claim:
    return Claim(
        kind="publish",
        uid=uid,
        slot_ms=0,
        run_id=f"{uid}@1970-01-01T00:00:00.000Z",
        version="1",
        timing="",
        queue=queue,
        last_slot_ms=0,
    )


@given(uid=st.text(), queue=st.text(min_size=1))
def test_every_blank_is_filled_with_the_claims_own(uid: str, queue: str) -> None:
    claim = a_claim(uid, queue)
    message = json.loads(MessageForm.of(written(), queue="form").fill(claim))
    assert json.loads(b64decode(message["body"])) == [[uid, claim.run_id], *BODY[1:]]
    assert message["headers"] == {
        "id": claim.run_id,
        "root_id": claim.run_id,
        "argsrepr": f"({uid} slot 1970-01-01T00:00:00Z)",
    }
    properties = message["properties"]
    assert properties["correlation_id"] == claim.run_id
    assert properties["delivery_info"]["routing_key"] == queue
    assert properties["origin"] == "50%(d) of it"


def test_no_two_messages_have_the_same_delivery_tag() -> None:
    form = MessageForm.of(written(), queue="form")
    texts = [form.fill(a_claim()) for _ in range(2)]
    assert len({json.loads(text)["properties"]["delivery_tag"] for text in texts}) == 2


@pytest.mark.parametrize(
    "text",
    [
        b"{}",
        b"[]",
        b"not JSON",
        b'{"body": 7, "properties": {"delivery_tag": "x"}}',
        b'{"body": "%%%", "properties": {"delivery_tag": "x"}}',
        written(body=[["other", RUN_ID]]),
        written(delivery_tag=None),
    ],
)
def test_what_is_no_such_message_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match="expected"):
        MessageForm.of(text, queue="form")


def test_a_message_for_another_queue_is_refused() -> None:
    with pytest.raises(ValueError, match='expected "other" in a message'):
        MessageForm.of(written(), queue="other")
