"""Asks the programs in which docker keeps logins: docker-credential-NAME.

Source: docker-credential-helpers, README, "Development": the protocol of `get`.
"""

import asyncio
import json
import os
import shutil
import signal
from collections.abc import Mapping
from contextlib import suppress
from typing import cast

from bot.registry.credentials import Credential, password

TIMEOUT_S = 10.0
LINGER_S = 0.5
"""How long the rest of an answer is waited for when the helper has left somebody holding its pipe:
some start a daemon that keeps keys unlocked."""
MAX_ANSWER_BYTES = 64 * 1024
_NONE_THERE = "credentials not found in native keychain"


class HelperTrouble(Exception):
    """A helper gave no answer that can be used; the sentence holds nothing of what it said."""


async def ask_helper(
    name: str, server: str, *, environment: Mapping[str, str], timeout_s: float = TIMEOUT_S
) -> Credential | None:
    """The login that a helper keeps for a server; None if it has none. Raises HelperTrouble.

    environment: of the program; PATH in it says where the program is looked for.
    """
    program = f"docker-credential-{name}"
    path = shutil.which(program, path=environment.get("PATH", os.defpath))
    if path is None:
        raise HelperTrouble(f"{program} is not installed, or is not on PATH")
    said = _Said()
    try:
        transport, _ = await asyncio.get_running_loop().subprocess_exec(
            lambda: said,
            path,
            "get",
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(environment),
            start_new_session=True,
        )
    except OSError:
        raise HelperTrouble(f"{program} cannot be run") from None
    try:
        stdin = cast("asyncio.WriteTransport", transport.get_pipe_transport(0))
        stdin.write(server.encode())
        stdin.write_eof()
        async with asyncio.timeout(timeout_s):
            await said.all.wait()
        code = transport.get_returncode()
    except TimeoutError:
        raise HelperTrouble(f"{program} did not answer within {timeout_s:g} s") from None
    finally:
        await _end(transport, said)
    return _answer_in(bytes(said.text), code, program)


class _Said(asyncio.SubprocessProtocol):
    """What a program writes; all is set when it has ended, or has written too much."""

    def __init__(self) -> None:
        self.text = bytearray()
        self.all = asyncio.Event()
        self.closed = asyncio.Event()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        if fd == 1:
            self.text += data
        if len(self.text) > MAX_ANSWER_BYTES:
            self.all.set()

    def process_exited(self) -> None:
        asyncio.get_running_loop().call_later(LINGER_S, self.all.set)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio's protocol)
        self.all.set()
        self.closed.set()


async def _end(transport: asyncio.SubprocessTransport, said: _Said) -> None:
    """Leave nothing of it behind, nor of what it has started."""
    if transport.get_returncode() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(transport.get_pid(), signal.SIGKILL)
    transport.close()
    await said.closed.wait()


def _answer_in(answer: bytes, code: int | None, program: str) -> Credential | None:
    if len(answer) > MAX_ANSWER_BYTES:
        raise HelperTrouble(f"{program} answered more than {MAX_ANSWER_BYTES} bytes")
    if code != 0:
        if answer.decode(errors="replace").strip() == _NONE_THERE:
            return None
        raise HelperTrouble(f"{program} failed with exit code {code}")
    return _login_in(answer, program)


def _login_in(answer: bytes, program: str) -> Credential | None:
    try:
        fields = json.loads(answer)
    except (ValueError, RecursionError):
        fields = None
    user = fields.get("Username") if isinstance(fields, dict) else None
    secret = fields.get("Secret") if isinstance(fields, dict) else None
    if not isinstance(user, str) or not isinstance(secret, str):
        raise HelperTrouble(f"{program} gave an answer that cannot be understood")
    return password(user, secret, source=program) if secret else None
