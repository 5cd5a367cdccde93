"""[[watch]] blocks: each is checked by itself, and a mistake names its number and its key."""

from pathlib import Path

import pytest

from bot.config import Loaded, load_forgiving, load_settings
from bot.core.errors import ConfigurationError
from bot.core.model import TERMINAL, Event, Place
from bot.core.platform import parse_platform
from bot.core.reference import parse_reference

GOOD = '[[watch]]\nimages = ["node:22", "file:deploy/compose.yaml"]\nplaces = ["terminal"]\n'
HOOK = (
    '[[webhook]]\nname = "nightly"\nurl = "https://ci.example.com/x"\nsecret = "whsec_c2VjcmV0"\n'
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def loaded(file: Path, text: str) -> Loaded:
    file.write_text(text, encoding="utf-8")
    return load_forgiving(file, {})


def test_a_block_is_read_with_its_defaults(file: Path) -> None:
    [block] = loaded(file, GOOD).settings.watch

    assert block.references == (parse_reference("node:22"),)
    assert block.files == ("deploy/compose.yaml",)
    assert (block.platforms, block.places) == ((), (TERMINAL,))
    assert block.tells == {Event.STALE}


def test_every_option_is_read(file: Path) -> None:
    more = 'platforms = ["arm64", "amd64"]\nstale = false\nrebuilds = true\n'
    [block] = loaded(file, GOOD + more).settings.watch

    assert block.platforms == (parse_platform("arm64"), parse_platform("amd64"))
    assert block.tells == {Event.REPLACED}


MISTAKES = {
    "no image": ("images = []", "`images`: must not be empty"),
    "not an image": ('images = ["Foo/bar"]', "`images` item 1: "),
    "pinned": (
        f'images = ["node@sha256:{"0" * 64}"]',
        "`images` item 1: a digest never changes; name a tag, such as node:22",
    ),
    "file without a name": (
        'images = ["file:"]',
        "`images` item 1: name a file after file:, such as file:deploy/compose.yaml",
    ),
    "unknown platform": ('platforms = ["arm99"]', "`platforms` item 1: "),
    "no place": ("places = []", "`places`: must not be empty"),
    "no such service": ('places = ["irc:x"]', "`places` item 1: 'irc:x' is no place"),
    "no token": (
        'places = ["terminal", "slack:C1"]',
        "`places` item 2: there is no token in the [slack] section",
    ),
    "no such webhook": (
        'places = ["webhook:nightly"]',
        "`places` item 1: there is no [[webhook]] block named nightly",
    ),
    "unknown key": ("image = 1", "`image`: unknown setting"),
}


@pytest.mark.parametrize(("line", "sentence"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_names_block_and_key_and_costs_the_others_nothing(
    file: Path, line: str, sentence: str
) -> None:
    key = line.partition(" ")[0]
    lines = {"images": 'images = ["busybox"]', "places": 'places = ["terminal"]'}
    bad = "[[watch]]\n" + "\n".join((lines | {key: line}).values()) + "\n"

    read = loaded(file, GOOD + bad + GOOD)

    assert len(read.settings.watch) == 2
    assert [block.title for block in read.settings.watch] == ["`watch` block 1", "`watch` block 3"]
    [mistake] = read.left_out
    assert mistake.startswith(f"`watch` block 2, {sentence}")
    assert len(read.doubtful) == 1


@pytest.mark.parametrize("option", ["rebuilds", "stale"])
def test_what_patterns_cannot_do_is_refused_where_there_is_nothing_else(
    file: Path, option: str
) -> None:
    bad = f'[[watch]]\nimages = ["node:22.*"]\nplaces = ["terminal"]\n{option} = true\n'
    good = bad.replace('"node:22.*"', '"node:22.*", "node:22"')

    refused = loaded(file, bad)

    assert loaded(file, good).left_out == ()
    assert loaded(file, bad.replace("= true", "= false")).left_out == ()
    [mistake] = refused.left_out
    assert mistake.startswith("`watch` block 1: `stale` and `rebuilds` say nothing of patterns")


def test_a_block_is_spoken_of_by_its_name(file: Path) -> None:
    named = GOOD.replace("[[watch]]\n", '[[watch]]\nname = "shop"\n')

    read = loaded(file, named + named.replace("terminal", "slack:C1") + named + "image = 1\n")

    assert [block.title for block in read.settings.watch] == ["`watch` block 1 (shop)"]
    out_of_reach, unknown = read.left_out
    assert out_of_reach.startswith("`watch` block 2 (shop), `places` item 1: ")
    assert unknown == "`watch` block 3 (shop), `image`: unknown setting"


def test_a_name_that_is_none_is_a_mistake_and_not_repeated(file: Path) -> None:
    [mistake] = loaded(file, GOOD + 'name = "My Shop"\n').left_out

    assert mistake.startswith("`watch` block 1, `name`: up to 40 small letters")


def test_a_block_that_is_no_table_is_left_out(file: Path) -> None:
    read = loaded(file, 'watch = ["node:22"]\n')

    assert read.settings.watch == ()
    assert read.left_out == ("`watch` block 1: must be a section",)


def test_something_else_than_blocks_is_a_mistake(file: Path) -> None:
    assert loaded(file, 'watch = "node:22"\n').left_out == ("`watch`: must be a list",)


def test_a_webhook_that_is_configured_can_be_named(file: Path) -> None:
    read = loaded(file, HOOK + GOOD.replace("terminal", "webhook:nightly"))

    assert read.left_out == ()
    assert read.settings.watch[0].places == (Place("webhook", "nightly"),)


def test_who_wants_all_mistakes_gets_those_of_blocks_too(file: Path) -> None:
    file.write_text("fast = 1\n[[watch]]\nplaces = 5\n", encoding="utf-8")

    with pytest.raises(ConfigurationError) as caught:
        load_settings(file, {})

    assert "`fast`: unknown setting" in caught.value.mistakes
    assert "`watch` block 1, `images`: is missing" in caught.value.mistakes
    assert "`watch` block 1, `places`: must be a list" in caught.value.mistakes


def test_whoever_does_not_go_on_without_a_block_is_told(file: Path) -> None:
    file.write_text('[[watch]]\nimages = ["node:22"]\n', encoding="utf-8")

    with pytest.raises(ConfigurationError) as caught:
        load_settings(file, {})

    assert caught.value.mistakes == ("`watch` block 1, `places`: is missing",)
