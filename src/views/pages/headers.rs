//! The headers that pages are sent with.

/// What a page may load and where its forms may post: its own style and pictures, its own
/// addresses, and nothing else; no script at all.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The same for a page with [`SCRIPT`](super::SCRIPT).
pub const POLICY_WITH_SCRIPT: (&str, &str) = (
    "content-security-policy",
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);

/// Headers of every pay and receipt page, error pages included.
pub const PAGE_HEADERS: [(&str, &str); 6] = [
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "no-store"),
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
    ("x-robots-tag", "noindex"),
];

/// Headers of the API reference, which is the same for everyone.
pub const REFERENCE_HEADERS: [(&str, &str); 5] = [
    ("content-type", "text/html; charset=utf-8"),
    ("cache-control", "public, max-age=300"),
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
];

/// Headers of [`STYLE`](super::STYLE), whose address changes with its text.
pub const STYLE_HEADERS: [(&str, &str); 3] = [
    ("content-type", "text/css; charset=utf-8"),
    ("cache-control", "public, max-age=31536000, immutable"),
    ("x-content-type-options", "nosniff"),
];

/// Headers of [`SCRIPT`](super::SCRIPT), whose address changes with its text.
pub const SCRIPT_HEADERS: [(&str, &str); 3] = [
    ("content-type", "text/javascript; charset=utf-8"),
    ("cache-control", "public, max-age=31536000, immutable"),
    ("x-content-type-options", "nosniff"),
];
