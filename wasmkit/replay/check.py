"""Compares what came out with what was expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wasmkit.abi.constants import LogLevel
from wasmkit.http.codings import decoded_body
from wasmkit.http.message import Message, as_text
from wasmkit.replay.body import difference, parse_json, same_json, show_json, summary
from wasmkit.replay.result import Difference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wasmkit.engines.engine import Log, Outcome
    from wasmkit.http.message import Pair
    from wasmkit.replay.expectation import BodyRule, Expectation, HeaderRule, LogRule, MessageRule
    from wasmkit.traffic.model import Exchange

__all__ = ["TRACEBACK", "check"]

TRACEBACK = b"Traceback (most recent call last):"
"""In an error-level line it means that a callback raised."""
_MAX_STACK = 20


def check(
    exchange: Exchange, outcome: Outcome, expectations: tuple[Expectation, ...]
) -> tuple[Difference, ...]:
    """Return what is not as the expectations, all of them about this exchange, say.

    Whatever they say, the module must not trap and no callback may raise, unless one of them
    expects the trap or the line logged.
    """
    found = [*_defaults(outcome, expectations)]
    for expectation in expectations:
        found += _Checker(expectation, exchange, outcome).differences()
    return tuple(found)


def _defaults(outcome: Outcome, expectations: tuple[Expectation, ...]) -> Iterator[Difference]:
    if outcome.trap and not any(expectation.trap for expectation in expectations):
        reason, *stack = outcome.trap.splitlines() or [""]
        yield Difference("trap", "none", reason, detail=tuple(stack[:_MAX_STACK]))
    rules = [rule for each in expectations for rule in each.logs if rule.times != 0]
    for line in outcome.logs:
        raised = line.level >= LogLevel.ERROR and TRACEBACK in line.message
        if raised and not any(_fits(rule, line) for rule in rules):
            last = line.message.rstrip().rpartition(b"\n")[2]
            yield Difference("logs", "no exception", as_text(last))


def _fits(rule: LogRule, line: Log) -> bool:
    return rule.level in (None, line.level) and rule.text.fits(line.message)


class _Checker:
    """Checks one expectation; differences name the line that demands what is not there."""

    def __init__(self, expectation: Expectation, exchange: Exchange, outcome: Outcome) -> None:
        self._rules = expectation
        self._exchange = exchange
        self._outcome = outcome

    def differences(self) -> Iterator[Difference]:
        rules = self._rules
        if rules.trap and not self._outcome.trap:
            yield self._differs(("trap",), "the module traps", None)
        if rules.response:
            got = self._outcome.client or Message()
            recorded = self._exchange.response or Message()
            yield from self._message("response", rules.response, got, recorded)
        if rules.upstream:
            yield from self._upstream(rules.upstream)
        for index, rule in enumerate(rules.logs):
            yield from self._log(rule, index)

    def _differs(
        self,
        path: tuple[str | int, ...],
        expected: str,
        got: str | None,
        detail: tuple[str, ...] = (),
    ) -> Difference:
        field = ".".join(str(part) for part in path if not isinstance(part, int))
        return Difference(field, expected, got, self._rules.place(*path), detail)

    def _upstream(self, rule: MessageRule) -> Iterator[Difference]:
        request = self._outcome.upstream
        if rule.reached is False:
            if request is not None:
                got = as_text(b"%b %b" % (request.method, request.path))
                yield self._differs(("upstream", "reached"), "no request", got)
        elif request is None:
            yield self._differs(("upstream",), "the request gets through", None)
        else:
            yield from self._message("upstream", rule, request, self._exchange.request)

    def _message(
        self, side: str, rule: MessageRule, got: Message, recorded: Message
    ) -> Iterator[Difference]:
        if rule.status is not None and got.status != rule.status:
            yield self._differs((side, "status"), str(rule.status), str(got.status))
        for name, wanted, found in (
            ("method", rule.method, got.method),
            ("path", rule.path, got.path),
        ):
            if wanted is not None and found != wanted:
                yield self._differs((side, name), as_text(wanted), as_text(found))
        for header in rule.headers:
            yield from self._header(side, header, got.headers)
        if rule.body is not None:
            yield from self._body((side, "body"), rule.body, got, recorded)

    def _header(
        self, side: str, rule: HeaderRule, headers: tuple[Pair, ...]
    ) -> Iterator[Difference]:
        values = tuple(value for name, value in headers if name == rule.name)
        if rule.text is not None:
            fits = any(map(rule.text.fits, values))
            expected = str(rule.text)
        else:
            fits = values == rule.values
            expected = _shown(rule.values) or "(absent)"
        if not fits:
            path = (side, "headers", as_text(rule.name))
            yield self._differs(path, expected, _shown(values))

    def _body(
        self,
        path: tuple[str, ...],
        rule: BodyRule,
        message: Message,
        recorded: Message,
    ) -> Iterator[Difference]:
        if rule.unchanged and message.body != recorded.body:
            lines = difference(decoded_body(recorded), decoded_body(message))
            yield self._differs(path, "as recorded", summary(message.body), lines)
        body = decoded_body(message)
        wanted = rule.equals
        if wanted is not None and body != wanted:
            yield self._differs(path, summary(wanted), summary(body), difference(wanted, body))
        if rule.text is not None and not rule.text.fits(body):
            yield self._differs(path, str(rule.text), summary(body))
        for wanted_json in rule.json:
            value, reason = parse_json(body)
            if reason:
                yield self._differs((*path, "json"), "JSON", f"{summary(body)} ({reason})")
            elif not same_json(value, wanted_json):
                shown = show_json(wanted_json).encode(), show_json(value).encode(errors="replace")
                lines = difference(*shown)
                yield self._differs((*path, "json"), "equal JSON", summary(body), lines)

    def _log(self, rule: LogRule, index: int) -> Iterator[Difference]:
        count = sum(_fits(rule, line) for line in self._outcome.logs)
        if count != rule.times if rule.times is not None else count == 0:
            got = f"{count} of {len(self._outcome.logs)} lines fit"
            yield self._differs(("logs", index), str(rule), got)


def _shown(values: tuple[bytes, ...]) -> str | None:
    """Return a header's values in one text, or None if it has none."""
    if not values:
        return None
    return as_text(values[0] if len(values) == 1 else b"[%b]" % b", ".join(values))
