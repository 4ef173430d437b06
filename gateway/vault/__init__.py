"""Encryption at rest: the format, the key ring of one zone, sealed columns and files."""

from gateway.vault.chunked import AES_256, SM4, Flaw, Unopenable
from gateway.vault.columns import FoundText, SealedBytes, SealedText, SealedTextOrNone, install
from gateway.vault.keyring import create_keyring, open_keyring, rotate_keyring
from gateway.vault.roots import KeyFile, Passphrase
from gateway.vault.vault import Vault

__all__ = [
    "AES_256",
    "SM4",
    "Flaw",
    "FoundText",
    "KeyFile",
    "Passphrase",
    "SealedBytes",
    "SealedText",
    "SealedTextOrNone",
    "Unopenable",
    "Vault",
    "create_keyring",
    "install",
    "open_keyring",
    "rotate_keyring",
]
