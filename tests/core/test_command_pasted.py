"""Images and platforms found in what people paste: command lines, files, links, error messages."""

import pytest

from bot.core.command import (
    Check,
    Misunderstanding,
    Misunderstood,
    Unwatch,
    Watch,
    Why,
    parse_command,
)
from bot.core.platform import Platform, parse_platform
from bot.core.reference import parse_reference

ARM64 = Platform("linux", "arm64")
SHA = "sha256:" + "1f" * 32

NO_MANIFEST = "no matching manifest for linux/arm64/v8 in the manifest list entries"
HOST_WARNING = (
    "WARNING: The requested image's platform (linux/amd64) does not match the detected host "
    "platform (linux/arm64/v8) and no specific platform was requested"
)


def assert_watches(text: str, image: str, platforms: str) -> None:
    """Both as a message of its own and after the command."""
    expected = Watch(
        parse_reference(image), tuple(parse_platform(name) for name in platforms.split())
    )
    assert parse_command(text) == expected
    assert parse_command(f"/watch {text}") == expected
    assert parse_command(text, default_verb="watch") == expected


@pytest.mark.parametrize(
    ("text", "platforms"),
    [
        pytest.param("node:22 arm64,armv7", "arm64 arm/v7", id="comma"),
        pytest.param("node:22 arm64, armv7", "arm64 arm/v7", id="comma and space"),
        pytest.param("node:22 amd64+arm64", "amd64 arm64", id="plus"),
        pytest.param("node:22 arm64|amd64", "arm64 amd64", id="bar"),
        pytest.param("node:22 arm64 & amd64", "arm64 amd64", id="ampersand"),
        pytest.param("node:22 arm64 and amd64", "arm64 amd64", id="and"),
        pytest.param("node:22 arm64/amd64", "arm64 amd64", id="slash"),
        pytest.param("node:22 linux/arm64/v8", "arm64", id="full platform"),
        pytest.param("node:22 linux/arm64,linux/arm/v6", "arm64 arm/v6", id="buildx list"),
        pytest.param("arm64 node:22", "arm64", id="platform first"),
        pytest.param("node:22,arm64", "arm64", id="comma after the image"),
        pytest.param("node:22 windows-amd64", "windows/amd64", id="bashbrew name"),
        pytest.param("node:22 on arm64, please.", "arm64", id="prose"),
        pytest.param("node:22 -arm64", "arm64", id="bullet"),
        pytest.param("node:22 --platform linux/arm64", "arm64", id="option"),
        pytest.param("node:22 --platform=arm64,armv7", "arm64 arm/v7", id="option with list"),
        pytest.param("node:22 —platform linux/arm64", "arm64", id="em dash"),
        pytest.param("node:22 —platform=linux/arm64", "arm64", id="em dash and equals"),
        pytest.param("node:22 –platform linux/arm64", "arm64", id="en dash"),  # noqa: RUF001
        pytest.param("node:22 -—platform linux/arm64", "arm64", id="two kinds of dash"),
        pytest.param("node:22 — arm64", "arm64", id="dash between"),
        pytest.param("node:22— arm64", "arm64", id="dash behind"),
        pytest.param("`node:22` `arm64`", "arm64", id="back-ticks"),
        pytest.param("```\nnode:22 arm64\n```", "arm64", id="code fence"),
        pytest.param("“node:22” ‘arm64’", "arm64", id="smart quotes"),  # noqa: RUF001
        pytest.param("«node:22» (arm64)", "arm64", id="guillemets and brackets"),
        pytest.param("*node:22* _arm64_ [armv7]", "arm64 arm/v7", id="emphasis"),
        pytest.param("node：22 arm64，armv7", "arm64 arm/v7", id="full width"),  # noqa: RUF001
        pytest.param("\u200bnode:22\u00a0arm64\ufeff", "arm64", id="invisible characters"),
        pytest.param("\x1b[1;31mnode:22\x1b[0m arm64", "arm64", id="terminal colours"),
        pytest.param("node:22\r\narm64", "arm64", id="two lines"),
        pytest.param("-p 8080:80 node:22 arm64", "arm64", id="port"),
        pytest.param("docker.io/library/node:22 arm64", "arm64", id="full name"),
        pytest.param("node:22 library/node:22 arm64", "arm64", id="the same image twice"),
        pytest.param("arm64v8/node:22", "arm64", id="arm64v8"),
        pytest.param("arm32v7/node:22", "arm/v7", id="arm32v7"),
        pytest.param("arm32v6/node:22", "arm/v6", id="arm32v6"),
        pytest.param("arm32v5/node:22", "arm/v5", id="arm32v5"),
        pytest.param("amd64/node:22", "amd64", id="amd64"),
        pytest.param("i386/node:22", "386", id="i386"),
        pytest.param("ppc64le/node:22", "ppc64le", id="ppc64le"),
        pytest.param("riscv64/node:22", "riscv64", id="riscv64"),
        pytest.param("s390x/node:22", "s390x", id="s390x"),
        pytest.param("winamd64/node:22", "windows/amd64", id="winamd64"),
        pytest.param("arm64v8/node:22 amd64", "amd64", id="a named platform goes first"),
    ],
)
def test_an_image_and_its_platforms_are_found_in_what_people_type(
    text: str, platforms: str
) -> None:
    assert_watches(text, "node:22", platforms)


