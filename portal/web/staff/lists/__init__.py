"""The queue and the other lists of tenants.

list_view         which tenants a list shows, and in which order: what its address says
list_rows         the rows of a list: one page, or all of them
list_owners       what one person looks after, or nobody does
list_choices      sorting by the headings of columns, and the filters
patterns          writes many table rows, or a form, fast
queue             a page of a list: what a request asks for, and what is read for it
list_html         its HTML: tabs with counts, search, table, and their links
queue_columns     the columns of a list
kept_rows         the rows of the pages that were shown last
saved_views       the lists that a person has saved
not_in_queue      sign-ups that wait elsewhere
doubtful          clears doubtful sign-ups, many in one act
recent_decisions  what this person has just decided; an index may lag behind it
back_links        the way back to the list from which somebody came
"""

from portal.web.staff.lists import doubtful, queue, saved_views
from portal.web.staff.lists.back_links import back_parameter, list_url
from portal.web.staff.lists.list_html import queue_url
from portal.web.staff.lists.list_rows import choice_of, iter_rows, rows_page
from portal.web.staff.lists.list_view import ListView, Sort
from portal.web.staff.lists.not_in_queue import not_in_queue
from portal.web.staff.lists.patterns import render_rows
from portal.web.staff.lists.queue import queue_tabs, queue_url_after
from portal.web.staff.lists.queue_columns import QueueRow
from portal.web.staff.lists.recent_decisions import (
    note_decision,
    recently_decided,
    without_decided,
)

__all__ = [
    "ListView", "QueueRow", "Sort", "back_parameter", "choice_of", "doubtful", "iter_rows",
    "list_url", "not_in_queue", "note_decision", "queue", "queue_tabs", "queue_url",
    "queue_url_after", "recently_decided", "render_rows", "rows_page", "saved_views",
    "without_decided",
]  # fmt: skip
