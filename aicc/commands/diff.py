"""`aicc diff BASE`: what the working tree changes about a stack. It needs no cluster and changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from aicc import markdown, paths, sdks
from aicc.commands import plan as planning
from aicc.compare import Comparison, Document, Row, What
from aicc.progress import Reporter
from aicc.revisions import RevisionError, plan_at, revision
from aicc.stacks import stack

COMMENT_LIMIT = 65_536
"""Characters that GitHub takes in a comment."""
LEAST_LIMIT = 4_000
"""Fewer do not hold the summary."""
_HEAD = ("", "before", "after", "difference")
_SHORTER = (None, 500, 200, 100, 50, 20, 10, 3, 0)
"""How many entries each list keeps, tried in turn until the text fits."""
_SIGNS: dict[What, str] = {"added": "+", "changed": "~", "replaced": "±", "removed": "-"}


def diff(base: str, name: str, reporter: Reporter) -> Comparison:
    """Plan the stack as it is here and as it was, each by its own code.

    Raises ConfigError for a stack that is not valid here, RevisionError for a base that has no plan.
    """
    relative = _relative(name)
    here = _file(paths.REPO, name, relative)
    with revision(base, paths.REPO) as found:
        there = _file(found.tree, name, relative)
        after = _plan(name, reporter) if here or not there else None  # of a stack that is nowhere it says so
        before = None
        if there:
            with reporter.step(f"Planning {base}"):
                before = plan_at(found, there, paths.REPO)
        return Comparison(_stack_name(here or there), f"{base} ({found.commit[:12]})", before, after)


def _plan(name: str, reporter: Reporter) -> Document:
    found = stack(name)
    sdks.ensure(found.plan.cloud.kind, reporter)
    return planning.as_json(found, planning.plan(found, reporter))


def _relative(name: str) -> Path | None:
    """The place in the repository of a stack that is named by its file."""
    path = Path(name)
    if path.suffix != ".yaml" or not path.is_file():
        return None
    if not path.resolve().is_relative_to(paths.REPO):
        raise RevisionError(f"{name} is not in {paths.REPO}", hint="a file elsewhere has no earlier revision here")
    return path.resolve().relative_to(paths.REPO)


def _file(folder: Path, name: str, relative: Path | None) -> Path | None:
    names = [relative] if relative else [Path(f"Pulumi.{name}.yaml"), Path("examples", f"Pulumi.{name}.yaml")]
    return next((folder / item for item in names if (folder / item).is_file()), None)


def _stack_name(path: Path | None) -> str:
    return path.name.removeprefix("Pulumi.").removesuffix(".yaml") if path else ""


def as_json(found: Comparison) -> dict[str, Any]:
    """Return the comparison for programs."""
    return {
        "stack": found.stack,
        "base": found.base,
        "new": found.before is None,
        "removed": found.after is None,
        "same": found.same,
        "figures": [asdict(row) for row in found.figures],
        "pools": [asdict(row) for row in found.pools],
        "quotas": [asdict(row) for row in found.quotas],
        "models": [asdict(row) for row in found.models],
        "policy": {"broken": list(found.broken), "mended": list(found.mended)},
        "notes": list(found.notes),
        "resources": [asdict(change) for change in found.changes],
    }


def show(found: Comparison, console: Console) -> None:
    """Print the comparison for people."""
    console.print(Text(f"{_headline(found)}, compared with {found.base}"))
    if found.same:
        return
    parts: list[RenderableType] = ["", _table("Summary", _summary(found))]
    parts += [part for title, rows in _sections(found) for part in ("", _table(title, rows))]
    if found.changes:
        lines = (f"{_SIGNS[item.what]} {item}{_inputs(item.inputs)}" for item in found.changes)
        parts += ["", Text("Resources"), *(Text(line) for line in lines)]
    parts += [Text(f"{title}: {text}") for title, texts in _remarks(found) for text in texts]
    parts += ["", _CAVEAT] if _caveat(found) else []
    console.print(Group(*parts))


def as_markdown(found: Comparison, limit: int = COMMENT_LIMIT) -> str:
    """Return the comparison as a comment shorter than `limit` (`LEAST_LIMIT` or more): lists are cut to fit.

    The first line names the stack, invisibly, so that a later run can find the comment and replace it.
    """
    texts = (_markdown(found, most) for most in _SHORTER)
    text = ""
    for text in texts:
        if len(text) < limit:
            return text
    raise ValueError(f"{limit} characters are too few: {len(text)} are needed at least")


def _markdown(found: Comparison, most: int | None) -> str:
    parts = [f"<!-- aicc diff: {found.stack} -->\n## {markdown.plain(_headline(found))}"]
    parts.append(f"Compared with {markdown.code(found.base)}.")
    if found.same:
        return "\n\n".join(parts)
    parts.append(_markdown_table(_summary(found), None))
    parts += [f"**{title}**\n\n{_markdown_table(rows, most)}" for title, rows in _sections(found)]
    for title, texts in _remarks(found):
        parts.append(f"**{title}**\n\n{_cut([f'- {markdown.plain(text)}' for text in texts], most)}")
    if found.changes:
        lines = [f"- {item.what} {markdown.code(str(item))}{_markdown_inputs(item.inputs)}" for item in found.changes]
        caveat = f"\n\n{_CAVEAT}" if _caveat(found) else ""
        parts.append(markdown.details(f"Resources: {_counts(found)}", _cut(lines, most) + caveat))
    if unknown := (found.after or {}).get("estimate", {}).get("total", {}).get("unknown"):
        lines = [f"- {markdown.plain(item)}" for item in unknown]
        parts.append(markdown.details(f"Unknown, and in no figure above: {len(lines)}", _cut(lines, most)))
    return "\n\n".join(parts)


_CAVEAT = "A change of a cloud resource may replace it: only `pulumi preview` knows."


def _caveat(found: Comparison) -> bool:
    return any(change.what == "changed" and change.of_cloud for change in found.changes)


def _headline(found: Comparison) -> str:
    if found.before is None:
        return f"Stack {found.stack} is new"
    if found.after is None:
        return f"Stack {found.stack} is removed"
    return f"Stack {found.stack}: {'no difference' if found.same else _counts(found)}"


def _counts(found: Comparison) -> str:
    counts = [f"{count} {what}" for what in _SIGNS if (count := found.count(what))]
    return ", ".join(counts) or "no resource differs"


def _summary(found: Comparison) -> Iterator[Row]:
    yield _number("Resources", found.total(found.before), found.total(found.after))
    yield _number("Nodes", _nodes(found.before), _nodes(found.after))
    yield from found.figures


def _number(what: str, before: int | None, after: int | None) -> Row:
    was, now = ("—" if count is None else f"{count:,}" for count in (before, after))
    if before is None or after is None:
        return Row(what, was, now)
    return Row(what, was, now, f"{after - before:+,}" if after != before else "0")


def _nodes(document: Document | None) -> int | None:
    return None if document is None else sum(pool["nodes"] for pool in document["pools"])


def _sections(found: Comparison) -> list[tuple[str, tuple[Row, ...]]]:
    sections = (("Pools", found.pools), ("Quotas", found.quotas), ("Models", found.models))
    return [(title, rows) for title, rows in sections if rows]


def _remarks(found: Comparison) -> list[tuple[str, tuple[str, ...]]]:
    remarks = (("Policy broken", found.broken), ("Policy mended", found.mended), ("Not verified", found.notes))
    return [(title, texts) for title, texts in remarks if texts]


def _table(title: str, rows: Iterable[Row]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in _HEAD:
        table.add_column(name, justify="right" if name else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, (row.what, row.before, row.after, row.difference)))
    return table


def _markdown_table(rows: Iterable[Row], most: int | None) -> str:
    cells = [[markdown.plain(cell) for cell in (row.what, row.before, row.after, row.difference)] for row in rows]
    table = markdown.table(_HEAD, cells[:most])
    return table if most is None or len(cells) <= most else f"{table}\n\n{_more(len(cells) - most)}"


def _cut(lines: list[str], most: int | None) -> str:
    kept = lines[:most]
    return "\n".join(kept if len(kept) == len(lines) else [*kept, f"- {_more(len(lines) - len(kept))}"])


def _more(count: int) -> str:
    return f"… and {count:,} more, left out for length; `aicc diff` shows them."


def _inputs(inputs: tuple[str, ...]) -> str:
    return f" ({', '.join(inputs)})" if inputs else ""


def _markdown_inputs(inputs: tuple[str, ...]) -> str:
    return f": {', '.join(markdown.code(item) for item in inputs)}" if inputs else ""
