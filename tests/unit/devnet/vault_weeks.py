"""Weeks of two vaults for tests: a gain, a crash, a total loss, a new generation."""

from rollup_node.devnet.vault_story.record import (
    USDC,
    Close,
    Depositor,
    Move,
    Sale,
    Story,
    Unit,
    VaultEpoch,
    VaultLine,
)

ETHER, DOLLAR = 10**18, 10**6
WETH = Unit("WETH", 18)


def close(came: int, assets: int, supply: int) -> Close:
    return Close(
        at=1_800_000_000,
        seconds=604_800,
        cranks=3,
        sent=came,
        came=came,
        stayed=0,
        management_fee=came // 5_000,
        performance_fee=0,
        crank_fees=3,
        assets=assets,
        supply=supply,
        deposited=0,
        minted=0,
        redeemed=0,
        paid=0,
    )


def sale(name: str, strike: int, lots: int, premium: int, payoff: int = 0) -> Sale:
    return Sale(name, strike * DOLLAR, 1_000, lots, round(premium * DOLLAR), round(payoff * DOLLAR))


def calls(name: str = "ETH-27NOV26-3600-C") -> VaultLine:
    supply = 10 * ETHER * DOLLAR
    return VaultLine(
        "covered-call",
        "Sells calls.",
        WETH,
        (
            VaultEpoch(2, 0, 1, sale(name, 3_600, 1_000, 312), close(10, 10 * ETHER, supply)),
            VaultEpoch(
                3, 0, 1, sale(name, 3_600, 1_000, 255, 300_000), close(0, 0, supply), is_lost=True
            ),
            VaultEpoch(4, 1, 1, None, close(ETHER, ETHER, ETHER * DOLLAR)),
        ),
    )


def puts() -> VaultLine:
    supply = 40_000 * DOLLAR * DOLLAR
    name = "ETH-27NOV26-3400-P"
    rich, poor = close(1, 40_400 * DOLLAR, supply), close(1, 27_000 * DOLLAR, supply)
    return VaultLine(
        "cash-secured-put",
        "Sells puts.",
        USDC,
        (
            VaultEpoch(2, 0, 1, sale(name, 3_400, 750, 290), rich),
            VaultEpoch(3, 0, 1, sale(name, 3_400, 1_000, 401, 13_000), poor),
            VaultEpoch(4, 0, 1, sale(name, 3_400, 0, 0), poor),
        ),
    )


def weeks(*, exact: bool = True, name: str = "ETH-27NOV26-3600-C") -> Story:
    moves = (
        Move(1, 3_500 * DOLLAR, 3_480 * DOLLAR, ""),
        Move(2, 3_480 * DOLLAR, 2_080 * DOLLAR, "crash:ETH@0s-40%/10s"),
        Move(3, 2_080 * DOLLAR, 31_000 * DOLLAR, "gap:ETH@0s+1050%"),
    )
    people = (
        Depositor("alice", "covered-call", 6 * ETHER + 1, 7, 7, 0, 0),
        Depositor("bob", "cash-secured-put", 9_000 * DOLLAR, 17, 17 + (not exact), 5, 4),
    )
    return Story(7, moves, (calls(name), puts()), people, exact)
