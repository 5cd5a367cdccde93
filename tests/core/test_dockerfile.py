import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.dockerfile import MAX_DOCKERFILE_BYTES, parents_of, parse_dockerfile
from bot.core.inventory import ImageUse
from bot.core.reference import parse_reference

DIGEST = f"ghcr.io/a/b@sha256:{'0' * 64}"


def found(text: str) -> list[str | None]:
    """The short forms of the images; None for one that cannot be known."""
    return [use.reference.familiar if use.reference else None for use in parse_dockerfile(text)]


@pytest.mark.parametrize(
    ("text", "images"),
    [
        pytest.param("FROM node:22", ["node:22"], id="one"),
        pytest.param("from node:22 as build", ["node:22"], id="lower case"),
        pytest.param("  FROM\tnode\r\n", ["node:latest"], id="no tag"),
        pytest.param("FROM scratch\nCOPY a /", [], id="scratch"),
        pytest.param(f"FROM {DIGEST}", [DIGEST], id="digest"),
        pytest.param("FROM a:1 AS x\nFROM b:1\nCOPY --from=x / /", ["a:1", "b:1"], id="stages"),
        pytest.param("FROM a:1 AS X\nFROM x AS y\nFROM Y", ["a:1"], id="stages on stages"),
        pytest.param("FROM a:1\nFROM b:1\nCOPY --from=0 / /", ["a:1", "b:1"], id="by number"),
        pytest.param("FROM a:1\nCOPY --from=1 / /", ["a:1", "1:latest"], id="a later number"),
        pytest.param("FROM a:1\nCOPY --link --from=b:2 --chmod=1 / /", ["a:1", "b:2"], id="copy"),
        pytest.param("FROM a:1\nCOPY x --from=b:2 /", ["a:1"], id="no flag"),
        pytest.param('FROM a:1\nCOPY --from="b:2" / /', ["a:1", "b:2"], id="quoted"),
        pytest.param("FROM a:1\nCOPY --from=$B / /", ["a:1", None], id="no variable in copy"),
        pytest.param(
            "FROM a:1\nRUN --mount=type=bind,from=b:2,target=/b --mount=type=cache,target=/c x",
            ["a:1", "b:2"],
            id="mount",
        ),
        pytest.param("FROM a:1\nRUN x --mount=from=b:2", ["a:1"], id="no mount"),
        pytest.param("FROM \\\n  a:1 \\\n  AS x\nFROM x", ["a:1"], id="continued"),
        pytest.param("FROM a:1\\\n AS x\nFROM x", ["a:1"], id="continued without space"),
        pytest.param("FROM \\\n# no\n\n  a:1", ["a:1"], id="comment in between"),
        pytest.param("FROM a:1\nRUN x \\\n  && FROM b:1\n", ["a:1"], id="in a command"),
        pytest.param("# FROM b:1\n\n#FROM c:1\nFROM a:1 \\", ["a:1"], id="comments"),
        pytest.param("# escape=`\nFROM `\na:1\nRUN c:\\\nFROM b:1", ["a:1", "b:1"], id="escape"),
        pytest.param("# syntax=x\n#ESCAPE = `\nFROM `\na:1", ["a:1"], id="second directive"),
        pytest.param("# no\n# escape=`\nFROM a:1\nRUN x \\\nFROM b", ["a:1"], id="too late"),
        pytest.param("FROM a:1\nRUN <<E\nFROM b:1\nE\nFROM c:1", ["a:1", "c:1"], id="heredoc"),
        pytest.param(
            "FROM a:1\nCOPY <<-'A' <<B /x/\nFROM b\n\tA\nFROM c\nB\nFROM d:1",
            ["a:1", "d:1"],
            id="two heredocs",
        ),
        pytest.param("FROM a:1\nRUN cat <<E\nFROM b:1", ["a:1", "b:1"], id="endless heredoc"),
        pytest.param("FROM a:1\nRUN $((1<<E))\nFROM b:1\nE", ["a:1", "b:1"], id="a shift"),
        pytest.param("FROM a:1\nRUN x<<E\nFROM b:1\nE", ["a:1", "b:1"], id="within a word"),
        pytest.param("FROM a:1\nENV X <<E\nFROM b:1\nE", ["a:1", "b:1"], id="no heredoc there"),
        pytest.param("FROM\nFROM --platform=x\nFROM a:1", ["a:1"], id="nothing named"),
        pytest.param("FROM Foo/Bar:1", [None], id="no reference"),
        pytest.param("FROM a:1 b c", ["a:1"], id="more words"),
        pytest.param("hello\nFROM a:1\nworld", ["a:1"], id="no Dockerfile"),
        pytest.param("FROM a:1\n" + "#" * MAX_DOCKERFILE_BYTES, [], id="too long"),
        pytest.param("", [], id="empty"),
        pytest.param("# syntax=x", [], id="nothing but a directive"),
    ],
)
def test_every_image_is_found_and_no_other(text: str, images: list[str | None]) -> None:
    assert found(text) == images


