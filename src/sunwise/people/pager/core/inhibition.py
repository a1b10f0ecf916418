"""Which alerts keep which others quiet: rules as data, looked up and not searched."""

from collections.abc import Iterable

from sunwise.people.pager.core.policy import InhibitRule, Labels, has_labels

_Alert = tuple[str, str]  # page and key


class Inhibition:
    """The alerts that fire and are a source of some rule."""

    def __init__(self, rules: Iterable[InhibitRule]) -> None:
        self._rules = tuple(rules)
        self._sources: list[dict[tuple[str, ...], set[_Alert]]] = [{} for _ in self._rules]

    def add(self, page: str, key: str, labels: Labels) -> None:
        """The alert fires."""
        for rule, sources in zip(self._rules, self._sources, strict=True):
            if has_labels(labels, rule.source):
                sources.setdefault(_agreeing(rule, labels), set()).add((page, key))

    def remove(self, page: str, key: str, labels: Labels) -> None:
        """The alert, added with these labels, fires no more."""
        for rule, sources in zip(self._rules, self._sources, strict=True):
            agreeing = _agreeing(rule, labels)
            if agreeing in sources:
                sources[agreeing].discard((page, key))
                if not sources[agreeing]:
                    del sources[agreeing]

    def holds_back(self, alerts: Iterable[Labels]) -> bool:
        """Whether every one of the alerts is kept quiet. A source is never kept quiet by itself."""
        return bool(self._rules) and all(map(self._is_inhibited, alerts))

    def _is_inhibited(self, labels: Labels) -> bool:
        return any(
            has_labels(labels, rule.target)
            and not has_labels(labels, rule.source)
            and _agreeing(rule, labels) in sources
            for rule, sources in zip(self._rules, self._sources, strict=True)
        )

    def view(self) -> list[dict[tuple[str, ...], set[_Alert]]]:
        """The sources of each rule, by the values that targets must agree with."""
        return self._sources


def _agreeing(rule: InhibitRule, labels: Labels) -> tuple[str, ...]:
    return tuple(labels.get(name, "") for name in rule.equal)
