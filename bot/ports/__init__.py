"""What the verbs need from outside, as protocols that adapters implement."""

from bot.ports.chat import Messenger, Sent
from bot.ports.configured import FROM_CONFIGURATION, Configured, ConfiguredWatch, Put, Terms
from bot.ports.figures import NO_FIGURES, Figures, Heard, NoFigures, Sending
from bot.ports.history import History
from bot.ports.inbox import Command, Inbox
from bot.ports.libraries import KeptFile, Libraries
from bot.ports.listings import AwaitedTag, Listings
from bot.ports.official import NO_OFFICIAL, KnownLibrary, NoOfficial, Official
from bot.ports.outbox import Delivery, Edited, Outbox, OutboxEntry, OwedAlert
from bot.ports.past import Past
from bot.ports.patterns import ClaimedTags, Listed, NewPattern, Pattern, PatternId, Patterns
from bot.ports.registry import (
    Courtesy,
    FetchedManifest,
    ManifestAbsent,
    Registry,
    RegistryState,
    SharedCourtesy,
    TagList,
    TagUnchanged,
)
from bot.ports.store import (
    Backlog,
    Backlogs,
    Listen,
    News,
    Registries,
    SharedStore,
    Store,
    Transaction,
)
from bot.ports.surroundings import Chance, Clock, Sleep
from bot.ports.targets import ClaimedTarget, KnownTarget, LookResult, SharedTarget, Targets
from bot.ports.watches import AddedWatch, Held, NewWatch, Watches

__all__ = [
    "FROM_CONFIGURATION",
    "NO_FIGURES",
    "NO_OFFICIAL",
    "AddedWatch",
    "AwaitedTag",
    "Backlog",
    "Backlogs",
    "Chance",
    "ClaimedTags",
    "ClaimedTarget",
    "Clock",
    "Command",
    "Configured",
    "ConfiguredWatch",
    "Courtesy",
    "Delivery",
    "Edited",
    "FetchedManifest",
    "Figures",
    "Heard",
    "Held",
    "History",
    "Inbox",
    "KeptFile",
    "KnownLibrary",
    "KnownTarget",
    "Libraries",
    "Listed",
    "Listen",
    "Listings",
    "LookResult",
    "ManifestAbsent",
    "Messenger",
    "NewPattern",
    "NewWatch",
    "News",
    "NoFigures",
    "NoOfficial",
    "Official",
    "Outbox",
    "OutboxEntry",
    "OwedAlert",
    "Past",
    "Pattern",
    "PatternId",
    "Patterns",
    "Put",
    "Registries",
    "Registry",
    "RegistryState",
    "Sending",
    "Sent",
    "SharedCourtesy",
    "SharedStore",
    "SharedTarget",
    "Sleep",
    "Store",
    "TagList",
    "TagUnchanged",
    "Targets",
    "Terms",
    "Transaction",
    "Watches",
]
