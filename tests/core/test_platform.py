import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import InvalidPlatform
from bot.core.platform import (
    ARCHITECTURES,
    OPERATING_SYSTEMS,
    Platform,
    is_platform_word,
    normalise_platform,
    parse_platform,
)


@pytest.mark.parametrize(
    ("text", "usual"),
    [
        ("arm64", "linux/arm64"),
        ("ARM64", "linux/arm64"),
        (" arm64 ", "linux/arm64"),
        ("aarch64", "linux/arm64"),
        ("arm64v8", "linux/arm64"),
        ("armv8", "linux/arm64"),
        ("arm64/v8", "linux/arm64"),
        ("arm64-v8", "linux/arm64"),
        ("linux/arm64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm64/8", "linux/arm64"),
        ("linux/aarch64", "linux/arm64"),
        ("linux-arm64", "linux/arm64"),
        ("linux_arm64", "linux/arm64"),
        ("arm64/v8.2", "linux/arm64/v8.2"),
        ("arm64/9", "linux/arm64/v9"),
        ("arm", "linux/arm/v7"),
        ("arm/v7", "linux/arm/v7"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/arm/6", "linux/arm/v6"),
        ("linux-arm-v7", "linux/arm/v7"),
        ("linux_arm_v7", "linux/arm/v7"),
        ("armhf", "linux/arm/v7"),
        ("armhf/v7", "linux/arm/v7"),
        ("armel", "linux/arm/v6"),
        ("armv7", "linux/arm/v7"),
        ("armv7l", "linux/arm/v7"),
        ("armv6l", "linux/arm/v6"),
        ("arm32v7", "linux/arm/v7"),
        ("arm32v6", "linux/arm/v6"),
        ("arm32v5", "linux/arm/v5"),
        ("amd64", "linux/amd64"),
        ("x64", "linux/amd64"),
        ("x86_64", "linux/amd64"),
        ("x86-64", "linux/amd64"),
        ("linux/x86_64", "linux/amd64"),
        ("amd64/v1", "linux/amd64"),
        ("amd64/v3", "linux/amd64/v3"),
        ("x86-64-v3", "linux/amd64/v3"),
        ("x86_64_v3", "linux/amd64/v3"),
        ("x86", "linux/386"),
        ("i386", "linux/386"),
        ("i686", "linux/386"),
        ("loongarch64", "linux/loong64"),
        ("ppc64el", "linux/ppc64le"),
        ("mips64el", "linux/mips64le"),
        ("s390x", "linux/s390x"),
        ("riscv64", "linux/riscv64"),
        ("linux/riscv64/rva23u64", "linux/riscv64/rva23u64"),
        ("windows-amd64", "windows/amd64"),
        ("winamd64", "windows/amd64"),
        ("windows/amd64", "windows/amd64"),
        ("macos/arm64", "darwin/arm64"),
        ("wasm", "linux/wasm"),
    ],
    ids=str,
)
def test_what_people_type_is_understood(text: str, usual: str) -> None:
    platform = parse_platform(text)

    assert str(platform) == usual
    assert parse_platform(platform.short) == platform
    assert is_platform_word(text)


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        pytest.param("", "known are amd64, arm64", id="nothing"),
        pytest.param("node", "'node' is not a platform", id="an image"),
        pytest.param("amr64", "did you mean arm64?", id="a slip"),
        pytest.param("linux", "type linux/amd64", id="no architecture"),
        pytest.param("windows", "windows/amd64", id="no architecture for Windows"),
        pytest.param("linux/", "not a platform", id="an empty architecture"),
        pytest.param("linux/z80", "'z80' is not a platform", id="unknown architecture"),
        pytest.param("beos/amd64", "not a platform", id="unknown operating system"),
        pytest.param("linux/unknown", "not a platform", id="unknown"),
        pytest.param("arm64/v7", "no variant of arm64: type arm64.", id="no such variant"),
        pytest.param("linux/arm64/armv8", "no variant of arm64", id="odd variant"),
        pytest.param("arm/v9", "no variant of arm", id="no such arm"),
        pytest.param("amd64/v5", "no variant of amd64", id="no such amd64"),
        pytest.param("armv6/v7", "type arm/v7", id="contradiction"),
        pytest.param("arm64v8/node", "no variant", id="an image of an architecture's namespace"),
        pytest.param("s390x/node", "no variant", id="an image of another namespace"),
        pytest.param("windows(10.0.17763)/amd64", "not a platform", id="version of Windows"),
        pytest.param("arm64:latest", "not a platform", id="with a tag"),
        pytest.param("x" * 10_000, "not a platform", id="endless"),
    ],
)
def test_the_rest_is_refused_and_never_guessed(text: str, advice: str) -> None:
    with pytest.raises(InvalidPlatform) as refusal:
        parse_platform(text)

    assert advice in str(refusal.value)
    assert len(str(refusal.value)) < 300
    assert not is_platform_word(text)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (("linux", "arm64", "v8"), ("linux", "arm64", "")),
        (("linux", "arm64", "8"), ("linux", "arm64", "")),
        (("linux", "arm64", "v8.0"), ("linux", "arm64", "")),
        (("linux", "arm64", "9"), ("linux", "arm64", "v9")),
        (("linux", "arm64", "9.0"), ("linux", "arm64", "v9")),
        (("linux", "arm64", "v9.0"), ("linux", "arm64", "v9")),
        (("linux", "arm64", "v8.2"), ("linux", "arm64", "v8.2")),
        (("linux", "arm64", "armv8"), ("linux", "arm64", "armv8")),
        (("Linux", "AARCH64", "V8"), ("linux", "arm64", "")),
        (("linux", "arm", ""), ("linux", "arm", "v7")),
        (("linux", "arm", "7"), ("linux", "arm", "v7")),
        (("linux", "arm", "5"), ("linux", "arm", "v5")),
        (("linux", "arm", "8"), ("linux", "arm", "v8")),
        (("linux", "armhf", ""), ("linux", "arm", "v7")),
        (("linux", "armel", ""), ("linux", "arm", "v6")),
        (("linux", "amd64", "v1"), ("linux", "amd64", "")),
        (("linux", "amd64", "v2"), ("linux", "amd64", "v2")),
        (("linux", "x86_64", ""), ("linux", "amd64", "")),
        (("linux", "i386", "x"), ("linux", "386", "")),
        (("", "amd64", ""), ("linux", "amd64", "")),
        (("macos", "arm64", ""), ("darwin", "arm64", "")),
        (("unknown", "unknown", ""), ("unknown", "unknown", "")),
        (("linux", "", ""), ("linux", "", "")),
        (("linux", "sw_64", "SW6B"), ("linux", "sw_64", "sw6b")),
    ],
    ids=lambda words: "/".join(words),
)
def test_what_registries_say_is_normalised(
    said: tuple[str, str, str], meant: tuple[str, str, str]
) -> None:
    platform = normalise_platform(*said)

    assert (platform.os, platform.architecture, platform.variant) == meant
    assert platform == Platform(*said)


