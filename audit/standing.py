"""The standing key: the log's door key, for those who can know one key only.

Epoch keys change every hour and are destroyed; a witness, or any tool that follows
C2SP, knows a log by one key that stays. So every checkpoint bears a second signature, by a
standing key, which the first epoch's key vouches for. Whoever steals it can fool those who
look at it alone, as with any log that has one key; our own verifier walks the epochs, and
takes the standing key's word for nothing but a receipt that lies before it without the log.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.disk import replace_file
from audit.keep import Disagreement, Keep
from audit.note import BadNote, Note, Signature, Vkey, from_base64, vkey_of, whole_number

KEY_FILE = "standing-key"
CERTIFICATE_FILE = "standing"
TITLE = "hangu.key.standing/v1"
_WORDS = 4


@dataclass(frozen=True, slots=True)
class Certificate:
    """What an epoch's key says: this standing key is the log's."""

    vkey: Vkey
    epoch: int
    signature: bytes

    HEAD: ClassVar[str] = "standing"

    @classmethod
    def parse(cls, line: str) -> Certificate:
        """Read `standing <vkey> <epoch> <base64>`. Raises BadNote."""
        words = line.strip("\n").split(" ")
        if len(words) != _WORDS or words[0] != cls.HEAD:
            raise BadNote("not a standing key's certificate")
        return cls(Vkey.parse(words[1]), whole_number(words[2]), from_base64(words[3]))

    def line(self) -> str:
        """Return the line with its newline."""
        signature = b64encode(self.signature).decode()
        return f"{self.HEAD} {self.vkey} {self.epoch} {signature}\n"

    def check(self, epoch_key: Vkey) -> None:
        """Raise BadNote unless `epoch_key`, of the same log, signed this."""
        if epoch_key.name != self.vkey.name:
            raise BadNote("a standing key of another log")
        text = stated(self.vkey, self.epoch)
        epoch_key.check(text, Signature(epoch_key.name, epoch_key.key_id, self.signature))


@dataclass(frozen=True, slots=True)
class Standing:
    """The opened standing key."""

    key: Ed25519PrivateKey
    certificate: Certificate

    def sign_also(self, note: Note) -> Note:
        """Return the note with the standing key's signature."""
        vkey = self.certificate.vkey
        signature = Signature(vkey.name, vkey.key_id, self.key.sign(note.text.encode()))
        return note.signed_also(signature)


def default_policy(certificate: str) -> str:
    """An office's policy if it has none: others know a log by one key, the standing one."""
    return f"log {Certificate.parse(certificate).vkey}\nquorum none\n"


def stated(vkey: Vkey, epoch: int) -> str:
    """What the epoch's key signs. Its first line can be no checkpoint's."""
    return f"{TITLE}\n{vkey.name}\n{epoch}\n{vkey}\n"


def open_standing(keep: Keep) -> Standing:
    """Open the standing key in the sealer's directory; make it there at the first time.

    Raises:
        Disagreement: its files are damaged, or one of them is gone.
    """
    secret, certificate = keep.directory / KEY_FILE, keep.directory / CERTIFICATE_FILE
    if not certificate.exists():
        return _made(keep)
    try:
        key = Ed25519PrivateKey.from_private_bytes(secret.read_bytes())
        found = Certificate.parse(certificate.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise Disagreement(f"the standing key cannot be read: {error}") from None
    if found.vkey != vkey_of(key, name=keep.memory.origin):
        raise Disagreement(f"{certificate} is of another key than {secret}")
    return Standing(key, found)


def _made(keep: Keep) -> Standing:
    epoch = keep.memory.signed.next_epoch
    key = Ed25519PrivateKey.generate()
    vkey = vkey_of(key, name=keep.memory.origin)
    signature = keep.key(epoch).sign(stated(vkey, epoch).encode())
    made = Certificate(vkey, epoch, signature)
    replace_file(keep.directory / KEY_FILE, key.private_bytes_raw())
    replace_file(keep.directory / CERTIFICATE_FILE, made.line().encode())
    return Standing(key, made)
