"""The worked example of the log's design: every byte of a log of three entries."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ORIGIN = "gateway.example/audit"
WITNESS = "witness.example/security-office"
LOG_KEY = Ed25519PrivateKey.from_private_bytes(b"\x01" * 32)
WITNESS_KEY = Ed25519PrivateKey.from_private_bytes(b"\x02" * 32)
COSIGNED_AT = 1767600005
ENTRY_0 = (
    b'{"act":1,"cls":3002,"eid":"0001","out":"success","sub":"u:17",'
    b'"ts":"2026-01-05T08:00:00.000Z","v":1}'
)
ENTRY_1 = (
    b'{"act":3,"c":{"src_ip":"EptV5OKGINWErAYa6gRT62Z950frOmX6iF3hWZH6fP0="},"cls":3005,'
    b'"eid":"0002","obj":"u:23","out":"success","sub":"u:17",'
    b'"ts":"2026-01-05T08:00:01.250Z","v":1}'
)
ENTRY_2 = (
    b'{"act":3,"cls":1008,"eid":"0003","obj":"audit:0-2","out":"failure","sub":"u:99",'
    b'"ts":"2026-01-05T08:00:02.000Z","v":1}'
)
ENTRIES = (ENTRY_0, ENTRY_1, ENTRY_2)
LEAVES = tuple(
    bytes.fromhex(text)
    for text in (
        "2ae11a0ceed944a86096fc3ad8447726a7c4c058417db767114e7bd6db6e6235",
        "8f58e834005f47edbad54360317af1eaa75724f700d450ef031e97c300a3bdb9",
        "ed01c6f6e25353a6886982b2c75e3a302a17f67bdbaca5daec94a64f05f39750",
    )
)
ROOT_2 = bytes.fromhex("378ebed607d54d9c1ca7643a7810d16daa9d932f69da58aed30475e82d46a08f")
ROOT_3 = bytes.fromhex("f39e28128b57c34c2efb4c6a4c7fcb97b2ca85bac0468a75c7f46716ee68e557")
LOG_VKEY = "gateway.example/audit+d5ae1d6d+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
WITNESS_VKEY = (
    "witness.example/security-office+729666ff+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU"
)
CHECKPOINT = (
    "gateway.example/audit\n3\n854oEotXw0wu+0xqTH/Ll7LKhbrARop1x/RnFu5o5Vc=\n\n"
    "— gateway.example/audit 1a4dbfMIIZK4Dqrqb8mg+9INyE49+Nv0/J89wRgHvcyaVZuBgfKunDAV18mn"
    "Y4Iv0VdPspZQKUcz0IcyTt97SczfFQE=\n"
    "— witness.example/security-office cpZm/wAAAABpW2+F06GPCfjyXLVgN5JtXIiSoedBZVZ+k1HhS7s1"
    "4IrGVTI7wf21w0nVV06wDCvsauM4HAX7vn2XjpoSQ1Qy9kJeAA==\n"
).encode()
INCLUSION_1 = (
    "KuEaDO7ZRKhglvw62ER3JqfEwFhBfbdnEU571ttuYjU=",
    "7QHG9uJTU6aIaYKyx146MCoX9nvbrKXa7JSmTwXzl1A=",
)
CONSISTENCY_2_3 = ("7QHG9uJTU6aIaYKyx146MCoX9nvbrKXa7JSmTwXzl1A=",)
