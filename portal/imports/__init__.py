"""Moving records in: an export is read, checked, planned against the store, and applied.

    text        bytes -> text: encodings, size, what is no text at all
    window      text -> one JSON value after another (`strict`), a small part in memory
    shapes      the shapes that people hand in -> one `Entry` after another
    checking    an `Entry` -> a `Candidate`, or the reasons why it is none
    drafts      the candidates of a plan, on disk and unreadable there
    planning    a draft against the store -> one `Row` after another; writes nothing
    runs        an import as it is stored: its state, and its rows in chunks
    applying    writes what the plan showed, step by step
    becoming    a row as the tenant that it becomes
    retention   what is left of an import when the time of its rows is over
    reports     rows as JSON and as CSV, which can be imported again
    exporting   tenants as what can be imported again

The page, the command and the request call the same functions.
"""
