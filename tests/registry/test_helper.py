"""The protocol of credential helpers, spoken with a program of the test's own."""

import asyncio
import os
from pathlib import Path

import pytest

from bot.registry.credentials import Credential, Kind
from bot.registry.helper import MAX_ANSWER_BYTES, HelperTrouble, ask_helper
from tests.support.credential_helper import CredentialHelper

SERVER = "registry.test:5000"
CANARY = "canary-secret"


@pytest.fixture
def helper(tmp_path: Path) -> CredentialHelper:
    return CredentialHelper(tmp_path / "bin", "vault")


async def ask(helper: CredentialHelper, *, timeout_s: float = 10) -> Credential | None:
    environment = {"PATH": str(helper.folder)}
    return await ask_helper("vault", SERVER, environment=environment, timeout_s=timeout_s)


async def test_a_helper_is_asked_on_its_standard_input(helper: CredentialHelper) -> None:
    helper.keeps(SERVER, "robot", CANARY)

    login = await ask(helper)

    assert login is not None
    assert (login.kind, login.user) == (Kind.PASSWORD, "robot")
    assert login.secret.reveal() == CANARY
    assert login.source == "docker-credential-vault"
    assert helper.calls == [SERVER]


async def test_the_user_token_means_an_identity_token(helper: CredentialHelper) -> None:
    helper.keeps(SERVER, "<token>", CANARY)

    login = await ask(helper)

    assert login is not None
    assert login.kind is Kind.IDENTITY_TOKEN


async def test_a_helper_that_knows_no_login_means_none(helper: CredentialHelper) -> None:
    assert await ask(helper) is None


async def test_an_empty_secret_means_none(helper: CredentialHelper) -> None:
    helper.keeps(SERVER, "", "")

    assert await ask(helper) is None


@pytest.mark.parametrize(
    ("output", "code", "sentence"),
    [
        pytest.param(CANARY, 1, "failed with exit code 1", id="another-failure"),
        pytest.param(CANARY, 0, "cannot be understood", id="not-json"),
        pytest.param("[]", 0, "cannot be understood", id="not-an-object"),
        pytest.param('{"Username": "robot"}', 0, "cannot be understood", id="no-secret"),
        pytest.param('{"Username": 1, "Secret": "x"}', 0, "cannot be understood", id="no-user"),
        pytest.param(CANARY * MAX_ANSWER_BYTES, 0, "more than 65536 bytes", id="endless"),
    ],
)
async def test_anything_else_is_one_sentence_without_what_it_said(
    helper: CredentialHelper, output: str, code: int, sentence: str
) -> None:
    helper.says(SERVER, output, code=code)

    with pytest.raises(HelperTrouble, match=sentence) as caught:
        await ask(helper)

    assert str(caught.value).startswith("docker-credential-vault ")
    assert CANARY not in repr(caught.value)


async def test_a_helper_that_hangs_is_ended_with_all_it_has_started(
    helper: CredentialHelper,
) -> None:
    helper.hangs(SERVER)

    with pytest.raises(HelperTrouble, match="did not answer within 4 s"):
        await ask(helper, timeout_s=4)

    async with asyncio.timeout(30):
        while not _is_gone(helper.child):  # noqa: ASYNC110  not our process
            await asyncio.sleep(0.01)


async def test_a_helper_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(HelperTrouble, match="docker-credential-vault is not installed"):
        await ask_helper("vault", SERVER, environment={"PATH": str(tmp_path)})


async def test_a_helper_that_may_not_be_run_is_named(helper: CredentialHelper) -> None:
    (helper.folder / "docker-credential-vault").write_text("#!/no/such/interpreter")

    with pytest.raises(HelperTrouble, match="docker-credential-vault cannot be run"):
        await ask(helper)


async def test_a_daemon_that_a_helper_leaves_behind_holds_nobody_up(
    helper: CredentialHelper,
) -> None:
    program = helper.folder / "docker-credential-vault"
    program.write_text('#!/bin/sh\nsleep 8 &\nprintf \'{"Username":"u","Secret":"s"}\'\n')

    login = await ask_helper(
        "vault", SERVER, environment={"PATH": f"{helper.folder}:/bin"}, timeout_s=4
    )

    assert login is not None


async def test_a_helper_that_does_not_read_is_heard(helper: CredentialHelper) -> None:
    program = helper.folder / "docker-credential-vault"
    program.write_text('#!/bin/sh\nexec <&-\nprintf \'{"Username":"u","Secret":"s"}\'\n')

    login = await ask(helper)

    assert login is not None
    assert login.user == "u"


def _is_gone(pid: int) -> bool:
    """Ended, or a zombie that its new parent has not yet noticed."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return True
    return state == "Z"
