"""Telegram, by python-telegram-bot's client, without its Updater.

The Updater keeps what it has fetched in memory while the server counts it as received, and ends in
silence after one 401 or 404; so the loop here is our own.
"""

import os

# Without it the library warns of its own future each time Telegram asks to wait.
os.environ.setdefault("PTB_TIMEDELTA", "true")
