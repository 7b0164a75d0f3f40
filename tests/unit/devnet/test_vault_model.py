"""The model that vaults are held to, by examples that can be worked out in the head."""

from tests.vault_model import CUTOFF, VIRTUAL, YEAR, Close, Rates, Request, Vault

FREE = Rates(0, 0, 0, 0)
EXPIRY = 1_000_000
EARLY, LATE = EXPIRY - CUTOFF - 1, EXPIRY - CUTOFF
OPENING = Close(0, 0, 0, 0)


def week(came: int, *, cranks: int = 3, seconds: int = 0, stayed: int = 0) -> Close:
    return Close(EXPIRY, seconds, cranks, came, stayed)


def opened(rates: Rates = FREE, **amounts: int) -> Vault:
    """Return a vault with first deposits."""
    vault = Vault(rates)
    vault.play([*(Request(0, who, amount) for who, amount in amounts.items()), OPENING])
    return vault


def test_close_first_deposits_get_par() -> None:
    vault = opened(alice=600, bob=400)
    assert vault.shares == {(1, "alice"): 600 * VIRTUAL, (1, "bob"): 400 * VIRTUAL}
    assert (vault.managed, vault.supply) == (1_000, 1_000 * VIRTUAL)
    assert vault.worth("alice") == 600


def test_close_gain_and_loss_move_the_price_for_who_stays_and_who_leaves() -> None:
    for came in (999, 2_000_000, 500_001):
        vault = opened(alice=600_000, bob=400_000)
        vault.play([Request(EARLY, "bob", 400_000 * VIRTUAL, is_redemption=True), week(came)])
        assert 0 <= came * 400_000 // 1_000_000 - vault.money["bob"] <= 1
        assert vault.managed == came - vault.closes[-1].paid
        assert came * 6 // 10 - 1 <= vault.worth("alice") <= came * 6 // 10 + 1


def test_close_who_enters_pays_the_new_price_and_gains_nothing_by_it() -> None:
    vault = opened(alice=1_000_000)
    vault.play([Request(EARLY, "bob", 1_000_000), week(2_000_000)])
    assert abs(vault.shares[1, "bob"] - 500_000 * VIRTUAL) < VIRTUAL
    assert vault.managed == 3_000_000
    assert vault.worth("bob") in (999_999, 1_000_000)
    assert vault.worth("alice") + vault.worth("bob") <= 3_000_000


def test_close_requests_after_the_cutoff_wait_for_the_next() -> None:
    vault = opened(alice=1_000_000)
    half = 500_000 * VIRTUAL
    vault.play([Request(LATE, "alice", half, is_redemption=True), week(1_000_000)])
    assert vault.money["alice"] == 0
    vault.play([Close(EXPIRY + 1_000_000, 0, 0, 600_000)])
    assert vault.money["alice"] == 300_000
    assert vault.managed == 300_000


def test_close_fees_come_in_order_and_round_down() -> None:
    rates = Rates(management_ppm=20_000, performance_ppm=100_000, crank=70, crank_ppm=100)
    vault = opened(rates, alice=1_000_000)
    vault.play([week(1_100_007, cranks=4, seconds=YEAR // 2)])
    cranks = 4 * (1_100_007 * 100 // 10**6 // 4)
    management = 1_100_007 // 100
    gain = 1_100_007 - cranks - management - 1_000_000
    assert vault.closes[-1].fees == cranks + management + gain // 10
    again = vault.managed
    vault.play([week(again, cranks=0, seconds=0)])
    assert vault.closes[-1].fees == 0, "what was paid for is not paid for twice"


def test_close_crank_fee_is_at_most_what_is_fixed() -> None:
    vault = opened(Rates(0, 0, 70, 1_000), alice=1_000_000)
    vault.play([week(1_000_000, cranks=3)])
    assert vault.closes[-1].fees == 210


def test_close_total_loss_ends_the_generation_and_spares_who_only_waited() -> None:
    vault = opened(alice=600_000, bob=400_000)
    vault.play(
        [
            Request(EARLY, "bob", 100_000 * VIRTUAL, is_redemption=True),
            Request(EARLY, "carol", 5_000),
            Request(LATE, "alice", 600_000 * VIRTUAL, is_redemption=True),
            week(0),
        ]
    )
    assert vault.closes[-1].is_loss
    assert vault.generation == 2
    assert vault.money["bob"] == 0
    assert vault.worth("carol") == vault.managed == 5_000
    assert vault.worth("bob") == vault.worth("alice") == 0
    assert vault.waiting == [], "shares that are worth nothing redeem nothing later"
    vault.play([week(6_000)])
    assert vault.money["alice"] == 0
    assert vault.worth("carol") in (5_999, 6_000)


def test_close_what_is_left_of_a_lost_generation_are_fees() -> None:
    vault = opened(alice=10**9)
    vault.play([week(999)])
    assert vault.closes[-1].is_loss
    assert (vault.managed, vault.fees) == (0, 999)
    late = opened(alice=10**9)
    half = 5 * 10**8 * VIRTUAL
    late.play([Request(LATE, "alice", half, is_redemption=True), week(999)])
    assert late.money["alice"] == 499, "shares that end now have no other close"
    assert late.fees == 500
    kept = opened(alice=10**9)
    kept.play([week(1_000)])
    assert not kept.closes[-1].is_loss, "a millionth of par is not below it"


def test_close_what_stays_on_l2_is_paid_for_by_who_enters_and_not_to_who_leaves() -> None:
    vault = opened(alice=600_000, bob=400_000)
    vault.play(
        [
            Request(EARLY, "bob", 400_000 * VIRTUAL, is_redemption=True),
            Request(EARLY, "carol", 1_000_000),
            week(500_000, stayed=500_000),
        ]
    )
    assert vault.money["bob"] == 200_000
    assert 999_999 * VIRTUAL <= vault.shares[1, "carol"] <= 1_000_000 * VIRTUAL


def test_close_parts_never_exceed_the_sum() -> None:
    vault = opened(alice=333_333, bob=333_333, carol=333_334)
    shares = {who: vault.shares[1, who] for who in ("alice", "bob", "carol")}
    leaving = [Request(EARLY, who, mine, is_redemption=True) for who, mine in shares.items()]
    vault.play([*leaving, week(777_777)])
    close = vault.closes[-1]
    assert 0 <= close.paid - sum(vault.money.values()) < 3
    assert close.paid <= 777_777
    assert vault.managed == 777_777 - close.paid
