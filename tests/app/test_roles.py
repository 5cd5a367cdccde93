import pytest

from bot.app.roles import ALL_ROLES, Role, names_of, parse_roles
from bot.core.errors import InvalidInput


@pytest.mark.parametrize(
    ("words", "roles"),
    [
        pytest.param([], ALL_ROLES, id="nothing said"),
        pytest.param(["looks"], {Role.LOOKS}, id="one"),
        pytest.param(["looks,delivery"], {Role.LOOKS, Role.DELIVERY}, id="commas"),
        pytest.param(["looks", "web"], {Role.LOOKS, Role.WEB}, id="repeated"),
        pytest.param([" Chats , commands,"], {Role.CHATS, Role.COMMANDS}, id="blanks and case"),
    ],
)
def test_roles_are_named_apart_or_together(words: list[str], roles: set[Role]) -> None:
    assert parse_roles(words) == roles


@pytest.mark.parametrize("words", [["lokks"], ["looks,nothing"], [","], [""]])
def test_what_is_no_role_is_refused_with_all_that_are(words: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_roles(words)

    assert all(role.value in str(caught.value) for role in Role)


def test_names_are_in_the_order_of_the_help() -> None:
    assert names_of(frozenset({Role.WEB, Role.LOOKS})) == ["looks", "web"]
