//! What nodes are asked. (ethereum.github.io/execution-apis)

use super::super::{Address, Authorization, Bytes32, request::Request};
use serde_json::{Value, json};

/// `authorizationState(address,bytes32)` of ERC-3009.
const AUTHORIZATION_STATE: &str = "0xe94a0102";
/// `decimals()` of ERC-20.
const DECIMALS: &str = "0x313ce567";
/// `AuthorizationUsed(address,bytes32)` of ERC-3009.
pub(super) const USED: &str = "0x98de503528ee59b575ef0c0a2576a82497bfc029a5685b209e9ec333479b10a5";
/// `AuthorizationCanceled(address,bytes32)` of ERC-3009.
pub(super) const CANCELED: &str =
    "0x1cdd46ff242716cdaa72d159d339a485b3438398348d68f09d7c8c0a59353d81";
/// `Transfer(address,address,uint256)` of ERC-20.
pub(super) const TRANSFER: &str =
    "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef";

fn call(url: &str, method: &str, params: &Value) -> Request {
    let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
    Request::post(url, body.to_string())
}

/// Which chain the node is of. Answered with its number.
pub fn chain_id(url: &str) -> Request {
    call(url, "eth_chainId", &json!([]))
}

/// The last block. Answered with a [`Block`](super::Block).
pub fn latest_block(url: &str) -> Request {
    call(url, "eth_getBlockByNumber", &json!(["latest", false]))
}

/// The block of this number. Answered with a [`Block`](super::Block), or null.
pub fn block(url: &str, number: u64) -> Request {
    call(
        url,
        "eth_getBlockByNumber",
        &json!([format!("{number:#x}"), false]),
    )
}

/// Whether a token has used or canceled an authorization, as of the block of this hash, so that
/// the answer is of one chain whichever node gives it (EIP-1898). Answered with a word.
pub fn authorization_state(url: &str, authorization: &Authorization, at: &Bytes32) -> Request {
    let (payer, nonce) = (authorization.payer.word(), authorization.nonce.to_string());
    let words: String = [payer.as_str(), &nonce]
        .map(|word| word.trim_start_matches("0x"))
        .concat();
    let data = format!("{AUTHORIZATION_STATE}{words}");
    let to = authorization.terms.asset;
    call(
        url,
        "eth_call",
        &json!([{"to": to, "data": data}, {"blockHash": at}]),
    )
}

/// How many decimals a token has. Answered with a word.
pub fn decimals(url: &str, token: &Address) -> Request {
    call(
        url,
        "eth_call",
        &json!([{"to": token, "data": DECIMALS}, "latest"]),
    )
}

/// What a transaction did. Answered with a [`Receipt`](super::Receipt), or null where it is in no
/// block.
pub fn receipt(url: &str, transaction: &Bytes32) -> Request {
    call(url, "eth_getTransactionReceipt", &json!([transaction]))
}

/// Where a token used or canceled an authorization, from the block of this number on. Answered with
/// a list of [`Log`](super::Log).
pub fn uses(url: &str, authorization: &Authorization, since: u64) -> Request {
    let filter = json!({
        "address": authorization.terms.asset, "fromBlock": format!("{since:#x}"),
        "toBlock": "latest",
        "topics": [[USED, CANCELED], authorization.payer.word(), authorization.nonce],
    });
    call(url, "eth_getLogs", &json!([filter]))
}
