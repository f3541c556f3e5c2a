"""How alike two names are, as sequences of tokens.

What both say counts for them, what only one says against them, each word by its weight. Words of
the context (the table's and the entity's own) weigh little: `customer_name` of a customer is its
name.
"""

from __future__ import annotations

from metadata.propose.names import UNKNOWN, Token, Tokens

NOTHING: Token = frozenset()
_WEIGHTS = {
    "number": 0.7, "code": 0.7, "name": 0.7, "date": 0.6, "amount": 0.6, "description": 0.7,
    "kind": 0.8, "list": 0.3, "primary": 0.35, "full": 0.35, "home": 0.4, "mailing": 0.4,
    "work": 0.5, "iso": 0.1, "~1": 0.05,
    "sale": 0.5, "cent": 0.1, "cents": 0.1, "~2": 0.3,
    "eur": 0.1, "usd": 0.1, "gbp": 0.1, "chf": 0.1, "cny": 0.1, "rmb": 0.1, "jpy": 0.1,
}  # fmt: skip
_CONTEXT, _CONTEXT_MISSED = 0.06, 0.12
_CHARACTER, _UNKNOWN = 0.3, 0.5


def likeness(
    name: Tokens, phrase: Tokens, context: Token = NOTHING, *, modifier: float = 1.0
) -> float:
    """From 0, nothing in common, to 1, the same.

    Args:
        name: the name in the source.
        phrase: a name by which the target is known.
        context: meanings that go without saying.
        modifier: what words count for that stand before the last one and are only in the name.

    >>> word = lambda *words: tuple(frozenset((w,)) for w in words)
    >>> likeness(word("order", "date"), word("order", "date"))
    1.0
    >>> likeness(word("ship", "date"), word("order", "date")) < 0.3
    True
    >>> likeness(word("customer", "name"), word("name"), frozenset(("customer",))) > 0.9
    True
    """
    left = list(name)
    shared = missed = 0.0
    for token in phrase:
        found = next((other for other in left if other & token), None)
        if found is not None:
            left.remove(found)
            shared += _weight(token)
        elif token & context:
            missed += _CONTEXT_MISSED * _weight(token)
        else:
            missed += _weight(token)
    if not shared:
        return 0.0
    head = name[-1]
    more = sum(
        _weight(t) * (_CONTEXT if t & context else 1.0 if t is head else modifier) for t in left
    )
    return round(shared / (shared + more) * shared / (shared + missed), 6)


def _weight(token: Token) -> float:
    if len(token) == 1:
        (word,) = token
        if word in _WEIGHTS:
            return _WEIGHTS[word]
        if len(word) <= 2 and word.startswith(UNKNOWN):
            return _CHARACTER
        if word.startswith(UNKNOWN):
            return _UNKNOWN
    return 1.0
