import json

from bot.chat.slack.manifest import app_manifest, spelling


def test_with_socket_mode_nothing_needs_an_address() -> None:
    manifest = app_manifest()

    assert "url" not in json.dumps(manifest)
    assert manifest["settings"]["socket_mode_enabled"]
    assert [command["command"] for command in manifest["features"]["slash_commands"]] == [
        "/watch",
        "/unwatch",
        "/archbell",
    ]


def test_a_prefix_goes_before_every_command_and_into_every_help() -> None:
    manifest = app_manifest(prefix="team-")

    commands = [command["command"] for command in manifest["features"]["slash_commands"]]
    assert commands == ["/team-watch", "/team-unwatch", "/team-archbell"]
    assert spelling("team-")["list"] == "/team-archbell list"
    assert spelling("team-")["watch"] == "/team-watch"


def test_with_an_own_server_everything_is_posted_there() -> None:
    manifest = app_manifest(request_url="https://bot.example/slack")

    assert not manifest["settings"]["socket_mode_enabled"]
    assert json.dumps(manifest).count("https://bot.example/slack") == 5


def test_slacks_limits_are_kept() -> None:
    manifest = app_manifest(prefix="a-rather-long-prefix-")

    for command in manifest["features"]["slash_commands"]:
        assert len(command["command"]) <= 32
        assert len(command["description"]) <= 2000
    assert len(manifest["display_information"]["description"]) <= 140
