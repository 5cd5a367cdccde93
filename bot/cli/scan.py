"""`archbell scan`: every image that files name, looked at once."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bot.cli.context import Context, parsed_duration, parsed_platforms
from bot.cli.observations import as_object

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.core.inventory import Inventory
    from bot.core.platform import Platform
    from bot.core.reference import Reference
    from bot.flows.survey import Finding

Paths = Annotated[
    list[str],
    typer.Argument(metavar="PATH…", help="Files and folders; - reads standard input."),
]
Platforms = Annotated[
    list[str] | None,
    typer.Option(
        "--platform",
        "-p",
        metavar="PLATFORM",
        help="arm64, linux/arm/v7, …; may be repeated; default: as configured.",
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude", metavar="GLOB", help="Leave out names or paths such as charts/*; repeatable."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object instead of a table.")]


def scan(
    context: typer.Context,
    paths: Paths,
    platforms: Platforms = None,
    exclude: Exclude = None,
    as_json: AsJson = False,
) -> None:
    """Look once at every image that Dockerfiles, compose files and Kubernetes manifests name.

    Exit codes: 0 every image has all it is needed for, 1 at least one has not, 2 wrong usage,
    3 not known (no clear answer, a variable without a value, a file that cannot be read).
    """
    from bot.app.surveying import inventory_of, survey_images
    from bot.app.world import World, execute
    from bot.cli.progress import Counter
    from bot.core.message.english.scanning import how_to_wait
    from bot.flows.survey import verdict_on_all
    from bot.flows.wait import NOT_THERE, Verdict

    options: Context = context.obj
    settings, left_out = options.settings(), exclude or []
    wanted = parsed_platforms(platforms or [], settings)
    inventory = inventory_of(paths, exclude=left_out)
    needs = inventory.needs(wanted)
    timeout_s = settings.looks.timeout_s
    with Counter(len(needs), quiet=as_json) as counter:
        findings = execute(
            lambda: survey_images(settings, World(), needs, timeout_s=timeout_s, tell=counter.tell)
        )
    report(inventory, wanted, findings, as_json=as_json)
    if not as_json and any(finding.verdict is Verdict.MISSING for finding in findings):
        typer.echo(how_to_wait(paths, wanted, exclude=left_out))
    verdict = verdict_on_all(findings, is_complete=inventory.is_complete)
    raise typer.Exit((Verdict.MISSING if verdict in NOT_THERE else verdict).value)


def wait_for_all(
    options: Context,
    paths: "Sequence[str]",
    words: "Sequence[str]",
    *,
    exclude: "Sequence[str]",
    timeout: str,
    as_json: bool,
) -> None:
    """`archbell wait --scan`: as report() shows it, once there is nothing more to wait for."""
    from bot.app.surveying import inventory_of
    from bot.app.waiting import wait_for_images
    from bot.app.world import World, execute
    from bot.cli.progress import ReporterOfMany
    from bot.flows.survey import verdict_on_all

    settings = options.settings()
    wanted, at_most = parsed_platforms(words, settings), parsed_duration(timeout)
    inventory = inventory_of(paths, exclude=exclude)
    needs = inventory.needs(wanted)
    world = World()
    with ReporterOfMany(needs, clock=world.clock, quiet=as_json) as reporter:
        findings = execute(
            lambda: wait_for_images(settings, world, needs, at_most=at_most, tell=reporter.tell)
        )
    report(inventory, wanted, findings, as_json=as_json)
    raise typer.Exit(verdict_on_all(findings, is_complete=inventory.is_complete).value)


def report(
    inventory: "Inventory",
    wanted: "Sequence[Platform]",
    findings: "Sequence[Finding]",
    *,
    as_json: bool,
) -> None:
    """Print what was found; what nobody knows goes to standard error."""
    if as_json:
        typer.echo(json.dumps(_as_object(inventory, wanted, findings), indent=2))
        return
    from bot.core.message.english import scanning
    from bot.core.message.plain import visible
    from bot.flows.wait import NOT_THERE, Verdict

    gaps = [
        *map(scanning.not_read, inventory.not_read),
        *map(scanning.not_resolved, inventory.unresolved),
    ]
    for sentence in gaps:
        typer.echo(visible(f"archbell: {sentence}"), err=True)
    if findings:
        _show_table(inventory, wanted, findings)
    for finding in findings:
        for why in scanning.reason_lines(finding.reference, finding.advices, finding.observation):
            typer.echo(visible(why))
    verdicts = [finding.verdict for finding in findings]
    missing = sum(verdict in NOT_THERE for verdict in verdicts)
    unknown = verdicts.count(Verdict.NOT_KNOWN)
    sentence = scanning.summary(inventory, wanted, missing=missing, unknown=unknown)
    typer.echo(visible(sentence))


def _show_table(
    inventory: "Inventory", wanted: "Sequence[Platform]", findings: "Sequence[Finding]"
) -> None:
    from bot.cli.listing import print_rows
    from bot.core.message.english.scanning import cell, where
    from bot.flows.wait import WORST_FIRST

    columns = dict.fromkeys((*wanted, *(each for found in findings for each in found.needed)))
    ordered = sorted(findings, key=lambda found: WORST_FIRST.index(found.verdict))
    rows = [
        (
            found.reference.familiar,
            *(cell(found.observation, each, is_needed=each in found.needed) for each in columns),
            where(inventory.uses(found.reference)),
        )
        for found in ordered
    ]
    print_rows(("Image", *map(str, columns), "Where"), rows, uncut_columns=1)


def _as_object(
    inventory: "Inventory", wanted: "Sequence[Platform]", findings: "Sequence[Finding]"
) -> "dict[str, Any]":
    return {
        "platforms": [str(platform) for platform in wanted],
        "files": inventory.files,
        "images": [
            {
                **as_object(found.reference, found.needed, found.observation, found.advices),
                "uses": _uses(inventory, found.reference),
            }
            for found in findings
        ],
        "built": [
            _use(named.file, named.use.line, named.use.written)
            for named in inventory.named
            if named.use.is_built
        ],
        "unresolved": [
            _use(named.file, named.use.line, named.use.written) for named in inventory.unresolved
        ],
        "not_read": [
            {"file": found.file, "line": found.line, "why": found.why.value}
            for found in inventory.not_read
        ],
    }


def _uses(inventory: "Inventory", reference: "Reference") -> "list[Mapping[str, Any]]":
    return [
        {
            **_use(named.file, named.use.line, named.use.written),
            "platform": named.use.platform,
        }
        for named in inventory.uses(reference)
    ]


def _use(file: str, line: int, written: str) -> "dict[str, Any]":
    return {"file": file, "line": line, "written": written}
