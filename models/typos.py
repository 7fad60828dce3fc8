"""Slips of the thumb: whether a typed word is a known one with a letter out of place."""

from __future__ import annotations

# Words of their own that lie one slip from a known one.
_REAL = {"step", "shop", "slop", "spot", "stoop", "stomp", "strop", "sop", "stow", "cancer"}
LONG = 6  # letters from which another letter in one place is a slip and not another word


def typed(word: str, known: str) -> bool:
    """Whether *word* within a sentence is *known*, mistyped: one letter too many, missing or
    swapped with its neighbour, and in long words one exchanged; the first letter is right."""
    if word == known:
        return True
    if len(known) < LONG - 1 or word in _REAL or word[:1] != known[:1]:
        return False
    exchanged = len(known) >= LONG and _exchanged(word, known)
    return exchanged or _moved(word, known)


def close_to(word: str, known: str) -> bool:
    """The same for a text of one word, where a short one may have a letter exchanged as well."""
    if word in _REAL or word[:1] != known[:1]:
        return word == known
    return word == known or _exchanged(word, known) or _moved(word, known)


def _exchanged(word: str, known: str) -> bool:
    return len(word) == len(known) and sum(a != b for a, b in zip(word, known, strict=True)) == 1


def _moved(word: str, known: str) -> bool:
    if len(word) == len(known):
        wrong = [n for n, (a, b) in enumerate(zip(word, known, strict=True)) if a != b]
        return (
            len(wrong) == 2
            and wrong[1] == wrong[0] + 1
            and word[wrong[0]] == known[wrong[1]]
            and word[wrong[1]] == known[wrong[0]]
        )
    short, long = sorted((word, known), key=len)
    return len(long) == len(short) + 1 and any(
        long[:place] + long[place + 1 :] == short for place in range(len(long))
    )
