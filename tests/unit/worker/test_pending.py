"""What is spent and not stored yet counts in every budget that it is taken from."""

from hypothesis import given
from hypothesis import strategies as st

from heartbeat.budgets import Scope
from heartbeat.store.spending import Account
from heartbeat.usage import Usage
from worker.pending import Pending

accounts = st.builds(Account, st.sampled_from("ab"), st.sampled_from("xyz"))
usages = st.builds(
    Usage, input_tokens=st.integers(0, 9), micro_dollars=st.integers(0, 9)
)
payments = st.lists(st.tuples(accounts, usages), max_size=20)


@given(paid=payments, of=accounts)
def test_a_heartbeat_draws_on_what_it_its_owner_and_the_fleet_have_spent(
    paid: list[tuple[Account, Usage]], of: Account
) -> None:
    pending = Pending()
    for account, usage in paid:
        pending.add(account, usage)
    dollars = [(account, usage.micro_dollars) for account, usage in paid]
    own = sum(amount for account, amount in dollars if account == of)
    assert pending.of(Scope.DOLLARS_OF_HEARTBEAT, of) == own
    of_owner = sum(amount for account, amount in dollars if account.owner == of.owner)
    assert pending.of(Scope.DOLLARS_OF_OWNER, of) == of_owner
    assert pending.of(Scope.TOKENS_OF_FLEET, of) == sum(
        usage.tokens for _, usage in paid
    )


@given(paid=payments, wanted=accounts)
def test_each_account_is_written_once_with_all_it_has_spent(
    paid: list[tuple[Account, Usage]], wanted: Account
) -> None:
    pending = Pending()
    pending.want(wanted)
    for account, usage in paid:
        pending.add(account, usage)
    pending.want(wanted)
    assert pending
    assert pending.usages == {
        account: sum((usage for one, usage in paid if one == account), Usage())
        for account in {wanted, *(account for account, _ in paid)}
    }


def test_nothing_is_pending_at_first() -> None:
    assert not Pending()
