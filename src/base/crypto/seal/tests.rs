use super::*;

fn key(id: u128, byte: u8) -> SealingKey {
    SealingKey::new(Uuid::from_u128(id), [byte; 32])
}

fn keys(keys: &[SealingKey]) -> SealingKeys {
    SealingKeys::new(keys.to_vec()).unwrap()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits
        .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
        .collect()
}

/// `whsec` for `ep_1` by key 1, `[7; 32]`, as another library makes it in both forms.
const FORMS: [&str; 2] = [
    "01000102030405060708090a0b6fe99a157ea265d333a609f7492253d03c70f642cd",
    "0200000000000000000000000000000001000102030405060708090a0b6fe99a157ee02c65cdff28964bca369d48e2573fc5",
];

#[test]
fn opens_only_whole_and_in_its_own_context() {
    let (keys, ambient) = (keys(&[key(1, 7)]), Ambient::system());
    let made = keys.seal(b"ep_1", b"whsec", &ambient).unwrap();
    assert_eq!(made.len(), 1 + 16 + 12 + 5 + 16);
    for sealed in [made, bytes(FORMS[0]), bytes(FORMS[1])] {
        assert_eq!(keys.open(b"ep_1", &sealed).unwrap().as_slice(), b"whsec");
        assert_eq!(keys.open(b"ep_2", &sealed), Err(SealError::Changed));
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(keys.open(b"ep_1", &changed).is_err(), "byte {at}");
            assert!(keys.open(b"ep_1", &sealed[..at]).is_err(), "{at} bytes");
        }
    }
}

#[test]
fn the_newest_key_seals_and_each_opens_its_own() {
    let ambient = Ambient::system();
    let (first, second) = (keys(&[key(1, 7)]), keys(&[key(2, 8)]));
    let both = keys(&[key(2, 8), key(1, 7)]);
    let of_both = both.seal(b"ep_1", b"whsec", &ambient).unwrap();
    assert_eq!(first.open(b"ep_1", &of_both), Err(SealError::OtherKey));
    for opener in [&both, &second] {
        assert_eq!(opener.open(b"ep_1", &of_both).unwrap().as_slice(), b"whsec");
    }
    for of_first in FORMS.map(bytes) {
        assert_eq!(second.open(b"ep_1", &of_first), Err(SealError::OtherKey));
        assert_eq!(both.open(b"ep_1", &of_first).unwrap().as_slice(), b"whsec");
    }
}

#[test]
fn a_key_does_not_pass_for_another_of_the_same_bytes() {
    let sealed = key(1, 7).seal(b"ep_1", b"whsec", &Ambient::system());
    let mut renamed = sealed.unwrap();
    renamed[16] = 2;
    let opened = key(2, 7).open(b"ep_1", &renamed);
    assert_eq!(opened, Err(SealError::Changed));
}

#[test]
fn a_master_key_is_32_bytes_of_base64() {
    let text = STANDARD.encode([1; 32]);
    let key = MasterKey::from_base64(&format!("{text}\n")).unwrap();
    assert_eq!(key, MasterKey::new([1; 32]));
    assert_ne!(key, MasterKey::new([2; 32]));
    let error = |text: &str| MasterKey::from_base64(text).unwrap_err();
    assert_eq!(error("secret!"), MasterKeyError::NotBase64);
    assert_eq!(error(&STANDARD.encode([1; 31])), MasterKeyError::Length(31));
}

#[test]
fn the_id_of_a_master_key_never_changes() {
    // Else every database would call the right key a wrong one.
    let id = MasterKey::new([1; 32]).sealing().id();
    assert_eq!(id.to_string(), "0159dce0-a079-8c7c-e7d1-3fbe6e466fae");
}

#[test]
fn keys_print_nothing() {
    let printed = format!("{:?}", MasterKey::new([7; 32]));
    assert_eq!(printed, "MasterKey(SealingKey)");
}
