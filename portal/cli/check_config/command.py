"""`portal check-config`: the command, and what it prints."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict

import click

from portal.cli.check_config.settings import ShownSetting, setting_problems, shown_settings
from portal.cli.check_config.spelling import unknown_variables
from portal.setting_list import GROUPS
from portal.settings import SETTINGS

_JSON_HELP = "Print JSON, for programs."


@click.command("check-config")
@click.option("--json", "as_json", is_flag=True, help=_JSON_HELP)
def check_config(*, as_json: bool) -> None:
    """Print every setting, its value, and where it comes from; secrets are masked. Asks nothing and
    changes nothing. Ends with status 1 if a setting cannot be used."""
    settings, problems = setting_problems(os.environ)
    shown = shown_settings(os.environ, settings, problems)
    unknown = unknown_variables(os.environ, (setting.name for setting in SETTINGS))
    if as_json:
        content = {
            "valid": not problems,
            "settings": [asdict(each) for each in shown.values()],
            "unknown": [{"name": name, "similar": like} for name, like in unknown.items()],
        }
        click.echo(json.dumps(content, indent=2))
    else:
        _print(shown, unknown)
    if problems:
        raise click.exceptions.Exit(1)


def _print(shown: Mapping[str, ShownSetting], unknown: Mapping[str, list[str]]) -> None:
    width = max(len(name) for name in shown)
    for title, group in GROUPS.items():
        click.echo(f"{title}:")
        for each in (shown[setting.name] for setting in group):
            value = each.value or "(not set)"
            click.echo(f"  {each.name.ljust(width)}  {value}  [{each.source}]")
    click.echo()
    for each in shown.values():
        if each.problem:
            click.echo(f"PROBLEM  {each.name}: {each.problem}")
    for name, like in unknown.items():
        meant = f" Did you mean {' or '.join(like)}?" if like else ""
        click.echo(f"LOOK     {name} is no setting of the portal.{meant}")
    number = sum(bool(each.problem) for each in shown.values())
    if number:
        click.echo(f"{number} of {len(shown)} settings cannot be used.")
    else:
        click.echo(f"All {len(shown)} settings can be used. `portal doctor` tries what they name.")