@pytest.mark.parametrize(
    ("wanted", "exactly", "accepted"),
    [
        pytest.param(
            "arm64", "arm64 arm64/v8", "arm64 arm64/v8 arm/v8 arm/v7 arm arm/v6 arm/v5", id="arm64"
        ),
        pytest.param(
            "arm64/v8.2",
            "arm64/v8.2",
            "arm64/v8.2 arm64/v8.1 arm64 arm/v8 arm/v7 arm/v6 arm/v5",
            id="arm64/v8.2",
        ),
        pytest.param(
            "arm64/v9",
            "arm64/v9",
            "arm64/v9 arm64/v8.5 arm64/v8.4 arm64/v8.3 arm64/v8.2 arm64/v8.1 arm64 "
            "arm/v8 arm/v7 arm/v6 arm/v5",
            id="arm64/v9",
        ),
        pytest.param(
            "arm64/v9.6",
            "arm64/v9.6",
            "arm64/v9.6 arm64/v9.5 arm64/v9.4 arm64/v9.3 arm64/v9.2 arm64/v9.1 arm64/v9 arm64/v8.9 "
            "arm64/v8.8 arm64/v8.7 arm64/v8.6 arm64/v8.5 arm64/v8.4 arm64/v8.3 arm64/v8.2 "
            "arm64/v8.1 arm64 arm/v8 arm/v7 arm/v6 arm/v5",
            id="arm64/v9.6",
        ),
        pytest.param("arm", "arm arm/v7 armhf", "arm arm/v6 armel arm/v5", id="arm"),
        pytest.param("armel", "arm/v6", "arm/v6 arm/v5", id="armel"),
        pytest.param("arm/v5", "arm/v5", "arm/v5", id="arm/v5"),
        pytest.param("amd64", "amd64 amd64/v1", "amd64 386", id="amd64"),
        pytest.param("amd64/v3", "amd64/v3", "amd64/v3 amd64/v2 amd64/v1 386", id="amd64/v3"),
        pytest.param("386", "386 i386", "386", id="386"),
        pytest.param("s390x", "s390x", "s390x", id="s390x"),
        pytest.param("windows/amd64", "windows/amd64", "windows/amd64 windows/386", id="windows"),
    ],
)
def test_matching_is_containerds(wanted: str, exactly: str, accepted: str) -> None:
    platform = parse_platform(wanted)
    exact = {parse_platform(word) for word in exactly.split()}
    compatible = {parse_platform(word) for word in accepted.split()} | exact

    assert {other for other in ALL if platform.satisfied_by(other)} == exact
    assert {other for other in ALL if platform.compatible_with(other)} == compatible


