"""The app manifest: what to paste when the app is created at Slack.

Source: Slack's "App manifest reference".
"""

from typing import Any

MAX_COMMAND_CHARACTERS = 32


def app_manifest(*, prefix: str = "", request_url: str | None = None) -> dict[str, Any]:
    """The manifest; prefix goes before every command's name: /team-watch.

    request_url: where Slack posts to the bot's own server; None means Socket Mode.
    """
    address = {"url": request_url} if request_url else {}
    commands = [
        (
            "watch",
            "Tell me when an image's missing architecture can be pulled",
            "node:22-slim arm64",
        ),
        ("unwatch", "Stop waiting", "#7, an image, or all"),
        ("archbell", "Everything else: list, check, why, mute, status, help", "help"),
    ]
    return {
        "display_information": {
            "name": "Archbell",
            "description": "Tells you when the missing architecture of an image can be pulled.",
            "background_color": "#1d3557",
        },
        "features": {
            "app_home": {"messages_tab_enabled": True, "messages_tab_read_only_enabled": False},
            "bot_user": {"display_name": "archbell", "always_online": True},
            "slash_commands": [
                {
                    "command": command_name(name, prefix),
                    "description": description,
                    "usage_hint": hint,
                    "should_escape": False,
                    **address,
                }
                for name, description, hint in commands
            ],
        },
        "oauth_config": {
            "scopes": {
                "bot": ["commands", "chat:write", "app_mentions:read", "im:history", "im:write"],
                "bot_optional": ["channels:history", "groups:history"],
            }
        },
        "settings": {
            "event_subscriptions": {
                "bot_events": ["app_mention", "message.im"],
                **({"request_url": request_url} if request_url else {}),
            },
            "interactivity": {
                "is_enabled": True,
                **({"request_url": request_url} if request_url else {}),
            },
            "org_deploy_enabled": False,
            "socket_mode_enabled": request_url is None,
            "token_rotation_enabled": False,
        },
    }


def command_name(name: str, prefix: str) -> str:
    """The slash command, as Slack shows it."""
    return f"/{prefix}{name}"[:MAX_COMMAND_CHARACTERS]


def spelling(prefix: str) -> dict[str, str]:
    """What people type for each verb: only two have a command of their own."""
    own = ("watch", "unwatch")
    others = ("list", "check", "why", "mute", "unmute", "status", "help", "settings")
    umbrella = command_name("archbell", prefix)
    return {verb: command_name(verb, prefix) for verb in own} | {
        verb: f"{umbrella} {verb}" for verb in others
    }
