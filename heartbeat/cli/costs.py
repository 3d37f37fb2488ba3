"""What the model has cost, in words."""

from heartbeat.cli.output import counted
from heartbeat.prices import PRICES_DATE
from heartbeat.views import UsageView

#: What is less than this, in dollars, is not nothing.
_LEAST_SHOWN = 0.0001


def cost(usage: UsageView) -> str:
    """Say the cost, and what of it is not known."""
    if usage.dollars is None:
        return "unknown"
    left_out = f" + {usage.unpriced_calls:,} unpriced" if usage.unpriced_calls else ""
    if 0 < usage.dollars < _LEAST_SHOWN:
        return f"<${_LEAST_SHOWN}{left_out}"
    return f"${usage.dollars:,.4f}{left_out}"


def bill(usage: UsageView | None) -> str:
    """Say what a call of the command has cost, of which nothing is stored."""
    if usage is None or not usage.calls:
        return "cost: nothing, no model was called"
    tokens = (
        f"{usage.input_tokens:,} tokens in, {usage.output_tokens:,} out,"
        f" {usage.cache_read_tokens:,} from cache, {usage.cache_write_tokens:,} to it"
    )
    return (
        f"cost: {cost(usage)} for {counted(usage.calls, 'call')}: {tokens}"
        f" (list prices of {PRICES_DATE}; not in `heartbeat usage`)"
    )
