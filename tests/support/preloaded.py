"""Every module of the program, loaded once for all the processes that are forked from it."""

from importlib import import_module
from pkgutil import walk_packages

import bot

_RUNS_WHEN_IMPORTED = ("bot.__main__", "bot.store.migrations")

for _module in walk_packages(bot.__path__, "bot."):
    if not _module.name.startswith(_RUNS_WHEN_IMPORTED):
        import_module(_module.name)
