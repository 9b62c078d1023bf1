// A chain of its own (anvil) with a token that has ERC-3009 (OpenZeppelin's), and the official
// facilitator of x402 in front of it, all on this machine.
//
//   node x402_chain.js PORT
//
// Prints one line of JSON when it is ready: where all is, and the key of a payer who holds a
// thousand of the token. POST /cancel and /spend have that payer use up a nonce otherwise. It ends
// with its stdin.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { x402Facilitator } from "@x402/core/facilitator";
import { toFacilitatorEvmSigner } from "@x402/evm";
import { registerExactEvmScheme } from "@x402/evm/exact/facilitator";
import solc from "solc";
import { createTestClient, createWalletClient, http, parseSignature, publicActions } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { foundry } from "viem/chains";

const require = createRequire(import.meta.url);
const port = Number(process.argv[2]);
const rpc = `http://127.0.0.1:${port}`;
const place = "@foundry-rs/anvil-linux-amd64/bin/anvil";
const anvil = spawn(require.resolve(place), ["--host", "127.0.0.1", "--port", String(port), "--silent"]);
process.on("exit", () => anvil.kill());
process.stdin.on("end", () => process.exit()).resume();

const source = `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
contract Coin is ERC3009 {
    constructor(address holder) ERC20("Euro Token", "EURT") EIP712("Euro Token", "7") { _mint(holder, 1000e6); }
    function decimals() public pure override returns (uint8) { return 6; }
}`;

function compiled() {
  const input = {
    language: "Solidity",
    sources: { "Coin.sol": { content: source } },
    settings: { evmVersion: "cancun", outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } } },
  };
  const read = (path) => ({ contents: readFileSync(require.resolve(path), "utf8") });
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: read }));
  const { abi, evm } = output.contracts["Coin.sol"].Coin;
  return { abi, bytecode: `0x${evm.bytecode.object}` };
}

const transport = http(rpc, { retryCount: 60, retryDelay: 50 });
const test = createTestClient({ mode: "anvil", chain: foundry, transport });
async function wallet(key) {
  const account = privateKeyToAccount(key);
  await test.setBalance({ address: account.address, value: 10n ** 20n });
  return createWalletClient({ account, chain: foundry, transport, pollingInterval: 20 }).extend(publicActions);
}

const coin = compiled();
const key = generatePrivateKey();
const payer = await wallet(key);
const sponsor = await wallet(generatePrivateKey());
const hash = await sponsor.deployContract({ ...coin, args: [payer.account.address] });
const { contractAddress: token } = await sponsor.waitForTransactionReceipt({ hash });
// Deep blocks know the token, too.
await test.mine({ blocks: 3 });

const facilitator = new x402Facilitator();
const signer = toFacilitatorEvmSigner({
  address: sponsor.account.address,
  readContract: (call) => sponsor.readContract({ ...call, args: call.args ?? [] }),
  verifyTypedData: (call) => sponsor.verifyTypedData(call),
  writeContract: (call) => sponsor.writeContract({ ...call, args: call.args ?? [] }),
  sendTransaction: (call) => sponsor.sendTransaction(call),
  waitForTransactionReceipt: (call) => sponsor.waitForTransactionReceipt(call),
  getCode: (call) => sponsor.getCode(call),
});
registerExactEvmScheme(facilitator, { signer, networks: "eip155:31337" });

const domain = { name: "Euro Token", version: "7", chainId: 31337, verifyingContract: token };
const write = async (functionName, args) => {
  const hash = await sponsor.writeContract({ address: token, abi: coin.abi, functionName, args });
  return { transaction: hash, status: (await sponsor.waitForTransactionReceipt({ hash })).status };
};
const address = (name) => ({ name, type: "address" });
const number = (name) => ({ name, type: "uint256" });
const nonce = { name: "nonce", type: "bytes32" };

async function cancel({ nonce: used }) {
  const message = { authorizer: payer.account.address, nonce: used };
  const types = { CancelAuthorization: [address("authorizer"), nonce] };
  const signature = await payer.signTypedData({ domain, types, primaryType: "CancelAuthorization", message });
  const { r, s, v } = parseSignature(signature);
  return write("cancelAuthorization", [message.authorizer, used, Number(v), r, s]);
}

async function spend({ nonce: used, to, value }) {
  const message = { from: payer.account.address, to, value: BigInt(value), validAfter: 0n, validBefore: 2n ** 63n, nonce: used };
  const members = [address("from"), address("to"), number("value"), number("validAfter"), number("validBefore"), nonce];
  const types = { TransferWithAuthorization: members };
  const signature = await payer.signTypedData({ domain, types, primaryType: "TransferWithAuthorization", message });
  const { r, s, v } = parseSignature(signature);
  return write("transferWithAuthorization", [...Object.values(message), Number(v), r, s]);
}

const doors = {
  "/supported": () => facilitator.getSupported(),
  "/verify": ({ paymentPayload, paymentRequirements }) => facilitator.verify(paymentPayload, paymentRequirements),
  "/settle": ({ paymentPayload, paymentRequirements }) => facilitator.settle(paymentPayload, paymentRequirements),
  "/cancel": cancel,
  "/spend": spend,
};
const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  let status = 200;
  let told;
  try {
    told = await doors[request.url](JSON.parse(body || "{}"));
  } catch (error) {
    status = 400;
    told = { error: String(error.message) };
  }
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(told));
});
server.listen(0, "127.0.0.1", () => {
  const url = `http://127.0.0.1:${server.address().port}`;
  console.log(JSON.stringify({ rpc, facilitator: url, token, key, payer: payer.account.address }));
});
