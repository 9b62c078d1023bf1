"""Lets libraries of others judge what payers are told of bank transfers, and files of transfers.

    python bank_transfers.py

Draws accounts and payments, right ones and wrong ones, has `tests/bank_transfer.rs` answer, and
reads the answers: the pictures by ZXing, their texts by qrbill, segno and pix-utils, accounts and
references by schwifty and python-stdnum, files by the schema of ISO 20022. The exit status is 1 if
one of them says otherwise than we do.
"""

import contextlib
import itertools
import json
import os
import random
import string
import subprocess
import tempfile
import uuid
from collections import Counter
from decimal import Decimal
from pathlib import Path

import schwifty
import sepaxml
import zxingcpp
from lxml import etree
from PIL import Image
from qrbill import QRBill
from segno import helpers
from stdnum import iban, iso11649
from stdnum.br import cnpj, cpf
from stdnum.ch import esr

HERE = Path(__file__).parent
COUNT = int(os.environ.get("PAYMENTS", "1000"))
LATIN = string.ascii_letters + string.digits + " .&'()-/ÄÖÜäöüéèçñŁłŽžȘț"
ASCII = string.ascii_letters + string.digits + " .&'()-/"
ISO = "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.09}"
EEA = set("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK".split())
# What a SEPA country is, is decided by the EPC: these joined late, and not every list has them.
LATE = {"AL", "MD", "ME", "MK", "RS"}

chance = random.Random(20261129)


def an_iban(country=None):
    country = country or chance.choice(COUNTRIES)
    return str(schwifty.IBAN.random(country, random=chance, use_registry=False))


def countries():
    """Those that have IBANs by schwifty and python-stdnum both: schwifty has planned ones, too."""
    for code in map("".join, itertools.product(string.ascii_uppercase, repeat=2)):
        with contextlib.suppress(schwifty.exceptions.InvalidCountryCode):
            if iban.is_valid(an_iban(code), check_country=False):
                yield code


COUNTRIES = list(countries())


def text(letters, longest):
    """A text without blanks around it or two in a row, which readers may drop."""
    drawn = "".join(chance.choice(letters) for _ in range(chance.randint(1, longest)))
    return " ".join(drawn.split()) or "A"


def amount(digits):
    minor = chance.choice([1, chance.randrange(1, 10**4), chance.randrange(1, 10**digits)])
    return str(Decimal(minor).scaleb(-2).quantize(Decimal("0.01")))


def sepa_iban():
    while True:
        drawn = schwifty.IBAN(an_iban())
        if drawn.in_sepa_zone:
            return str(drawn)


def swiss_iban(qr):
    bank = chance.randint(30000, 31999) if qr else chance.randint(100, 29999)
    account = "".join(chance.choices(string.digits, k=12))
    return str(schwifty.IBAN.generate(chance.choice(["CH", "LI"]), f"{bank:05}", account))


def spoiled(number):
    """The number with a slip of the pen."""
    at = chance.randrange(len(number) - 1)
    character = chance.choice(string.digits + string.ascii_uppercase)
    return chance.choice([
        number[:at] + character + number[at + 1 :],
        number[:at] + number[at + 1] + number[at] + number[at + 2 :],
        number[:at] + number[at + 1 :],
        number[:at] + character + number[at:],
    ])


def pix_key():
    digits = "".join(chance.choices(string.digits, k=9))
    root = "".join(chance.choices(string.digits + string.ascii_uppercase, k=8)) + "0001"
    return chance.choice([
        digits + cpf._calc_check_digits(digits),
        root[:12] + cnpj.calc_check_digits(root[:12]),
        f"{text(string.ascii_lowercase, 20).replace(' ', '')}@example.com.br",
        f"+55{chance.randint(11, 99) // 10 * 11}9{chance.randrange(10**8):08}",
        str(uuid.UUID(int=chance.getrandbits(128))),
    ])


def account(scheme):
    if scheme == "epc":
        bank = schwifty.BIC("COBADEFFXXX")
        bic = chance.choice([None, str(bank)])
        number = sepa_iban()
        return {"name": text(LATIN, 70), "iban": number, "bic": bic if number[:2] in EEA else str(bank)}
    if scheme == "swiss":
        address = {
            "street": chance.choice([None, text(LATIN, 70)]),
            "building": chance.choice([None, text(ASCII, 16)]),
            "postcode": text(ASCII, 16),
            "town": text(LATIN, 35),
            "country": chance.choice(["CH", "LI", "DE", "US"]),
        }
        return {"name": text(LATIN, 70), "iban": swiss_iban(chance.random() < 0.5), "address": address}
    return {"name": text(ASCII, 25), "pix_key": pix_key(), "city": text(ASCII, 15)}


