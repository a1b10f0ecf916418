"""Subject patterns: `*` stands for one token, a final `>` for one or more."""


def matches(pattern: str, subject: str) -> bool:
    """True if `subject` (without wildcards) falls under `pattern`."""
    if pattern in (">", subject):
        return True
    wanted = pattern.split(".")
    tokens = subject.split(".")
    for i, part in enumerate(wanted):
        if part == ">":
            return len(tokens) > i
        if i >= len(tokens) or part not in ("*", tokens[i]):
            return False
    return len(tokens) == len(wanted)


def covers(pattern: str, narrower: str) -> bool:
    """True if everything under `narrower` (itself a pattern) falls under `pattern`."""
    wanted = pattern.split(".")
    tokens = narrower.split(".")
    for i, part in enumerate(wanted):
        if part == ">":
            return len(tokens) > i
        if i >= len(tokens) or tokens[i] == ">":
            return False
        if part not in ("*", tokens[i]):
            return False
    return len(tokens) == len(wanted)


def mapped(subject: str, *, source: str, destination: str) -> str | None:
    """Where a copy of `subject` goes, both patterns ending in `.>`; None if it is not copied."""
    assert source.endswith(".>"), "only whole subtrees are republished"
    assert destination.endswith(".>"), "only whole subtrees are republished"
    prefix = source[:-1]
    return destination[:-1] + subject[len(prefix) :] if subject.startswith(prefix) else None
