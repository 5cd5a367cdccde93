from datetime import timedelta

import pytest

from bot.core.advice import Advice
from bot.core.evidence import Evidence, Said
from bot.core.inventory import ImageUse, Inventory, Named, NotRead, Unread
from bot.core.library import Library, parse_library
from bot.core.message.english import scanning
from bot.core.model import Entry, Observation, Status
from bot.core.platform import parse_platform
from bot.core.reason import explain
from bot.core.reference import parse_reference
from tests.support.decisions import AMD64, ARM64, NOW, denied, missing, present

A, B = parse_reference("a:1"), parse_reference("b:1")
DANGLING = Observation(Status.PRESENT, NOW, entries={ARM64: Entry("sha256:0", reachable=False)})


def named(*images: str, file: str = "Dockerfile") -> tuple[Named, ...]:
    return tuple(
        Named(file, ImageUse(line, image, parse_reference(image)))
        for line, image in enumerate(images, start=1)
    )


@pytest.mark.parametrize(
    ("seen", "needed", "cell"),
    [
        pytest.param(present(AMD64, ARM64), True, "✅ there", id="there"),
        pytest.param(present(AMD64), True, "⏳ missing", id="missing"),
        pytest.param(DANGLING, True, "⚠️ listed, not served", id="dangling"),
        pytest.param(present(AMD64), False, "not needed", id="not needed"),
        pytest.param(missing(), False, "⏳ no such tag", id="no tag"),
        pytest.param(denied(), True, "❓ access denied", id="trouble"),
    ],
)
def test_a_cell_says_how_a_platform_stands(seen: Observation, needed: bool, cell: str) -> None:
    assert scanning.cell(seen, ARM64, is_needed=needed).startswith(cell)


@pytest.mark.parametrize(
    ("count", "where"),
    [
        (1, "Dockerfile:1"),
        (3, "Dockerfile:1, Dockerfile:2, Dockerfile:3"),
        (5, "Dockerfile:1, Dockerfile:2, Dockerfile:3 and 2 more"),
    ],
)
def test_the_first_places_of_an_image_are_named(count: int, where: str) -> None:
    assert scanning.where(named(*["a:1"] * count)) == where


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("node:$V", "the file gives no value for it"),
        ("{{ .Values.image }}", "the file gives no value for it"),
        ("Foo/Bar", "no image can be called that"),
    ],
)
def test_a_name_without_a_meaning_is_told_with_its_place(written: str, why: str) -> None:
    said = scanning.not_resolved(Named("a/Dockerfile", ImageUse(3, written, None)))

    assert said == f"a/Dockerfile:3: {written}: not looked up, since {why}."


@pytest.mark.parametrize("why", Unread)
def test_a_watched_file_is_not_told_how_to_scan_it(why: Unread) -> None:
    told = scanning.watched_file_not_read(NotRead("x.yaml", why))

    assert told.startswith("x.yaml: not read: it ")
    assert "scan" not in told


def test_a_name_in_a_watched_file_is_told_by_its_line_and_not_repeated() -> None:
    secret = Named("x.yaml", ImageUse(3, "me:secret@${HOST}/a", None))

    told = scanning.watched_name_not_resolved(secret)

    assert told.startswith("x.yaml:3: not watched: ")
    assert "secret" not in told


def test_a_watched_file_without_images_is_named() -> None:
    assert scanning.watched_file_without_images("x.yaml").startswith("x.yaml: names no image")
    assert scanning.and_more("x.yaml", 3) == "x.yaml: and 3 more like that"


@pytest.mark.parametrize("why", Unread)
def test_every_reason_for_not_reading_has_its_words(why: Unread) -> None:
    assert scanning.not_read(NotRead("x.yaml", why, 2)).startswith("x.yaml:2: not read: it ")


@pytest.mark.parametrize(
    ("images", "missing", "unknown", "said"),
    [
        ([], 0, 0, "No image that is fetched is named in 2 files."),
        (["a:1"], 0, 0, "✅ 1 image in 2 files is there for arm64."),
        (["a:1", "b:1"], 0, 0, "✅ 2 images in 2 files are all there for arm64."),
        (["a:1", "b:1"], 1, 0, "⏳ 2 images in 2 files: 1 not there for arm64."),
        (["a:1", "b:1"], 0, 1, "❓ 2 images in 2 files: 1 not known."),
        (["a:1", "b:1"], 1, 1, "⏳ 2 images in 2 files: 1 not there for arm64 and 1 not known."),
    ],
)
def test_the_outcome_is_one_sentence(
    images: list[str], missing: int, unknown: int, said: str
) -> None:
    found = Inventory(2, named(*images))

    assert scanning.summary(found, [ARM64], missing=missing, unknown=unknown) == said


def test_an_image_that_lacks_one_of_several_platforms_is_not_called_absent() -> None:
    said = scanning.summary(Inventory(1, named("a:1")), [AMD64, ARM64], missing=1, unknown=0)

    assert said == "⏳ 1 image in 1 file: 1 not there for all of amd64 and arm64."


def test_one_file_is_one_file() -> None:
    said = scanning.summary(Inventory(1, ()), [ARM64], missing=0, unknown=0)

    assert said == "No image that is fetched is named in 1 file."


def test_the_command_to_wait_names_paths_and_platforms() -> None:
    said = scanning.how_to_wait(["a b", "."], [ARM64, parse_platform("linux/arm/v7")])

    assert said.endswith(": archbell wait --scan 'a b' --scan . arm64 arm/v7")


def test_the_command_to_wait_leaves_out_the_same_and_asks_for_the_same_input() -> None:
    said = scanning.how_to_wait(["-", "."], [ARM64], exclude=["charts/*"])

    assert said.endswith(": … | archbell wait --scan - --scan . --exclude 'charts/*' arm64")


def test_each_reason_of_an_image_is_told_once() -> None:
    library = parse_library(f"Maintainers: x\nGitRepo: r\nGitCommit: {'a' * 40}\n\nTags: 1\n")
    assert isinstance(library, Library)
    seen = present(AMD64)
    advices = [Advice(explain(Evidence(A, ARM64, seen, Said(library, NOW))))] * 2

    assert scanning.reason_lines(A, advices, seen) == [
        "a:1: docker-library does not build this tag for linux/arm64; it is for amd64."
    ]


def test_progress_names_what_is_waited_for() -> None:
    references = [parse_reference(f"{name}:1") for name in "abcde"]
    waited = timedelta(minutes=4)

    assert scanning.looked_at(0, 1) == "Looked at 0 of 1 image…"
    assert (
        scanning.images_awaited(references, 9, waited=waited)
        == "Waiting for 5 of 9 images: a:1, b:1, c:1 and 2 more (4 min)"
    )
    assert (
        scanning.images_awaited(references[:2], 9, waited=waited)
        == "Waiting for 2 of 9 images: a:1 and b:1 (4 min)"
    )
    assert scanning.image_line(A, "There: amd64.") == "a:1: There: amd64."
    assert scanning.is_there_now(B) == "✅ b:1: everything is there."
