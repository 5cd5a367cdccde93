"""What registries post, understood."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.errors import MalformedEvent
from bot.core.pushed import MAX_EVENTS, USUAL_REGISTRY, Notice, Pushed, Sender, read_notice
from bot.core.reference import Reference, is_repository, is_tag
from tests.support.notices import (
    AZURE,
    DIGEST,
    DISTRIBUTION,
    DISTRIBUTION_3,
    DOCKER_HUB,
    EXAMPLES,
    GENERIC,
    GENERIC_APART,
    GITHUB,
    GITHUB_REGISTRY,
    HARBOR,
    HARBOR_CLOUD_EVENT,
    HOST,
    OTHER_DIGEST,
    QUAY,
    QUAY_OLDER,
    as_body,
)

CAP_BYTES = 100_000


def read(
    sender: Sender, document: object, *, registry: str | None = HOST, event_type: str = "package"
) -> Notice:
    return read_notice(
        sender, as_body(document), registry=registry, event_type=event_type, cap_bytes=CAP_BYTES
    )


def changed(document: dict[str, Any], *path: str | int, to: object) -> dict[str, Any]:
    """The document with something else at the end of the path."""
    copy = deepcopy(document)
    place: Any = copy
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return copy


@pytest.mark.parametrize(
    ("sender", "document", "event_type", "digest", "event"),
    [
        pytest.param(
            Sender.DISTRIBUTION,
            DISTRIBUTION,
            "",
            DIGEST,
            "320678d8-ca14-430f-8bb6-4ca139cd83f7",
            id="distribution 2.8",
        ),
        pytest.param(
            Sender.DISTRIBUTION,
            DISTRIBUTION_3,
            "",
            DIGEST,
            "320678d8-ca14-430f-8bb6-4ca139cd83f7",
            id="distribution 3",
        ),
        pytest.param(
            Sender.DISTRIBUTION,
            AZURE,
            "",
            DIGEST,
            "cb8c3971-9adc-488b-xxxx-43cbb4974ff5",
            id="azure",
        ),
        pytest.param(Sender.DOCKER_HUB, DOCKER_HUB, "", None, None, id="docker hub"),
        pytest.param(Sender.GITHUB, GITHUB, "package", DIGEST, None, id="github"),
        pytest.param(
            Sender.GITHUB, GITHUB_REGISTRY, "registry_package", DIGEST, None, id="github, older"
        ),
        pytest.param(Sender.HARBOR, HARBOR, "", DIGEST, None, id="harbor"),
        pytest.param(
            Sender.HARBOR,
            HARBOR_CLOUD_EVENT,
            "",
            DIGEST,
            "66e18103-09c1-41f6-982f-37df223f3eeb",
            id="harbor, cloud events",
        ),
        pytest.param(Sender.QUAY, QUAY, "", None, None, id="quay"),
        pytest.param(Sender.QUAY, QUAY_OLDER, "", None, None, id="quay, older"),
        pytest.param(Sender.GENERIC, GENERIC, "", DIGEST, "build-77", id="generic"),
        pytest.param(Sender.GENERIC, GENERIC_APART, "", DIGEST, None, id="generic, apart"),
    ],
)
def test_a_push_is_read_as_it_is_documented(
    sender: Sender,
    document: dict[str, Any],
    event_type: str,
    digest: str | None,
    event: str | None,
) -> None:
    notice = read(sender, document, event_type=event_type)

    assert notice == Notice((Pushed(Reference(HOST, "team/app", "1.2"), digest, event),), 0)


@pytest.mark.parametrize(
    ("sender", "document"),
    [
        pytest.param(
            Sender.DISTRIBUTION, changed(DISTRIBUTION, "events", 0, "action", to="pull"), id="pull"
        ),
        pytest.param(
            Sender.DISTRIBUTION,
            changed(DISTRIBUTION, "events", 0, "action", to=["push"]),
            id="no action",
        ),
        pytest.param(
            Sender.DISTRIBUTION, changed(DISTRIBUTION, "events", 0, "target", to=7), id="no target"
        ),
        pytest.param(
            Sender.DISTRIBUTION,
            changed(DISTRIBUTION, "events", 0, "target", "tag", to=""),
            id="a layer, or a platform by digest",
        ),
        pytest.param(
            Sender.DISTRIBUTION,
            changed(DISTRIBUTION, "events", 0, "target", "tag", to="../x"),
            id="no possible tag",
        ),
        pytest.param(
            Sender.DISTRIBUTION,
            changed(DISTRIBUTION, "events", 0, "target", "repository", to="Team/App"),
            id="no possible repository",
        ),
        pytest.param(Sender.GITHUB, changed(GITHUB, "action", to="deleted"), id="github, deleted"),
        pytest.param(
            Sender.GITHUB,
            changed(
                GITHUB, "package", "package_version", "container_metadata", "tag", "name", to=""
            ),
            id="github, a version without a tag",
        ),
        pytest.param(
            Sender.GITHUB,
            changed(GITHUB, "package", to={"package_type": "npm"}),
            id="github, no container",
        ),
        pytest.param(
            Sender.HARBOR, changed(HARBOR, "type", to="SCANNING_COMPLETED"), id="harbor, a scan"
        ),
        pytest.param(
            Sender.HARBOR,
            changed(HARBOR, "event_data", "resources", 0, "tag", to=DIGEST),
            id="harbor, an artifact without a tag",
        ),
        pytest.param(
            Sender.QUAY,
            {key: part for key, part in QUAY.items() if key != "updated_tags"},
            id="quay, no push",
        ),
        pytest.param(Sender.QUAY, changed(QUAY, "updated_tags", to=[7]), id="quay, no tag"),
        pytest.param(
            Sender.GENERIC,
            changed(GENERIC, "image", to=f"{HOST}/team/app@{DIGEST}"),
            id="generic, a digest",
        ),
    ],
)
def test_what_is_about_no_tag_is_ignored(sender: Sender, document: dict[str, Any]) -> None:
    assert read(sender, document) == Notice((), 1)


def test_other_events_of_github_are_ignored() -> None:
    assert read(Sender.GITHUB, {"zen": "Keep it logically awesome."}, event_type="ping") == Notice(
        (), 1
    )


@pytest.mark.parametrize(
    ("sender", "document"),
    [
        pytest.param(
            Sender.DISTRIBUTION,
            changed(DISTRIBUTION, "events", 0, "action", to="delete"),
            id="distribution",
        ),
        pytest.param(Sender.HARBOR, changed(HARBOR, "type", to="DELETE_ARTIFACT"), id="harbor"),
        pytest.param(
            Sender.HARBOR,
            changed(HARBOR_CLOUD_EVENT, "type", to="harbor.artifact.deleted"),
            id="harbor, cloud events",
        ),
    ],
)
def test_a_tag_that_is_deleted_is_looked_at_and_not_for_its_digest(
    sender: Sender, document: dict[str, Any]
) -> None:
    [pushed] = read(sender, document).pushed

    assert (pushed.reference.tag, pushed.digest) == ("1.2", None)


@pytest.mark.parametrize(
    ("sender", "document", "repository"),
    [
        pytest.param(
            Sender.DOCKER_HUB,
            changed(DOCKER_HUB, "repository", "repo_name", to="node"),
            "docker.io/library/node",
            id="an official image",
        ),
        pytest.param(Sender.DOCKER_HUB, DOCKER_HUB, "docker.io/team/app", id="docker hub"),
        pytest.param(Sender.GITHUB, GITHUB, "ghcr.io/team/app", id="github"),
        pytest.param(
            Sender.GITHUB,
            changed(GITHUB, "package", "package_version", "package_url", to=""),
            "ghcr.io/team/app",
            id="github, without its url",
        ),
        pytest.param(
            Sender.GITHUB,
            changed(
                GITHUB, "package", "package_version", "package_url", to="ghcr.io/Team/App/Web@x"
            ),
            "ghcr.io/team/app/web",
            id="github, a deeper name",
        ),
        pytest.param(Sender.QUAY, QUAY, "quay.io/team/app", id="quay"),
    ],
)
def test_a_repository_is_called_what_people_type(
    sender: Sender, document: dict[str, Any], repository: str
) -> None:
    [pushed] = read(sender, document, registry=USUAL_REGISTRY[sender]).pushed

    assert str(pushed.reference) == f"{repository}:1.2"


def test_what_the_registry_calls_itself_does_not_count() -> None:
    document = changed(DISTRIBUTION, "events", 0, "request", "host", to="docker.io")

    [pushed] = read(Sender.DISTRIBUTION, document).pushed

    assert pushed.reference.registry == HOST


def test_a_generic_event_names_its_registry_if_none_is_configured() -> None:
    [pushed] = read(Sender.GENERIC, {"image": "node:22"}, registry=None).pushed

    assert str(pushed.reference) == "docker.io/library/node:22"


@pytest.mark.parametrize(
    ("document", "registry"),
    [
        pytest.param({"image": "node:22"}, HOST, id="of another registry"),
        pytest.param(GENERIC_APART, None, id="of none"),
    ],
)
def test_a_generic_event_of_no_registry_it_speaks_for_is_ignored(
    document: dict[str, Any], registry: str | None
) -> None:
    assert read(Sender.GENERIC, document, registry=registry) == Notice((), 1)


def test_an_envelope_may_hold_several_events() -> None:
    event = DISTRIBUTION["events"][0]
    pull = {**event, "action": "pull"}

    several = read(Sender.DISTRIBUTION, {"events": [event, pull, event]})
    generic = read(Sender.GENERIC, {"events": [GENERIC, GENERIC_APART]})

    assert (len(several.pushed), several.ignored) == (2, 1)
    assert (len(generic.pushed), generic.ignored) == (2, 0)


def test_what_is_no_digest_is_left_out() -> None:
    [pushed] = read(Sender.GENERIC, changed(GENERIC, "digest", to="sha256:77")).pushed

    assert pushed.digest is None


def test_an_endless_id_is_left_out() -> None:
    [pushed] = read(Sender.GENERIC, changed(GENERIC, "id", to="7" * 201)).pushed

    assert pushed.event is None


MALFORMED = [
    pytest.param(Sender.DISTRIBUTION, {"events": "none"}, id="events of text"),
    pytest.param(Sender.DISTRIBUTION, {"events": [7]}, id="an event that is a number"),
    pytest.param(Sender.DISTRIBUTION, {"events": [{}] * (MAX_EVENTS + 1)}, id="too many events"),
    pytest.param(Sender.DOCKER_HUB, {"push_data": {"tag": "1"}}, id="docker hub, no repository"),
    pytest.param(
        Sender.DOCKER_HUB,
        {"push_data": "1", "repository": {"repo_name": "team/app"}},
        id="docker hub, no tag",
    ),
    pytest.param(Sender.GITHUB, {"action": "published"}, id="github, no package"),
    pytest.param(Sender.HARBOR, {"event_data": {}}, id="harbor, no type"),
    pytest.param(Sender.HARBOR, {"type": "PUSH_ARTIFACT"}, id="harbor, no data"),
    pytest.param(
        Sender.HARBOR,
        {"type": "PUSH_ARTIFACT", "event_data": {"resources": [7]}},
        id="harbor, a resource that is a number",
    ),
    pytest.param(Sender.QUAY, {"updated_tags": ["1"]}, id="quay, no repository"),
    pytest.param(Sender.QUAY, {"repository": "team/app", "updated_tags": 7}, id="quay, a number"),
    pytest.param(Sender.GENERIC, {"repository": "team/app"}, id="generic, no tag"),
    pytest.param(Sender.GENERIC, {"image": "Team/App"}, id="generic, no image"),
    pytest.param(Sender.GENERIC, {"events": ["node:22"]}, id="generic, an event of text"),
]


@pytest.mark.parametrize(("sender", "document"), MALFORMED)
def test_what_the_sender_does_not_send_is_refused(sender: Sender, document: object) -> None:
    with pytest.raises(MalformedEvent):
        read(sender, document)


@pytest.mark.parametrize("sender", list(Sender))
@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"a":1,"a":2}', b"{" * CAP_BYTES * 2])
def test_what_is_no_json_object_is_refused(sender: Sender, body: bytes) -> None:
    with pytest.raises(MalformedEvent):
        read_notice(sender, body, registry=HOST, event_type="package", cap_bytes=CAP_BYTES)


def paths(document: Any) -> Iterator[tuple[str | int, ...]]:
    """The way to every member of a document."""
    keys = range(len(document)) if isinstance(document, list) else document
    for key in keys if isinstance(document, (dict, list)) else ():
        yield (key,)
        yield from ((key, *rest) for rest in paths(document[key]))


MEMBERS = [(sender, path) for sender, example in EXAMPLES.items() for path in paths(example)]
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.just(OTHER_DIGEST)
JSON = SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.text(max_size=9), SCALARS)


@given(st.sampled_from(MEMBERS), JSON)
def test_whatever_stands_in_a_known_form_something_is_made_of_it(
    member: tuple[Sender, tuple[str | int, ...]], instead: object
) -> None:
    sender, path = member
    try:
        notice = read(sender, changed(EXAMPLES[sender], *path, to=instead))
    except MalformedEvent:
        return

    for pushed in notice.pushed:
        assert is_repository(pushed.reference.repository)
        assert is_tag(pushed.reference.tag or "")


@given(st.sampled_from(list(Sender)), st.binary(max_size=200), st.text(max_size=20))
def test_any_bytes_at_all_are_read_or_refused(sender: Sender, body: bytes, kind: str) -> None:
    try:
        read_notice(sender, body, registry=None, event_type=kind, cap_bytes=CAP_BYTES)
    except MalformedEvent:
        return