@pytest.mark.parametrize(
    ("text", "image"),
    [
        pytest.param("localhost:5000/team/app:1", "localhost:5000/team/app:1", id="localhost"),
        pytest.param("[::1]:5000/app:1", "[::1]:5000/app:1", id="ipv6"),
        pytest.param("ghcr.io/arm64v8/node:22", "ghcr.io/arm64v8/node:22", id="not docker hub"),
        pytest.param("arm64v8/a/b:1", "arm64v8/a/b:1", id="not an official image"),
        pytest.param("linux/arm64:1", "linux/arm64:1", id="a platform's name with a tag"),
        pytest.param(
            "watch 22.15–bullseye:1",  # noqa: RUF001
            "22.15-bullseye:1",
            id="autocorrected dash",
        ),
        pytest.param("a—b:1", "a--b:1", id="autocorrected double dash"),
    ],
)
def test_an_image_is_taken_as_it_is_named(text: str, image: str) -> None:
    assert_watches(text, image, "")


@pytest.mark.parametrize(
    ("text", "platforms"),
    [
        pytest.param("docker pull node:22", "", id="pull"),
        pytest.param("docker pull node:22 arm64,armv7", "arm64 arm/v7", id="pull and words"),
        pytest.param("docker pull node:22 --platform linux/arm64", "arm64", id="option behind"),
        pytest.param("docker pull node:22 —platform linux/arm64", "arm64", id="em dash"),
        pytest.param("docker pull --platform linux/arm64 -q 'node:22'", "arm64", id="quoted"),
        pytest.param(
            "docker run --rm -p 8080:80 --platform=linux/arm64 node:22 npm test", "arm64", id="run"
        ),
        pytest.param(
            "docker run -dp 80:80 -it -v $PWD:/x -e 'A=b c' --name x:y node:22 node -e 'a:b'",
            "",
            id="run with many options",
        ),
        pytest.param(
            "docker run -rm \\\n  --network host \\\n  node:22 \\\n  sh -c 'true'",
            "",
            id="several lines",
        ),
        pytest.param("docker container run node:22 arm64", "", id="its own arguments"),
        pytest.param("$ sudo docker pull node:22", "", id="prompt"),
        pytest.param("me@host ~ % docker pull node:22", "", id="long prompt"),
        pytest.param("/usr/bin/docker pull node:22;", "", id="path"),
        pytest.param("docker pull node:22 && docker run other:1", "", id="two commands"),
        pytest.param("docker pull node:22; docker run other:1", "", id="semicolon"),
        pytest.param("docker pull node:22  # arm64 is missing", "", id="comment"),
        pytest.param("arm64: docker pull node:22", "arm64", id="platform in front"),
        pytest.param("I ran docker pull node:22", "", id="prose in front"),
        pytest.param(
            "DOCKER_DEFAULT_PLATFORM=linux/arm64 docker pull node:22", "arm64", id="environment"
        ),
        pytest.param("docker image pull node:22", "", id="image pull"),
        pytest.param("docker manifest inspect node:22", "", id="manifest inspect"),
        pytest.param("docker buildx imagetools inspect node:22", "", id="imagetools"),
        pytest.param("podman pull --arch arm64 docker.io/node:22", "arm64", id="podman"),
        pytest.param("podman pull --arch=arm --variant=v6 node:22", "arm/v6", id="podman variant"),
        pytest.param("nerdctl -n k8s.io pull node:22", "", id="nerdctl"),
        pytest.param("ctr images pull docker.io/library/node:22", "", id="ctr"),
        pytest.param("crictl pull node:22", "", id="crictl"),
        pytest.param("crane manifest node:22 --platform linux/arm64", "arm64", id="crane"),
        pytest.param("skopeo inspect docker://node:22", "", id="skopeo"),
        pytest.param(
            "skopeo --override-os linux --override-arch arm64 inspect docker://docker.io/node:22",
            "arm64",
            id="skopeo override",
        ),
        pytest.param("FROM node:22", "", id="from"),
        pytest.param("FROM node:22 AS build", "", id="from as"),
        pytest.param("from node:22 as build arm64", "arm64", id="from and words"),
        pytest.param("FROM --platform=$BUILDPLATFORM node:22 AS build", "", id="variable"),
        pytest.param("FROM --platform=linux/arm64 node:22 # base", "arm64", id="from platform"),
        pytest.param(
            "FROM node:22 AS build\nRUN npm ci\n# docker pull x\nFROM build\nCOPY a b",
            "",
            id="dockerfile",
        ),
        pytest.param("image: node:22", "", id="image"),
        pytest.param("image: node:22 arm64", "arm64", id="image and words"),
        pytest.param('- image: "node:22"  # base', "", id="kubernetes container"),
        pytest.param('"image": "node:22",', "", id="json"),
        pytest.param("the image: node:22", "", id="image in prose"),
        pytest.param(
            "services:\n  web:\n    image: node:22\n    platform: linux/arm64\n    ports:\n"
            '      - "8080:80"\n    command: npm run start',
            "arm64",
            id="compose file",
        ),
        pytest.param(
            "image: node:22\nplatforms:\n  - linux/arm64\n  - linux/arm/v7",
            "arm64 arm/v7",
            id="list of platforms",
        ),
        pytest.param(
            "image: node:22\nplatforms: [linux/arm64, linux/arm/v7]\narch: ${ARCH}",
            "arm64 arm/v7",
            id="list of platforms in one line",
        ),
        pytest.param(
            "```yaml\nspec:\n  containers:\n  - name: x\n    image: node:22\n"
            "  nodeSelector:\n    kubernetes.io/arch: arm64\n```",
            "arm64",
            id="kubernetes manifest",
        ),
    ],
)
def test_the_image_is_found_in_a_pasted_command_or_file(text: str, platforms: str) -> None:
    assert_watches(text, "node:22", platforms)


