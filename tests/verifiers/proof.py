"""Proves an exported journal by `docs/proof.md` alone, with nothing of Threadpay's code.

    python proof.py journal.jsonl      (or journal.csv)

The exit status is 1 at the first entry that does not hold. An export that holds all postings of its
period is needed: one that is narrowed to a currency or an account lacks lines of entries.
"""

import csv
import hashlib
import json
import sys

BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"
TEXTS = [
    "cause", "channel", "conversation", "created_by", "description", "effective_date", "entry_id",
    "fee", "kind", "merchant", "message", "payment_intent", "payment_link", "payment_method",
    "previous_hash", "rail", "reference", "source", "tenant", "thread", "tip",
]  # fmt: skip
NUMBERS = ["booked_at_us", "hash_version", "sequence"]
LINE_TEXTS = ["account", "amount", "balance_after", "currency", "direction"]


def uuid_of(printed):
    """The sixteen bytes of an id."""
    number = 0
    for character in printed.partition("_")[2]:
        number = number * 32 + BASE32.index(character)
    return number.to_bytes(16, "big")


def minor(amount):
    """An amount in minor units, as decimal text."""
    return str(int(amount.replace(".", "")))


def version_1(lines):
    entry = lines[0]
    fields = [
        b"threadpay.journal_entry.v1",
        bytes.fromhex(entry["previous_hash"]),
        uuid_of(entry["merchant"]),
        str(entry["sequence"]).encode(),
        uuid_of(entry["entry_id"]),
        entry["kind"].encode(),
        entry["source"].encode(),
        uuid_of(entry["payment_intent"]) if entry["payment_intent"] else b"",
        str(entry["booked_at_us"]).encode(),
        entry["effective_date"].encode(),
    ]
    for line in lines:
        fields += [
            str(line["line"]).encode(),
            line["account"].encode(),
            line["direction"].encode(),
            minor(line["amount"]).encode(),
            line["currency"].encode(),
            minor(line["balance_after"]).encode(),
        ]
    return b"".join(len(field).to_bytes(8, "big") + field for field in fields)


def version_2(lines):
    entry = {name: lines[0][name] for name in TEXTS + NUMBERS}
    entry["postings"] = [{name: line[name] for name in [*LINE_TEXTS, "line"]} for line in lines]
    return json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


VERSIONS = {1: version_1, 2: version_2}


def hash_of(lines):
    """The hash that an entry must have, given its rows."""
    return hashlib.sha256(VERSIONS[lines[0]["hash_version"]](lines)).hexdigest()


def read(name):
    """The rows of a file that are postings."""
    with open(name, encoding="utf-8", newline="") as file:
        if not name.endswith(".csv"):
            yield from filter(lambda row: "account" in row, map(json.loads, file))
            return
        for row in csv.DictReader(file):
            if row["account"]:
                numbers = {column: int(row[column]) for column in [*NUMBERS, "line"]}
                yield {**{column: text or None for column, text in row.items()}, **numbers}


def prove(rows):
    """Holds each entry to the one before it; returns how many there are of each version."""
    entries, counts = {}, dict.fromkeys(VERSIONS, 0)
    for row in rows:
        entries.setdefault(row["sequence"], []).append(row)
    before = None
    for sequence, lines in entries.items():
        entry = lines[0]
        assert before is None or sequence == before["sequence"] + 1, f"{sequence} follows {before['sequence']}"
        assert before is None or entry["previous_hash"] == before["hash"], f"{sequence} is not chained"
        assert hash_of(lines) == entry["hash"], f"{sequence} is not what was booked"
        counts[entry["hash_version"]] += 1
        before = entry
    return counts


if __name__ == "__main__":
    print("entries proved, by version:", prove(read(sys.argv[1])))
