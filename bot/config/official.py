"""Whether and where docker-library's own files are read."""

from pydantic import model_validator

from bot.config.section import BaseUrl, Section, is_private_url


class Official(Section):
    """What docker-library publishes about Docker's official images."""

    enabled: bool = True
    built_alerts: bool = True
    library_url: BaseUrl = (
        "https://raw.githubusercontent.com/docker-library/official-images/master/library"
    )
    dockerfile_url: BaseUrl = "https://raw.githubusercontent.com"
    build_records: bool = False
    build_records_url: BaseUrl = "https://raw.githubusercontent.com/docker-library/meta/main"
    github_api_url: BaseUrl | None = None
    allow_private: bool = False

    @model_validator(mode="after")
    def _makes_sense(self) -> "Official":
        private = [
            f"`{name}`: a private address, or http://, needs `allow_private = true`"
            for name in ("library_url", "dockerfile_url", "build_records_url", "github_api_url")
            if self._is_private(name) and not self.allow_private
        ]
        if private:
            raise ValueError("; ".join(private))
        return self

    def _is_private(self, name: str) -> bool:
        url: str | None = getattr(self, name)
        return url is not None and is_private_url(url)