def test_words_before_a_pasted_file_belong_to_the_command() -> None:
    command = parse_command("/why arm64\nspec:\n  - name: x\n    image: node:22\n")

    assert command == Why(parse_reference("node:22"), None, (ARM64,))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("docker build --platform linux/arm64 -t acme/app:1 .", id="build"),
        pytest.param("docker compose up -d", id="compose"),
        pytest.param("docker pull", id="pull of nothing"),
        pytest.param("image:", id="empty image"),
        pytest.param("FROM --platform=linux/arm64", id="from nothing"),
    ],
)
def test_a_command_without_an_image_makes_the_bot_ask_back(text: str) -> None:
    command = parse_command(f"/check {text}")

    assert isinstance(command, Check)
    assert command.reference is None


@pytest.mark.parametrize(
    ("text", "image"),
    [
        pytest.param("/watch docker", "docker", id="docker"),
        pytest.param("/watch docker:27 dind", None, id="docker with a tag"),
        pytest.param("/watch podman arm64", "podman", id="podman"),
    ],
)
def test_the_name_of_a_tool_can_be_an_image(text: str, image: str | None) -> None:
    command = parse_command(text)

    if image is None:
        assert isinstance(command, Misunderstood)
        assert command.reference == parse_reference("docker:27")
    else:
        assert isinstance(command, Watch)
        assert command.reference == parse_reference(image)


