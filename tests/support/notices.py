"""What each registry posts when a tag is pushed, in the forms that their documents give."""

import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from bot.core.pushed import Sender

DIGEST = "sha256:" + "5" * 64
OTHER_DIGEST = "sha256:" + "6" * 64
HOST = "registry.example.com:5000"

DISTRIBUTION: dict[str, Any] = {
    "events": [
        {
            "id": "320678d8-ca14-430f-8bb6-4ca139cd83f7",
            "timestamp": "2026-03-09T14:44:26.402973972Z",
            "action": "push",
            "target": {
                "mediaType": "application/vnd.oci.image.index.v1+json",
                "size": 708,
                "digest": DIGEST,
                "length": 708,
                "repository": "team/app",
                "url": f"http://{HOST}/v2/team/app/manifests/{DIGEST}",
                "tag": "1.2",
            },
            "request": {
                "id": "6df24a34-0959-4923-81ca-14f09767db19",
                "addr": "192.168.64.11:42961",
                "host": HOST,
                "method": "PUT",
                "useragent": "skopeo/1.9",
            },
            "actor": {"name": "ci"},
            "source": {"addr": "xtal.local:5000", "instanceID": "a53db899-3b4b-4a62"},
        }
    ]
}
"""With the version 3 of the registry, `references` says which platforms there are."""

DISTRIBUTION_3 = deepcopy(DISTRIBUTION)
DISTRIBUTION_3["events"][0]["target"]["references"] = [
    {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "digest": OTHER_DIGEST,
        "size": 482,
        "platform": {"architecture": "arm64", "os": "linux"},
    }
]

AZURE: dict[str, Any] = {
    "id": "cb8c3971-9adc-488b-xxxx-43cbb4974ff5",
    "timestamp": "2026-11-17T16:52:01.343145347Z",
    "action": "push",
    "target": {
        "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
        "size": 524,
        "digest": DIGEST,
        "length": 524,
        "repository": "team/app",
        "tag": "1.2",
    },
    "request": {"id": "3cbb6949", "host": "registry.azurecr.example", "method": "PUT"},
}

DOCKER_HUB: dict[str, Any] = {
    "callback_url": "https://registry.hub.docker.com/u/team/app/hook/2141b5bi5i5b02bec211i4eeih0/",
    "push_data": {"pushed_at": 1772000000, "pusher": "ci", "tag": "1.2"},
    "repository": {
        "comment_count": 0,
        "date_created": 1417494799,
        "description": "",
        "is_official": False,
        "is_private": True,
        "is_trusted": True,
        "name": "app",
        "namespace": "team",
        "owner": "team",
        "repo_name": "team/app",
        "repo_url": "https://registry.hub.docker.com/u/team/app/",
        "star_count": 0,
        "status": "Active",
    },
}

GITHUB: dict[str, Any] = {
    "action": "published",
    "package": {
        "id": 10696,
        "name": "app",
        "namespace": "Team",
        "description": "",
        "ecosystem": "CONTAINER",
        "package_type": "CONTAINER",
        "html_url": "https://github.com/Team/packages/10696",
        "owner": {"login": "Team", "id": 21031067},
        "package_version": {
            "id": 57755791,
            "version": DIGEST,
            "name": DIGEST,
            "target_commitish": "main",
            "container_metadata": {
                "tag": {"name": "1.2", "digest": DIGEST},
                "labels": {"source": "https://github.com/Team/app"},
                "manifest": {"digest": DIGEST, "media_type": "", "size": 1782},
            },
            "package_files": [],
            "installation_command": "docker pull ghcr.io/Team/app:1.2",
            "package_url": "ghcr.io/Team/app:1.2",
        },
        "registry": {"name": "GitHub CONTAINER registry", "type": "CONTAINER"},
    },
    "repository": {"id": 185882436, "name": "app", "full_name": "Team/app"},
    "sender": {"login": "Ada"},
}
GITHUB_REGISTRY: dict[str, Any] = {
    ("registry_package" if key == "package" else key): part for key, part in GITHUB.items()
}

HARBOR: dict[str, Any] = {
    "type": "PUSH_ARTIFACT",
    "occur_at": 1772000000,
    "operator": "ci",
    "event_data": {
        "resources": [
            {"digest": DIGEST, "tag": "1.2", "resource_url": "harbor.internal/team/app:1.2"}
        ],
        "repository": {
            "date_created": 1680501893,
            "name": "app",
            "namespace": "team",
            "repo_full_name": "team/app",
            "repo_type": "private",
        },
    },
}
HARBOR_CLOUD_EVENT: dict[str, Any] = {
    "specversion": "1.0",
    "id": "66e18103-09c1-41f6-982f-37df223f3eeb",
    "requestid": "51c0b694-0168-4f3c-b0db-282565455d7b",
    "source": "/projects/2/webhook/policies/15",
    "type": "harbor.artifact.pushed",
    "datacontenttype": "application/json",
    "time": "2026-04-03T06:04:46Z",
    "data": HARBOR["event_data"],
    "operator": "ci",
}

QUAY: dict[str, Any] = {
    "name": "app",
    "repository": "team/app",
    "namespace": "team",
    "docker_url": "quay.io/team/app",
    "homepage": "https://quay.io/repository/team/app",
    "updated_tags": ["1.2"],
}
QUAY_OLDER: dict[str, Any] = QUAY | {"updated_tags": {"1.2": "b750fe79269d2ec9"}}

GENERIC: dict[str, Any] = {"image": f"{HOST}/team/app:1.2", "digest": DIGEST, "id": "build-77"}
GENERIC_APART: dict[str, Any] = {"repository": "team/app", "tag": "1.2", "digest": DIGEST}

EXAMPLES: Mapping[Sender, dict[str, Any]] = {
    Sender.DISTRIBUTION: DISTRIBUTION,
    Sender.DOCKER_HUB: DOCKER_HUB,
    Sender.GITHUB: GITHUB,
    Sender.HARBOR: HARBOR,
    Sender.QUAY: QUAY,
    Sender.GENERIC: GENERIC,
}


def as_body(document: object) -> bytes:
    return json.dumps(document).encode()
