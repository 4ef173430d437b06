"""How far the rules have looked, with the gateway's word for it.

Whoever writes the database could move the place past entries that nobody is to look at. So it
carries a MAC of the zone's: one that was not given here counts for nothing, and the rules begin
again at the last that this process knows. One that was given earlier and put back makes them
look again, which finds nothing twice. The beginning of the log needs no word.
"""

from __future__ import annotations

from dataclasses import dataclass
from hmac import compare_digest

from sqlalchemy import BigInteger, Connection, LargeBinary, cast, insert, select, update

from audit.review.tables import review_place
from audit.stored import stored_bytes
from audit.vouching import Mac

_USE = "row/review_place"


@dataclass(frozen=True, slots=True)
class Place:
    """What the row says. `next`: the first entry that was not looked at, if that is believed.

    `wrong` says why it is not: `place_gone`, `place_forged`, or nothing.
    """

    said: int | None
    word: bytes
    next: int | None
    wrong: str = ""


def look(connection: Connection, mac: Mac, *, holding: bool = False) -> Place:
    """Read the place; `holding` keeps others from moving it until the transaction ends."""
    # SQLite keeps whatever type was written; what is no number is the beginning.
    said, word = cast(review_place.c.next, BigInteger), cast(review_place.c.word, LargeBinary)
    query = select(said.label("said"), word.label("word"))
    row = connection.execute(query.with_for_update() if holding else query).first()
    if row is None:
        return Place(None, b"", None, "place_gone")
    found = b"" if row.word is None else stored_bytes(row.word)
    if row.said == 0 or compare_digest(found, _word(mac, row.said)):
        return Place(row.said, found, row.said)
    return Place(row.said, found, None, "place_forged")


def move(connection: Connection, mac: Mac, seen: Place, to: int) -> bool:
    """Move the place if it still is where it was seen; False if somebody else moved it."""
    if look(connection, mac, holding=True) != seen:
        return False
    is_gone = seen.wrong == "place_gone"
    change = insert(review_place).values(id=1) if is_gone else update(review_place)
    connection.execute(change.values(next=to, word=_word(mac, to)))
    return True


def _word(mac: Mac, place: int) -> bytes:
    return mac(_USE, b"%d" % place)
