"""The images of Kubernetes manifests.

A pod's specification is looked for where workloads have it, not wherever something is called
`containers`: policies, for one, have patterns in such places.
"""

from collections.abc import Iterator

from yaml.nodes import Node

from bot.core.inventory import ImageUse
from bot.scan.tree import Text, Walk

# Source: Kubernetes API reference, "Workload Resources"; operators' own kinds follow the second.
_WITHIN = (("template", "spec"), ("spec", "template", "spec"))
_WITHIN_CRON_JOB = ("spec", "jobTemplate", "spec", "template", "spec")
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")
_LIST = "List"


def uses_in_kubernetes(walk: Walk, root: Node) -> Iterator[ImageUse]:
    """Every image of every workload in one document, in its order; lists are opened."""
    pending: list[tuple[Node, str]] = [(root, "")]
    seen = set[int]()
    while pending:
        node, usual_kind = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        found = walk.text_at(node, "kind")
        kind = found.value if found is not None else usual_kind
        if not kind or (not usual_kind and walk.text_at(node, "apiVersion") is None):
            continue
        if kind.endswith(_LIST):
            # What a server lists by kind does not repeat it with each entry.
            inner = kind.removesuffix(_LIST)
            pending += ((item, inner) for item in reversed(walk.each(walk.at(node, "items"))))
            continue
        for path in (("spec",),) if kind == "Pod" else (*_WITHIN, _WITHIN_CRON_JOB):
            spec = walk.at(node, *path)
            if spec is not None and id(spec) not in seen:
                seen.add(id(spec))
                yield from _in_pod(walk, spec)


def _in_pod(walk: Walk, spec: Node) -> Iterator[ImageUse]:
    platform = _platform(walk, spec)
    for key in _CONTAINERS:
        for container in walk.each(walk.at(spec, key)):
            yield from _use(walk.text_at(container, "image"), platform)
    for volume in walk.each(walk.at(spec, "volumes")):
        yield from _use(walk.text_at(volume, "image", "reference"), platform)


def _use(written: Text | None, platform: str | None) -> Iterator[ImageUse]:
    if written is not None:
        yield ImageUse.of(written.line, written.value, written.value, platform)


def _platform(walk: Walk, spec: Node) -> str | None:
    """Where the pod may run, if its node selector allows one architecture alone."""
    chosen = walk.at(spec, "nodeSelector")
    architecture = walk.text_at(chosen, "kubernetes.io/arch")
    system = walk.text_at(chosen, "kubernetes.io/os")
    if architecture is None:
        return None
    return f"{system.value if system is not None else 'linux'}/{architecture.value}"
