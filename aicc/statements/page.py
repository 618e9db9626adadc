"""A statement as one HTML file: nothing is fetched, so it opens anywhere, prints, and can be kept."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from aicc.accounting.months import moment
from aicc.accounting.statement import Statement
from aicc.statements import charts, tables
from infra.estimate.model import Estimate


def as_html(found: Statement, estimated: Estimate) -> str:
    """The whole statement. Names are escaped wherever they come from."""
    sections = [
        {
            "identity": f"account-{index}",
            "heading": tables.heading(account),
            "tables": list(tables.of_account(account)),
            "flags": [flag for flag in found.flags if flag.account == account.name],
            "charts": [
                (Markup(html), alt)  # noqa: S704  plotly's own, which escapes what it is given
                for html, alt in charts.of_account(account, found, f"chart-{index}")
            ],
        }
        for index, account in enumerate(found.accounts)
    ]
    return _template().render(
        statement=found,
        subject=tables.heading(found.accounts[0]) if len(found.accounts) == 1 else "Every account",
        since=moment(found.period.start),
        until=moment(found.period.until),
        flags=[flag for flag in found.flags if flag.account is None],
        sections=sections,
        centre=list(tables.of_centre(found, estimated)),
        plotly=Markup(charts.library()),  # noqa: S704  the library's own code
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("aicc.statements"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("statement.html.j2")
