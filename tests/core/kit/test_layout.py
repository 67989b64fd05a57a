from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from core.kit.layout import WIDTH, statement

LONG = "'planned', " * 14 + "'done'"


@pytest.mark.parametrize(
    "code",
    [
        "op.drop_table('a')",
        "op.create_table('a', sa.Column('id', sa.BigInteger(), nullable=False), info={'addon': 'a'})",
        "op.create_table('a', " + "sa.Column('id', sa.BigInteger(), nullable=False), " * 4 + ")",
        "op.create_index(op.f('ix_gift_customer_id_given_on'), 'gifts_gift', ['customer_id', 'given_on'])",
        f'op.create_check_constraint(op.f("ck_a_state"), "a", "state in ({LONG})")',
        f'op.execute("update a set b = 1 where state in ({LONG})")',
        f"op.execute('create sequence {'a' * 120}')",
        "op.execute('say \"so\"')",
        "op.execute('it\\'s \"so\"')",
        "op.execute('two\\nlines')",
        "op.add_column('a', sa.Column('b', sa.String(length=40), server_default=sa.text('x'), **options))",
        "op.f(('a',), ('a', 'b'), {'a': [1, -2, None]}, a.b['c'])",
        f"state = ({LONG})",
        f"states: dict[str, list[str]] = {{'{'a' * 60}': ['{'b' * 60}'], 'c': ['d']}}",
        f"form = (Section(f('Basics'), {LONG}, id='basics'),)",
        "said = [" + "'到访日期', " * 9 + "]",
    ],
)
def test_what_is_laid_out_is_the_same_and_as_the_formatter_has_it(code: str, tmp_path: Path) -> None:
    lines = [line for node in ast.parse(code).body for line in statement(node, 0)]
    assert ast.dump(ast.parse("\n".join(lines))) == ast.dump(ast.parse(code))
    assert [line for line in lines if len(line) > WIDTH and " " in line.strip()] == []
    path = tmp_path / "laid_out.py"
    path.write_text("\n".join(lines) + "\n")
    options = ["--check", "--no-cache", "--line-length", str(WIDTH)]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "format", *options, str(path)], capture_output=True, check=False
    )
    assert done.returncode == 0, lines