def given(settings):
    """The settings without what is not there."""
    members = {name: given(value) if isinstance(value, dict) else value for name, value in settings.items()}
    return {name: value for name, value in members.items() if value is not None}


def payment(scheme):
    currency = {"epc": "EUR", "swiss": chance.choice(["CHF", "EUR"]), "pix": "BRL"}[scheme]
    return {
        "settings": given({"scheme": scheme, **account(scheme)}),
        "id": str(uuid.UUID(int=chance.getrandbits(128))),
        "amount": amount(12 if scheme == "pix" else 11),
        "currency": currency,
    }


def ask(questions):
    """Our answers, and what ZXing reads in their pictures."""
    with tempfile.TemporaryDirectory() as folder:
        asked = "".join(json.dumps(question) + "\n" for question in questions)
        Path(folder, "asked.jsonl").write_text(asked)
        command = ["cargo", "test", "-q", "--locked", "--test", "bank_transfer"]
        environment = {**os.environ, "BANK_TRANSFERS": folder}
        subprocess.run(command, cwd=HERE.parent.parent, env=environment, check=True, stdout=subprocess.DEVNULL)
        told = [json.loads(line) for line in Path(folder, "told.jsonl").read_text().splitlines()]
        for number, answer in enumerate(told):
            if "payload" in answer:
                [code] = zxingcpp.read_barcodes(Image.open(f"{folder}/{number}.png"), zxingcpp.BarcodeFormat.QRCode)
                assert code.text == answer["payload"], f"{answer['payload']!r} is read as {code.text!r}"
    assert len(told) == len(questions)
    return told


def check_epc(question, told):
    settings = question["settings"]
    assert iso11649.is_valid(told["reference"]) and iso11649.is_valid(told["printed"]), told
    theirs = helpers._make_epc_qr_data(
        settings["name"], settings["iban"], question["amount"], reference=told["reference"],
        bic=settings.get("bic"), encoding="utf-8",
    )
    lines, wanted = told["payload"].split("\n"), theirs.decode().split("\n")
    assert len(lines) == 10, lines
    for at, (line, other) in enumerate(zip(lines, wanted, strict=False)):
        if at == 7:  # the amount, which may be written in more than one way
            line, other = [line[:3], Decimal(line[3:])], [other[:3], Decimal(other[3:])]
        assert line == other, (at, line, other)
    assert len(told["payload"].encode()) <= 331


def check_swiss(question, told):
    settings, address = question["settings"], question["settings"]["address"]
    is_qr = 30000 <= int(settings["iban"][4:9]) <= 31999
    assert (esr if is_qr else iso11649).is_valid(told["reference"]), told
    bill = QRBill(
        account=settings["iban"],
        creditor={
            "name": settings["name"], "street": address.get("street"), "house_num": address.get("building"),
            "pcode": address["postcode"], "city": address["town"], "country": address["country"],
        },
        amount=question["amount"],
        currency=question["currency"],
        reference_number=told["reference"],
    )
    assert told["payload"].split("\n") == bill.qr_data().split("\r\n"), told["payload"]


def check_pix(pairs):
    theirs = subprocess.run(
        ["node", "pix.js"], cwd=HERE, check=True, capture_output=True, text=True,
        input=json.dumps([told["payload"] for _, told in pairs]),
    )
    for (question, told), read in zip(pairs, json.loads(theirs.stdout), strict=True):
        settings = question["settings"]
        assert iso11649.is_valid(told["reference"]), told
        wanted = {
            "type": "STATIC", "merchantName": settings["name"], "merchantCity": settings["city"],
            "pixKey": settings["pix_key"], "transactionAmount": float(question["amount"]),
            "transactionCurrency": "986", "countryCode": "BR", "txid": told["reference"],
        }
        found = {name: read.get(name) for name in wanted}
        assert found == wanted, (found, wanted, told["payload"])
        assert read["spoiled"], "a changed amount passes the checksum"


def check_payments():
    for scheme in ["epc", "swiss", "pix"]:
        questions = [payment(scheme) for _ in range(COUNT)]
        pairs = list(zip(questions, ask(questions), strict=True))
        refused = [pair for pair in pairs if "payload" not in pair[1]]
        assert not refused, refused[:3]
        if scheme == "pix":
            check_pix(pairs)
        else:
            check = check_epc if scheme == "epc" else check_swiss
            for question, told in pairs:
                check(question, told)
        assert len({told["reference"] for _, told in pairs}) == COUNT
        print(f"payments of {scheme} read back from their pictures: {COUNT}")


