"""GET a URL and say how it answered.

What cannot be reached (refused, timed out, no such host, bad TLS, not HTTP) has no
`status`; an answer that breaks off or does not end in time has a status and no body.
Both are definite: observations on which a condition is false.
"""

from heartbeat.tools import FieldValue
from worker.tools.body import Body
from worker.tools.http_client import HttpClient
from worker.tools.json_fields import json_fields
from worker.tools.measured import Measured

#: How much of a body is shown to people and models; rules see all that was read.
_SHOWN_CHARACTERS = 4_000


async def measure_http(
    url: str, *, client: HttpClient, chosen_by_model: bool
) -> Measured:
    """GET the URL, and measure until the body's end."""
    page = await client.get(url, chosen_by_model=chosen_by_model)
    fields: dict[str, FieldValue] = {}
    if page.status is not None:
        fields["status"] = page.status
    if page.latency_ms is not None:
        fields["latency_ms"] = round(page.latency_ms, 1)
    if page.body is None:
        return Measured(fields=fields, text=f"{page.heading}, {page.trouble}")
    fields["body"] = page.body.text
    if not page.body.is_clipped:
        fields |= json_fields(page.body.text)
    return Measured(fields=fields, text=f"{page.heading}{_show(page.body)}")


def _show(body: Body) -> str:
    if not body.text:
        return ", no body"
    shown = body.text[:_SHOWN_CHARACTERS]
    is_whole = shown == body.text and not body.is_clipped
    return f", {'body' if is_whole else 'beginning of the body'}:\n{shown}"
