"""A witness cosigns what has merely grown, and answers everything else exactly as C2SP says."""

from __future__ import annotations

import http.client
import socket
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from time import sleep

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from worked_example import CHECKPOINT, COSIGNED_AT, LEAVES, LOG_VKEY, WITNESS, WITNESS_VKEY

from audit.cosigning import Asking, cosignature, met
from audit.disk import replace_file
from audit.note import BadNote, Checkpoint, Note, Vkey, cosign, sign, vkey_of
from audit.tree import EMPTY, Leaves, consistency, root
from audit.trust import Policy
from audit.witness import Submission, Witness
from audit.witness_server import MOST_OF_ONE, WitnessServer

ORIGIN = "log.example/audit"
LOG_KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
TREE = Leaves([sha256(bytes([n])).digest() for n in range(200)])
OTHER = Leaves([sha256(b"x" + bytes([n])).digest() for n in range(200)])


def note(size: int, tree: Leaves = TREE, *, key: Ed25519PrivateKey = LOG_KEY) -> bytes:
    text = Checkpoint(ORIGIN, size, root(tree, size)).text()
    return sign(text, name=ORIGIN, key=key).encode()


def body(old: int, size: int, tree: Leaves = TREE) -> bytes:
    path = consistency(tree, old, size) if old else []
    return Submission.encode(
        old, tuple(b64encode(step).decode() for step in path), note(size, tree)
    )


def made(directory: Path, name: str = "witness.example/one") -> Witness:
    Witness.create(directory, name=name)
    witness = Witness(directory, clock=lambda: datetime.fromtimestamp(COSIGNED_AT, UTC))
    witness.trust(vkey_of(LOG_KEY, name=ORIGIN))
    return witness


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    """A witness that knows the log."""
    return made(tmp_path / "witness")


@contextmanager
def serving(witness: Witness) -> Iterator[WitnessServer]:
    with running(WitnessServer(("127.0.0.1", 0), witness)) as server:
        yield server


@contextmanager
def running(server: WitnessServer) -> Iterator[WitnessServer]:
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_worked_example_is_cosigned_byte_for_byte(tmp_path: Path) -> None:
    """Reference, section 3.5: log seed 32 x 0x01, witness seed 32 x 0x02, time 1767600005."""
    witness = made(tmp_path, WITNESS)
    replace_file(tmp_path / "key", b"\x02" * 32)
    witness = Witness(tmp_path, clock=lambda: datetime.fromtimestamp(COSIGNED_AT, UTC))
    assert str(witness.vkey) == WITNESS_VKEY
    witness.trust(Vkey.parse(LOG_VKEY))
    by_log = Note.parse(CHECKPOINT)
    bare = Note(by_log.text, by_log.signatures[:1]).encode()
    answer = witness.add_checkpoint(Submission.encode(0, (), bare))
    assert answer.status == 200
    assert bare + answer.body == CHECKPOINT
    tree = Leaves(list(LEAVES))
    again = Submission.encode(
        3, tuple(b64encode(step).decode() for step in consistency(tree, 3, 3)), bare
    )
    assert bare + witness.add_checkpoint(again).body == CHECKPOINT


def test_a_log_that_grows_is_cosigned_each_time(witness: Witness) -> None:
    old = 0
    for size in (0, 1, 2, 7, 64, 65, 200):
        answer = witness.add_checkpoint(body(old, size))
        assert answer.status == 200, answer
        signature = cosignature(answer.body, Note.parse(note(size)), witness.vkey)
        assert witness.vkey.check(Note.parse(note(size)).text, signature) == COSIGNED_AT
        old = size


def test_it_remembers_after_a_restart(tmp_path: Path) -> None:
    assert made(tmp_path).add_checkpoint(body(0, 9)).status == 200
    again = Witness(tmp_path, clock=lambda: datetime.now(UTC))
    answer = again.add_checkpoint(body(0, 9))
    assert (answer.status, answer.body, answer.media_type) == (409, b"9\n", "text/x.tlog.size")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", 400),
        (b"old 5\n" + note(9), 400),
        (b"old 05\n\n" + note(9), 400),
        (b"old -1\n\n" + note(9), 400),
        (b"old 5 \n\n" + note(9), 400),
        (b"Old 5\n\n" + note(9), 400),
        (b"old 5\nAAAA\n\n" + note(9), 400),
        (b"old 5\n" + b64encode(EMPTY) + b"=\n\n" + note(9), 400),
        (b"old 5\n" + (b64encode(EMPTY) + b"\n") * 64 + b"\n" + note(9), 400),
        (b"old 5\n\n" + note(9).replace(b"\n9\n", b"\n09\n"), 400),
        (b"old 5\r\n\r\n" + note(9), 400),
        (body(5, 9).replace(b"log.example", b"not.example"), 404),
        (body(5, 9).replace(note(9), note(9, key=Ed25519PrivateKey.generate())), 403),
        (b"old 10\n\n" + note(9), 400),
        (body(4, 9), 409),
        (body(0, 9), 409),
        (body(5, 9).replace(b64encode(consistency(TREE, 5, 9)[0]), b64encode(EMPTY)), 422),
        (b"old 5\n\n" + note(9), 422),
        (b"old 5\n\n" + note(5, OTHER), 409),
        (b"old 5\n" + b64encode(EMPTY) + b"\n\n" + note(5), 422),
    ],
)  # fmt: skip
def test_every_other_answer_is_the_one_that_c2sp_prescribes(
    witness: Witness, sent: bytes, status: int
) -> None:
    assert witness.add_checkpoint(body(0, 5)).status == 200
    answer = witness.add_checkpoint(sent)
    assert answer.status == status, answer
    if status == 409:
        assert (answer.body, answer.media_type) == (b"5\n", "text/x.tlog.size")
    assert witness.add_checkpoint(body(5, 6)).status == 200  # nothing of it was remembered


