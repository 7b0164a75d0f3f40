"""The real assertion chain, game and stake pool in an EVM in this process, around a toy machine.

Commands have the names and arguments of tests/contracts/game_model.py, and `observe` returns the
same words for both, so that the two can be compared after every command. The contracts are the
shipped artifacts; the machine and what surrounds it are compiled from contracts/test/mocks.
"""

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import pyrevm
from eth_abi.abi import encode

from rollup_node.l1.compiler import compile_project
from rollup_node.l1.project import CONTRACTS_DIR, Project, read_project
from rollup_node.l1.shipped import Artifact, load_artifact
from rollup_node.proof.assertions import assertion_id
from rollup_node.proof.hashing import keccak
from tests.contracts.game_edges import Mutual, Rejected
from tests.contracts.game_state import NO_ID, LeafProof, Refutation, Rules, Transition
from tests.contracts.game_toy import ToyMachine

START_AT: Final = 1_700_000_000
_MOCKS: Final = ("test/mocks/ToySurroundings.sol", "test/mocks/ToyVerifier.sol")
_OUTPUT: Final = re.compile(r"Revert \{.*output: 0x([0-9a-f]*)")
_BISECTION: Final = "(bytes32,uint8,uint64,bytes32,bytes32,bytes32)"
_INPUT: Final = "(bytes32,bytes32,bytes32,bytes32,bytes32[],bytes)"
_PROOF: Final = "(bytes32,uint64,bytes32,bytes32,bytes32,bytes32,bytes32,bytes32[])"
_REFUTATION: Final = "(bytes32,uint64,bytes32,bytes32[],bytes32,bytes32[])"
_TRANSITION: Final = "(uint16,bytes)"
_CALL: Final = "(uint40,bytes32,bytes32,uint16,uint16,bytes)"
_DEPLOYER: Final = "0x" + "d0" * 20


@functools.cache
def toy_artifacts() -> Mapping[str, Artifact]:
    """Compile the toy machine and its surroundings."""
    project = read_project()
    sources = {name: (CONTRACTS_DIR / name).read_text("utf-8") for name in _MOCKS}
    return compile_project(Project(sources, project.settings, project.dependencies))


@functools.cache
def address_of(name: str) -> str:
    """Return the account of a person."""
    return "0x" + keccak(name.encode())[:20].hex()


@functools.cache
def _selector(signature: str) -> bytes:
    return keccak(signature.encode())[:4]


