"""The checkpoint on paper: three lines that, signed by hand and kept, bind the log for ever."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, func, select

from audit.note import BadNote, Checkpoint, Note
from audit.tables import log_checkpoint, log_state
from audit.tables_anchors import log_cosigned, log_key
from audit.verify import paper_check


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What is printed. `note` is the signed checkpoint, for the QR code.

    `root_groups` is the root in hexadecimal, four digits a group, for typing; `check` are the
    eight digits over the three lines by which a mistyped one is noticed; `witnesses` are those
    whose cosignatures the note bears.
    """

    origin: str
    size: int
    root_base64: str
    root_groups: tuple[str, ...]
    check: str
    note: str
    epoch: int
    key_id: str
    witnesses: tuple[str, ...]
    published: datetime

    @property
    def lines(self) -> tuple[str, str, str]:
        """The three lines that are signed."""
        return self.origin, str(self.size), self.root_base64


def newest(read: Engine) -> Paper | None:
    """Return the newest published checkpoint for paper, or None if nothing is sealed yet.

    Raises:
        BadNote: what the database has is no checkpoint.
    """
    with read.connect() as connection:
        row = connection.execute(select(log_state.c.note, log_state.c.published)).first()
        cosigned = connection.execute(select(log_cosigned.c.note)).scalar()
        if row is None or row.note is None:
            return None
        note = Note.parse(bytes(row.note))
        shown = Checkpoint.parse(note.text)
        if cosigned is not None and Note.parse(bytes(cosigned)).text == note.text:
            note = Note.parse(bytes(cosigned))
        before = select(func.count()).where(log_checkpoint.c.size < shown.size)
        epoch = int(connection.execute(before).scalar_one())
    root = shown.root.hex()
    own = [each for each in note.signatures if each.name == shown.origin]
    others = {each.name for each in note.signatures if each.name != shown.origin}
    if not own:
        raise BadNote("the checkpoint lacks the log's own signature")
    return Paper(
        origin=shown.origin,
        size=shown.size,
        root_base64=note.text.split("\n")[2],
        root_groups=tuple(root[at : at + 4] for at in range(0, len(root), 4)),
        check=paper_check(note.text),
        note=note.encode().decode(),
        epoch=epoch,
        key_id=own[0].key_id.hex(),
        witnesses=tuple(sorted(others)),
        published=row.published,
    )


def first_key(read: Engine) -> str | None:
    """Return the first key as the sealer wrote it beside the log; the paper's is what counts."""
    with read.connect() as connection:
        return connection.execute(select(log_key.c.first_key)).scalar()
