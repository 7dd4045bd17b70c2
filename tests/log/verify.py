#!/usr/bin/env python3
"""Checks a log folder from docs/log-format.md alone: `verify.py FOLDER` prints one line and exits 0, 1 or 2.

`verify.py --proof FILE KEY` checks the proof of one entry. Nothing but the standard library is used.
"""

import base64
import datetime
import hashlib
import json
import os
import re
import sys

# Ed25519 as RFC 8032 gives it: slow, and enough to check a signature.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(n, p):
    q = (0, 1, 1, 0)
    while n:
        if n & 1:
            q = add(q, p)
        p = add(p, p)
        n >>= 1
    return q


def point(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def signed(key, text, signature):
    base = point((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    r, a = point(signature[:32]), point(key)
    s = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or r is None or a is None or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little") % L
    left, right = times(s, base), add(r, times(h, a))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def sha(data):
    return hashlib.sha256(data).digest()


class Tree:
    """The roots of the perfect subtrees, the largest first."""

    def __init__(self):
        self.size, self.peaks = 0, []

    def push(self, leaf):
        n = self.size
        while n & 1:
            leaf = sha(b"\x01" + self.peaks.pop() + leaf)
            n >>= 1
        self.peaks.append(leaf)
        self.size += 1

    def root(self):
        if not self.peaks:
            return sha(b"")
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = sha(b"\x01" + peak + root)
        return root


class Key:
    def __init__(self, text):
        self.name, self.id, data = text.split("+", 2)
        data = base64.b64decode(data, validate=True)
        assert data[0] == 1 and len(data) == 33, "not an Ed25519 key"
        self.key = data[1:]
        assert sha(self.name.encode() + b"\n" + data)[:4].hex() == self.id, "the id is not that of the key"

    def has_signed(self, text, lines):
        for line in lines:
            _, name, data = line.split(" ", 2)
            data = base64.b64decode(data, validate=True)
            if name == self.name and data[:4].hex() == self.id:
                return signed(self.key, text.encode(), data[4:])
        return False


class Bad(Exception):
    """Tampered: exit 1."""


class Unknown(Exception):
    """Cannot be proved: exit 2."""


def notes(text):
    """Takes notes apart that stand one behind the other; what a crash left of the last is passed over."""
    at = 0
    for found in re.finditer(r"((?:[^\n\u2014][^\n]*\n)+)\n((?:\u2014 [^\n]*\n)+)", text):
        if found.start() != at:
            raise Unknown("a checkpoint cannot be read")
        at = found.end()
        yield found.group(1), found.group(2).splitlines()
    if "\n\u2014 " in text[at:] and text.endswith("\n"):
        raise Unknown("a checkpoint cannot be read")


def head(folder):
    path = os.path.join(folder, "head")
    if not os.path.exists(path):
        return None
    data = open(path, "rb").read()
    if len(data) != 1024:
        return json.loads(data)
    places = []
    for block in (data[:512], data[512:]):
        text, _, rest = block.partition(b" ")
        if block == text + b" " + hashlib.sha256(text).hexdigest()[:16].encode() + b" " * (494 - len(text)) + b"\n":
            places.append(json.loads(text))
    if not places:
        raise Unknown("the head cannot be read")
    return max(places, key=lambda one: one["size"])


def passed(first, last):
    """Seconds between two entries: by the clock that never goes back, where the host was not started anew."""
    if first["boot"] == last["boot"]:
        return (int(last["mono_ns"]) - int(first["mono_ns"])) // 10**9
    first, last = (datetime.datetime.fromisoformat(one["ts"].replace("Z", "+00:00")) for one in (first, last))
    return int((last - first).total_seconds())


def verify(folder):
    end = head(folder)
    path = os.path.join(folder, "checkpoints")
    due = {}
    if os.path.exists(path):
        try:
            kept = open(path, encoding="utf-8").read()
        except UnicodeDecodeError as why:
            raise Unknown("a checkpoint cannot be read") from why
        for text, lines in notes(kept):
            origin, size, root = text.splitlines()[:3]
            if int(size) == 0:
                raise Unknown("a checkpoint over no entry proves nothing")
            due.setdefault(int(size), []).append((origin, text, base64.b64decode(root), lines))
    tree, prev, keys, seq, sealed, broken, bare, last = Tree(), "0" * 64, [], 0, 0, None, None, None
    names = sorted(name for name in os.listdir(folder) if re.fullmatch(r"log-\d{12}\.jsonl", name))
    for name in names:
        data = open(os.path.join(folder, name), "rb").read()
        for line in data[: data.rfind(b"\n") + 1].splitlines(keepends=True):
            seq += 1
            leaf = sha(b"\x00" + line[:-1])
            entry = json.loads(line)
            if entry["seq"] != seq:
                raise Bad(f"entry {seq} is missing or moved")
            if entry["prev"] != prev:
                raise Bad(f"entry {max(seq - 1, 1)} differs")
            if "body" in entry and os.path.exists(os.path.join(folder, "bodies", str(seq))):
                if sha(open(os.path.join(folder, "bodies", str(seq)), "rb").read()).hex() != entry["body"]["c"]:
                    raise Bad(f"entry {seq} has another body")
            prev = leaf.hex()
            tree.push(leaf)
            said = re.fullmatch(r"checkpoints are signed by (\S+)", entry.get("reason", ""))
            if said and entry["kind"] in ("log.open", "log.key"):
                keys.append(Key(said.group(1)))
            if entry["kind"] == "log.break":
                broken = seq
            if end and end["size"] == seq:
                if end["leaf"] != prev or end.get("root", tree.root().hex()) != tree.root().hex():
                    raise Bad(f"entry {seq} differs from the head")
            for origin, text, root, lines in due.pop(seq, []):
                if origin != entry["origin"] or not any(key.has_signed(text, lines) for key in reversed(keys)):
                    raise Bad(f"the checkpoint over {seq} entries is not signed by this log")
                if root != tree.root():
                    raise Bad(f"an entry after {sealed}, up to {seq}, differs from the checkpoint")
                sealed = seq
            last = entry
            bare = (None if sealed == seq else bare or entry) if keys else None
    if due:
        raise Bad(f"entry {seq + 1} is missing: a checkpoint counts {max(due)}")
    if end is None and seq > 1:
        raise Unknown("the head is missing")
    if end and end["size"] > seq:
        raise Bad(f"entry {seq + 1} is missing")
    if bare and passed(bare, last) > 120:
        raise Unknown(f"entry {bare['seq']} is under no checkpoint: checkpoints are missing")
    if broken:
        raise Unknown(f"entry {broken} records damage before it")
    return f"whole: {seq} entries, signed up to {sealed}"


def prove(path, key):
    above, _, note = open(path, encoding="utf-8").read().partition("\n\n")
    form, extra, index, *hashes = above.split("\n")
    text, lines = next(notes(note))
    size, root = int(text.split("\n")[1]), base64.b64decode(text.split("\n")[2])
    if form != "c2sp.org/tlog-proof@v1" or not Key(key).has_signed(text, lines):
        raise Bad("the checkpoint is not signed by that key")
    line, at = base64.b64decode(extra.removeprefix("extra ")), int(index.removeprefix("index "))
    number, last, value = at, size - 1, sha(b"\x00" + line)
    for one in map(base64.b64decode, hashes):
        if at % 2 or at == last:
            value = sha(b"\x01" + one + value)
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            value = sha(b"\x01" + value + one)
        at, last = at >> 1, last >> 1
    if number >= size or last or value != root:
        raise Bad("the entry is not under the checkpoint")
    return f"entry {number + 1} is in {text.splitlines()[0]}"


if __name__ == "__main__":
    try:
        print(prove(*sys.argv[2:4]) if sys.argv[1] == "--proof" else verify(sys.argv[1]))
    except Bad as why:
        print(f"tampered: {why}")
        sys.exit(1)
    except (Unknown, OSError) as why:
        print(f"cannot be proved: {why}")
        sys.exit(2)
    except (ValueError, KeyError, AssertionError) as why:
        print(f"tampered: what stands there is no entry ({why})")
        sys.exit(1)
