"""Weeks of two vaults on a running devnet: people ask, keepers turn cranks, takers buy, time jumps.

Nothing here decides for a vault: what closes an epoch is its own keeper, with its own proofs.
"""

import time
from collections.abc import Callable, Mapping
from typing import Final

from rollup_node.devnet import market as prices
from rollup_node.devnet.actions import move_time, pass_time, wait_idle
from rollup_node.devnet.failure import NotReadyError
from rollup_node.devnet.jsonrpc import Deadline
from rollup_node.devnet.session import Session
from rollup_node.devnet.vault_story.desk import Desk
from rollup_node.devnet.vault_story.figures import read_epoch
from rollup_node.devnet.vault_story.market import Market
from rollup_node.devnet.vault_story.plan import ALL, CALLS, MOON, Plan, Week, Wish
from rollup_node.devnet.vault_story.record import Move, VaultEpoch
from rollup_node.devnet.vault_story.selling import sell
from rollup_node.devnet.vault_story.state import (
    has_positions,
    is_liquidated,
    is_taken,
    seconds_until_liquidations,
    settlement_price,
)
from rollup_node.roles.keeper import RUINED_RETRY_MS

SETTLED_SECONDS: Final = 300
"""The sixty prices of a date are signed late, before anybody can be paid."""
CLOSE_SECONDS: Final = 600
TAKEN_SECONDS: Final = 300
AUCTION_STEPS: Final = (4, 28)
"""An account is taken ten minutes after its auction began if it owes more than it has, else after
two hours (L-5)."""
STEP_SECONDS: Final = 240
"""Prices that were gone for five minutes count for liquidations a minute later (L-1): steps are
shorter, and prices come between them."""
KEEPER_SECONDS: Final = 45
RETRY_SECONDS: Final = RUINED_RETRY_MS // 1_000 + 1
"""The keeper refreshes the account first, and tries every ten seconds of L2."""
LOOK_SECONDS: Final = 4
"""After a jump of time the keeper has so long to act before time jumps again."""

_POLL_SECONDS: Final = 0.2
_WEEK_SECONDS: Final = 7 * 86_400
_USDC: Final = 10**6

Tell = Callable[[str], None]


