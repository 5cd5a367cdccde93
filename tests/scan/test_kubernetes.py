"""Which images manifests name."""

import pytest

from bot.core.inventory import Named, NotRead
from bot.scan.reading import Form, read_text

POD = """
    initContainers: [{name: i, image: "a:1"}]
    containers:
    - name: c
      image: b:1
    ephemeralContainers:
    - {name: e, image: 'c:1'}
"""


def found(text: str) -> list[str]:
    """`LINE IMAGE`, with `on PLATFORM` where it is the only one, or why nothing is known."""
    said = []
    for each in read_text(text, Form.OTHER_YAML, "x.yaml"):
        if isinstance(each, NotRead):
            said.append(f"{each.line} {each.why.value}")
        else:
            use = each.use
            name = use.reference.familiar if use.reference else f"?{use.written}"
            said.append(f"{use.line} {name}" + (f" on {use.platform}" if use.platform else ""))
    return said


def workload(kind: str, *path: str, pod: str = POD) -> str:
    """A manifest whose pod lies below these keys, which take a line each."""
    keys = "".join(f"{'  ' * depth}{key}:\n" for depth, key in enumerate(path))
    shift = "  " * (len(path) - 2)
    body = "".join(f"{shift}{line}\n" for line in pod.strip("\n").splitlines())
    return f"apiVersion: v1\nkind: {kind}\n{keys}{body}"


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        pytest.param("Pod", ("x", "spec"), id="Pod"),
        pytest.param("PodTemplate", ("template", "spec"), id="PodTemplate"),
        pytest.param("CronJob", ("spec", "jobTemplate", "spec", "template", "spec"), id="CronJob"),
        *(
            pytest.param(kind, ("spec", "template", "spec"), id=kind)
            for kind in (
                *("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"),
                *("ReplicationController", "DeploymentConfig", "Rollout"),
            )
        ),
    ],
)
def test_every_kind_of_workload_names_the_images_of_all_its_containers(
    kind: str, path: tuple[str, ...]
) -> None:
    text = workload(kind, *path).replace("x:\n  spec:", "spec:\n  # no")

    images = [line.split()[1] for line in found(text)]

    assert images == ["a:1", "b:1", "c:1"]


def test_documents_and_lists_keep_their_lines() -> None:
    text = """\
# first
apiVersion: v1
kind: Pod
spec: {containers: [{image: a:1}]}
---
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  spec:
    containers:
    - image: b:1
- apiVersion: v1
  kind: PodList
  items:
  - spec:
      containers:
      - image: c:1
--- # last
kind: Service
apiVersion: v1
---
{"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"image": "d:1"}]}}
"""

    assert found(text) == ["4 a:1", "13 b:1", "19 c:1", "24 d:1"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("---\n---\n", id="empty documents"),
        pytest.param("image: a:1\n# kind apiVersion", id="another file"),
        pytest.param("apiVersion: v1\nspec: {containers: [{image: a:1}]}", id="no kind"),
        pytest.param("kind: Pod\nspec: {containers: [{image: a:1}]}", id="no version"),
        pytest.param(
            "apiVersion: v1\nkind: ConfigMap\ndata:\n  x: |\n    image: a:1\n", id="text of a map"
        ),
        pytest.param(
            "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nspec:\n  rules:\n  - validate:\n"
            "      pattern:\n        spec:\n          containers:\n          - image: '*:latest'",
            id="pattern of a policy",
        ),
        pytest.param(
            "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: }, {image: ''}, {image: ~},"
            " {image: [a]}, image, {}]}",
            id="no name",
        ),
        pytest.param("apiVersion: v1\nkind: Pod\nspec: image", id="no specification"),
        pytest.param("- apiVersion\n- kind\n- image\n", id="a sequence"),
        pytest.param("apiVersion kind image", id="a word"),
    ],
)
def test_nothing_else_is_taken_for_an_image(text: str) -> None:
    assert found(text) == []


def test_volumes_of_images_are_images() -> None:
    text = workload("Pod", "x", "spec", pod="    volumes: [{image: {reference: 'a:1'}}, {}]")

    assert found(text.replace("x:\n  spec:", "spec:\n  # no")) == ["5 a:1"]


