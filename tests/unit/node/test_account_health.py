"""What a keeper sees of an account: the numbers of the law, whatever its rows say."""

import pytest

from rollup_node.core.frame import Frame
from rollup_node.core.inputs import SetMode
from rollup_node.core.kinds import Phase
from rollup_node.core.reason import Reason
from rollup_node.core.risk import maintenance_margin
from rollup_node.node.account_health import read_health
from rollup_node.node.margin_scratch import weigh_account
from tests.property.arena import ETH, FUTURE, OPTIONS, PERP, USD
from tests.unit.core.pit import RICH, Pit


@pytest.mark.parametrize("mode", [0, 1])
def test_read_health_is_what_a_refresh_finds_at_the_marks_of_now(mode: int) -> None:
    pit = Pit(a1=RICH, a2=RICH)
    assert pit.send(SetMode(1, 0, mode, pit.nonce())) is Reason.OK
    pit.move(ETH, 3_001 * USD)
    pit.trade(1, 2, 90)
    pit.trade(2, 1, 80, FUTURE)
    pit.trade(1, 2, 20, OPTIONS[0])
    pit.trade(2, 1, 30, OPTIONS[2])
    pit.move(ETH, 3_060 * USD)
    frame = Frame(pit.state, pit.now(), 0, Phase.IDLE, 0)
    found = read_health(frame, 1)
    weighed = weigh_account(pit.state, 1, pit.now())
    assert found.maintenance == maintenance_margin(weighed.hot) > 0
    value = sum(row.value for row in weighed.hot.rows)
    assert found.equity == pit.look().amounts(1)[0] + value
    assert found.series == (0 if mode else PERP)
    worth = 90 * pit.series().mark + 80 * pit.series(FUTURE).mark
    assert found.exposures[ETH] > worth
    assert not any(found.exposures[1:])


def test_read_health_of_who_holds_nothing_is_cash() -> None:
    pit = Pit(a1=7)
    frame = Frame(pit.state, pit.now(), 0, Phase.IDLE, 0)
    assert read_health(frame, 1) == (7, 0, (0,) * 8, 0)