ALL = (
    *(Platform("linux", architecture) for architecture in sorted(ARCHITECTURES)),
    *(Platform("windows", architecture) for architecture in ("386", "amd64", "arm64")),
    *(Platform("linux", "arm", variant) for variant in ("v4", "v5", "v6", "v8", "v9")),
    *(Platform("linux", "arm64", f"v{n}.{m}") for n in (7, 8, 9) for m in range(1, 10)),
    *(Platform("linux", "arm64", variant) for variant in ("v9", "armv8", "v10")),
    *(Platform("linux", "amd64", variant) for variant in ("v2", "v3", "v4", "v0")),
    Platform("unknown", "unknown"),
    Platform("linux", ""),
)


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(Platform("linux", "arm64", "armv8"), id="arm64/armv8"),
        pytest.param(Platform("linux", "arm", "x"), id="arm/x"),
        pytest.param(Platform("linux", "amd64", "haswell"), id="amd64/haswell"),
    ],
)
def test_an_odd_variant_matches_itself_and_nothing_older_of_its_kind(odd: Platform) -> None:
    older = {other for other in ALL if odd.compatible_with(other)}

    assert odd.compatible_with(odd)
    assert not any(other.architecture == odd.architecture for other in older - {odd})


@pytest.mark.parametrize(
    ("platform", "short"),
    [
        (Platform("linux", "arm64"), "arm64"),
        (Platform("linux", "arm"), "arm/v7"),
        (Platform("linux", "amd64", "v3"), "amd64/v3"),
        (Platform("windows", "amd64"), "windows/amd64"),
        (Platform("linux", "riscv64", "rva23u64"), "linux/riscv64/rva23u64"),
    ],
    ids=str,
)
def test_the_short_form_is_what_people_say(platform: Platform, short: str) -> None:
    assert platform.short == short


def test_platforms_sort_and_are_keys() -> None:
    platforms = {
        Platform("linux", "arm64", "v8"),
        Platform("linux", "arm64"),
        Platform("aix", "ppc64"),
    }

    assert sorted(platforms) == [Platform("aix", "ppc64"), Platform("linux", "arm64")]


@pytest.mark.parametrize(
    "word",
    [
        "node",
        "node:22",
        "arm64v8/node:22",
        "amd64/alpine",
        "linux",
        "all",
        "keep",
        "12h",
        "#7",
        "linux/x",
    ],
    ids=str,
)
def test_words_of_commands_are_no_platforms(word: str) -> None:
    assert not is_platform_word(word)


@given(st.text(), st.text(), st.text())
def test_normalising_is_total_and_idempotent(os: str, architecture: str, variant: str) -> None:
    once = normalise_platform(os, architecture, variant)

    twice = normalise_platform(once.os, once.architecture, once.variant)

    assert once == twice


words = st.sampled_from(
    sorted(
        ARCHITECTURES
        | OPERATING_SYSTEMS
        | {"v6", "v7", "v8", "8.2", "i386", "armhf", "aarch64", "x"}
    )
)


@given(st.lists(st.text() | words, max_size=4), st.sampled_from("/-_"))
def test_the_parser_is_total_and_both_forms_parse_back(parts: list[str], separator: str) -> None:
    try:
        platform = parse_platform(separator.join(parts))
    except InvalidPlatform:
        return

    assert parse_platform(str(platform)) == platform
    assert parse_platform(platform.short) == platform


known = st.sampled_from(ALL)


@given(known, known, known)
def test_what_satisfies_is_compatible_and_compatibility_is_transitive(
    a: Platform, b: Platform, c: Platform
) -> None:
    assert a.compatible_with(a)
    if a.satisfied_by(b):
        assert a.compatible_with(b)
    if a.compatible_with(b) and b.compatible_with(c):
        assert a.compatible_with(c)
