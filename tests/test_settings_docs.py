"""docs/settings.md names the variables that config/settings.py reads: all of them, no others."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def read_variables() -> set[str]:
    """Names in `env("NAME")`, `env.bool("NAME")` and the like, in every form django-environ has."""
    names = set()
    for node in ast.walk(ast.parse((ROOT / "config" / "settings.py").read_text())):
        if not (isinstance(node, ast.Call) and node.args):
            continue
        function = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        argument = node.args[0]
        if isinstance(function, ast.Name) and function.id == "env":
            if isinstance(node.func, ast.Attribute) and node.func.attr == "read_env":
                continue
            assert isinstance(argument, ast.Constant), f"line {node.lineno}: name it literally"
            names.add(argument.value)
    return names


def test_every_variable_is_documented_and_every_documented_one_is_read() -> None:
    documented = re.findall(
        r"^\| `([A-Z][A-Z0-9_]+)` \|", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE
    )
    assert len(documented) == len(set(documented))
    assert set(documented) == read_variables()


def test_settings_read_the_environment_in_no_other_way() -> None:
    source = (ROOT / "config" / "settings.py").read_text()
    assert not re.search(r"os\.environ|getenv", source)
