from __future__ import annotations

import pytest

from wasmkit.inspection import Outcome, Problem, Verdict, reasons_against, supported
from wasmkit.profiles import ENVOYS


@pytest.mark.parametrize(
    ("lowest", "envoys"),
    [
        ("1.36", ENVOYS),
        ("1.38", ("1.38", "1.39", "1.40")),
        ("v1.39.2", ("1.39", "1.40")),
        (" 1.40 ", ("1.40",)),
        ("1.7", ENVOYS),
        ("1.99", ()),
        ("2.0", ()),
        ("", ()),
        ("latest", ()),
        ("1.39-rc1", ()),
        ("1.39\n1.40", ()),
        ("1.٣٩", ()),
    ],
)
def test_the_claim_names_the_releases(lowest: str, envoys: tuple[str, ...]) -> None:
    assert ENVOYS == ("1.36", "1.37", "1.38", "1.39", "1.40")
    assert supported(lowest) == envoys


def verdicts(*outcomes: Outcome) -> list[Verdict]:
    """Return an outcome for each Envoy, oldest first."""
    return [
        Verdict(envoy, outcome, () if outcome is L else (Problem(outcome, "why"),))
        for envoy, outcome in zip(ENVOYS, outcomes, strict=True)
    ]


L, R, K, U = Outcome.LOADS, Outcome.REFUSED, Outcome.KILLS, Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("outcomes", "lowest", "reasons"),
    [
        ((L, L, L, L, L), "1.36", []),
        ((R, R, R, L, L), "1.39", []),
        ((R, R, R, L, L), "1.38", ["Envoy 1.38 refuses it: why"]),
        ((R, R, R, L, L), "", []),
        ((R, R, R, R, R), "", ["Envoy 1.36 to 1.40 refuses it: why"]),
        ((R, R, R, R, R), "1.40", ["Envoy 1.40 refuses it: why"]),
        ((L, L, L, L, K), "", ["Envoy 1.40 dies of it: why"]),
        ((K, K, L, L, L), "", ["Envoy 1.36, 1.37 dies of it: why"]),
        ((K, L, L, L, L), "1.37", []),
        ((R, K, L, L, L), "1.36", ["Envoy 1.36 refuses it: why", "Envoy 1.37 dies of it: why"]),
        ((R, K, L, L, L), "nonsense", ["Envoy 1.37 dies of it: why"]),
        ((U, U, U, U, U), "1.36", []),
        ((R, R, R, R, U), "", []),
    ],
)
def test_what_speaks_against_a_module(
    outcomes: tuple[Outcome, ...], lowest: str, reasons: list[str]
) -> None:
    assert reasons_against(verdicts(*outcomes), lowest) == reasons


def test_reasons_that_differ_stand_apart() -> None:
    measured = verdicts(R, R, R, R, R)
    measured[0] = Verdict(ENVOYS[0], R, (Problem(R, "old"), Problem(R, "more")))
    assert reasons_against(measured, "1.36") == [
        "Envoy 1.36 refuses it: old",
        "Envoy 1.37, 1.38, 1.39, 1.40 refuses it: why",
    ]