class Weeks:
    """The story so far: what each epoch came to, by vault."""

    def __init__(self, session: Session, tell: Tell, plan: Plan, seed: int) -> None:
        self.session, self.tell, self.plan = session, tell, plan
        self.desks = {vault.name: Desk(session, vault) for vault in session.vaults}
        self.market = Market(session, seed)
        self.epochs: dict[str, list[VaultEpoch]] = {name: [] for name in self.desks}
        self.moves: list[Move] = []
        self._bought: set[tuple[str, int]] = set()

    def open(self) -> None:
        """Let the first depositors in: a vault without shares converts them at par."""
        self._begin_a_week()
        self.grant(self.plan.opening)
        self._until_closed({name: desk.number() for name, desk in self.desks.items()})

    def play(self, week: Week) -> tuple[Move, dict[str, VaultEpoch]]:
        """Let one week pass and return what it came to; a vault without shares has no epoch."""
        self.session.close()
        self._sell()
        numbers = {name: desk.number() for name, desk in self.desks.items() if desk.expiry_at()}
        began = self.market.index_usdc()
        self.grant(week.wishes)
        self._shock(week)
        ended = self._expire(list(numbers))
        self.grant(week.late)
        self._until_closed(numbers)
        move = Move(week.number, began, ended, week.shock)
        found = {
            name: read_epoch(self.desks[name], number, ended) for name, number in numbers.items()
        }
        self.moves.append(move)
        for name, epoch in found.items():
            self.epochs[name].append(epoch)
        return move, found

    def _begin_a_week(self) -> None:
        """Let what is left of this week pass if it is too short for an epoch.

        Only the next Friday is listed: a vault that looks further would wait for it.
        """
        now = self.session.l1_time()
        friday = self.session.vaults[0].strategy.call("expiryAfter", now)
        if friday - now > _WEEK_SECONDS:
            move_time(self.session, friday - _WEEK_SECONDS + 1 - now)

    def grant(self, wishes: tuple[Wish, ...]) -> None:
        """Queue what people want."""
        for wish in wishes:
            if self.desks[wish.vault].grant(wish):
                what = "deposits" if wish.amount else "redeems"
                self.tell(f"request     {wish.who} {what} at the {wish.vault}")

    def _sell(self) -> None:
        """Wait until what the vaults offer is bought, and L1 has it."""
        for name, desk in self.desks.items():
            if desk.supply():
                self._buy(name, desk)
        wait_idle(self.session)

    def _buy(self, name: str, desk: Desk) -> None:
        number = desk.number()
        if (name, number) not in self._bought:
            self._bought.add((name, number))
            # A call vault that sold less than it could is not what a rise liquidates.
            part_ppm = ALL if name == CALLS else self.market.wanted_ppm()
            bought = sell(self.session, self.market, desk, part_ppm)
            self.tell(f"sale        the {name} sold {bought or 'nothing'}")

    def _shock(self, week: Week) -> None:
        if not week.shock:
            return
        done = prices.shock(self.session, week.shock)
        found = prices.wait_heard(self.session, done.over_ms)
        self.tell(f"shock       {week.shock}: ETH at {found['ETH'] // _USDC:,} USDC")
        if week.shock == MOON and has_positions(self.session, self.desks[CALLS].account()):
            self._wait_taken(self.desks[CALLS].account())

    def _wait_taken(self, account: int) -> None:
        """Let the auction of an account pass until the fund has it."""
        pass_time(self.session, seconds_until_liquidations(self.session))
        for _ in Deadline(TAKEN_SECONDS, f"account {account} is liquidated"):
            if is_liquidated(self.session, account):
                break
        for steps in AUCTION_STEPS:
            for _ in range(steps):
                prices.move_on(self.session, STEP_SECONDS)
            end = time.monotonic() + KEEPER_SECONDS
            while time.monotonic() < end:
                if self._is_taken(account):
                    self.tell(f"liquidated  account {account} of the {CALLS} goes to the fund")
                    return
                prices.move_on(self.session, RETRY_SECONDS)
        raise NotReadyError(f"nobody takes account {account} of the {CALLS}")

    def _is_taken(self, account: int) -> bool:
        """Give the keeper some seconds to have the fund take an account."""
        end = time.monotonic() + LOOK_SECONDS
        while time.monotonic() < end:
            if is_taken(self.session, account):
                return True
            time.sleep(_POLL_SECONDS)
        return False

    def _expire(self, names: list[str]) -> int:
        """Let the date come, wait until vaults hold nothing, and return the settlement price."""
        desks = [self.desks[name] for name in names]
        expiry_at = max(desk.expiry_at() for desk in desks)
        wait_idle(self.session)
        move_time(self.session, expiry_at + 1 - self.session.l1_time())
        ended = 0
        for _ in Deadline(SETTLED_SECONDS, "the options of the vaults are settled"):
            held = any(has_positions(self.session, desk.account()) for desk in desks)
            ended = settlement_price(self.session, expiry_at)
            if ended and not held:
                break
        self.tell(f"expiry      settled at {ended / _USDC:,.2f} USDC")
        return ended

    def _until_closed(self, numbers: Mapping[str, int]) -> None:
        """Let time pass until the keeper has closed these epochs; a vault that is rolled sells."""
        period = self.session.rollup["parameters"]["confirm_period_seconds"]
        for _ in Deadline(CLOSE_SECONDS, "the keeper closes the epochs of all vaults"):
            waiting = [name for name, number in numbers.items() if not self._is_over(name, number)]
            if not waiting:
                return
            self.market.quote_spot()
            wait_idle(self.session)
            move_time(self.session, period + 1)
            self._look(waiting, numbers)

    def _look(self, waiting: list[str], numbers: Mapping[str, int]) -> None:
        """Give the keeper some seconds; who buys does not wait for the slower vault."""
        for name, desk in self.desks.items():
            if name not in waiting and desk.supply() and desk.expiry_at():
                self._buy(name, desk)
        end = time.monotonic() + LOOK_SECONDS
        while time.monotonic() < end:
            if all(self._is_over(name, numbers[name]) for name in waiting):
                return
            time.sleep(_POLL_SECONDS)

    def _is_over(self, name: str, number: int) -> bool:
        """Tell whether an epoch is closed, by the node whose history the story reads."""
        line = self.session.verifier.call("vault_get", name)["line"]
        return int(line["epoch"]) > number
