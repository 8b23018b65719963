"""Tenants, events, notes, forwards and claims as items, and back. Only this room knows the names
of their attributes.

    tenant         a tenant as an item, and back; the attributes that anybody may read
    access_fields  status and validity of an item, which decide access
    incomplete     what a row lacks, and what an operator has answered to that
    provenance     whether staff set the status and the validity, or an import
    index_keys     the partition and sort keys by which the indexes find a tenant
    sign_up        claims; the forward that replaces an activated sign-up; its status link
    follow_up      from a tenant to the request that follows it
    question       a question to the customer of a sign-up, as one attribute of the tenant
    shell_proof    what the shell has proved of the ids, as one attribute of the tenant
    history        events and notes
    sign_up_counters  the items that count sign-ups
    desk           who looks after a tenant, who looks at it; what staff want to hear by mail
    outbox_entry   what is to be delivered, or was
    unreadable_entries  the same, if something else has changed it
    search_items   what search has of a tenant: marks, documents, entries
    usage          what was noted of a tenant's use; ids that nobody has
    tried          what a try of credentials has proved
    list_places    the place of a tenant in lists by company, cluster and source, and its marks
    waiting_times  the items that count how long sign-ups waited for their decision
    figures        the items that count sign-ups and decisions by week
    waiting_times  the numbers that count how long sign-ups waited for their decision
    ids            ids of sign-ups and claims, and the kind of an item by its id
    undo           what undoing the latest decision needs, as one attribute of the tenant
    former         the state of a tenant before an import, by which that is undone
    digest         the text of an item that digests are made of
    attributes     names of single attributes, and values that may have any type

The downstream application reads these attributes too, so never rename one or change its type.
Attributes that the portal does not know belong to others, and a change keeps them.
"""