@pytest.mark.parametrize(
    ("arguments", "name", "image"),
    [
        pytest.param("V=22", "node:$V", "node:22", id="plain"),
        pytest.param("V=22", "node:${V}-slim", "node:22-slim", id="braces"),
        pytest.param('V="22"', '"node:${V}"', "node:22", id="quotes"),
        pytest.param("I=node V=22", "$I:$V", "node:22", id="two at once"),
        pytest.param("A=22\nARG V=${A}.1", "node:$V", "node:22.1", id="by another"),
        pytest.param("V=1\nARG V=2", "node:$V", "node:2", id="twice"),
        pytest.param("V", "node:$V", None, id="no default"),
        pytest.param("V", "node:${V:-22}", "node:22", id="default on the spot"),
        pytest.param("V=", "node:${V:-22}", "node:22", id="empty"),
        pytest.param("V=", "node:2${V-9}", "node:2", id="empty is set"),
        pytest.param("V=1", "node:${V:-22}", "node:1", id="default not needed"),
        pytest.param("V=1", "node:22${V:+-slim}", "node:22-slim", id="if set"),
        pytest.param("V=", "node:22${V:+-slim}", "node:22", id="if set, but it is not"),
        pytest.param("V=", "node:22${V+-slim}", "node:22-slim", id="if set, even empty"),
        pytest.param("V=1", "node:${W:-${V}.2}", "node:1.2", id="nested"),
        pytest.param("V=1", "node:${V%x}", None, id="another operator"),
        pytest.param("V=1", "node:$", None, id="nothing after it"),
        pytest.param("V=1", "node:${V", "node:1", id="never closed"),
        pytest.param("=1 9", "node:$W", None, id="undeclared"),
        pytest.param("V=1", "node:${TARGETARCH:-amd64}", None, id="the builder's"),
        pytest.param("V=1", "a:" + "${A:-" * 9 + "1" + "}" * 9, None, id="nested too deeply"),
        pytest.param(f"V={'a' * 600}", "node:$V$V", None, id="too long"),
    ],
)
def test_arguments_before_from_have_their_defaults(
    arguments: str, name: str, image: str | None
) -> None:
    assert found(f"ARG {arguments}\nFROM {name}") == [image]


def test_an_argument_may_say_scratch() -> None:
    assert found("ARG A=scratch\nFROM $A") == []


def test_arguments_of_a_stage_do_not_count_for_the_next() -> None:
    assert found("ARG V=1\nFROM a:$V\nARG V=2\nFROM b:$V") == ["a:1", "b:1"]


def test_platforms_and_lines_are_told() -> None:
    text = (
        "ARG P=linux/arm64\n\nFROM --platform=$P a:1\nFROM \\\n --platform=$BUILDPLATFORM b:$V\n"
        "FROM --platform=linux/$TARGETARCH c:1\nFROM --platform=$Q d:1\nFROM e:1"
    )

    assert parse_dockerfile(text) == (
        ImageUse(3, "a:1", parse_reference("a:1"), "linux/arm64"),
        ImageUse(4, "b:$V", None, ""),
        ImageUse(6, "c:1", parse_reference("c:1"), None),
        ImageUse(7, "d:1", parse_reference("d:1"), None),
        ImageUse(8, "e:1", parse_reference("e:1"), None),
    )


def test_parents_are_told_once_each() -> None:
    text = "FROM a:1 AS x\nFROM b:1\nFROM a:1\nFROM x"

    assert parents_of(text) == (parse_reference("a:1"), parse_reference("b:1"))


def test_parents_are_not_known_if_one_is_not() -> None:
    assert parents_of("FROM a:1\nFROM b:$V") is None


_PIECES = """
    FROM AS COPY RUN ARG --from= --mount=from= --platform= node:22 a b 0 1 $V ${V} ${V:- ${V+ } =
    A=1 V=$A$A <<E E \\ ` # escape=` " ' scratch , @sha256:
"""
TEXTS = st.text() | st.lists(
    st.sampled_from([*_PIECES.split(), "\n", "\n", "\n", " ", ""]), max_size=60
).map(" ".join)


@given(TEXTS)
def test_any_text_names_some_images_in_order(text: str) -> None:
    uses = parse_dockerfile(text)

    lines = [use.line for use in uses]
    assert lines == sorted(lines)
    assert all(1 <= line <= text.count("\n") + 1 for line in lines)


@pytest.mark.parametrize(
    "piece",
    [
        pytest.param("${A:-", id="nesting"),
        pytest.param("ARG A=$A$A\n", id="doubling"),
        pytest.param("RUN a <<E\n", id="heredocs"),
        pytest.param("RUN a <<E\nE\n", id="ended heredocs"),
        pytest.param("\\\n", id="continuations"),
        pytest.param("FROM a AS b\n", id="stages"),
        pytest.param("# a=b\n", id="directives"),
        pytest.param("<<", id="no heredocs"),
        pytest.param("0", id="digits"),
        pytest.param(" ", id="space"),
    ],
)
def test_hostile_text_takes_no_longer_than_its_length(piece: str) -> None:
    text = ("ARG A=aa\nFROM x:" + piece * MAX_DOCKERFILE_BYTES)[:MAX_DOCKERFILE_BYTES]
    begun = time.process_time()

    parse_dockerfile(text)
    parse_dockerfile("RUN " + text[4:])

    assert time.process_time() - begun < 5
