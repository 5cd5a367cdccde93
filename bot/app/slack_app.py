"""What Slack is told of the bot before there is a token."""


def slack_manifest(*, prefix: str, request_url: str | None) -> str:
    """The app manifest as YAML; without a request_url for Socket Mode."""
    import yaml

    from bot.chat.slack.manifest import app_manifest

    manifest = app_manifest(prefix=prefix, request_url=request_url)
    return yaml.safe_dump(manifest, sort_keys=False, allow_unicode=True, width=100)