def check_accounts():
    """We take the IBANs and tax numbers that they take."""
    counts, questions, wanted = Counter(), [], []
    for _ in range(2 * COUNT):
        number = an_iban()
        number = chance.choice([number, spoiled(number)])
        theirs = schwifty.IBAN(number, allow_invalid=True)
        if number[:2] in LATE:
            continue
        questions.append({"settings": {"scheme": "epc", "name": "A", "iban": number, "bic": "COBADEFF"}})
        wanted.append("wrong" if not theirs.is_valid else "right" if theirs.in_sepa_zone else "not of SEPA")
    for _ in range(COUNT):
        number = "".join(chance.choices(string.digits, k=9))
        number += chance.choice([cpf._calc_check_digits(number), f"{chance.randrange(100):02}"])
        questions.append({"settings": {"scheme": "pix", "name": "A", "city": "B", "pix_key": number}})
        wanted.append("right" if cpf.is_valid(number) else "wrong")
        number = "".join(chance.choices(string.digits + string.ascii_uppercase, k=12))
        number += chance.choice([cnpj.calc_check_digits(number), f"{chance.randrange(100):02}"])
        questions.append({"settings": {"scheme": "pix", "name": "A", "city": "B", "pix_key": number}})
        wanted.append("right" if cnpj.is_valid(number) else "wrong")
    for question, told, verdict in zip(questions, ask(questions), wanted, strict=True):
        assert ("payload" in told) == (verdict == "right"), (question, told, verdict)
        if "param" in told:
            assert told["param"] in ["/settings/iban", "/settings/pix_key"], told
        counts[verdict] += 1
    print(f"accounts judged as others judge them: {dict(counts)}")


def check_references():
    """We take the references that they take, of those with a slip of the pen, too."""
    drawn = "".join
    questions, wanted = [], []
    for _ in range(COUNT):
        body = drawn(chance.choices(string.digits + string.ascii_uppercase, k=chance.randint(1, 21)))
        digits = drawn(chance.choices(string.digits, k=26))
        rest = int(drawn(str(int(c, 36)) for c in body + "RF00")) % 97
        for theirs, number in [
            (iso11649, f"RF{98 - rest:02}{body}"),
            (esr, digits + esr.calc_check_digit(digits)),
        ]:
            slip = spoiled(number)
            # Theirs takes shorter QR references, too.
            if theirs is esr and not (len(slip) == 27 and slip.isdigit()):
                slip = number
            for reference in [number, slip]:
                questions.append({"reference": reference})
                wanted.append(theirs.is_valid(reference))
    told = [answer["valid"] for answer in ask(questions)]
    for question, ours, verdict in zip(questions, told, wanted, strict=True):
        assert ours == verdict, (question, ours, verdict)
    print(f"references judged as others judge them: {dict(Counter(wanted))}")


def check_files():
    """Files are of the schema, and say what was asked."""
    schema = etree.XMLSchema(etree.parse(Path(sepaxml.__file__).parent / "schemas/pain.001.001.09.xsd"))
    questions = []
    for number in range(COUNT // 10):
        transfers = [
            {"id": f"re_{number}_{at}", "amount": amount(11), "name": text(LATIN, 90), "iban": sepa_iban(),
             "text": text(LATIN + "<>&\"'", 200)}
            for at in range(chance.randint(1, 20))
        ]
        settings = given({"scheme": "epc", **account("epc")})
        questions.append({"settings": settings, "id": f"st_{number}", "transfers": transfers})
    transfers = 0
    for question, told in zip(questions, ask(questions), strict=True):
        document = etree.fromstring(told["file"].encode())
        schema.assertValid(document)
        asked = question["transfers"]
        total = sum(Decimal(transfer["amount"]) for transfer in asked)
        assert [Decimal(e.text) for e in document.iter(f"{ISO}CtrlSum")] == [total, total]
        assert [int(e.text) for e in document.iter(f"{ISO}NbOfTxs")] == [len(asked)] * 2
        found = [
            (e.findtext(f"{ISO}PmtId/{ISO}EndToEndId"), Decimal(e.findtext(f"{ISO}Amt/{ISO}InstdAmt")),
             e.findtext(f"{ISO}CdtrAcct/{ISO}Id/{ISO}IBAN"))
            for e in document.iter(f"{ISO}CdtTrfTxInf")
        ]
        wanted = [(t["id"].replace("_", "-"), Decimal(t["amount"]), t["iban"]) for t in asked]
        assert found == wanted, (found, wanted)
        transfers += len(asked)
    print(f"transfers in files of the schema of ISO 20022: {transfers} in {len(questions)}")


check_payments()
check_accounts()
check_references()
check_files()
