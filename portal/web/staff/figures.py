"""The figures of the overview: sign-ups and decisions by week, as a picture and as a table; how
long sign-ups waited; who decided what this week; the licences that end by month."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from portal import auth, queries, records
from portal.queries import MAX_ENDS, EndingMonth, PageCursor, Tab, Week
from portal.timestamps import format_timestamp
from portal.web.http import now, services, settings, store
from portal.web.i18n import _, dates, format_number
from portal.web.staff.lists import ListView, queue_url, queue_url_after
from portal.web.staff.tenant import history_label

#: People that the table of this week names, the busiest first.
_PEOPLE = 20
# The picture, in units of its own.
_WIDTH, _HEIGHT = 480, 158
_BASE, _TOP, _LEFT = 136, 26, 4
_BAR, _GAP = 14, 2
#: Every so many weeks have their date below them: more would not fit.
_DATED = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """A bar of the picture. `kind`: the class of its colour."""

    kind: str
    x: int
    y: int
    height: int
    width: int = _BAR


@dataclass(frozen=True, kw_only=True, slots=True)
class Tick:
    x: int
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WeekRow:
    week: str
    sign_ups: str
    decisions: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonRow:
    """What somebody decided this week. `numbers`: for each verb; empty if none."""

    name: str
    numbers: Sequence[str]
    total: str


@dataclass(frozen=True, kw_only=True, slots=True)
class MonthRow:
    """`url`: the list of active tenants, from this month on; empty if none ends in it."""

    month: str
    count: str
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Ready for `staff/_figures.html`. `most`: what the highest bar stands for."""

    weeks: Sequence[WeekRow]
    bars: Sequence[Bar]
    ticks: Sequence[Tick]
    most: str
    description: str
    waiting: str
    verbs: Sequence[str]
    people: Sequence[PersonRow]
    months: Sequence[MonthRow]
    width: int = _WIDTH
    height: int = _HEIGHT
    base: int = _BASE
    top: int = _TOP


def figures() -> Figures:
    known = services().figures
    weeks = known.weeks(store(), now())
    most = max(max(week.sign_ups, week.decisions) for week in weeks)
    verbs, people = _this_week(weeks[-1])
    return Figures(
        # The latest week is what people look for.
        weeks=[_week_row(week) for week in reversed(weeks)],
        bars=[bar for place, week in enumerate(weeks) for bar in _bars(place, week, most)],
        ticks=[
            Tick(x=_x(place), text=dates.short_day(week.monday))
            for place, week in enumerate(weeks)
            if place % _DATED == 0
        ],
        most=format_number(most),
        description=_description(weeks),
        waiting=_waiting(),
        verbs=[history_label(verb) for verb in verbs],
        people=people,
        months=[_month_row(month) for month in known.endings(store(), now(), _zone())],
    )


# ---- Weeks


def _x(place: int) -> int:
    return _LEFT + place * (_WIDTH - _LEFT) // queries.WEEKS


def _bars(place: int, week: Week, most: int) -> list[Bar]:
    """Both bars of a week. What is not nothing can be seen, however small it is."""
    bars = []
    for number, kind, offset in (
        (week.sign_ups, "asked", 0),
        (week.decisions, "decided", _BAR + _GAP),
    ):
        if number:
            height = max(2, round(number * (_BASE - _TOP) / most))
            bars.append(Bar(kind=kind, x=_x(place) + offset, y=_BASE - height, height=height))
    return bars


def _week_row(week: Week) -> WeekRow:
    return WeekRow(
        week=_monday(week),
        sign_ups=format_number(week.sign_ups),
        decisions=format_number(week.decisions),
    )


def _monday(week: Week) -> str:
    # It is a date, and no instant that another zone would show as the day before.
    midday = datetime(week.monday.year, week.monday.month, week.monday.day, 12, tzinfo=UTC)
    return dates.day(midday, ZoneInfo("UTC"))


def _description(weeks: Sequence[Week]) -> str:
    sign_ups = sum(week.sign_ups for week in weeks)
    decisions = sum(week.decisions for week in weeks)
    return _(
        "Sign-ups in the last %(weeks)s weeks: %(sign_ups)s. Decisions: %(decisions)s.",
        weeks=len(weeks),
        sign_ups=format_number(sign_ups),
        decisions=format_number(decisions),
    )


# ---- How long they waited


def _waiting() -> str:
    times = services().waiting_times.at(store(), now())
    if times is None:
        return _("Too few were decided lately to say how long a decision takes.")
    return _(
        "Half are decided within %(median)s, nine of ten within %(nearly_all)s.",
        median=dates.span(dates.rounded_up(times.median)),
        nearly_all=dates.span(dates.rounded_up(times.nearly_all)),
    )


# ---- Who decided what


def _this_week(week: Week) -> tuple[list[str], list[PersonRow]]:
    """The verbs of this week, and what each person decided; the busiest first."""
    by_verb: Counter[str] = Counter()
    by_person: Counter[str] = Counter()
    for (verb, person), number in week.decided.items():
        by_verb[verb] += number
        by_person[person] += number
    verbs = [verb for verb, _number in by_verb.most_common()]
    named = [person for person, _number in by_person.most_common(_PEOPLE)]
    names = _names(named)
    rows = [
        _person_row(
            names.get(person) or _("Somebody who is not on the list any more"),
            [week.decided.get((verb, person), 0) for verb in verbs],
        )
        for person in named
    ]
    if len(by_person) > len(named):
        left = [
            by_verb[verb] - sum(week.decided.get((verb, person), 0) for person in named)
            for verb in verbs
        ]
        rows.append(_person_row(_("All others"), left))
    return verbs, rows


def _person_row(name: str, numbers: Sequence[int]) -> PersonRow:
    return PersonRow(
        name=name,
        numbers=[format_number(number) if number else "" for number in numbers],
        total=format_number(sum(numbers)),
    )


def _names(keys: Sequence[str]) -> dict[str, str]:
    """Keys of people -> their names. A count knows no person, only its key."""
    wanted = frozenset(keys)
    if not wanted:
        return {}
    people = auth.people_of(store(), lambda id_: records.person_key(id_) in wanted)
    return {records.person_key(person.id): person.name for person in people}


# ---- Ends by month


def _month_row(month: EndingMonth) -> MonthRow:
    is_more = month.count >= MAX_ENDS
    return MonthRow(
        month=dates.month(month.first),
        count=f"{format_number(MAX_ENDS - 1)}+" if is_more else format_number(month.count),
        url=_list_from(month) if month.count else "",
    )


def _list_from(month: EndingMonth) -> str:
    """The list of active tenants is sorted by their ends, so a page of it begins with the month."""
    if month.start <= now():
        return queue_url(ListView(tab=Tab.ACTIVE))
    cursor = PageCursor(0, (format_timestamp(month.start), ""))
    return queue_url_after(ListView(tab=Tab.ACTIVE), cursor)


def _zone() -> ZoneInfo:
    return settings().time_zone
