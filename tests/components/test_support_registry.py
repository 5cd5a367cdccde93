"""The docker-registry as a process: its log, its end, its copies and its push events."""

import asyncio
import os
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from tests.support.docker_registry import DockerRegistry, StartRegistry
from tests.support.images import delete_manifest, push_image
from tests.support.plain_client import ask_manifest
from tests.support.registry_settings import Notify

NODE = "library/node"


async def test_a_pull_through_cache_serves_the_image_of_its_upstream(
    docker_registry_factory: StartRegistry,
) -> None:
    upstream = await docker_registry_factory()
    mirror = await docker_registry_factory(proxy_of=upstream.url)
    pushed = await push_image(upstream.url, NODE, "22", ["linux/amd64"])
    upstream.clear_requests()

    mirrored = await ask_manifest(mirror.url, NODE, "22")

    assert mirrored.digest == pushed.digest
    assert f"HEAD /v2/{NODE}/manifests/22" in upstream.requests()


async def test_the_access_log_lists_exactly_the_requests_made(
    docker_registry_factory: StartRegistry,
) -> None:
    registry = await docker_registry_factory()
    assert registry.requests() == []
    pushed = await push_image(registry.url, NODE, "22", ["linux/amd64"])
    registry.clear_requests()

    await ask_manifest(registry.url, NODE, "22", method="HEAD")
    await ask_manifest(registry.url, NODE, pushed.digest)
    await ask_manifest(registry.url, NODE, "23", method="HEAD")

    assert registry.answers() == [
        (f"HEAD /v2/{NODE}/manifests/22", 200),
        (f"GET /v2/{NODE}/manifests/{pushed.digest}", 200),
        (f"HEAD /v2/{NODE}/manifests/23", 404),
    ]


async def test_waiting_for_a_request_ends_when_it_has_come_often_enough(
    docker_registry_factory: StartRegistry,
) -> None:
    registry = await docker_registry_factory()
    head = f"HEAD /v2/{NODE}/manifests/22"

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(registry.wait_for_request(head, count=2))
        await ask_manifest(registry.url, NODE, "22", method="HEAD")
        assert not waiting.done()
        await ask_manifest(registry.url, NODE, "22", method="HEAD")

    with pytest.raises(AssertionError, match="Not 3 times"):
        await registry.wait_for_request(head, count=3, timeout_s=0.05)


async def test_a_registry_comes_back_on_its_port_with_its_images(
    docker_registry_factory: StartRegistry,
) -> None:
    registry = await docker_registry_factory()
    pushed = await push_image(registry.url, NODE, "22", ["linux/amd64"])
    host = registry.host

    await registry.stop()
    with pytest.raises(aiohttp.ClientConnectionError):
        await ask_manifest(registry.url, NODE, "22")
    await registry.start()

    assert registry.host == host
    assert registry.requests() == []
    assert (await ask_manifest(registry.url, NODE, "22")).digest == pushed.digest


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_no_process_is_left_when_a_registry_ends(tmp_path: Path, end: str) -> None:
    async with DockerRegistry(tmp_path / "registry") as registry:
        pid = registry.pid
        assert pid is not None

        if end == "kill":
            registry.kill()
        await registry.stop()

        assert registry.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_registry_that_cannot_start_says_why(tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:1"

    with pytest.raises(AssertionError, match="docker-registry ended with"):
        async with DockerRegistry(tmp_path / "registry", proxy_of=nowhere):
            pass


async def test_settings_in_the_environment_do_not_reach_the_registry(
    docker_registry_factory: StartRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_STORAGE_DELETE_ENABLED", "false")

    registry = await docker_registry_factory()
    pushed = await push_image(registry.url, NODE, "22", ["linux/amd64"])
    await delete_manifest(registry.url, NODE, pushed.digest)

    assert (await ask_manifest(registry.url, NODE, "22")).status == 404


async def test_a_push_is_notified_with_its_tag_and_digest(
    docker_registry_factory: StartRegistry,
) -> None:
    received: asyncio.Queue[tuple[str, dict[str, object]]] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        for event in (await request.json())["events"]:
            received.put_nowait((request.headers["Authorization"], event["target"]))
        return web.Response()

    app = web.Application()
    app.router.add_post("/hooks", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"
    registry = await docker_registry_factory(notify=Notify(url, {"Authorization": "Bearer x"}))

    pushed = await push_image(registry.url, NODE, "22", ["linux/amd64"])
    events = [await received.get() for _ in range(2)]
    await runner.cleanup()

    (_, child), (authorization, index) = events
    assert authorization == "Bearer x"
    assert child["digest"] == pushed.children["linux/amd64"]
    assert (index["tag"], index["digest"]) == ("22", pushed.digest)
