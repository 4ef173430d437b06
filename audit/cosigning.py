"""Asking witnesses to cosign a checkpoint: the log's side of c2sp.org/tlog-witness.

Nothing that a witness answers is believed: a cosignature counts when it verifies under the
witness's key over exactly our checkpoint, and the size that it says to know is used for
nothing but the next proof, which the witness checks for itself.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

from audit.deadline import shut_after
from audit.note import BadNote, Checkpoint, Note, Signature, Vkey, whole_number
from audit.trust import Policy
from audit.witness import SIZE_TYPE, Submission

Prove = Callable[[int, int], Sequence[bytes]]
"""Makes the consistency proof from one size to another. Raises ValueError, IndexError."""

PATIENCE = 5.0
"""Seconds until a witness must be reached, and again until it has answered."""
MAX_ANSWER = 64 * 1024
_OK, _CONFLICT = 200, 409


class Unwilling(Exception):
    """A witness gave no cosignature; the message says why."""


@dataclass(frozen=True, slots=True)
class Said:
    """What came of asking one witness. `size` is the size it is known to have cosigned."""

    name: str
    size: int
    signature: Signature | None = None
    problem: str = ""


class Asking:
    """Asks all witnesses of a policy at once, and remembers how far each of them is."""

    def __init__(self, policy: Policy, *, patience: float = PATIENCE) -> None:
        self._policy = policy
        self._patience = patience
        self._known: dict[str, int] = dict.fromkeys(policy.urls, 0)

    def ask(self, note: Note, prove: Prove) -> tuple[Note, list[Said]]:
        """Return the note with every cosignature that was given, and what came of each."""
        names = list(self._policy.urls)
        if not names:
            return note, []
        with ThreadPoolExecutor(len(names)) as pool:
            said = list(pool.map(lambda name: self._ask_one(name, note, prove), names))
        for each in said:
            self._known[each.name] = each.size
            if each.signature is not None:
                note = note.signed_also(each.signature)
        return note, said

    def _ask_one(self, name: str, note: Note, prove: Prove) -> Said:
        size = Checkpoint.parse(note.text).size
        key, url = self._policy.witnesses[name], self._policy.urls[name]
        known = self._known[name]
        try:
            for _ in range(2):
                answer = _post(url, _body(note, min(known, size), size, prove), self._patience)
                if isinstance(answer, bytes):
                    return Said(name, size, cosignature(answer, note, key))
                _require_sense(answer, known=known, size=size)
                known = answer
        except (Unwilling, BadNote) as why:
            return Said(name, known, problem=str(why))
        except (OSError, http.client.HTTPException) as error:
            return Said(name, known, problem=f"it does not answer: {error or type(error).__name__}")
        except (ValueError, IndexError) as error:
            return Said(name, known, problem=f"the log's tiles give no proof: {error}")
        return Said(name, 0, problem="it says another size each time it is asked")


def cosignature(lines: bytes, note: Note, key: Vkey) -> Signature:
    """Return the cosignature of `key` among a witness's signature lines.

    Raises:
        BadNote: there is none, it is wrong, or the lines are none. Other keys are ignored.
    """
    answered = Note.parse(note.text.encode() + b"\n" + lines)
    for signature in answered.signatures:
        if (signature.name, signature.key_id) == (key.name, key.key_id):
            key.check(note.text, signature)
            return signature
    raise BadNote("its answer holds no cosignature of its key")


def met(policy: Policy, note: Note) -> bool:
    """Whether the cosignatures on a note make the policy's quorum."""
    keys: Mapping[Vkey, int | None] = {}
    try:
        keys = note.verified(list(policy.witnesses.values()))
    except BadNote:  # no witness signed, or one wrongly
        keys = {}
    return policy.met_by(keys)


def _require_sense(answer: int, *, known: int, size: int) -> None:
    """Raise Unwilling if a witness's size means that two histories bear this log's name."""
    if answer > size:
        raise Unwilling(
            f"it has cosigned {answer} entries, the log shows {size}: "
            "the log was rolled back, or two logs bear its name"
        )
    if answer == size == known:
        raise Unwilling(f"it has cosigned another tree of {size} entries: a fork")


def _body(note: Note, old: int, size: int, prove: Prove) -> bytes:
    path = tuple(b64encode(step).decode() for step in prove(old, size)) if old else ()
    return Submission.encode(old, path, note.encode())


def _post(url: str, body: bytes, patience: float) -> bytes | int:
    """Send; return the signature lines, or the size that the witness says to have (409)."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    port = parts.port or (443 if parts.scheme == "https" else 80)
    line = socket.create_connection((parts.hostname, port), patience)
    if parts.scheme == "https":
        line = ssl.create_default_context().wrap_socket(
            line, server_hostname=parts.hostname, do_handshake_on_connect=False
        )
    with line, shut_after(patience, line):
        if isinstance(line, ssl.SSLSocket):
            line.do_handshake()
        connection = http.client.HTTPConnection(parts.hostname, port)
        connection.sock = line
        connection.request("POST", f"{parts.path}/add-checkpoint", body)
        answer = connection.getresponse()
        said = answer.read(MAX_ANSWER)
    if answer.status == _OK:
        return said
    if answer.status == _CONFLICT and answer.headers.get_content_type() == SIZE_TYPE:
        return whole_number(said.decode("ascii", "replace").removesuffix("\n"))
    words = said.decode("utf-8", "replace").strip()[:200]
    raise Unwilling(f"it answers {answer.status}: {words}")
