"""Which logins there are besides those of [[registry]] blocks, and what each login is for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.config import Settings
from bot.core.access import LoginScope, Permits
from bot.core.errors import ConfigurationError
from bot.log import Log
from bot.ports.surroundings import Clock
from bot.registry.docker_config import DockerConfig, MalformedDockerConfig, parse_docker_config
from bot.registry.docker_keys import DockerKeys

OWN_VARIABLES = "ARCHBELL_"
"""Variables that a credential helper is not given: they may hold secrets of ours."""

log = Log(__name__)


@dataclass(frozen=True, slots=True)
class Logins:
    """keys: docker's logins, None where they are not read. permits: what all logins are for."""

    keys: DockerKeys | None
    permits: Permits


def logins_of(
    settings: Settings, *, by_operator: bool, environ: Mapping[str, str], clock: Clock
) -> Logins:
    """The logins for what an operator types on the command line, or for the bot.

    The bot fetches docker's logins only for registries that a [[registry]] block or docker's
    config.json names: a helper is not run for whatever host somebody types into a chat.
    Raises ConfigurationError.
    """
    docker = _docker_config(settings, by_operator=by_operator, environ=environ)
    blocks = {block.host: block for block in settings.registry}
    scopes = {
        host: LoginScope(block.repositories, frozenset(block.places))
        for host, block in blocks.items()
        if block.username is not None or (docker is not None and docker.may_keep(host))
    }
    if docker is None:
        return Logins(None, Permits(scopes))
    named = docker.named | blocks.keys()
    others = {host: LoginScope() for host in docker.named - blocks.keys() if docker.may_keep(host)}
    keys = DockerKeys(
        docker,
        registries=None if by_operator else named,
        environment={
            name: text for name, text in environ.items() if not name.startswith(OWN_VARIABLES)
        },
        clock=clock,
    )
    return Logins(keys, Permits(scopes | others, LoginScope() if by_operator else None))


def _docker_config(
    settings: Settings, *, by_operator: bool, environ: Mapping[str, str]
) -> DockerConfig | None:
    wanted = settings.network.docker_config
    if wanted is False or (wanted is None and not by_operator):
        return None
    path = _path(settings, environ)
    try:
        return parse_docker_config(path.read_bytes(), source=str(path))
    except FileNotFoundError:
        trouble = f"{path}: there is no such file"
        if wanted is None:
            return None
    except OSError as error:
        trouble = f"{path}: cannot be read: {error.strerror}"
    except MalformedDockerConfig as error:
        trouble = str(error)
    if wanted is None:
        # Nobody asked for it: what needs no login works without.
        log.warning("docker_config_ignored", trouble=trouble)
        return None
    raise ConfigurationError((f"`network`, `docker_config`: {trouble}",))


def _path(settings: Settings, environ: Mapping[str, str]) -> Path:
    """Where docker itself keeps it, unless a path is configured."""
    wanted = settings.network.docker_config
    if isinstance(wanted, Path):
        return settings.folder / wanted.expanduser()
    folder = environ.get("DOCKER_CONFIG")
    return (Path(folder) if folder else Path.home() / ".docker") / "config.json"
