"""What a docker-registry is told at its start: who may use it, what it mirrors, whom it tells."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import bcrypt


@dataclass(frozen=True, slots=True)
class Login:
    """A user and a password."""

    user: str
    password: str

    @property
    def authorization(self) -> str:
        """As the value of an Authorization header."""
        pair = f"{self.user}:{self.password}".encode()
        return f"Basic {base64.b64encode(pair).decode()}"


@dataclass(frozen=True, slots=True)
class TokenAuth:
    """Which token server the registry trusts; realm is its URL as clients shall use it."""

    realm: str
    service: str
    issuer: str
    certificates_pem: bytes


@dataclass(frozen=True, slots=True)
class Notify:
    """Where the registry sends its push events, and with which headers."""

    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Settings:
    """All that differs between the registries of the tests."""

    auth: Login | TokenAuth | None = None
    proxy_of: str | None = None
    notify: Notify | None = None

    def write(self, folder: Path, *, port: int) -> Path:
        """Path of the configuration (JSON is YAML), beside which everything it names lies.

        Port 0 leaves the choice to the kernel.
        """
        content: dict[str, object] = {
            "version": "0.1",
            "log": {"level": "info", "formatter": "json", "accesslog": {"disabled": False}},
            "storage": {
                "filesystem": {"rootdirectory": str(folder / "storage")},
                "delete": {"enabled": True},
                "maintenance": {"uploadpurging": {"enabled": False}},
            },
            "http": {"addr": f"127.0.0.1:{port}", "secret": "the same for every test"},
        }
        if self.auth is not None:
            content["auth"] = _auth(self.auth, folder)
        if self.proxy_of is not None:
            content["proxy"] = {"remoteurl": self.proxy_of}
        if self.notify is not None:
            content["notifications"] = {"endpoints": [_endpoint(self.notify)]}
        path = folder / "config.yml"
        path.write_text(json.dumps(content, indent=1))
        return path


def _auth(auth: Login | TokenAuth, folder: Path) -> dict[str, object]:
    """The password's hash is a cheap one: it is no secret."""
    if isinstance(auth, Login):
        path = folder / "htpasswd"
        hashed = bcrypt.hashpw(auth.password.encode(), bcrypt.gensalt(rounds=4)).decode()
        path.write_text(f"{auth.user}:{hashed}\n")
        return {"htpasswd": {"realm": "Registry Realm", "path": str(path)}}
    bundle = folder / "certificates.pem"
    bundle.write_bytes(auth.certificates_pem)
    return {
        "token": {
            "realm": auth.realm,
            "service": auth.service,
            "issuer": auth.issuer,
            "rootcertbundle": str(bundle),
        }
    }


def _endpoint(notify: Notify) -> dict[str, object]:
    """ignore.actions works in 2.8.2 only together with a media type."""
    return {
        "name": "archbell",
        "url": notify.url,
        "headers": {name: [text] for name, text in notify.headers.items()},
        "timeout": "2s",
        "threshold": 5,
        "backoff": "200ms",
        "ignore": {"actions": ["pull"], "mediatypes": ["application/octet-stream"]},
    }
