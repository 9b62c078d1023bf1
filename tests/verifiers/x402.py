"""Lets programs of others judge how we ask for payments by x402, and what we take.

    python x402.py

Has `tests/x402.rs` answer. What we ask for is read by the official libraries of TypeScript and
Python (npm @x402/core, PyPI x402), whose payers sign for it; what they sign is taken, and with any
slip in it refused. On a chain of our own (anvil, `x402_chain.js`) their facilitator brings it to a
token of OpenZeppelin's, and blocks are mined and taken back. Then comes hostile-facilitator, which
takes the money and loses the answer in ten ways. Last a running service (BASE_URL, API_KEY) is paid
by all of them, and judged by x402-conformance. The exit status is 1 if one of them says otherwise than
we do.
"""

import base64
import contextlib
import copy
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from decimal import Decimal
from pathlib import Path

HERE = Path(__file__).parent
# This file is named like the library that it asks.
sys.path = [place for place in sys.path if Path(place or ".").resolve() != HERE.resolve()]

from eth_account import Account
from hostile_facilitator.adapter import ALL_MODES, HostileServer
from x402.client import x402ClientConfig, x402ClientSync
from x402.http.utils import (
    decode_payment_required_header, decode_payment_response_header, encode_payment_signature_header,
)
from x402.mechanisms.evm.exact import ExactEvmScheme

COUNT = int(os.environ.get("X402_CASES", "150"))
PAYEE = "0x90F79bf6EB2c4f870365E785982E1f101E93b906"
ELSEWHERE = "0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65"
EXPONENTS = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3}

