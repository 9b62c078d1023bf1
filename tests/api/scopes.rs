//! Which roles may call which operation.

use threadpay::domain::auth::Role;

/// Who may call what. An operation that is not here fails the test: decide who may call it.
pub const BOT_MERCHANT_AND_FINANCE: &[&str] = &[
    "list_payment_intents",
    "get_payment_intent",
    "list_payment_intent_entries",
    "list_all_refunds",
    "list_attempts",
    "list_refunds",
    "get_refund",
    "get_movement",
    "list_movements",
    "list_rails",
];
pub const BOT_AND_MERCHANT: &[&str] = &[
    "advance_sandbox_clock",
    "cancel_payment_intent",
    "capture_payment_intent",
    "complete_sandbox_action",
    "confirm_payment_intent",
    "create_callback_endpoint",
    "create_payment_intent",
    "create_payment_link",
    "create_refund",
    "create_sandbox_scenario",
    "deactivate_payment_link",
    "delete_callback_endpoint",
    "get_callback_endpoint",
    "get_delivery",
    "get_event",
    "get_payment_link",
    "get_replay",
    "get_sandbox_clock",
    "list_callback_endpoints",
    "list_deliveries",
    "list_events",
    "list_payment_link_payments",
    "list_payment_links",
    "ping_callback_endpoint",
    "replay_events",
    "retry_delivery",
    "rotate_callback_secret",
    "settle_sandbox_payment",
    "tell_sandbox_fact",
    "update_callback_endpoint",
];
pub const MERCHANT_AND_FINANCE: &[&str] = &[
    "export_journal",
    "get_balances",
    "get_trial_balance",
    "get_settlement",
    "list_accounts",
    "list_journal_entries",
    "get_refund_transfer",
    "get_statement",
    "get_statement_line",
    "import_statement",
    "list_settlement_lines",
    "list_settlements",
    "list_statement_lines",
    "list_statements",
    "mark_statement_line",
    "match_statement_line",
    "split_statement_line",
    "unmatch_statement_line",
];
pub const MERCHANT: &[&str] = &[
    "check_rail_account",
    "create_rail_account",
    "create_sandbox_journal_entry",
    "disable_rail_account",
    "get_rail_account",
    "list_rail_accounts",
    "resolve_movement",
    "update_rail_account",
];
pub const ANYONE: &[&str] = &[
    "create_access_token",
    "get_health",
    "get_metrics",
    "get_public_keys",
    "get_readiness",
];

/// The roles that may call an operation.
pub fn roles(operation: &str) -> &'static [Role] {
    let tables: [(&[&str], &[Role]); 4] = [
        (BOT_MERCHANT_AND_FINANCE, &Role::ALL),
        (BOT_AND_MERCHANT, &[Role::Bot, Role::Merchant]),
        (MERCHANT_AND_FINANCE, &[Role::Merchant, Role::Finance]),
        (MERCHANT, &[Role::Merchant]),
    ];
    let found = tables.iter().find(|(names, _)| names.contains(&operation));
    let (_, roles) = found.unwrap_or_else(|| panic!("who may call {operation}?"));
    roles
}
