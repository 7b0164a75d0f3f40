"""The epochs of a vault, from events and holdings: premium, payoff and fees to the unit."""

from typing import Any

from rollup_node.l1.journal import L1Log
from rollup_node.node.account_tape import HeldPosition, Holding, Offer
from rollup_node.node.vault_history import Seen, Story, tell_epochs, tell_sale
from rollup_node.node.vaults import share_price

VAULT = b"\x07" * 20
FUND = b"\x01" * 20
NAME = "ETH-27NOV26-3200-C"
CALL = 2_048
STRIKE = 3_200_000_000
DEPOSIT, SALE = 10, 11
USDC, ETHER = 0, 1


def story(sent: int, account: int = 5) -> Story:
    rolled = {
        "expiryAt": 1_795_766_400,
        "account": account,
        "assets": sent,
        "messageIndex": SALE,
    }
    return Story(2, 0, rolled, 1_795_000_000)


def held(
    items: int,
    cash: int,
    lots: int = 0,
    basis: int = 0,
    *,
    ether: int = 0,
    owner: bytes = VAULT,
    left: int | None = None,
    settled: int | None = 0,
) -> Holding:
    positions = (HeldPosition(CALL, NAME, STRIKE, lots, basis),) if lots else ()
    offer = None if left is None else Offer(NAME, STRIKE, left)
    amounts = (cash, ether, 0, 0)
    return Holding(items, items * 1_000, owner, amounts, positions, offer, settled)


def test_tell_sale_put_vault_divides_cash_into_premium_payoff_and_fees() -> None:
    seen = [
        Seen(DEPOSIT + 1, held(3, 50_000)),
        Seen(SALE + 1, held(4, 50_000, left=900)),
        Seen(SALE + 1, held(6, 49_970, -300, -4_000, left=600)),
        Seen(SALE + 1, held(8, 49_950, -500, -6_500, left=400)),
        Seen(SALE + 1, held(20, 49_950 + 6_500 - 2_100 - 3, settled=-2_100)),
    ]
    sold = tell_sale(story(50_000), seen, USDC)
    assert sold is not None
    assert (sold.instrument, sold.strike_usdc) == (NAME, str(STRIKE))
    assert (sold.offered_lots, sold.sold_lots) == (900, 500)
    assert (sold.premium_usdc, sold.payoff_usdc, sold.fees_usdc) == ("6500", "2100", "53")


def test_tell_sale_all_in_one_item_counts_the_deposit_it_came_with() -> None:
    seen = [Seen(SALE + 1, held(4, 49_990, -100, -800, left=0))]
    sold = tell_sale(story(50_000), seen, USDC)
    assert sold is not None
    assert (sold.premium_usdc, sold.payoff_usdc, sold.fees_usdc) == ("800", None, "10")


def test_tell_sale_call_vault_takes_no_deposit_for_cash() -> None:
    seen = [
        Seen(DEPOSIT, held(2, 33)),
        Seen(SALE + 1, held(4, 26, -100, -900, ether=10**18, left=20)),
        Seen(SALE + 1, held(9, 26 + 900, ether=10**18)),
    ]
    sold = tell_sale(story(10**18), seen, ETHER)
    assert sold is not None
    assert (sold.premium_usdc, sold.payoff_usdc, sold.fees_usdc) == ("900", "0", "7")
    assert (sold.offered_lots, sold.sold_lots) == (120, 100)


def test_tell_sale_ends_where_the_next_epoch_begins() -> None:
    seen = [
        Seen(SALE + 1, held(4, 49_990, -100, -800, left=0)),
        Seen(SALE + 1, held(9, 49_990 + 800 - 300, settled=-300)),
        Seen(SALE + 2, held(12, 0)),
        Seen(SALE + 4, held(20, 45_000, -70, -500, left=9)),
    ]
    told = story(50_000)
    told.next_message = SALE + 2
    sold = tell_sale(told, seen, USDC)
    assert sold is not None
    assert (sold.sold_lots, sold.premium_usdc, sold.payoff_usdc) == (100, "800", "300")


def test_tell_sale_that_nobody_met_says_what_was_offered() -> None:
    seen = [Seen(DEPOSIT + 1, held(3, 500)), Seen(SALE + 1, held(4, 500, left=70))]
    sold = tell_sale(story(500), seen, USDC)
    assert sold is not None
    assert (sold.offered_lots, sold.sold_lots, sold.premium_usdc) == (70, 0, "0")
    assert sold.instrument == NAME


