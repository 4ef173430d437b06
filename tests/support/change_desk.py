"""The desk at which rules are changed: each step of a change as its people take it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from audit.ledger import Ledger
from audit.record import Actor
from gateway.store.engines import Store
from policies import baseline, versions
from policies.change.benefit import Administration
from policies.change.validate import Known
from policies.dossier import approving, drafting, publishing
from policies.dossier.dossiers import Dossier, examination, find
from policies.dossier.drafting import Terms
from policies.dossier.examining import Around, examine
from policies.memberships import Memberships
from policies.rules import RuleSet
from policies.tables_dossier import policy_dossier

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def person(number: int) -> str:
    return f"person:00000000-0000-4000-8000-{number:012d}"


ANNA, BELA, CLERK, SYSTEM, AUDITOR = map(person, range(1, 6))
AUTHOR, APPROVER = Actor(subject=ANNA), Actor(subject=BELA)
PEOPLE = Memberships(
    roles=(
        (ANNA, "role:security_admin", "intranet"),
        (BELA, "role:security_admin", "intranet"),
        (SYSTEM, "role:system_admin", "intranet"),
        (AUDITOR, "role:auditor", "intranet"),
        (CLERK, "role:staff", "intranet"),
    ),
    units=((CLERK, "unit:caiwu"), (ANNA, "unit:baomi"), (BELA, "unit:baomi")),
)
NEW = "p, unit:caiwu, intranet, svc:budget/files/**, GET|HEAD, *, *, 2, *, allow\n"
OFFICE = baseline.load()


def around(rules: RuleSet, people: Memberships = PEOPLE, **more: object) -> Around:
    values: dict[str, object] = {
        "zone": "intranet",
        "rules": rules,
        "memberships": people,
        "known": Known(services=frozenset({"budget", "ledger"}), memberships=people),
        "labels": None,
        "clearance": None,
        "able": lambda _person: 2,
        "may": Administration(services=None, pages=frozenset()),
        **more,
    }
    return Around(**values)  # type: ignore[arg-type] - the values of a test's own making


class Desk:
    """The steps as people take them, each in its own transaction."""

    def __init__(self, ledger: Ledger, store: Store) -> None:
        self.ledger, self.store = ledger, store

    def found(self, rules: RuleSet = OFFICE) -> None:
        """Put the first rules in force."""
        with self.ledger.begin() as tx:
            versions.publish(tx, rules, actor=AUTHOR, now=NOON - timedelta(days=9), note="start")

    def open(self, added: str = NEW, *, text: str | None = None, **terms: object) -> str:
        """Open a change with more rules, or with a text of its own."""
        values = {"title": "预算给财务处", "why": "新的单位需要", "most_people": 5, **terms}
        with self.ledger.begin() as tx:
            return drafting.begin(
                tx, Terms(**values), actor=AUTHOR, now=NOON,  # type: ignore[arg-type] - as above
                text=self.rules().text() + added if text is None else text,
            )  # fmt: skip

    def rules(self) -> RuleSet:
        """Those in force."""
        with self.store.reading() as session:
            return versions.current(session) or RuleSet()

    def look(self, ref: str, people: Memberships = PEOPLE, **more: object) -> tuple[str, ...]:
        """Examine it; what blocks."""
        found = self.at(ref)
        effect = examine(
            found.text, around(self.rules(), people, **more),
            most_people=found.most_people, now=NOON,
        )  # fmt: skip
        with self.ledger.begin(unaudited_because="a test's progress") as tx:
            approving.begin_examination(tx.session, found, total=1, now=NOON)
        with self.ledger.begin() as tx:
            approving.end_examination(tx, found, effect, actor=AUTHOR, now=NOON)
        return () if effect is None else effect.blockers

    def at(self, ref: str) -> Dossier:
        """The change as it stands."""
        with self.store.reading() as session:
            return find(session, ref)

    def submit(self, ref: str) -> None:
        """Ask for approval."""
        with self.ledger.begin() as tx:
            drafting_edit = find(tx.session, ref).edit
            approving.submit(tx, ref, edit=drafting_edit, actor=AUTHOR, now=NOON)

    def shown(self, ref: str) -> str:
        """The hash of the effect."""
        with self.store.reading() as session:
            found = examination(session, ref)
        assert found is not None
        return found.hash

    def approve(self, ref: str, who: Actor = APPROVER, **more: object) -> None:
        """Approve it."""
        values = {"shown": self.shown(ref), "edit": self.at(ref).edit, **more}
        with self.ledger.begin() as tx:
            approving.approve(tx, ref, actor=who, now=NOON, **values)  # type: ignore[arg-type] - as above

    def approved(self, added: str = NEW, **terms: object) -> str:
        """A change that is approved."""
        ref = self.open(added, **terms)
        assert self.look(ref) == ()
        self.submit(ref)
        self.approve(ref)
        return ref

    def publish(self, ref: str, now: datetime = NOON) -> None:
        """Publish it."""
        with self.ledger.begin() as tx:
            publishing.publish(tx, find(tx.session, ref), actor=AUTHOR, now=now)

    def confirm(self, ref: str, now: datetime, signed_in: datetime) -> None:
        """Confirm it."""
        with self.ledger.begin() as tx:
            publishing.confirm(tx, ref, actor=AUTHOR, now=now, signed_in=signed_in)

    def roll_back(self, ref: str, now: datetime, why: str = "by_hand") -> None:
        """Roll it back."""
        with self.ledger.begin() as tx:
            publishing.roll_back(tx, ref, actor=AUTHOR, now=now, why=why)

    def tamper(self, ref: str, values: Mapping[str, object]) -> None:
        """Change its row behind the program's back."""
        own = policy_dossier.c.id == ref
        with self.ledger.begin() as tx:
            tx.session.execute(update(policy_dossier).where(own).values(**values))
            tx.record("policy.change_edited", actor=AUTHOR, now=NOON)
