"""Credits: buckets that fill, payers that are forgotten, all or nothing."""

import pytest

from rollup_node.rpc.credits import MAX_PAYERS, Bucket, Payers, charge
from rollup_node.rpc.errors import RpcError
from rollup_node.rpc.limits import Rate, TradingLimits


def test_bucket_fills_up_to_its_burst() -> None:
    bucket = Bucket(Rate(burst=3, per_second=2), 0)
    bucket.spend(3)
    assert bucket.missing_ms(1, 0) == 501
    assert bucket.missing_ms(1, 500) == 0
    assert bucket.missing_ms(3, 10**9) == 0
    assert bucket.missing_ms(4, 10**9) == 501


def test_charge_takes_from_both_or_from_none() -> None:
    rich, poor = Bucket(Rate(10, 1), 0), Bucket(Rate(1, 1), 0)
    with pytest.raises(RpcError) as caught:
        charge(rich, poor, 2, 0)
    assert caught.value.to_object()["data"]["retry_after_ms"] == 1_001
    assert rich.missing_ms(10, 0) == 0
    charge(rich, poor, 1, 0)
    assert rich.missing_ms(10, 0) == 1_001


def test_purse_is_forgotten_when_too_many_others_came() -> None:
    payers = Payers(TradingLimits(reads=Rate(1, 1)))
    payers.purse("a", 0).reads.spend(1)
    assert payers.purse("a", 0).reads.missing_ms(1, 0) > 0
    for number in range(MAX_PAYERS):
        payers.purse(str(number), 0)
    assert payers.purse("a", 0).reads.missing_ms(1, 0) == 0
