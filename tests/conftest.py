"""What every test gets: no way off this machine, bounded properties, real registries on request."""

import os
from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from tests.support import undisturbed
from tests.support.canaries import pytest_runtest_makereport
from tests.support.docker_registry import StartRegistry, docker_registries
from tests.support.loopback import only_loopback
from tests.support.postgres import PostgresServer, postgres_server

__all__ = ["pytest_runtest_makereport"]  # a hook, for pytest to find here

# How fast examples come says nothing on machines that others use at the same time.
settings.register_profile(
    "archbell",
    deadline=None,
    max_examples=100,
    derandomize="CI" in os.environ,
    database=None if "CI" in os.environ else settings().database,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("archbell")

# Tests, and the processes they start, never see the logins of whoever runs them.
os.environ["DOCKER_CONFIG"] = f"{__file__}.no-docker-here"


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(undisturbed)


@pytest.fixture(autouse=True)
def _only_loopback() -> Iterator[None]:
    """A test that tries to leave the loopback interface fails."""
    with only_loopback():
        yield


@pytest.fixture
async def docker_registry_factory(
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[StartRegistry]:
    """Starts real docker-registry processes, each with its own storage; all end with the test."""
    async with docker_registries(tmp_path_factory.mktemp("registries")) as start:
        yield start


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL server for all tests, which make their own databases in it."""
    with postgres_server() as server:
        yield server