def test_a_pod_that_runs_on_one_architecture_needs_no_other() -> None:
    pod = "    nodeSelector: {kubernetes.io/arch: amd64}\n    containers: [{image: a:1}]"
    windows = pod.replace("amd64}", "amd64, kubernetes.io/os: windows}")
    manifests = [workload("Job", "spec", "template", "spec", pod=each) for each in (pod, windows)]

    assert [found(each) for each in manifests] == [
        ["7 a:1 on linux/amd64"],
        ["7 a:1 on windows/amd64"],
    ]


@pytest.mark.parametrize("name", ["{{ .Values.image }}", "${IMAGE}", "Foo/Bar"])
def test_a_name_that_is_no_image_yet_is_kept_as_written(name: str) -> None:
    text = f'apiVersion: v1\nkind: Pod\nspec: {{containers: [{{image: "{name}"}}]}}'

    assert found(text) == [f"3 ?{name}"]


def test_anchors_and_merges_are_followed() -> None:
    text = """\
apiVersion: v1
kind: Deployment
spec:
  template:
    spec:
      containers:
      - &base
        image: a:1
      - <<: *base
        name: other
      - <<: [{image: b:1}, *base]
      - <<: *base
        image: c:1
"""

    assert found(text) == ["8 a:1", "8 a:1", "11 b:1", "13 c:1"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("kind: Pod\napiVersion: v1\nimage: [a", "4 malformed", id="malformed"),
        pytest.param("kind: Pod\napiVersion: v1\nimage: \x01", "1 malformed", id="control"),
        pytest.param("kind: Pod\napiVersion: v1\nimage: *x", "3 malformed", id="no such anchor"),
        pytest.param(
            "kind: Pod\napiVersion: v1\n{{- if .x }}\nimage: a", "4 template", id="template"
        ),
        pytest.param(f"kind: Pod\napiVersion: v1\nimage: {'[' * 9999}", "3 malformed", id="deep"),
    ],
)
def test_what_cannot_be_read_is_told_and_does_not_hide_the_rest(text: str, said: str) -> None:
    ok = "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: a:1}]}"
    number = 3 + text.count("\n") + 2

    assert found(f"{text}\n---\n{ok}") == [said, f"{number} a:1"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            "apiVersion: v1\nkind: List\nx: &x0 {image: a:1}\n"
            + "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 99)}]\n" for n in range(1, 99))
            + "items: *x98\n",
            id="aliases of aliases",
        ),
        pytest.param(
            "apiVersion: v1\nkind: List\nitems: &x [*x, *x, {kind: List, image: a, items: *x}]\n",
            id="a circle",
        ),
        pytest.param(
            "apiVersion: v1\nkind: Pod\nspec: &s {<<: *s, containers: [&c {<<: [*c, *s]}]}\n"
            "# image",
            id="merged with itself",
        ),
    ],
)
def test_aliases_do_not_multiply(text: str) -> None:
    assert found(text) == []


def test_steps_are_bounded() -> None:
    big = ", ".join(f"k{n}: 1" for n in range(2_000))
    pods = "".join("  - {<<: *big, image: a}\n" for _ in range(2_000))
    text = f"apiVersion: v1\nkind: Pod\nbig: &big {{{big}}}\nspec:\n  containers:\n{pods}"

    assert found(text) == ["1 too_large"]


def test_a_long_list_is_no_trouble() -> None:
    item = "- {apiVersion: v1, kind: Pod, spec: {containers: [{image: a:1}]}}\n"

    assert len(found("apiVersion: v1\nkind: List\nitems:\n" + item * 3_000)) == 3_000


def test_a_file_gives_what_is_named_in_it() -> None:
    [named] = read_text(
        "apiVersion: v1\nkind: Pod\nspec: {containers: [{image: a}]}", Form.OTHER_YAML, "p.yml"
    )

    assert isinstance(named, Named)
    assert (named.file, named.use.written) == ("p.yml", "a")
