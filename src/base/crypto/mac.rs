//! HMAC-SHA256: what only a holder of the key can write or check.

use ring::hmac::{Context, HMAC_SHA256, Key, Tag};

fn tag(key: &[u8], parts: &[&[u8]]) -> Tag {
    let mut context = Context::with_key(&Key::new(HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    context.sign()
}

/// HMAC-SHA256 of the parts in a row. Nothing is put between them: where two splits of one text
/// must differ, the caller separates the parts.
pub fn sign(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut mac = [0; 32];
    mac.copy_from_slice(tag(key, parts).as_ref());
    mac
}

/// Whether `mac` is that of the parts in a row, compared in constant time.
pub fn verify(key: &[u8], parts: &[&[u8]], mac: &[u8]) -> bool {
    super::hash::equal(tag(key, parts).as_ref(), mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_rfc_4231_case_2() {
        let parts: [&[u8]; 2] = [b"what do ya want ", b"for nothing?"];
        let mac = sign(b"Jefe", &parts);
        assert_eq!(mac[..4], [0x5b, 0xdc, 0xc1, 0x46]);
        assert_eq!(mac[28..], [0x64, 0xec, 0x38, 0x43]);
        assert!(verify(b"Jefe", &parts, &mac));
        assert!(!verify(b"Jeff", &parts, &mac));
        assert!(!verify(b"Jefe", &parts, &mac[..31]));
    }
}