@pytest.mark.parametrize(
    ("link", "image"),
    [
        pytest.param("https://hub.docker.com/_/node", "node", id="hub official"),
        pytest.param("hub.docker.com/_/node", "node", id="hub without scheme"),
        pytest.param(
            "https://hub.docker.com/_/node/tags?name=22-slim&page=1", "node:22-slim", id="hub name"
        ),
        pytest.param("https://hub.docker.com/_/node/tags?name=a%20b", "node", id="hub search"),
        pytest.param("https://hub.docker.com/_/node:22", "node:22", id="hub with a tag typed on"),
        pytest.param("https://hub.docker.com/_/node:22/tags?name=1", "node:22", id="hub twice"),
        pytest.param("https://hub.docker.com/r/grafana/grafana", "grafana/grafana", id="hub r"),
        pytest.param("https://www.hub.docker.com/r/a/b/tags?name=1", "a/b:1", id="hub r tags"),
        pytest.param("https://hub.docker.com/r/a/b/tags/1/sha256-0", "a/b:1", id="hub one tag"),
        pytest.param(
            "https://hub.docker.com/layers/library/node/22/images/sha256-1f?context=x",
            "node:22",
            id="hub layers",
        ),
        pytest.param(
            "https://hub.docker.com/repository/docker/acme/app/general",
            "acme/app",
            id="hub owner's page",
        ),
        pytest.param(
            "https://hub.docker.com/repository/docker/acme/app/tags/1.0/sha256-1f",
            "acme/app:1.0",
            id="hub owner's tag",
        ),
        pytest.param(
            "https://hub.docker.com/v2/repositories/library/node/tags/22", "node:22", id="hub api"
        ),
        pytest.param("https://registry.hub.docker.com/_/node", "node", id="old hub"),
        pytest.param("https://quay.io/repository/a/b?tab=tags&tag=v1", "quay.io/a/b:v1", id="quay"),
        pytest.param("quay.io/repository/a/b", "quay.io/a/b", id="quay without scheme"),
        pytest.param("https://quay.io/a/b:v1", "quay.io/a/b:v1", id="quay reference"),
        pytest.param(
            "https://github.com/Acme/App/pkgs/container/app", "ghcr.io/acme/app", id="ghcr"
        ),
        pytest.param(
            "https://github.com/a/b/pkgs/container/c/12345?tag=v1",
            "ghcr.io/a/c:v1",
            id="ghcr version",
        ),
        pytest.param(
            "https://github.com/a/b/pkgs/container/c/versions", "ghcr.io/a/c", id="ghcr versions"
        ),
        pytest.param(
            "https://github.com/a/b/pkgs/container/c%2Fd", "ghcr.io/a/c/d", id="ghcr nested"
        ),
        pytest.param(
            "https://github.com/orgs/a/packages/container/package/c", "ghcr.io/a/c", id="ghcr org"
        ),
        pytest.param(
            "https://github.com/users/a/packages/container/c/1", "ghcr.io/a/c", id="ghcr user"
        ),
        pytest.param(
            "https://gallery.ecr.aws/docker/library/node",
            "public.ecr.aws/docker/library/node",
            id="ecr",
        ),
        pytest.param(
            "https://mcr.microsoft.com/en-us/artifact/mar/dotnet/sdk/tags",
            "mcr.microsoft.com/dotnet/sdk",
            id="mcr",
        ),
        pytest.param(
            "https://mcr.microsoft.com/product/dotnet/sdk/about",
            "mcr.microsoft.com/dotnet/sdk",
            id="mcr product",
        ),
        pytest.param(
            "https://mcr.microsoft.com/artifact/mar/dotnet/sdk/tag/9.0",
            "mcr.microsoft.com/dotnet/sdk:9.0",
            id="mcr tag",
        ),
        pytest.param(
            "https://mcr.microsoft.com/artifact/mar/dotnet/sdk",
            "mcr.microsoft.com/dotnet/sdk",
            id="mcr bare",
        ),
        pytest.param(
            "https://mcr.microsoft.com/dotnet/sdk:9.0",
            "mcr.microsoft.com/dotnet/sdk:9.0",
            id="mcr reference",
        ),
        pytest.param(
            "https://registry.gitlab.com/g/p/i:1",
            "registry.gitlab.com/g/p/i:1",
            id="gitlab reference",
        ),
        pytest.param("https://ghcr.io/v2/a/b/manifests/v1", "ghcr.io/a/b:v1", id="api manifest"),
        pytest.param("https://ghcr.io/v2/a/b/tags/list", "ghcr.io/a/b", id="api tags"),
        pytest.param("https://ghcr.io/a/b:v1/", "ghcr.io/a/b:v1", id="trailing slash"),
        pytest.param("http://localhost:5000/a:1#top", "localhost:5000/a:1", id="fragment"),
        pytest.param("docker://quay.io/a/b:1", "quay.io/a/b:1", id="docker scheme"),
        pytest.param("oci://ghcr.io/a/b:1", "ghcr.io/a/b:1", id="oci scheme"),
        pytest.param("<http://quay.io/x|quay.io/x>", "quay.io/x", id="slack label"),
        pytest.param("<http://quay.io/x>", "quay.io/x", id="slack link"),
        pytest.param("<http://ghcr.io|ghcr.io>/a/b:1", "ghcr.io/a/b:1", id="slack part"),
        pytest.param("<https://hub.docker.com/_/node|Docker>", "node", id="slack title"),
        pytest.param(
            "<https://hub.docker.com/_/node/tags?page=1&amp;name=22>",
            "node:22",
            id="slack entities",
        ),
        pytest.param(
            "<mailto:node@docker.io|docker.io/x:1>", "docker.io/library/x:1", id="slack mail"
        ),
        pytest.param("&lt;node:22&gt;", "node:22", id="slack brackets"),
    ],
)
def test_a_link_to_a_registry_names_its_image(link: str, image: str) -> None:
    assert_watches(f"{link} arm64", image, "arm64")


