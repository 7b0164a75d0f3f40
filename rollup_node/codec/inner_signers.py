"""Who made the signatures inside of a content: publishers on a report, the maker on a quote."""

from rollup_node.codec.eip712 import quote_digest, report_digest
from rollup_node.codec.signature import recover
from rollup_node.core.inputs import ExecuteRfq, Report


def recover_inner(domain: bytes, content: object) -> tuple[bytes | None, ...]:
    """Return who made each signature in a content, `None` where one is invalid; most have none.

    Source: docs/spec.md R-5.
    """
    if isinstance(content, Report):
        signed = report_digest(domain, content)
        return tuple(recover(signed, signature) for signature in content.signatures)
    if isinstance(content, ExecuteRfq):
        quote = content.quote
        return (recover(quote_digest(domain, quote), quote.signature),)
    return ()
