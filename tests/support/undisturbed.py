"""A pytest plugin: while pytest parses a failed test's source, no finalizer runs.

In CPython before 3.11.10 and 3.12.4 `ast.parse` breaks if it is entered again by what the garbage
collector runs in its middle, for example by a forgotten task whose traceback is logged; pytest
would end with an internal error instead of the failure. Source: CPython issue gh-106905.
"""

import gc
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Report without the collector."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        return (yield)
    finally:
        if was_enabled:
            gc.enable()