def test_tell_sale_that_began_once_more_is_that_of_the_option_that_was_met() -> None:
    other = Offer("ETH-27NOV26-3300-C", STRIKE + 10**8, 1_000)
    unmet = held(4, 50_000)._replace(offer=other)
    seen = [
        Seen(SALE + 1, unmet),
        Seen(SALE + 2, held(6, 50_000, left=900)),
        Seen(SALE + 3, held(8, 49_970, -300, -4_000, left=600)),
        Seen(SALE + 3, held(9, 49_910, -900, -9_000)),
    ]
    sold = tell_sale(story(50_000), seen, USDC)
    assert sold is not None
    assert (sold.instrument, sold.offered_lots, sold.sold_lots) == (NAME, 900, 900)
    at_once = tell_sale(story(50_000), [seen[0], seen[3]], USDC)
    assert at_once is not None
    assert (at_once.offered_lots, at_once.sold_lots, at_once.fees_usdc) == (900, 900, "90")
    unsold = tell_sale(story(50_000), seen[:2], USDC)
    assert unsold is not None
    assert (unsold.instrument, unsold.offered_lots, unsold.fees_usdc) == (NAME, 900, "0")


def test_tell_sale_that_failed_has_no_instrument() -> None:
    sold = tell_sale(story(500), [Seen(SALE + 1, held(4, 500))], USDC)
    assert sold is not None
    assert (sold.instrument, sold.offered_lots, sold.fees_usdc) == (None, 0, "0")


def test_tell_sale_before_its_message_was_consumed_says_nothing() -> None:
    assert tell_sale(story(500), [Seen(DEPOSIT + 1, held(3, 500))], USDC) is None


def test_tell_sale_of_a_lost_account_knows_no_payoff() -> None:
    seen = [
        Seen(SALE + 1, held(4, -10, -100, -900, ether=10**18)),
        Seen(SALE + 1, held(9, -10, -100, -900, ether=10**18, owner=FUND)),
        Seen(SALE + 1, held(11, 5, owner=FUND, settled=-7)),
    ]
    sold = tell_sale(story(10**18), seen, ETHER)
    assert sold is not None
    assert (sold.premium_usdc, sold.payoff_usdc) == ("900", None)


def log(name: str, **values: Any) -> L1Log:
    return L1Log(name, values, 9, name.encode())


def test_tell_epochs_puts_events_where_they_belong() -> None:
    logs = [
        log("Converted", epoch=1, deposited=100, minted=100 * 10**6, redeemed=0, paid=0),
        log("Closed", epoch=1, generation=0, assets=0, supply=0, stayed=0, received=0),
        log("Rolled", epoch=2, expiryAt=7, account=5, assets=100, messageIndex=SALE),
        log("SaleResent", epoch=2, messageIndex=SALE + 3, caller=VAULT),
        log("Settled", epoch=2, action=2, cash=-3, balance=90, amount=90),
        log("Closed", epoch=2, generation=0, assets=90, supply=10**8, stayed=0, received=92),
        log("FeesTaken", epoch=2, management=1, performance=0, cranks=1),
        log("Transfer", value=1),
        log("GenerationEnded", epoch=2, generation=0, left=90),
        log("Rolled", epoch=3, expiryAt=9, account=5, assets=0, messageIndex=30),
    ]
    times = {each.transaction: 1_000 for each in logs}
    first, second, third = (found.row("OK", None) for found in tell_epochs(logs, times))
    assert (first.rolled_at, first.closed_at, first.minted) == (None, 1_000, str(100 * 10**6))
    assert first.share_price == str(10**18)
    assert (second.received, second.assets, second.cranks) == ("92", "90", "1")
    assert second.proven[0].action == "withdraw"
    assert second.share_price == str(share_price(90, 10**8))
    assert second.is_total_loss
    assert (first.resent, second.resent, third.resent) == (0, 1, 0)
    assert (third.generation, third.closed_at, third.sent) == (1, None, "0")
    assert [found.messages for found in tell_epochs(logs, times)] == [[], [SALE, SALE + 3], [30]]
    assert [found.next_message for found in tell_epochs(logs, times)] == [SALE - 1, 30, None]