class Chain:
    """One deployment, to which schedules are played one after the other."""

    def __init__(
        self,
        rules: Rules,
        item_segments: int,
        people: Sequence[str],
        artifacts: Mapping[str, Artifact] | None = None,
    ) -> None:
        self.rules = rules
        self.people = people
        self.evm: Any = pyrevm.EVM(spec_id="PRAGUE")
        toys = toy_artifacts()
        used = {name: load_artifact(name) for name in ("StakePool", "ChallengeGame")}
        used |= {"AssertionChain": load_artifact("AssertionChain")} | dict(artifacts or {})
        self.errors = {
            selector: signature.partition("(")[0]
            for artifact in (*used.values(), *toys.values())
            for selector, signature in artifact.errors.items()
        }
        self.evm.set_balance(_DEPLOYER, 10**24)
        for person in people:
            self.evm.set_balance(address_of(person), 10**24)
        self._set_time(START_AT)
        self._deploy_all({**toys, **used}, item_segments)
        self.genesis = self._word(self.chain, "GENESIS_ID()")
        self.config = self._word(self.chain, "configHash()")
        self.machine = ToyMachine(item_segments)
        self.add_item()
        self._fresh = self.evm.snapshot()
        self._item_segments = item_segments

    def reset(self) -> None:
        """Start anew."""
        self.evm.revert(self._fresh)
        self._fresh = self.evm.snapshot()
        self._set_time(START_AT)
        self.machine = ToyMachine(self._item_segments)
        self.machine.append(keccak(b"item 0"))

    def _deploy_all(self, artifacts: Mapping[str, Artifact], item_segments: int) -> None:
        rules, genesis = self.rules, ToyMachine(item_segments).genesis
        nonce = self._nonce
        game, chain = _created(_DEPLOYER, nonce + 3), _created(_DEPLOYER, nonce + 4)

        def deploy(name: str, types: str, *values: object) -> str:
            code = bytes.fromhex(artifacts[name].bytecode.removeprefix("0x"))
            split = types.split(",")
            return str(self.evm.deploy(_DEPLOYER, code + encode(split, values)))

        self.outside = deploy("ToySurroundings", "address,uint64", chain, 30 * 86_400)
        verifier = deploy("ToyVerifier", "address,uint40", self.outside, item_segments)
        self.verifier = verifier
        money = (rules.stake_wei, rules.tariff_gas_price_wei)
        types = "address,address,uint8,uint96,uint64"
        self.pool = deploy("StakePool", types, chain, game, rules.height, *money)
        types = "address,address,address,uint8"
        self.game = deploy("ChallengeGame", types, chain, self.pool, verifier, rules.height)
        around = (self.outside, self.outside, verifier, self.game, self.pool, self.outside)
        periods = (rules.confirm_period_seconds, rules.rival_delay_seconds)
        types = ",".join(["address"] * 6) + ",uint64,uint8,uint64,uint64,bytes32"
        self.chain = deploy("AssertionChain", types, *around, 1, rules.height, *periods, genesis)
        assert (self.game, self.chain) == (game, chain)

    @property
    def _nonce(self) -> int:
        return int(self.evm.basic(_DEPLOYER).nonce)

    def _set_time(self, time: int) -> None:
        self.now = time
        self.evm.set_block_env(pyrevm.BlockEnv(timestamp=time))

    def _send(self, who: str, to: str, signature: str, *arguments: object, value: int = 0) -> bytes:
        name, _, types = signature.partition("(")
        data = _selector(f"{name}({types}") + encode(_split(types[:-1]), arguments)
        return self._call(who, to, data, value)

    def _call(self, who: str, to: str, data: bytes, value: int = 0) -> bytes:
        try:
            return bytes(
                self.evm.message_call(caller=who, to=to, calldata=data, value=value or None)
            )
        except RuntimeError as error:
            found = _OUTPUT.search(str(error))
            if found is None:
                raise
            selector = "0x" + found[1][:8]
            raise Rejected(self.errors.get(selector, str(error))) from None

    def _word(self, to: str, signature: str, *words: bytes) -> bytes:
        """Ask a view whose arguments are single words."""
        data = _selector(signature) + b"".join(words)
        return bytes(self.evm.message_call(caller=_DEPLOYER, to=to, calldata=data, is_static=True))

    def _number(self, to: str, signature: str, *words: bytes) -> int:
        return int.from_bytes(self._word(to, signature, *words), "big")

    # -- commands, as in the model

    def warp(self, seconds: int) -> None:
        """Let time pass."""
        self._set_time(self.now + seconds)

    def add_item(self) -> None:
        """Let the inbox grow."""
        data = keccak(b"item %d" % (len(self.machine.accumulators) - 1))
        self._send(_DEPLOYER, self.outside, "append(bytes32)", data)
        self.machine.append(data)

    def enter_exit_mode(self) -> None:
        """Enter exit mode."""
        self._send(_DEPLOYER, self.outside, "enter()")

    def create(
        self,
        who: str,
        parent: bytes,
        root: bytes,
        after: bytes,
        branch: Sequence[bytes],
        value: int,
    ) -> None:
        """Make an assertion."""
        accumulators = self.machine.accumulators
        target = self._assertion_words(parent)[4]
        known = accumulators[target] if target < len(accumulators) else NO_ID
        expected = assertion_id(parent, root, known)
        proof = self.machine.states[after].encoded()
        claim = (parent, expected, root, after, branch, proof)
        person = address_of(who)
        self._send(person, self.chain, f"createAssertion({_INPUT})", claim, value=value)

    def advance_stake(self, who: str, child: bytes) -> None:
        """Move a stake down."""
        self._send(address_of(who), self.chain, "advanceStake(bytes32)", child)

    def mark_confirmable(self, id_: bytes) -> None:
        """Mark an assertion."""
        self._send(_DEPLOYER, self.chain, "markConfirmable(bytes32)", id_)

    def confirm(self, id_: bytes) -> None:
        """Confirm an assertion."""
        self._send(_DEPLOYER, self.chain, "confirm(bytes32)", id_)

    def record(self, target: int, start: bytes, steps: int, end: bytes, ended: bool) -> None:
        """Run the machine; it must say what the caller says."""
        call = (target, self.config, start, 0, steps, self.machine.states[start].encoded())
        raw = self._send(_DEPLOYER, self.verifier, f"prove({_CALL})", call)
        assert (raw[:32], raw[-1] == 1) == (end, ended)

    def bisect_assertion(self, who: str, id_: bytes, left: bytes, right: bytes) -> None:
        """Bisect a layer-zero edge."""
        signature = "bisectAssertion(bytes32,bytes32,bytes32)"
        self._send(address_of(who), self.game, signature, id_, left, right)

    def bisect(self, who: str, mutual: Mutual, left: bytes, right: bytes) -> None:
        """Bisect an edge."""
        self._send(address_of(who), self.game, f"bisect({_BISECTION})", (*mutual, left, right))

    def update_timers(self, edges: Sequence[tuple[Mutual, bytes, bytes]]) -> None:
        """Update timers."""
        listed = [(*mutual, left, right) for mutual, left, right in edges]
        self._send(_DEPLOYER, self.game, f"updateTimers({_BISECTION}[])", listed)

    def prove_one_step(
        self, who: str, mutual: Mutual, leaf: bytes, proof: LeafProof, transition: Transition
    ) -> None:
        """Prove a leaf."""
        fields = (mutual.origin, mutual.index, mutual.prefix, leaf, *proof)
        before = proof.leaf_before
        if mutual.index == 0:
            before = self._assertion_word(mutual.origin, 1)
        shown = self._transition(before, transition)
        signature = f"proveOneStep({_PROOF},{_TRANSITION})"
        self._send(address_of(who), self.game, signature, fields, shown)

    def _transition(self, before: bytes, transition: Transition) -> tuple[int, bytes]:
        state = self.machine.states.get(before, self.machine.states[self.machine.genesis])
        return transition.steps_done, state.encoded() if transition.finished else b""

    def _before(self, id_: bytes, wrong: Refutation) -> bytes:
        if wrong.index:
            return wrong.leaf_before
        return self._assertion_word(self._assertion_word(id_, 0), 1)

    def refute(self, who: str, id_: bytes, wrong: Refutation, transition: Transition) -> None:
        """Refute an assertion through the proof table."""
        shown = self._transition(self._before(id_, wrong), transition)
        signature = f"refute({_REFUTATION},{_TRANSITION})"
        self._send(address_of(who), self.game, signature, (id_, *wrong), shown)

    def refute_with_run(
        self, who: str, id_: bytes, wrong: Refutation, start: bytes, steps: int
    ) -> None:
        """Refute an assertion in one transaction."""
        witness = self.machine.states[start].encoded()
        call = (self._assertion_words(id_)[3], self.config, start, 0, steps, witness)
        signature = f"refuteWithRun({_REFUTATION},{_CALL})"
        self._send(address_of(who), self.game, signature, (id_, *wrong), call)

    def settle(self, who: str, ids: Sequence[bytes], stakers: Sequence[str]) -> None:
        """Settle."""
        losers = [address_of(staker) for staker in stakers]
        self._send(address_of(who), self.chain, "settle(bytes32[],address[])", ids, losers)

    def withdraw_stake(self, who: str) -> None:
        """Release a stake."""
        self._send(address_of(who), self.chain, "withdrawStake()")

    def claim(self, who: str) -> None:
        """Be paid."""
        person = address_of(who)
        self._send(person, self.pool, "claim(address)", person)

    def claim_assertion(self, origin: bytes) -> None:
        """Pay the maker of the winner."""
        self._send(_DEPLOYER, self.game, "claimAssertion(bytes32)", origin)

    def claim_bisection(
        self, origin: bytes, height: int, index: int, node: bytes, branch: Sequence[bytes]
    ) -> None:
        """Pay a bisection."""
        signature = "claimBisection(bytes32,uint8,uint64,bytes32,bytes32[])"
        self._send(_DEPLOYER, self.game, signature, origin, height, index, node, branch)

    def claim_one_step_proof(
        self, origin: bytes, index: int, leaf: bytes, branch: Sequence[bytes]
    ) -> None:
        """Pay a one-step proof."""
        signature = "claimOneStepProof(bytes32,uint64,bytes32,bytes32[])"
        self._send(_DEPLOYER, self.game, signature, origin, index, leaf, branch)

    def claim_refutation(self, id_: bytes) -> None:
        """Pay a refutation."""
        self._send(_DEPLOYER, self.game, "claimRefutation(bytes32)", id_)

    def close_contest(self, origin: bytes) -> None:
        """Burn a pot."""
        self._send(_DEPLOYER, self.game, "closeContest(bytes32)", origin)

    # -- what is there

    def _assertion_words(self, id_: bytes) -> list[int]:
        try:
            raw = self._word(self.chain, "assertion(bytes32)", id_)
        except RuntimeError:
            return [0] * 20
        return [int.from_bytes(raw[at : at + 32], "big") for at in range(0, len(raw), 32)]

    def _assertion_word(self, id_: bytes, index: int) -> bytes:
        return self._assertion_words(id_)[index].to_bytes(32, "big")

    def assertion(self, id_: bytes) -> list[int]:
        """Return all that is stored of an assertion, but for the number of its block."""
        words = self._assertion_words(id_)
        del words[7]
        return [*words, self._number(self.chain, "liveOwn(bytes32)", id_)]

    def edge(self, edge_id: bytes, mutual_id: bytes) -> list[int]:
        """Return what is stored of an edge, its timer, and its first rival."""
        raw = self._word(self.game, "edge(bytes32)", edge_id)
        words = [int.from_bytes(raw[at : at + 32], "big") for at in range(0, 128, 32)]
        timer = self._number(self.game, "timer(bytes32)", edge_id)
        return [*words, timer, self._number(self.game, "firstRival(bytes32)", mutual_id)]

    def money(self, contests: Sequence[bytes]) -> list[int]:
        """Return the books of the pool, what people may claim and own, and the pots."""
        names = ("locked()", "pots()", "owed()", "burnt()")
        books = [self._number(self.pool, name) for name in names]
        people = [bytes(12) + bytes.fromhex(address_of(name)[2:]) for name in self.people]
        claims = [self._number(self.pool, "claimable(address)", person) for person in people]
        stakes = [self._number(self.chain, "stakedOn(address)", person) for person in people]
        pots = [self._number(self.pool, "pot(bytes32)", contest) for contest in contests]
        purses = [self.evm.get_balance(address_of(name)) for name in self.people]
        held = self.evm.get_balance(self.pool) - sum(books[:3])
        latest = self._number(self.chain, "latestConfirmed()")
        return [*books, *claims, *stakes, *pots, *purses, held, latest]


def _created(deployer: str, nonce: int) -> str:
    """Return the address of the contract that an account creates with a nonce from 1 to 127."""
    preimage = b"\xd6\x94" + bytes.fromhex(deployer[2:]) + bytes([nonce or 0x80])
    return "0x" + keccak(preimage)[12:].hex()


@functools.cache
def _split(types: str) -> list[str]:
    """Split a list of types at its outermost commas."""
    parts, depth = [""], 0
    for letter in types:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part for part in parts if part]
