import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.core.manifest import Index, decode_manifest

REGISTRY = Path(os.environ["ARCHBELL_CORPUS"]) / "registry"


def indexes_in(value: Any) -> Iterator[dict[str, Any]]:
    """Every index in a file: the file itself, or those that a list of uploads holds."""
    if isinstance(value, list):
        for member in value:
            yield from indexes_in(member)
    elif isinstance(value, dict) and "manifests" in value:
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from indexes_in(member)


def corpus() -> Iterator[Any]:
    for path in sorted(REGISTRY.glob("*.json")):
        found = indexes_in(json.loads(path.read_bytes()))
        for number, index in enumerate(found, start=1):
            yield pytest.param(index, id=f"{path.stem} {number}")


@pytest.mark.parametrize("index", list(corpus()))
def test_real_indexes_are_read_completely(index: dict[str, Any]) -> None:
    images = [
        entry
        for entry in index["manifests"]
        if entry.get("platform", {}).get("architecture") != "unknown"
    ]

    decoded = decode_manifest(json.dumps(index).encode(), index.get("mediaType"))

    assert isinstance(decoded, Index)
    assert [found.digest for found in decoded.descriptors] == [entry["digest"] for entry in images]
    assert [found.platform.architecture for found in decoded.descriptors if found.platform] == [
        entry["platform"]["architecture"] for entry in images if "platform" in entry
    ]


@pytest.mark.parametrize("index", list(corpus()))
def test_annotated_times_are_all_readable(index: dict[str, Any]) -> None:
    decoded = decode_manifest(json.dumps(index).encode(), None)

    assert isinstance(decoded, Index)
    assert sum(found.created is not None for found in decoded.descriptors) == sum(
        "org.opencontainers.image.created" in (entry.get("annotations") or {})
        and "vnd.docker.reference.type" not in entry["annotations"]
        for entry in index["manifests"]
    )