from portal.records.access_fields import status_of, validity_of
from portal.records.attributes import (
    ADOPT_ANSWER,
    IMPORT_ID,
    IMPORTED_STATE,
    SECRET,
    SECRET_FINGERPRINT,
    parse_optional_timestamp,
)
from portal.records.desk import (
    WANT_DIGEST,
    Desk,
    MailWishes,
    Presence,
    assigned_partition,
    desk_id,
    desk_item,
    desk_of,
    mail_wishes_id,
    mail_wishes_item,
    mail_wishes_of,
    new_desk,
    owned_tenant,
    owner_partition,
    person_of_wishes,
    presence_id,
    presence_item,
    presence_key,
    presence_of,
)
from portal.records.figures import (
    CORRECTIONS,
    SIGN_UP_SCOPES,
    SIGN_UPS,
    corrections_item,
    corrections_of,
    counted_decision,
    counted_sign_up,
    decision_counts,
    decision_name,
    decision_of_name,
    decisions_item_id,
    hour_name,
    monday_of,
    person_key,
    sign_up_count,
    sign_ups_item_id,
    week_of,
    weeks_until,
)
from portal.records.follow_up import FollowUp, follow_up_id, follow_up_item, follow_up_of
from portal.records.former import (
    UNDONE_IMPORT,
    former_secret_name,
    former_secrets,
    former_values,
    is_as_written,
    with_former_values,
    without_secret,
    written_digest,
)
from portal.records.history import (
    ENDED,
    ENDED_FOR,
    REPORT_INDEX,
    DecidedEvent,
    Event,
    Note,
    decided_event_of,
    decided_partition,
    ended_tenant,
    ends_access,
    event_item,
    event_of,
    events_partition,
    gone_event_item,
    in_report,
    no_reminders_id,
    no_reminders_item,
    note_item,
    note_of,
    note_tenant_id,
    notes_partition,
    report_index_item,
    said_item,
    second_address_item,
)
from portal.records.ids import (
    REFERENCE_LENGTH,
    claim_id,
    is_final_id,
    is_tenant,
    item_kind,
    pending_id,
    reference_of,
)
from portal.records.incomplete import AdoptAnswer, answer_text, stored_answer
from portal.records.index_keys import (
    IMPORTS,
    LAST,
    NEVER,
    account_partition,
    company_partition,
    email_partition,
    normalised,
    status_partition,
)
from portal.records.list_places import (
    ListFacts,
    by_company,
    came_by,
    is_list_place,
    list_facts,
    list_place_id,
    list_place_item,
    marked,
    of_cluster,
    of_source,
    place_tenant_id,
    source_of,
)
from portal.records.outbox_entry import (
    DAILY_ROUND,
    EVENT_QUEUE,
    MAX_OUTBOX_ID,
    OUTBOX_DUE,
    OUTBOX_ENDED,
    OUTBOX_GIVEN_UP,
    OUTBOX_ORPHANS,
    TO_SECOND,
    DeliveryState,
    OutboxEntry,
    about_tenant,
    due_partition,
    given_up_partition,
    mail_partition,
    new_outbox_entry,
    outbox_entry_of,
    outbox_item,
    outbox_key,
    outbox_orphans_item,
    outbox_partition,
)
from portal.records.provenance import imported_state, set_by_staff
from portal.records.row_marks import (
    ASIDE,
    NO_MARKS,
    WAITING,
    RowMarks,
    is_answered,
    is_asked,
    is_confirmed,
    is_ended_and_erased,
    is_of_other_companies,
    is_proved,
    is_renewal,
    is_set_aside,
    is_too_fast,
    is_waiting_for_address,
    row_marks,
)
from portal.records.search_items import (
    CHANGES_ASIDE,
    SEARCH_DUE,
    SEARCH_WALK,
    TERM_INDEXES,
    ListKeys,
    SearchDocument,
    SearchMark,
    changes_keys,
    changes_partition,
    document_tenant_id,
    entry_tenant_id,
    new_search_mark,
    search_document_id,
    search_document_item,
    search_document_of,
    search_entry_hash,
    search_entry_id,
    search_entry_item,
    search_mark_item,
    search_mark_of,
    term_partition,
)
from portal.records.sign_up import (
    CLOSED_TOWARDS,
    ClosedSignUp,
    Forward,
    StatusLink,
    claim_item,
    closed_email_partition,
    closed_sign_up_of,
    closing_forward_item,
    forward_item,
    forward_of,
    get_where_it_is,
    get_where_it_leads,
    moved_id,
    moved_item,
    moved_to,
    status_link_of,
    with_status_link,
    with_validity_before,
    without_closed_sign_up,
)
from portal.records.sign_up_counters import (
    COUNTERS,
    SET_ASIDE_COUNTER,
    counter_attributes,
    counter_id,
    old_counters,
    set_aside_counter,
    spent_proof_id,
)
from portal.records.stays import range_of_stay, rows_of_stays
from portal.records.tenant import (
    TENANT_ATTRIBUTES,
    access_view,
    all_gaps,
    gaps_of_row,
    index_keys_of,
    item_of,
    known_open_gaps,
    known_tenant_of,
    open_gaps,
    public_view,
    tenant_of,
    unusable_attributes,
)
from portal.records.tried import CredentialProof, Proved, TriedCredentials
from portal.records.undo import Undo, Undone, restored, undo_of, undone_of, with_undo, with_undone
from portal.records.unreadable_entries import OUTBOX_UNREADABLE, entry_set_aside
from portal.records.usage import (
    UNKNOWN_IDS,
    USAGE_NEVER,
    USAGE_REFUSED,
    USAGE_UNKNOWN,
    UnknownId,
    Usage,
    unknown_ids_count,
    unknown_ids_item,
    unknown_ids_of,
    usage_expected_since,
    usage_id,
    usage_item,
    usage_of,
    usage_refused_day,
    usage_tenant_id,
)
from portal.records.waiting_times import old_waiting_item_id, waiting_bucket, waiting_counts

