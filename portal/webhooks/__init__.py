"""Webhooks: what programs are told of tenants, signed, by the scheme Standard Webhooks.

book           which program hears of what
subscriptions  made, changed and removed by admins
signing        their secrets, and the signatures
addresses      the address of a receiver: what may be typed, and the way to it
events         what is said, read off what a write changes
announcing     writes it together with what happened
fan_out        an event becomes one delivery for each subscription
deliveries     what goes to one subscription: listed, sent once more, given up
courier        sends one message, and reads the answer
pauses         a receiver that does not work is left alone for a while
sender         sends to all of them
rounds         ends of licences; what is too old

What is due stands in queues of the outbox. No entry has anything personal in it: the details of a
contact are read when a message is sent, and only for a subscription that wants them.
"""

from portal.webhooks.addresses import AddressError, read_address
from portal.webhooks.announcing import AnnouncingStore
from portal.webhooks.book import (
    SUBSCRIPTION_ID,
    Book,
    State,
    Subscription,
    UnknownSubscriptionError,
    read_book,
)
from portal.webhooks.deliveries import (
    Counts,
    UnknownDeliveryError,
    counts,
    newest,
    replay,
    replay_given_up,
    said,
    send_test,
)
from portal.webhooks.events import TEST, TYPES
from portal.webhooks.pauses import Pause, end_pause, read_pause
from portal.webhooks.rounds import WebhookRounds
from portal.webhooks.sender import WebhookSender
from portal.webhooks.signing import WebhookSecrets
from portal.webhooks.subscriptions import (
    MOST_SUBSCRIPTIONS,
    AddedBeforeError,
    Seen,
    StaleSubscriptionError,
    TooManySubscriptionsError,
    add_subscription,
    end_earlier_secret,
    new_subscription_id,
    note_act,
    remove_subscription,
    rotate,
    switch,
)

__all__ = [
    "MOST_SUBSCRIPTIONS", "SUBSCRIPTION_ID", "TEST", "TYPES", "AddedBeforeError", "AddressError",
    "AnnouncingStore", "Book", "Counts", "Pause", "Seen", "StaleSubscriptionError", "State",
    "Subscription", "TooManySubscriptionsError", "UnknownDeliveryError",
    "UnknownSubscriptionError", "WebhookRounds", "WebhookSecrets", "WebhookSender",
    "add_subscription", "counts", "end_earlier_secret", "end_pause", "new_subscription_id",
    "newest", "note_act", "read_address", "read_book", "read_pause", "remove_subscription",
    "replay", "replay_given_up", "rotate", "said", "send_test", "switch",
]  # fmt: skip
