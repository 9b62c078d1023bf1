"""Holds what Threadpay reads of bank statements against what libraries for Python read.

    STATEMENTS=<folder of files> cargo test --test statements -- --ignored --nocapture prints >read.txt
    pip install camt053 mt-940 ofxparse ofxtools
    python statements.py read.txt

Amounts with their signs, days, the bank's ids, end-to-end ids and balances must agree for each file
that both read. The exit status is 1 if something does not.
"""

import json
import sys
import warnings
from decimal import Decimal
from pathlib import Path

import camt053
import mt940
import ofxparse
import ofxtools

warnings.filterwarnings("ignore")


def number(text):
    return None if text is None else Decimal(str(text))


def by_camt053(path):
    """Statements as (account, opening, closing, lines)."""
    found = []
    for statement in camt053.parse_document(path.read_text(encoding="utf-8")).statements:
        balances = {}
        for balance in statement.balances:
            sign = -1 if balance.credit_debit_indicator == "DBIT" else 1
            balances[balance.type_code] = sign * number(balance.amount)
        lines = []
        for entry in statement.entries:
            sign = -1 if entry.credit_debit_indicator == "DBIT" else 1
            ids = [detail.end_to_end_id for detail in entry.details]
            lines.append(
                {
                    "amount": sign * number(entry.amount),
                    "booked_on": (entry.booking_date or "")[:10] or None,
                    "value_on": (entry.value_date or "")[:10] or None,
                    "end_to_end": sorted(id for id in ids if id and id != "NOTPROVIDED"),
                }
            )
        account = statement.account.iban or statement.account.other_id
        found.append((account, balances.get("OPBD"), balances.get("CLBD"), lines))
    return found


def by_mt940(path):
    text = path.read_bytes()
    try:
        text = text.decode("utf-8")
    except UnicodeDecodeError:
        text = text.decode("cp1252", "replace")
    lines = []
    for transaction in mt940.parse(text):
        data = transaction.data
        if "amount" in data:
            # The library knows no reversals: that of a credit (RC) takes money out.
            reversal = {"RC": -1, "RD": 1}.get(data["status"])
            amount = data["amount"].amount
            amount = amount if reversal is None else reversal * abs(amount)
            lines.append({"amount": amount, "value_on": str(data["date"])})
    return [(None, None, None, lines)]


def by_ofxtools(path):
    tree = ofxtools.Parser.OFXTree()
    tree.parse(str(path))
    found = []
    for statement in tree.convert().statements:
        if not hasattr(statement, "ledgerbal"):
            continue
        # Its aggregates are lists, and those that hold no others are "false".
        kind = "ccacctfrom" if type(statement).__name__.startswith("CC") else "bankacctfrom"
        account = getattr(statement, kind)
        closing = None if statement.ledgerbal is None else statement.ledgerbal.balamt
        listed = statement.banktranlist if statement.banktranlist is not None else []
        lines = [{"amount": one.trnamt, "bank_id": one.fitid} for one in listed]
        found.append((account.acctid, None, closing, lines))
    return found


def by_ofxparse(path):
    with path.open("rb") as file:
        accounts = ofxparse.OfxParser.parse(file).accounts
    found = []
    for account in accounts:
        if account.type == ofxparse.AccountType.Investment:
            continue
        statement = account.statement
        lines = [
            {"amount": one.amount, "bank_id": one.id, "booked_on": str(one.date.date())}
            for one in statement.transactions
        ]
        found.append((account.account_id, None, getattr(statement, "balance", None), lines))
    return found


def ours(statement):
    lines = []
    for line in statement["lines"]:
        parts = [line, *line["transactions"]]
        references = [reference for part in parts for reference in part["references"]]
        lines.append(
            {
                **line,
                "amount": number(line["amount"]),
                "end_to_end": sorted(value for kind, value in references if kind == "end_to_end"),
            }
        )
    ends = (number(statement["opening"]), number(statement["closing"]))
    return (statement["account"], *ends, lines)


def differences(mine, theirs, whole):
    """What the two do not agree on. A library that reads all statements as one knows no accounts."""
    if whole:
        mine = [(None, None, None, [line for one in mine for line in one[3]])]
    if len(mine) != len(theirs):
        return [f"{len(mine)} statements, {len(theirs)} by the library"]
    found = []
    for one, other in zip(mine, theirs):
        for name, value, expected in zip(("account", "opening", "closing"), one, other):
            if expected is not None and value != expected:
                found.append(f"{name} {value}, by the library {expected}")
        if len(one[3]) != len(other[3]):
            found.append(f"{len(one[3])} lines, {len(other[3])} by the library")
        for index, (line, expected) in enumerate(zip(one[3], other[3]), 1):
            for key, value in expected.items():
                if value not in ("", None) and line[key] != value:
                    found.append(f"line {index}: {key} {line[key]}, by the library {value}")
    return found


READERS = {"<Document": [by_camt053], ":20:": [by_mt940], "<OFX>": [by_ofxtools, by_ofxparse]}


def main():
    agreed = failed = 0
    for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines():
        if '{"file"' not in line:
            continue
        read = json.loads(line[line.index('{"file"') :])
        path = Path(read["file"])
        text = path.read_bytes().decode("latin-1")
        for mark, readers in READERS.items():
            for reader in readers if mark in text else []:
                name = f"{path.name} {reader.__name__}"
                try:
                    theirs = reader(path)
                except Exception as error:
                    print(f"{name}: not read by the library: {type(error).__name__}: {str(error)[:80]}")
                    continue
                if read["statements"] is None:
                    print(f"{name}: refused ({read['refused']}); {len(theirs)} by the library")
                    continue
                mine = [ours(statement) for statement in read["statements"]]
                found = differences(mine, theirs, reader is by_mt940)
                agreed += not found
                failed += bool(found)
                print(f"{name}: " + ("; ".join(found[:5]) or f"agrees ({read['refused'] or 'adds up'})"))
            if mark in text:
                break
    print(f"{agreed} agree, {failed} do not")
    return 1 if failed or not agreed else 0


sys.exit(main())