def test_a_link_to_a_one_platform_repository_names_the_official_image() -> None:
    command = parse_command("https://hub.docker.com/r/arm64v8/node/tags?name=22")

    assert command == Watch(parse_reference("node:22"), (ARM64,))


@pytest.mark.parametrize(
    "link",
    [
        pytest.param("https://hub.docker.com/search?q=node", id="hub search"),
        pytest.param("https://hub.docker.com/", id="hub"),
        pytest.param("https://quay.io/repository/a", id="quay owner"),
        pytest.param("https://github.com/acme/app", id="github repository"),
        pytest.param("https://github.com/a/b/pkgs/container/", id="no package"),
        pytest.param("https://gallery.ecr.aws/docker", id="ecr alias"),
        pytest.param("https://mcr.microsoft.com/artifact/mar/", id="mcr catalogue"),
        pytest.param("https://gitlab.com/g/p/container_registry/12", id="gitlab list"),
        pytest.param("https://", id="scheme alone"),
        pytest.param("https://example.com/?x=1", id="no path"),
    ],
)
def test_a_link_to_no_single_image_is_refused(link: str) -> None:
    command = parse_command(f"/watch {link}")

    assert isinstance(command, Misunderstood)
    assert command.reason is Misunderstanding.NOT_A_REFERENCE


