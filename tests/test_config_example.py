import re
import tomllib
from pathlib import Path

import pytest
from pydantic import BaseModel

from bot.config import Settings, load_settings, repeated_blocks, walk

EXAMPLE = Path(__file__).parent.parent / "config.example.toml"
_SETTING = re.compile(r"^# (?=[a-z_]+ = |\[\[)", re.MULTILINE)


def values_at(tree: object, path: tuple[str, ...]) -> object:
    for key in path:
        assert isinstance(tree, dict), path
        assert key in tree, f"{'.'.join(path)} is not in the example"
        tree = tree[key]
    return tree


def is_a_secret_with_a_file(path: tuple[str, ...]) -> bool:
    """Such a setting stands in a comment: the file that may hold it in its place is shown."""
    return (*path[:-1], f"{path[-1]}_file") in {other for other, _ in walk(Settings)}


def test_the_example_as_it_is_equals_the_defaults() -> None:
    assert load_settings(EXAMPLE, {}) == Settings(folder=EXAMPLE.parent.resolve())


def test_the_example_names_every_setting_with_its_default(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(_SETTING.sub("", EXAMPLE.read_text(encoding="utf-8")), encoding="utf-8")

    settings = load_settings(file, {})

    written_text = file.read_text(encoding="utf-8")
    written = tomllib.loads(written_text)
    defaults = Settings()
    for path, field in walk(Settings):
        if path == ("folder",) or path[0] in repeated_blocks():
            continue
        if is_a_secret_with_a_file(path):
            assert f'{path[-1]} = "' in written_text, path
            continue
        value = values_at(written, path)
        assert value is not None
        if field.default is None:
            continue
        one, other = settings, defaults
        for key in path:
            one, other = getattr(one, key), getattr(other, key)
        assert one == other, path


@pytest.mark.parametrize(("name", "model"), repeated_blocks().items(), ids=repeated_blocks())
def test_the_example_names_every_setting_of_a_repeated_block(
    name: str, model: type[BaseModel]
) -> None:
    text = _SETTING.sub("", EXAMPLE.read_text(encoding="utf-8"))

    blocks = tomllib.loads(text)[name]

    secrets = {key for key in model.model_fields if f"{key}_file" in model.model_fields}
    assert {key for block in blocks for key in block} == model.model_fields.keys() - secrets
    for key in secrets:
        assert f'here: {key} = "' in text