def test_attack_a_fork_is_never_cosigned_whatever_size_it_claims(witness: Witness) -> None:
    assert witness.add_checkpoint(body(0, 50)).status == 200
    for size in (50, 51, 64, 128, 200):
        assert witness.add_checkpoint(body(50, size, OTHER)).status in {409, 422}


def test_attack_a_replay_of_an_older_checkpoint_does_not_turn_it_back(witness: Witness) -> None:
    first = body(0, 5)
    assert witness.add_checkpoint(first).status == 200
    assert witness.add_checkpoint(body(5, 50)).status == 200
    assert witness.add_checkpoint(first).status == 409
    assert witness.add_checkpoint(body(5, 9)).status == 409


def test_attack_a_proof_before_the_first_checkpoint_is_refused(witness: Witness) -> None:
    proof = Submission.encode(0, (b64encode(EMPTY).decode(),), note(9))
    assert witness.add_checkpoint(proof).status == 422


def test_a_damaged_memory_is_no_empty_memory(tmp_path: Path) -> None:
    """It answers 500 and cosigns nothing, rather than beginning anew."""
    witness = made(tmp_path)
    assert witness.add_checkpoint(body(0, 5)).status == 200
    (state,) = (each for each in (tmp_path / "seen").iterdir() if not each.suffix)
    state.write_bytes(b"garbage")
    with serving(witness) as server:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port)
        connection.request("POST", "/add-checkpoint", body(0, 9))
        assert connection.getresponse().status == 500
        connection.close()


def test_attack_many_at_once_never_roll_it_back(tmp_path: Path) -> None:
    """The race of tlog-witness: checked at N, overtaken by N + K, stored as N."""
    witness = made(tmp_path)
    assert witness.add_checkpoint(body(0, 1)).status == 200
    largest = 0
    with ThreadPoolExecutor(8) as pool:
        for size, answer in pool.map(
            lambda size: (size, witness.add_checkpoint(body(1, size))), range(2, 120)
        ):
            assert answer.status in {200, 409}
            largest = size if answer.status == 200 else largest
    assert int(witness.add_checkpoint(body(0, 1)).body) == largest


@given(st.binary(max_size=300))
def test_no_request_whatever_breaks_the_parser(sent: bytes) -> None:
    try:
        parsed = Submission.parse(sent)
    except BadNote:
        return
    assert parsed.old >= 0


def exchange(server: WitnessServer, sent: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", server.server_port), 5) as connection:
        with suppress(ConnectionError):  # sent away unread
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(4096), b""))
        return b""


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /add-checkpoint HTTP/1.1\r\nHost: w\r\n\r\n", b"405"),
        (b"GET / HTTP/1.1\r\nHost: w\r\n\r\n", b"404"),
        (b"POST /other HTTP/1.1\r\nHost: w\r\nContent-Length: 2\r\n\r\nxx", b"404"),
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n\r\n", b"411"),
        (b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: -1\r\n\r\n", b"411"),
        (b"POST /add-checkpoint HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", b"411"),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n", b"413"),
        (b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 3\r\n\r\nold", b"400"),
    ],
)
def test_the_server_answers_only_what_it_is_for(
    witness: Witness, sent: bytes, status: bytes
) -> None:
    with serving(witness) as server:
        assert exchange(server, sent).split(b" ")[1] == status


def test_attack_a_client_that_drips_bytes_is_cut_off(witness: Witness) -> None:
    server = WitnessServer(("127.0.0.1", 0), witness, life=1.0)
    with running(server), socket.create_connection(("127.0.0.1", server.server_port)) as dripping:
        dripping.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 9999\r\n\r\n")
        sent = 0
        with suppress(ConnectionError):
            while sent < 9999:
                sent += dripping.send(b"o")
                sleep(0.05)
        assert sent < 9999


