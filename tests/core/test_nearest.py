import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.nearest import nearest_tags

NODE = (
    *(
        f"{major}.{minor}-{kind}"
        for major in (18, 20, 22)
        for minor in range(20)
        for kind in ("bullseye-slim", "bookworm-slim", "alpine", "bullseye")
    ),
    "22",
    "22-slim",
    "latest",
    "lts",
)


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        pytest.param("22.15-bullsey-slim", "22.15-bullseye-slim", id="a letter short"),
        pytest.param("22.15-bulsleye-slim", "22.15-bullseye-slim", id="turned letters"),
        pytest.param("22.15.bullseye-slim", "22.15-bullseye-slim", id="another sign"),
        pytest.param("22.15-Bookworm-slim", "22.15-bookworm-slim", id="another case"),
        pytest.param("22.15-bullseye_slim", "22.15-bullseye-slim", id="an underscore"),
        pytest.param("22.15-alpin", "22.15-alpine", id="the last letter"),
        pytest.param("latets", "latest", id="a word"),
        pytest.param("22-slimm", "22-slim", id="a letter too many"),
    ],
)
def test_the_tag_that_is_meant_comes_first(wanted: str, meant: str) -> None:
    assert nearest_tags(wanted, NODE)[0] == meant


@pytest.mark.parametrize("wanted", ["3", "99", "nightly", "sha-0123456", "x" * 128], ids=str)
def test_what_is_like_nothing_means_nothing(wanted: str) -> None:
    assert nearest_tags(wanted, NODE) == ()


def test_no_more_are_named_than_asked_for() -> None:
    assert len(nearest_tags("22.15-bullseye-slin", NODE, at_most=1)) == 1
    assert len(nearest_tags("22.15-bullseye-slin", NODE)) == 2


@given(st.text(max_size=20), st.lists(st.text(max_size=20)))
def test_only_other_tags_that_exist_are_named(wanted: str, tags: list[str]) -> None:
    found = nearest_tags(wanted, tags)

    assert set(found) <= set(tags) - {wanted}
