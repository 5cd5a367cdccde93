"""The states and kinds of a delivery, as they are stored and shown."""

PENDING = "pending"
SENDING = "sending"
UNCERTAIN = "uncertain"
SENT = "sent"
DEAD = "dead"

POST = "post"
EDIT = "edit"
