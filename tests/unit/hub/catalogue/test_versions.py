from __future__ import annotations

from wasmkit_hub.catalogue.versions import version_key


def test_order_of_versions() -> None:
    # The examples of semver.org 2.0.0, section 11.
    ordered = [
        *("", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2"),
        *("1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "2.0.0", "2.1.0", "2.1.1", "10.0.0"),
    ]
    alphabetical = sorted(ordered)
    assert alphabetical != ordered
    assert sorted(alphabetical, key=version_key) == ordered