@pytest.mark.parametrize(
    ("text", "image", "platforms"),
    [
        pytest.param(
            f"docker pull quay.io/a/b:1\nError response from daemon: {NO_MANIFEST}",
            "quay.io/a/b:1",
            "arm64",
            id="docker after its command",
        ),
        pytest.param(
            "$ docker pull a/b\nUsing default tag: latest\n"
            f"latest: Pulling from a/b\n{NO_MANIFEST}",
            "a/b",
            "arm64",
            id="docker with the default tag",
        ),
        pytest.param(
            f"docker pull node:22 Error response from daemon: {NO_MANIFEST}",
            "node:22",
            "arm64",
            id="docker in one line",
        ),
        pytest.param(
            f"22.15-bullseye-slim: Pulling from library/node\n{NO_MANIFEST}",
            "node:22.15-bullseye-slim",
            "arm64",
            id="docker without its command",
        ),
        pytest.param(
            "1: Pulling from library/other\n1: Pull complete\n"
            f"22: Pulling from library/node\n{NO_MANIFEST}",
            "node:22",
            "arm64",
            id="docker, the last of several",
        ),
        pytest.param(
            f"Unable to find image 'node:22' locally\ndocker: {NO_MANIFEST}.\n"
            "See 'docker run --help'.",
            "node:22",
            "arm64",
            id="docker run",
        ),
        pytest.param(
            "no matching manifest for windows/amd64 10.0.19042 in the manifest list entries: "
            "docker pull node:22",
            "node:22",
            "windows/amd64",
            id="docker on windows",
        ),
        pytest.param(
            "docker pull --platform linux/arm64 node:22\n"
            "no matching manifest for unknown in the manifest list entries",
            "node:22",
            "arm64",
            id="old docker",
        ),
        pytest.param(
            f"Pulling db (mysql:5.7)...\nERROR: {NO_MANIFEST}",
            "mysql:5.7",
            "arm64",
            id="compose 1",
        ),
        pytest.param(
            f"docker run node:22\n{HOST_WARNING}", "node:22", "arm64", id="docker's warning"
        ),
        pytest.param(
            "image with reference node:22 was found but does not match the specified platform: "
            "wanted linux/arm64, actual: linux/amd64",
            "node:22",
            "arm64",
            id="wanted platform",
        ),
        pytest.param(
            "Error response from daemon: image with reference docker.io/library/node:22 was found "
            "but does not provide the specified platform (linux/arm64)",
            "node:22",
            "arm64",
            id="specified platform",
        ),
        pytest.param(
            "Error response from daemon: manifest for node:99 not found: manifest unknown",
            "node:99",
            "",
            id="tag that is not there yet",
        ),
        pytest.param(
            f"ERROR: failed to solve: node:22: no match for platform in manifest {SHA}: not found",
            "node:22",
            "",
            id="buildkit",
        ),
        pytest.param(
            "ERROR: failed to solve: node:22: failed to resolve source metadata for "
            "docker.io/library/node:22: no match for platform in manifest: not found",
            "node:22",
            "",
            id="buildkit with source metadata",
        ),
        pytest.param(
            "#2 [internal] load metadata for docker.io/library/other:1\n------\n"
            " > [linux/riscv64 internal] load metadata for docker.io/library/ubuntu:22.04:\n"
            f"ERROR: failed to solve: ubuntu:22.04: no match for platform in manifest {SHA}",
            "ubuntu:22.04",
            "riscv64",
            id="buildkit log",
        ),
        pytest.param(
            "   1 | >>> FROM node:22\nERROR: no match for platform in manifest: not found",
            "node:22",
            "",
            id="dockerfile excerpt",
        ),
        pytest.param(
            "ERROR: failed to solve: s390x/node:22: failed to resolve source metadata for "
            "docker.io/s390x/node:22: no match for platform in manifest: not found",
            "node:22",
            "s390x",
            id="one-platform repository",
        ),
        pytest.param(
            "ctr: node:22: no match for current platform linux/arm/v7 in manifest: not found",
            "node:22",
            "arm/v7",
            id="containerd",
        ),
        pytest.param(
            'Failed to pull image "node:22": rpc error: code = NotFound desc = failed to pull and '
            'unpack image "docker.io/library/node:22": no match for platform in manifest: '
            "not found",
            "node:22",
            "",
            id="kubernetes",
        ),
        pytest.param(
            "Warning  Failed  5s (x3 over 52s)  kubelet  Failed to pull image “a/b:1”: "
            "rpc error\nWarning  Failed  5s  kubelet  Error: ErrImagePull",
            "a/b:1",
            "",
            id="kubernetes events",
        ),
        pytest.param('Back-off pulling image "a/b:1"', "a/b:1", "", id="kubernetes back-off"),
        pytest.param(
            'E0927 remote_image.go:238] "PullImage failed" err="rpc error: failed to pull and '
            'unpack image \\"mcr.microsoft.com/x/y:1\\": no match for platform in manifest"',
            "mcr.microsoft.com/x/y:1",
            "",
            id="escaped quotes",
        ),
        pytest.param(
            'kubelet: pulling failed image="a/b:1" err="no match for platform in manifest"',
            "a/b:1",
            "",
            id="kubelet log",
        ),
        pytest.param(
            "Error: choosing an image from manifest list docker://node:22: no image found in "
            'image index for architecture "arm64", variant "v8", OS "linux"',
            "node:22",
            "arm64",
            id="podman",
        ),
        pytest.param(
            "Trying to pull docker.io/library/node:22...\nError: choosing image instance: no image "
            'found in manifest list for architecture arm, variant "v6", OS linux',
            "node:22",
            "arm/v6",
            id="old podman",
        ),
        pytest.param(
            'Error: selecting image from manifest list in "docker://ghcr.io/a/b:40": no image '
            'found in image index for architecture "amd64", variant "", OS "linux"',
            "ghcr.io/a/b:40",
            "amd64",
            id="podman manifest",
        ),
        pytest.param(f"node:22 {NO_MANIFEST}", "node:22", "arm64", id="image in front"),
        pytest.param(
            "node:22 arm64 no match for platform in manifest: not found",
            "node:22",
            "arm64",
            id="image and platform in front",
        ),
        pytest.param(
            "arm64 node:22: no match for platform in manifest",
            "node:22",
            "arm64",
            id="platform in front",
        ),
        pytest.param(
            "docker: no match for platform in manifest: not found.\nimage: node:22",
            "node:22",
            "",
            id="the tool in front",
        ),
        pytest.param("node:22 exec format error", "node:22", "", id="exec format error"),
    ],
)
def test_an_error_message_names_the_image_and_the_missing_platform(
    text: str, image: str, platforms: str
) -> None:
    assert_watches(text, image, platforms)