chance = random.Random(20261130)
direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def ask(questions):
    """Our answers."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "asked.jsonl").write_text("".join(json.dumps(question) + "\n" for question in questions))
        command = ["cargo", "test", "-q", "--locked", "--test", "x402"]
        environment = {**os.environ, "X402": folder, "NO_PROXY": "127.0.0.1"}
        subprocess.run(command, cwd=HERE.parent.parent, env=environment, check=True, stdout=subprocess.DEVNULL)
        told = [json.loads(line) for line in Path(folder, "told.jsonl").read_text().splitlines()]
    assert len(told) == len(questions)
    return told


def by_node(questions):
    """What the library of TypeScript says."""
    command = ["node", "x402_peers.js"]
    told = subprocess.run(command, cwd=HERE, check=True, stdout=subprocess.PIPE, text=True, input=json.dumps(questions))
    return json.loads(told.stdout)


def by_python(header, key):
    """What the payer of Python sends for what is asked."""
    client = x402ClientSync.from_config(x402ClientConfig(schemes=[], spend_controls=False))
    client.register("eip155:*", ExactEvmScheme(Account.from_key(key)))
    return encode_payment_signature_header(client.create_payment_payload(decode_payment_required_header(header)))


def drawn_address():
    return Account.from_key(chance.randbytes(32)).address


def settings(**changed):
    return {
        "network": "eip155:84532", "asset": "0x036CbD53842c5426634e7929541eC2318f3dCF7e", "decimals": 6,
        "currency": "EUR", "name": "Euro Token", "version": "7", "pay_to": PAYEE,
        "facilitator_url": "http://127.0.0.1:1", "confirmations": 3, **changed,
    }


def question(do, account, amount="12.50", **more):
    return {
        "do": do, "settings": account, "amount": amount, "seconds": 300, "url": "https://pay.example/p/1",
        "description": "Zoë's ☕", "now": int(time.time()), **more,
    }


def carried(header):
    return json.loads(base64.b64decode(header))


def header_of(value):
    return base64.b64encode(json.dumps(value).encode()).decode()


# --- what we ask for -----------------------------------------------------------------------------


def drawn_question():
    currency = chance.choice(list(EXPONENTS))
    exponent = EXPONENTS[currency]
    minor = chance.choice([1, chance.randint(1, 10**6), chance.randint(1, 10 ** (12 + exponent) - 1)])
    amount = str(Decimal(minor).scaleb(-exponent)) if exponent == 0 else f"{Decimal(minor).scaleb(-exponent):.{exponent}f}"
    address = drawn_address()
    account = settings(
        network=f"eip155:{chance.choice([1, 8453, 84532, 2**63])}", decimals=chance.randint(exponent, 18),
        currency=currency, asset=chance.choice([address, address.lower()]), pay_to=drawn_address(),
        name=chance.choice(["USD Coin", "€ Token", "JPY \"C\""]), version=chance.choice(["1", "2", "v3"]),
    )
    words = {"description": chance.choice(["Zoë's ☕", "a \"b\" \\ c", "日本"]), "error": chance.choice([None, "invalid_payload"])}
    return question("ask", account, amount, seconds=chance.randint(30, 86_400), url="https://pay.example/p/é?x=1", **words), minor


def check_requests():
    cases = [drawn_question() for _ in range(COUNT)]
    told = ask([asked for asked, _ in cases])
    assert told == ask([asked for asked, _ in cases]), "the same inputs make other bytes"
    by_ts = by_node([{"required": answer["header"]} for answer in told])
    for (asked, minor), answer, ts in zip(cases, told, by_ts, strict=True):
        account = asked["settings"]
        python = decode_payment_required_header(answer["header"])
        amount = str(minor * 10 ** (account["decimals"] - EXPONENTS[account["currency"]]))
        assert answer["amount"] == amount, (asked, answer)
        way = {
            "scheme": "exact", "network": account["network"], "amount": amount, "payTo": account["pay_to"],
            "asset": ts["accepts"][0]["asset"], "maxTimeoutSeconds": asked["seconds"],
            "extra": {"name": account["name"], "version": account["version"], "assetTransferMethod": "eip3009"},
        }
        assert way["asset"].lower() == account["asset"].lower(), way
        wanted = {
            "x402Version": 2, "accepts": [way], "extensions": {},
            "resource": {"url": asked["url"], "description": asked["description"], "mimeType": "application/json"},
        }
        if asked["error"]:
            wanted["error"] = asked["error"]
        assert ts == wanted, (ts, wanted)
        assert python.model_dump(by_alias=True, exclude_none=True) == wanted, python
    print(f"requests that the libraries of TypeScript and Python read field by field: {len(told)}")


# --- what we take --------------------------------------------------------------------------------


def slips(payload):
    """The payload with each of its fields changed, one at a time."""
    def flipped(text, at):
        return text[:at] + ("0" if text[at] != "0" else "1") + text[at + 1 :]

    signed, terms = ("payload", "authorization"), ("accepted",)
    now = int(time.time())
    for path, values in [
        ((*signed, "to"), [ELSEWHERE, "", PAYEE[:-1]]), ((*signed, "value"), ["1", "0", "-1", "1e6", "", 5]),
        ((*signed, "validAfter"), [str(now + 60), "x", "-1"]), ((*signed, "validBefore"), [str(now + 1), str(now + 7200), "x", "0"]),
        ((*signed, "nonce"), ["0x00", "", "0x" + "zz" * 32]), ((*signed, "from"), [PAYEE, "0x00", "payer"]),
        (("payload", "signature"), ["0x", "0x1234", "", "x" * 132]), ((*terms, "scheme"), ["upto", ""]),
        ((*terms, "network"), ["eip155:1", "base"]), ((*terms, "asset"), [ELSEWHERE, ""]), ((*terms, "payTo"), [ELSEWHERE]),
        ((*terms, "amount"), ["1", ""]), (("x402Version",), [1, 3, "2", None]),
    ]:
        for value in values:
            spoiled = copy.deepcopy(payload)
            place = spoiled
            for name in path[:-1]:
                place = place[name]
            for instead in [value, flipped(place[path[-1]], 7)] if path[-1] in ("value", "to") else [value]:
                place[path[-1]] = instead
                yield copy.deepcopy(spoiled)
            del place[path[-1]]
            yield copy.deepcopy(spoiled)
    yield {**payload, "payload": {**payload["payload"], "permit2Authorization": {}}}


def check_payments():
    key = "0x" + chance.randbytes(32).hex()
    account, count = settings(), max(4, COUNT // 10)
    asked = [question("ask", account, f"{chance.randint(1, 9999)}.{chance.randint(0, 99):02}") for _ in range(count)]
    headers = [told["header"] for told in ask(asked)]
    signed = by_node([{"pay": header, "key": key} for header in headers])
    pairs = [(one, header) for one, header in zip(asked, signed, strict=True)]
    pairs += [(one, by_python(header, key)) for one, header in zip(asked, headers, strict=True)]
    told = ask([{**one, "do": "check", "header": header} for one, header in pairs])
    payer = Account.from_key(key).address
    for (one, header), taken in zip(pairs, told, strict=True):
        claim = carried(header)["payload"]["authorization"]
        assert "refused" not in taken, (taken, carried(header))
        parts = [account["network"], account["asset"], claim["from"], claim["nonce"]]
        assert taken["reference"] == ":".join(parts).lower() and taken["payer"] == payer, taken
        assert taken["valid_before"] == int(claim["validBefore"]), taken
        assert taken["original"].encode() == base64.b64decode(header) and taken["original"] in taken["presented"]
    print(f"payments signed by the payers of TypeScript and Python that we take: {len(told)}")
    spoiled = [(one, payload) for one, header in (pairs[0], pairs[-1]) for payload in slips(carried(header))]
    words = Counter()
    for (_, payload), told in zip(
        spoiled, ask([{**one, "do": "check", "header": header_of(payload)} for one, payload in spoiled]), strict=True
    ):
        assert "refused" in told, payload
        words[told["refused"]] += 1
    print(f"payments with a slip that we refuse: {len(spoiled)}, by {len(words)} words")


# --- a chain -------------------------------------------------------------------------------------


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with direct.open(request, timeout=30) as answer:
        return json.load(answer)


@contextlib.contextmanager
def running_chain():
    process = subprocess.Popen(
        ["node", "x402_chain.js", str(free_port())], cwd=HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Chain(json.loads(process.stdout.readline()))
    finally:
        process.stdin.close()
        process.wait()


class Chain:
    """The chain, and what is done there by others than us."""

    def __init__(self, facts):
        self.facts = facts
        self.account = settings(
            network="eip155:31337", asset=facts["token"], facilitator_url=facts["facilitator"], rpc_url=facts["rpc"]
        )
        self.calls = 0

    def rpc(self, method, *params):
        answer = post(self.facts["rpc"], {"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
        assert "error" not in answer, answer
        return answer["result"]

    def mine(self, count):
        self.rpc("anvil_mine", hex(count))

    def received(self):
        """What the payee holds of the token."""
        call = {"to": self.facts["token"], "data": "0x70a08231" + PAYEE[2:].lower().rjust(64, "0")}
        return int(self.rpc("eth_call", call, "latest"), 16)

    def ask(self, *questions):
        self.calls += len(questions)
        told = ask([question(do, self.account, amount, **more) for do, amount, more in questions])
        return told[0] if len(told) == 1 else told

    def signed(self, amounts, by):
        """Payments of these amounts, as `check` takes them, and the block before them."""
        asked = self.ask(*[("ask", amount, {}) for amount in amounts], ("head", "1", {}))
        *asked, head = asked
        if by == "TypeScript":
            headers = by_node([{"pay": one["header"], "key": self.facts["key"]} for one in asked])
        else:
            headers = [by_python(one["header"], self.facts["key"]) for one in asked]
        told = self.ask(
            *[("check", amount, {"header": header}) for amount, header in zip(amounts, headers, strict=True)],
            ("head", "1", {}),
        )[:-1]
        return [{**taken, "since": head["head"], "amount": amount} for taken, amount in zip(told, amounts, strict=True)]


def about(do, payment, **more):
    """A question about a payment."""
    kept = {name: payment[name] for name in ["original", "presented", "since"]}
    return do, payment["amount"], {**kept, **more}


def nonce(payment):
    return payment["reference"].rsplit(":", 1)[1]


WAITING, NOT_PAID, NOT_OURS = {"standing": "Waiting"}, {"standing": "NotPaid"}, {"standing": "NotOurs"}


def check_accounts(chain):
    faults = [
        ask([question("account", {**chain.account, **changed})])[0]["fault"]
        for changed in [{}, {"decimals": 18}, {"network": "eip155:84532"}, {"asset": ELSEWHERE}, {"rpc_url": "http://127.0.0.1:1"}]
    ]
    assert faults[0] is None and all(faults[1:]) and len(set(faults)) == 5, faults


def check_settled(chain):
    """Paid once, however often it is presented, and final only below enough blocks."""
    [payment] = chain.signed(["12.50"], "TypeScript")
    valid, before, settled = chain.ask(about("verify", payment), about("look_up", payment), about("settle", payment))
    assert (valid, before) == ({"valid": True}, WAITING), (valid, before)
    transaction = settled["settled"]
    response = {"success": True, "transaction": transaction, "network": "eip155:31337", "payer": payment["payer"]}
    [by_ts] = by_node([{"response": settled["response"]}])
    by_py = decode_payment_response_header(settled["response"]).model_dump(by_alias=True, exclude_none=True)
    assert by_ts == by_py == response, (by_ts, by_py, response)
    assert chain.received() == 12_500_000
    shallow = chain.ask(about("look_up", payment, transaction=transaction), about("look_up", payment))
    assert shallow == [WAITING, WAITING], shallow
    chain.mine(1)
    assert chain.ask(about("look_up", payment, transaction=transaction)) == WAITING
    chain.mine(1)
    other = "0x" + "12" * 32
    told = chain.ask(
        about("look_up", payment, transaction=transaction), about("look_up", payment),
        about("look_up", payment, transaction=other), about("settle", payment, again=True), about("settle", payment),
        about("look_up", payment),
    )
    paid = {"paid": transaction}
    assert [*told[:3], told[5]] == [paid] * 4, told
    assert all("unknown" in again for again in told[3:5]), told
    assert chain.received() == 12_500_000
    # Another payment of the same amount is not paid by the first one's transaction.
    [twin] = chain.signed(["12.50"], "Python")
    assert chain.ask(about("look_up", twin, transaction=transaction)) == NOT_OURS
    return told[3]["unknown"]


def check_reorganized(chain):
    before = chain.received()
    [payment] = chain.signed(["7.25"], "Python")
    first = chain.ask(about("settle", payment))["settled"]
    assert chain.received() == before + 7_250_000
    chain.rpc("anvil_reorg", 1, [])
    assert chain.received() == before, "the reorganization took nothing back"
    assert chain.ask(about("look_up", payment, transaction=first)) == WAITING
    chain.mine(3)
    assert chain.ask(about("look_up", payment, transaction=first)) == WAITING
    second = chain.ask(about("settle", payment, again=True))["settled"]
    chain.mine(2)
    told = chain.ask(about("look_up", payment, transaction=second), about("look_up", payment, transaction=first))
    assert told == [{"paid": second}] * 2, told
    assert chain.received() == before + 7_250_000


def check_unpaid(chain):
    """What is refused, used up otherwise, or never brought to the chain."""
    before = chain.received()
    large, wrong, canceled, spent, idle = chain.signed(["5000.00", "3.00", "4.00", "5.00", "6.00"], "TypeScript")
    spoiled = json.loads(wrong["original"])
    signature = spoiled["payload"]["signature"]
    spoiled["payload"]["signature"] = signature[:20] + ("0" if signature[20] != "0" else "1") + signature[21:]
    wrong["presented"] = wrong["presented"].replace(wrong["original"], json.dumps(spoiled))
    told = chain.ask(
        about("verify", large), about("settle", large), about("look_up", large), about("verify", wrong), about("settle", wrong)
    )
    # Without funds it says no more than that the transaction failed, as it would of one that came later.
    assert told[0] == {"invalid": "invalid_exact_evm_transaction_simulation_failed"}, told
    assert "transaction_failed" in told[1]["unknown"] and told[2] == WAITING, told
    assert told[3]["invalid"] == told[4]["refused"] == "invalid_exact_evm_signature", told
    assert told[4]["why"] == "Signature", told
    [failed] = by_node([{"response": told[4]["response"]}])
    assert (failed["success"], failed["errorReason"], failed["transaction"]) == (False, told[4]["refused"], ""), failed
    urls = {name: chain.facts["facilitator"] + name for name in ["/cancel", "/spend"]}
    assert post(urls["/cancel"], {"nonce": nonce(canceled)})["status"] == "success"
    assert post(urls["/spend"], {"nonce": nonce(spent), "to": ELSEWHERE, "value": 5_000_000})["status"] == "success"
    both = [about("look_up", canceled), about("look_up", spent)]
    assert chain.ask(*both) == [WAITING, WAITING]
    chain.mine(2)
    told = chain.ask(*both, about("settle", canceled), about("settle", spent), about("look_up", idle))
    assert told[:2] == [NOT_PAID] * 2 and told[4] == WAITING, told
    assert all("unknown" in one for one in told[2:4]), told
    # Unused is final by the chain's time alone, as deep as was wanted.
    chain.rpc("evm_setNextBlockTimestamp", idle["valid_before"])
    chain.mine(1)
    assert chain.ask(about("look_up", idle)) == WAITING
    chain.mine(2)
    assert chain.ask(about("look_up", idle)) == NOT_PAID
    assert chain.received() == before
    down = {**chain.account, "rpc_url": "http://127.0.0.1:1", "facilitator_url": "http://127.0.0.1:1"}
    do, amount, more = about("look_up", idle)
    told = ask([question(do, down, amount, **more), question("settle", down, amount, **more)])
    assert "doubt" in told[0] and "unknown" in told[1], told


def check_chain():
    with running_chain() as chain:
        check_accounts(chain)
        again = check_settled(chain)
        check_reorganized(chain)
        check_unpaid(chain)
        print(f"questions to a chain and its facilitator answered as it happened: {chain.calls}")
        print(f"a payment that was presented again is not refused but looked up: {again}")


# --- a hostile facilitator -----------------------------------------------------------------------


def check_hostile():
    key = "0x" + chance.randbytes(32).hex()
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(HostileServer(mode=mode, client_timeout_s=0.5)) for mode in ALL_MODES]
        [asked] = ask([question("ask", settings())])
        header = by_python(asked["header"], key)
        [taken] = ask([question("check", settings(), header=header)])
        kept = {"original": taken["original"], "presented": taken["presented"], "deadline": 1300}
        questions = []
        for peer in peers:
            base = f"http://127.0.0.1:{peer.port}"
            account = settings(facilitator_url=base, rpc_url=base + "/reconcile")
            steps = [("verify", False), ("settle", False), ("look_up", False), ("settle", True)]
            questions += [question(do, account, again=again, **kept) for do, again in steps]
        told = ask(questions)
        outcomes = Counter()
        for number, (mode, peer) in enumerate(zip(ALL_MODES, peers, strict=True)):
            verified, first, seen, again = told[4 * number : 4 * number + 4]
            assert verified == {"valid": True}, (mode, verified)
            assert "refused" not in first, (mode, first)
            # It is no node: whatever it says of what happened, we know nothing.
            assert "doubt" in seen, (mode, seen)
            assert again.get("settled"), (mode, again)
            assert (peer.distinct_payments, peer.settle_calls, peer.unidentified_calls) == (1, 2, 0), mode
            outcomes["settled" if "settled" in first else "unknown"] += 1
    assert outcomes == {"settled": 3, "unknown": 7}, outcomes
    print(f"ways to lose an answer in which a payment is made once: {len(ALL_MODES)}, {dict(outcomes)}")


# --- a running service ---------------------------------------------------------------------------


def call(method, path, body=None):
    headers = {"Authorization": "Bearer " + os.environ["API_KEY"], "Content-Type": "application/json"}
    headers["Idempotency-Key"] = os.urandom(12).hex()
    body = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(os.environ["BASE_URL"] + path, body, headers, method=method)
    with direct.open(request, timeout=30) as answer:
        return json.load(answer)


def visit(url, payment=None):
    """What a program is answered at a page: status, body, headers."""
    headers = {} if payment is None else {"PAYMENT-SIGNATURE": payment}
    try:
        with direct.open(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return answer.status, json.load(answer), answer.headers
    except urllib.error.HTTPError as answer:
        return answer.code, json.load(answer), answer.headers


def account_of(of):
    """A rail account of these settings, of which the node is a credential."""
    node = of.pop("rpc_url", None)
    body = {"rail": "x402", "settings": of, **({"credentials": {"rpc_url": node}} if node else {})}
    return call("POST", "/v1/rail_accounts", body)


def intent_of(currency, amount="12.50"):
    return call("POST", "/v1/payment_intents", {"amount": amount, "currency": currency, "rails": ["x402"]})


def ended(intent, chain=None):
    """The status of an intent that nobody waits for any more, while blocks come."""
    for _ in range(600):
        if chain:
            chain.mine(1)
        status = call("GET", f"/v1/payment_intents/{intent['id']}")["status"]
        if status != "processing":
            return status
        time.sleep(0.1)
    raise AssertionError(f"{intent['id']} is still processing")


def check_served():
    """Both payers pay a running service, once, and a reorganization is noticed."""
    with running_chain() as chain:
        account = account_of({**chain.account, "confirmations": 2})
        first = intent_of("EUR")
        judged = ["x402conf", "resource", first["pay_url"]]
        subprocess.run([Path(sys.executable).parent / judged[0], *judged[1:]], check=True, stdout=subprocess.DEVNULL)
        for number, by in enumerate(["TypeScript", "Python"], 1):
            intent = intent_of("EUR")
            status, asked, headers = visit(intent["pay_url"])
            assert (status, carried(headers["PAYMENT-REQUIRED"])) == (402, asked), status
            if by == "TypeScript":
                [signed] = by_node([{"pay": headers["PAYMENT-REQUIRED"], "key": chain.facts["key"]}])
            else:
                signed = by_python(headers["PAYMENT-REQUIRED"], chain.facts["key"])
            status, told, headers = visit(intent["pay_url"], signed)
            assert (status, told["status"]) == (200, "processing"), (status, told)
            [response] = by_node([{"response": headers["PAYMENT-RESPONSE"]}])
            assert response["success"] and response["payer"] == chain.facts["payer"], response
            assert visit(intent["pay_url"], signed)[0] == 200
            if by == "Python":
                chain.rpc("anvil_reorg", 1, [])
                assert chain.received() == 12_500_000, "the reorganization took it back"
            assert ended(intent, chain) == "succeeded"
            assert chain.received() == number * 12_500_000
        call("DELETE", f"/v1/rail_accounts/{account['id']}")
    print("payments to a running service: 2, one of them taken back by a reorganization and made again")


def check_served_by_hostile():
    """However a facilitator loses its answer, a payment is made once."""
    currencies = ["EUR", "USD", "GBP", "CHF", "SEK", "NOK", "DKK", "PLN", "CZK", "HUF"]
    with contextlib.ExitStack() as stack:
        peers = [stack.enter_context(HostileServer(mode=mode, client_timeout_s=0.5)) for mode in ALL_MODES]
        waiting = []
        for peer, currency in zip(peers, currencies, strict=True):
            account = settings(facilitator_url=f"http://127.0.0.1:{peer.port}", currency=currency, pay_to=drawn_address())
            account = account_of(account)
            intent = intent_of(currency)
            _, _, headers = visit(intent["pay_url"])
            signed = by_python(headers["PAYMENT-REQUIRED"], "0x" + chance.randbytes(32).hex())
            status, told, _ = visit(intent["pay_url"], signed)
            assert status in (200, 202), (peer, status, told)
            waiting.append((account, intent))
        for (account, intent), peer, mode in zip(waiting, peers, ALL_MODES, strict=True):
            assert ended(intent) == "succeeded", mode
            assert (peer.distinct_payments, peer.unidentified_calls) == (1, 0), mode
            call("DELETE", f"/v1/rail_accounts/{account['id']}")
    print(f"ways to lose an answer in which a running service is paid once: {len(ALL_MODES)}")


check_requests()
check_payments()
check_chain()
check_hostile()
check_served()
check_served_by_hostile()
