"""What an HTTP error of the Messages API means."""

import pytest

from heartbeat.verdict import Cause
from worker.api_failure import ApiFailure, Pause

#: 1 January 2027, 00:00:00 UTC.
NOW = 1_798_761_600.0


def a_failure(
    status: int, *, code: str | None = None, body: object = "", **headers: str
) -> ApiFailure:
    details = {"error_code": code} if code else None
    error = {"error": {"type": "some_error", "details": details, "message": "secret"}}
    return ApiFailure(
        status=status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=error if body == "" else body,
        now_seconds=NOW,
    )


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        (a_failure(400), Cause.MODEL_REJECTED),
        (a_failure(404), Cause.MODEL_REJECTED),
        (a_failure(401), Cause.MODEL_AUTH),
        (a_failure(402), Cause.MODEL_AUTH),
        (a_failure(403), Cause.MODEL_AUTH),
        (a_failure(429), Cause.MODEL_LIMITED),
        (a_failure(429, code="enforced_spend_limit_reached"), Cause.MODEL_AUTH),
        (a_failure(429, code="ramp_limit_exceeded"), Cause.MODEL_LIMITED),
        (a_failure(529), Cause.MODEL_LIMITED),
        (a_failure(408), Cause.MODEL_ERROR),
        (a_failure(500), Cause.MODEL_ERROR),
        (a_failure(500, retry_after="60"), Cause.MODEL_LIMITED),
    ],
)
def test_the_cause_follows_from_status_and_code(
    failure: ApiFailure, cause: Cause
) -> None:
    assert failure.cause is cause


@pytest.mark.parametrize(
    ("failure", "is_hopeless"),
    [
        (a_failure(429), False),
        (a_failure(429, retry_after="20"), False),
        (a_failure(429, retry_after="20.5"), True),
        (a_failure(429, retry_after="inf"), True),
        (a_failure(429, retry_after="nan"), False),
        (a_failure(429, retry_after="soon"), False),
        (a_failure(429, retry_after="-5"), False),
        (a_failure(429, retry_after_ms="20001"), True),
        (a_failure(429, retry_after_ms="100", retry_after="3600"), False),
        (a_failure(429, retry_after_ms="x", retry_after="3600"), True),
        (a_failure(503, retry_after="Fri, 01 Jan 2027 00:00:10 GMT"), False),
        (a_failure(503, retry_after="Fri, 01 Jan 2027 00:01:00 GMT"), True),
        (a_failure(429, code="contract_spend_limit_reached"), True),
        (a_failure(400, code="contract_spend_limit_reached"), False),
    ],
)
def test_it_is_hopeless_to_wait_long_or_for_money(
    failure: ApiFailure, is_hopeless: bool
) -> None:
    assert failure.is_hopeless is is_hopeless


@pytest.mark.parametrize("body", [None, [], "text", {"error": "text"}, {"error": None}])
def test_any_body_will_do(body: object) -> None:
    failure = a_failure(500, body=body).told()

    assert failure.why == "the model's server answered 500 error (request -)"


def test_it_tells_the_code_the_request_and_the_wait_and_no_words_of_the_server() -> (
    None
):
    failure = a_failure(429, code="x", retry_after="3600", request_id="req_1").told()

    assert failure.why == (
        "the model's server answered 429 x (request req_1), asks to wait for 3600 s"
    )


def of_model(seconds: float) -> Pause:
    return Pause(seconds=seconds, is_of_key=False)


OF_KEY = Pause(seconds=60, is_of_key=True)


@pytest.mark.parametrize(
    ("failure", "pause"),
    [
        (a_failure(429, retry_after="5"), of_model(5)),
        (a_failure(529, retry_after="30"), of_model(30)),
        (a_failure(429, retry_after_ms="1500"), of_model(1.5)),
        (a_failure(503, retry_after="30"), of_model(30)),
        (a_failure(503, retry_after="5"), None),
        (a_failure(429), None),
        (a_failure(429, retry_after="0.5"), None),
        (a_failure(429, retry_after="-5"), None),
        (a_failure(429, retry_after="nan"), None),
        (a_failure(429, retry_after="inf"), of_model(3600)),
        (a_failure(429, retry_after="4294967"), of_model(3600)),
        (a_failure(401), OF_KEY),
        (a_failure(402), OF_KEY),
        (a_failure(403), of_model(60)),
        (a_failure(429, code="enforced_spend_limit_reached"), OF_KEY),
        (a_failure(400, retry_after="30"), of_model(30)),
        (a_failure(400), None),
    ],
)
def test_what_it_asks_of_all_workers(failure: ApiFailure, pause: Pause | None) -> None:
    assert failure.pause == pause
