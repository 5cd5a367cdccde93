import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.variables import expand

VALUES = {"A": "1", "EMPTY": "", "DECLARED": None}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("", "", id="empty"),
        pytest.param("a:b", "a:b", id="none"),
        pytest.param("a:$A-x", "a:1-x", id="plain"),
        pytest.param("a:${A}x", "a:1x", id="braces"),
        pytest.param("$A$A", "11", id="two"),
        pytest.param("$B", None, id="not known"),
        pytest.param("$DECLARED", None, id="without a value"),
        pytest.param("${B:-2}", "2", id="default"),
        pytest.param("${B-2}", "2", id="default without colon"),
        pytest.param("${A:-2}", "1", id="default not needed"),
        pytest.param("${EMPTY:-2}", "2", id="empty is none"),
        pytest.param("${EMPTY-2}", "", id="empty is a value"),
        pytest.param("${A:+2}", "2", id="alternative"),
        pytest.param("${B:+2}", "", id="no alternative"),
        pytest.param("${B:-${C:-${A}}}", "1", id="nested"),
        pytest.param("${B:-$C}", None, id="default not known"),
        pytest.param("${B:?say it}", None, id="demanded"),
        pytest.param("${A:?say it}", None, id="demanded, of an older value"),
        pytest.param("${A%x}", None, id="another operator"),
        pytest.param("$", None, id="lone sign"),
        pytest.param("${X:-1}", None, id="unsayable"),
        pytest.param("${B:-" * 9 + "1" + "}" * 9, None, id="nested too deeply"),
        pytest.param("${B:-" + "a" * 1025 + "}", None, id="too long"),
    ],
)
def test_variables_are_replaced_or_nothing_is_said(text: str, value: str | None) -> None:
    assert expand(text, VALUES, unsayable={"X"}) == value


@given(st.text(alphabet="$AB{}:-+? x"))
def test_any_text_gives_a_text_without_signs_or_nothing(text: str) -> None:
    value = expand(text, VALUES)

    assert value is None or "$" not in value
