"""What holds for every text: an answer, in time, and the image that was meant."""

import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.core.command import MAX_COMMAND_CHARACTERS, Misunderstood, Watch, parse_command
from bot.core.platform import Platform
from bot.core.reference import parse_reference

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,6}|_[a-z0-9]{1,6})?", fullmatch=True)
TAGS = st.from_regex(r"[0-9]{1,2}(\.[0-9]{1,3}){0,2}(-[a-z][a-z0-9]{0,8}){0,2}", fullmatch=True)
HOSTS = st.sampled_from(["", "docker.io/", "ghcr.io/", "quay.io/", "localhost:5000/"])
PLATFORMS = st.lists(
    st.sampled_from(
        [
            Platform("linux", "amd64"),
            Platform("linux", "arm64"),
            Platform("linux", "arm", "v7"),
            Platform("linux", "arm", "v6"),
            Platform("linux", "386"),
            Platform("linux", "riscv64"),
            Platform("windows", "amd64"),
        ]
    ),
    min_size=1,
    max_size=4,
    unique=True,
)
# Docker Hub's namespaces for one architecture are read as what they stand for; "owner" is none.
IMAGES = st.builds("{}owner-{}/{}:{}".format, HOSTS, NAMES, NAMES, TAGS)
LAYOUTS = [
    "/watch {image} {words}",
    "watch {words} {image}",
    "/archbell watch `{image}` {words}",
    "watch {image} {commas} for 12h keep",
    "<@U0123> watch {image} {commas}",
    "{image} {pluses}",
    "docker pull {image} --platform {commas}",
    "docker pull —platform={commas} {image}",
    "docker run --rm -p 8080:80 -e A=b:c --platform={commas} {image} npm run x:y",
    "```\n$ podman pull {image} {words}\n```",
    "FROM --platform={commas} {image} AS build",
    "/watch {words}\nservices:\n  web:\n    image: {image}\n    ports:\n    - 80:80",
    "watch https://{full} {words}",
    "watch <http://{full}|{full}> {words}",
    'watch {words} Failed to pull image "{image}": rpc error: no match for platform in manifest',
]
# Pieces the grammar looks for, so that the random texts reach its branches.
_PIECES = """
    watch unwatch mute list why help /watch /x@y docker run pull -p --platform --platform= FROM AS
    image: platform: - --for for until 12h 2 days 1d #7 7 # node node:22 a/b:c @sha256: arm64
    arm64/amd64 linux/ linux/arm64 hub.docker.com/_/ https:// quay.io/repository/ mcr.microsoft.com/
    mcr.microsoft.com/en-us/artifact/mar/ github.com/a/b/pkgs/container/ ? & = % %2F <@U1> < > |
    &amp; [ ] [::1]:5000/x " ' ` ``` — * _ , + all keep dm
"""
PIECES = st.sampled_from(
    [
        *_PIECES.split(),
        *("\n", "\\\n", " ", "\u200b", "\u2013", "\x00"),
        *("no match for platform ", "no matching manifest for ", "Failed to pull image "),
    ]
)
PASTED = st.lists(PIECES, max_size=25)
TEXTS = st.one_of(st.text(max_size=300), PASTED.map(" ".join), PASTED.map("".join))

# Far above what any text needs on a busy machine (under 0.1 s), far below what a quadratic
# reading of 10,000 characters takes.
BOUND_S = 1.0


@given(text=TEXTS, default_verb=st.one_of(st.none(), st.sampled_from(["/watch", "unwatch"]), TEXTS))
@settings(max_examples=600, deadline=None)
@example(text="\ud800", default_verb=None)
@example(text="/watch \x85\u2028node", default_verb="\n")
def test_every_text_has_an_answer(text: str, default_verb: str | None) -> None:
    command = parse_command(text, default_verb=default_verb)

    assert parse_command(text, default_verb=default_verb) == command
    if isinstance(command, Misunderstood):
        assert len(command.fragment) <= 80


@given(layout=st.sampled_from(LAYOUTS), image=IMAGES, platforms=PLATFORMS)
@settings(max_examples=400, deadline=None)
def test_an_image_and_its_platforms_are_found_again_in_every_layout(
    layout: str, image: str, platforms: list[Platform]
) -> None:
    names = [str(platform) for platform in platforms]
    text = layout.format(
        image=image,
        full=parse_reference(image),
        words=" ".join(names),
        commas=",".join(names),
        pluses="+".join(platform.short for platform in platforms),
    )

    command = parse_command(text)

    assert isinstance(command, Watch)
    assert command.reference == parse_reference(image)
    assert command.platforms == tuple(platforms)


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param("-", id="dashes"),
        pytest.param("—", id="long dashes"),
        pytest.param("\"'", id="open quotes"),
        pytest.param("`", id="back-ticks"),
        pytest.param("<http://", id="slack markup"),
        pytest.param("<@|", id="slack mentions"),
        pytest.param("a", id="one word"),
        pytest.param("a/", id="slashes"),
        pytest.param("a:", id="colons"),
        pytest.param("1a", id="durations"),
        pytest.param("ab1c ", id="unknown words"),
        pytest.param("arm64 ", id="platforms"),
        pytest.param("#7 ", id="numbers"),
        pytest.param("@a ", id="mentions"),
        pytest.param("please ", id="politeness"),
        pytest.param("watch ", id="verbs"),
        pytest.param("docker ", id="tools"),
        pytest.param("docker -p ", id="options"),
        pytest.param("docker pull ", id="commands"),
        pytest.param("image: a:1\n", id="yaml"),
        pytest.param("from a as b\n", id="dockerfile"),
        pytest.param("https://hub.docker.com/_/", id="one link"),
        pytest.param("https://hub.docker.com/_/node?name=%41 ", id="links"),
        pytest.param("docker://", id="schemes"),
        pytest.param("failed to pull image ", id="kubernetes"),
        pytest.param("failed to solve: ", id="buildkit"),
        pytest.param("no match for platform ", id="containerd"),
        pytest.param("error [", id="buildkit steps"),
        pytest.param("trying to pull a.", id="podman"),
        pytest.param("\\\n", id="continued lines"),
    ],
)
@pytest.mark.parametrize(
    "before",
    [
        pytest.param("", id="alone"),
        pytest.param("/why ", id="after a verb"),
        pytest.param("mute ", id="after mute"),
        pytest.param("no matching manifest for ", id="after an error"),
    ],
)
def test_hostile_repetition_costs_no_time(before: str, piece: str) -> None:
    text = (before + piece * MAX_COMMAND_CHARACTERS)[:MAX_COMMAND_CHARACTERS]
    started = time.process_time()

    parse_command(text)

    assert time.process_time() - started < BOUND_S