@pytest.mark.parametrize(
    ("text", "platforms"),
    [
        pytest.param(NO_MANIFEST, (ARM64,), id="docker"),
        pytest.param(f"[+] Running 0/1\n db Pulling\n{NO_MANIFEST}", (ARM64,), id="compose"),
        pytest.param(HOST_WARNING.replace("'", "’"), (ARM64,), id="warning"),  # noqa: RUF001
        pytest.param(f"arm64 {NO_MANIFEST}", (ARM64,), id="platform in front"),
        pytest.param("no match for platform in manifest: not found", (), id="containerd"),
        pytest.param("exec /usr/bin/x: exec format error", (), id="exec format error"),
        pytest.param(
            "standard_init_linux.go:228: exec user process caused: exec format error",
            (),
            id="old exec format error",
        ),
    ],
)
def test_an_error_without_an_image_is_said_to_lack_one(
    text: str, platforms: tuple[Platform, ...]
) -> None:
    expected = Misunderstood(Misunderstanding.PLATFORM_WITHOUT_IMAGE, platforms=platforms)

    assert parse_command(text) == expected
    assert parse_command(f"/watch {text}") == expected
    assert parse_command(f"/why {text}") == expected


def test_other_trouble_without_an_image_is_prose() -> None:
    command = parse_command("Error response from daemon: conflict")

    assert isinstance(command, Misunderstood)
    assert command.reason is Misunderstanding.UNKNOWN_VERB


def test_an_error_message_can_be_used_to_stop_watching() -> None:
    command = parse_command(f"/unwatch 22: Pulling from library/node\n{NO_MANIFEST}")

    assert command == Unwatch(parse_reference("node:22"), platforms=(ARM64,))