__all__ = [
    "ADOPT_ANSWER", "ASIDE", "CHANGES_ASIDE", "CLOSED_TOWARDS", "CORRECTIONS", "COUNTERS",
    "DAILY_ROUND", "ENDED", "ENDED_FOR", "EVENT_QUEUE", "IMPORTED_STATE", "IMPORTS", "IMPORT_ID",
    "LAST", "MAX_OUTBOX_ID", "NEVER", "NO_MARKS", "OUTBOX_DUE", "OUTBOX_ENDED", "OUTBOX_GIVEN_UP",
    "OUTBOX_ORPHANS", "OUTBOX_UNREADABLE", "REFERENCE_LENGTH", "REPORT_INDEX", "SEARCH_DUE",
    "SEARCH_WALK", "SECRET", "SECRET_FINGERPRINT", "SET_ASIDE_COUNTER", "SIGN_UPS",
    "SIGN_UP_SCOPES", "TENANT_ATTRIBUTES", "TERM_INDEXES", "TO_SECOND", "UNDONE_IMPORT",
    "UNKNOWN_IDS", "USAGE_NEVER", "USAGE_REFUSED", "USAGE_UNKNOWN", "WAITING", "WANT_DIGEST",
    "AdoptAnswer", "ClosedSignUp", "CredentialProof", "DecidedEvent", "DeliveryState", "Desk",
    "Event", "FollowUp", "Forward", "ListFacts", "ListKeys", "MailWishes", "Note", "OutboxEntry",
    "Presence", "Proved", "RowMarks", "SearchDocument", "SearchMark", "StatusLink",
    "TriedCredentials", "Undo", "Undone", "UnknownId", "Usage", "about_tenant", "access_view",
    "account_partition", "all_gaps", "answer_text", "assigned_partition", "by_company", "came_by",
    "changes_keys", "changes_partition", "claim_id", "claim_item", "closed_email_partition",
    "closed_sign_up_of", "closing_forward_item", "company_partition", "corrections_item",
    "corrections_of", "counted_decision", "counted_sign_up", "counter_attributes", "counter_id",
    "decided_event_of", "decided_partition", "decision_counts", "decision_name", "decision_of_name",
    "decisions_item_id", "desk_id", "desk_item", "desk_of", "document_tenant_id", "due_partition",
    "email_partition", "ended_tenant", "ends_access", "entry_set_aside", "entry_tenant_id",
    "event_item", "event_of", "events_partition", "follow_up_id", "follow_up_item", "follow_up_of",
    "former_secret_name", "former_secrets", "former_values", "forward_item", "forward_of",
    "gaps_of_row", "get_where_it_is", "get_where_it_leads", "given_up_partition", "gone_event_item",
    "hour_name", "imported_state", "in_report", "index_keys_of", "is_answered", "is_as_written",
    "is_asked", "is_confirmed", "is_ended_and_erased", "is_final_id", "is_list_place",
    "is_of_other_companies", "is_proved", "is_renewal", "is_set_aside", "is_tenant", "is_too_fast",
    "is_waiting_for_address", "item_kind", "item_of", "known_open_gaps",
    "known_tenant_of", "list_facts", "list_place_id",
    "list_place_item", "mail_partition", "mail_wishes_id", "mail_wishes_item", "mail_wishes_of",
    "marked", "monday_of", "moved_id", "moved_item", "moved_to", "new_desk", "new_outbox_entry",
    "new_search_mark", "no_reminders_id", "no_reminders_item", "normalised", "note_item", "note_of",
    "note_tenant_id", "notes_partition", "of_cluster", "of_source", "old_counters",
    "old_waiting_item_id", "open_gaps", "outbox_entry_of", "outbox_item", "outbox_key",
    "outbox_orphans_item", "outbox_partition", "owned_tenant", "owner_partition",
    "parse_optional_timestamp", "pending_id", "person_key", "person_of_wishes", "place_tenant_id",
    "presence_id", "presence_item", "presence_key", "presence_of", "public_view", "range_of_stay",
    "reference_of", "report_index_item", "restored", "row_marks", "rows_of_stays", "said_item",
    "search_document_id", "search_document_item", "search_document_of", "search_entry_hash",
    "search_entry_id", "search_entry_item", "search_mark_item", "search_mark_of",
    "second_address_item", "set_aside_counter", "set_by_staff", "sign_up_count", "sign_ups_item_id",
    "source_of", "spent_proof_id", "status_link_of", "status_of", "status_partition",
    "stored_answer", "tenant_of", "term_partition", "undo_of", "undone_of", "unknown_ids_count",
    "unknown_ids_item", "unknown_ids_of", "unusable_attributes", "usage_expected_since", "usage_id",
    "usage_item", "usage_of", "usage_refused_day", "usage_tenant_id", "validity_of",
    "waiting_bucket", "waiting_counts", "week_of", "weeks_until", "with_former_values",
    "with_status_link", "with_undo", "with_undone", "with_validity_before",
    "without_closed_sign_up", "without_secret", "written_digest",
]  # fmt: skip
