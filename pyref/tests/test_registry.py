"""The generated numbers are those of spec/registry, and the code's structs follow them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from ringwire import _registry

GENERATOR = Path(__file__).resolve().parent.parent / "tools" / "generate_registry.py"


@pytest.fixture
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_registry", GENERATOR)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    if not module.REGISTRY.is_dir():
        pytest.skip("spec/registry lies in the repository only, not in the source distribution")
    return module


def test_committed_file_is_what_the_generator_makes(generator: ModuleType) -> None:
    assert generator.main(["--check"]) == 0


def test_check_notices_a_difference(
    generator: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "_registry.py"
    vars(generator)["TARGET"] = target
    assert generator.main(["--check"]) == 1
    assert generator.main([]) == 0
    assert generator.main(["--check"]) == 0
    target.write_text("other", encoding="utf-8")
    assert generator.main(["--check"]) == 1
    assert "differs" in capsys.readouterr().out
    assert generator.main(["--nonsense"]) == 2


def test_headers_are_packed() -> None:
    for fields, size in (
        (_registry.REQUEST_FIELDS, _registry.REQUEST_HEADER_SIZE),
        (_registry.RESPONSE_FIELDS, _registry.RESPONSE_HEADER_SIZE),
    ):
        end = 0
        for offset, length in fields.values():
            assert offset == end
            end += length
        assert end == size