def test_attack_one_address_cannot_take_all_places(witness: Witness) -> None:
    with serving(witness) as server, ExitStack() as held:
        where = ("127.0.0.1", server.server_port)
        for _ in range(MOST_OF_ONE):
            held.enter_context(socket.create_connection(where))
        with socket.create_connection(where) as one_too_many:
            assert one_too_many.recv(100).startswith(b"HTTP/1.1 503 ")
        with socket.create_connection(where, source_address=("127.0.0.2", 0)) as other:
            other.sendall(b"GET / HTTP/1.1\r\nHost: w\r\nConnection: close\r\n\r\n")
            assert b"".join(iter(lambda: other.recv(100), b"")).startswith(b"HTTP/1.1 404 ")
        held.close()
        sent = b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 3\r\n\r\nold"
        while not exchange(server, sent).startswith(b"HTTP/1.1 400 "):
            sleep(0.05)


def policy_of(*witnesses: tuple[Vkey, str], quorum: int) -> Policy:
    lines = [f"witness w{n} {key} {url}" for n, (key, url) in enumerate(witnesses)]
    names = " ".join(f"w{n}" for n in range(len(witnesses)))
    return Policy.parse("\n".join([*lines, f"group g {quorum} {names}", "quorum g", ""]))


def prove(tree: Leaves = TREE) -> Callable[[int, int], list[bytes]]:
    return lambda old, new: consistency(tree, old, new)


def test_the_asking_side_learns_how_far_a_witness_is_and_goes_on(witness: Witness) -> None:
    assert witness.add_checkpoint(body(0, 20)).status == 200
    with serving(witness) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        policy = policy_of((witness.vkey, url), quorum=1)
        asking = Asking(policy)
        for size in (30, 31, 31):
            cosigned, said = asking.ask(Note.parse(note(size)), prove())
            assert said[0].problem == ""
            assert met(policy, cosigned)
        assert not met(policy, Note.parse(note(31)))


def test_attack_a_log_that_was_rolled_back_hears_it_from_its_witness(witness: Witness) -> None:
    assert witness.add_checkpoint(body(0, 50)).status == 200
    with serving(witness) as server:
        policy = policy_of((witness.vkey, f"http://127.0.0.1:{server.server_port}"), quorum=1)
        cosigned, said = Asking(policy).ask(Note.parse(note(40)), prove())
        assert "rolled back" in said[0].problem
        assert not met(policy, cosigned)
        _, said = Asking(policy).ask(Note.parse(note(50, OTHER)), prove(OTHER))
        assert "fork" in said[0].problem or "422" in said[0].problem


class Liar(WitnessServer):
    """A witness that answers 200 with whatever it is told to."""

    def __init__(self, witness: Witness, lie: Callable[[bytes], bytes]) -> None:
        super().__init__(("127.0.0.1", 0), witness)
        honest = witness.add_checkpoint
        witness.add_checkpoint = lambda sent: type(honest(body(0, 0)))(200, lie(sent))  # type: ignore[method-assign]


@pytest.mark.parametrize("kind", ["other checkpoint", "other key", "nonsense", "nothing"])
def test_attack_a_lying_witness_gives_no_cosignature(tmp_path: Path, kind: str) -> None:
    witness = made(tmp_path)
    stranger = Ed25519PrivateKey.generate()

    def lie(_sent: bytes) -> bytes:
        own = Ed25519PrivateKey.from_private_bytes((tmp_path / "key").read_bytes())
        of = {
            "other checkpoint": cosign(
                Note.parse(note(9, OTHER)), name=witness.name, key=own, at=COSIGNED_AT
            ),
            "other key": cosign(
                Note.parse(note(9)), name=witness.name, key=stranger, at=COSIGNED_AT
            ),
        }
        return of[kind].signatures[-1].line().encode() if kind in of else kind.encode()[:-7]

    with running(Liar(witness, lie)) as server:
        policy = policy_of((witness.vkey, f"http://127.0.0.1:{server.server_port}"), quorum=1)
        cosigned, said = Asking(policy).ask(Note.parse(note(9)), prove())
    assert said[0].signature is None
    assert said[0].problem
    assert cosigned == Note.parse(note(9))


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_attack_a_witness_that_drips_its_answer_holds_nobody_up(
    witness: Witness, scheme: str
) -> None:
    """Over TLS it drips the handshake already: a record that never ends."""
    start = b"\x16\x03\x03\x40\x00" if scheme == "https" else b"HTTP/1.1 200 OK\r\n"
    let_go = threading.Event()

    def drip(listening: socket.socket) -> None:
        with listening.accept()[0] as line, suppress(OSError):
            line.sendall(start)
            while True:
                line.sendall(b"x")
                sleep(0.05)
        let_go.set()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        dripping = threading.Thread(target=drip, args=(listening,), daemon=True)
        dripping.start()
        url = f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
        asking = Asking(policy_of((witness.vkey, url), quorum=1), patience=0.5)
        _, said = asking.ask(Note.parse(note(9)), prove())
        assert said[0].problem
        assert let_go.wait(60)
