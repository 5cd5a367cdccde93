import pytest

from bot.core.inventory import ImageUse, Inventory, Named, NotRead, Unread
from bot.core.platform import parse_platform
from bot.core.reference import parse_reference

ARM64, AMD64, S390X = map(parse_platform, ("arm64", "amd64", "s390x"))
A, B = parse_reference("a:1"), parse_reference("b:1")


def inventory(*uses: ImageUse, not_read: tuple[NotRead, ...] = ()) -> Inventory:
    return Inventory(1, tuple(Named("Dockerfile", use) for use in uses), not_read)


def test_each_image_is_needed_once_in_the_order_of_the_files() -> None:
    found = inventory(ImageUse(1, "b:1", B), ImageUse(2, "a:1", A), ImageUse(3, "b:1", B))

    assert list(found.needs([ARM64]).items()) == [(B, (ARM64,)), (A, (ARM64,))]
    assert [use.where for use in found.uses(B)] == ["Dockerfile:1", "Dockerfile:3"]


@pytest.mark.parametrize(
    ("platforms", "needed"),
    [
        pytest.param([None], (ARM64, AMD64), id="what is asked for"),
        pytest.param(["linux/s390x"], (S390X,), id="a fixed one"),
        pytest.param(["linux/s390x", None], (S390X, ARM64, AMD64), id="both"),
        pytest.param(["linux/amd64", None], (AMD64, ARM64), id="a fixed one that is asked for"),
        pytest.param([""], (), id="the builder's"),
        pytest.param(["linux/nonsense/v9/x"], (), id="no platform"),
    ],
)
def test_a_use_needs_its_own_platform_or_those_asked_for(
    platforms: list[str | None], needed: tuple[object, ...]
) -> None:
    found = inventory(*(ImageUse(1, "a:1", A, platform) for platform in platforms))

    assert found.needs([ARM64, AMD64]) == {A: needed}


def test_what_is_built_where_it_is_named_is_not_fetched() -> None:
    found = inventory(ImageUse(1, "a:1", A, is_built=True), ImageUse(2, "$X", None, is_built=True))

    assert (found.needs([ARM64]), found.uses(A), found.unresolved) == ({}, (), ())
    assert found.is_complete


def test_a_name_without_a_meaning_leaves_a_gap() -> None:
    found = inventory(ImageUse(1, "$X", None))

    assert [use.where for use in found.unresolved] == ["Dockerfile:1"]
    assert (found.is_complete, found.needs([ARM64])) == (False, {})


@pytest.mark.parametrize(("line", "where"), [(None, "x.yaml"), (7, "x.yaml:7")])
def test_what_is_not_read_leaves_a_gap(line: int | None, where: str) -> None:
    gap = NotRead("x.yaml", Unread.MALFORMED, line)

    assert not inventory(not_read=(gap,)).is_complete
    assert gap.where == where
