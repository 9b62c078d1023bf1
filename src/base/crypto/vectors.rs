//! The vectors of Project Wycheproof, which know how implementations went wrong, against our use of
//! what we sign and seal with.

use super::{SealingKey, ed25519, mac, seal::FIRST};
use wycheproof::{TestResult, aead, eddsa, mac as macs};

#[test]
fn hmac_agrees() {
    let set = macs::TestSet::load(macs::TestName::HmacSha256).unwrap();
    let mut count = 0;
    for group in set.test_groups {
        for test in group.tests {
            // A tag that was cut short is none of ours.
            let valid = test.result == TestResult::Valid && group.tag_size == 256;
            // However the text is cut into parts.
            let (start, end) = test.msg.split_at(test.msg.len() / 2);
            for parts in [[&test.msg[..], &[]], [start, end]] {
                let (id, found) = (test.tc_id, mac::verify(&test.key, &parts, &test.tag));
                assert_eq!(found, valid, "{id}: {}", test.comment);
                assert_eq!(
                    mac::sign(&test.key, &parts)[..] == test.tag[..],
                    valid,
                    "{id}"
                );
            }
            count += 1;
        }
    }
    assert!(count > 150, "{count} vectors");
}

#[test]
fn ed25519_agrees() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    let mut count = 0;
    for group in set.test_groups {
        for test in group.tests {
            let found = ed25519::verify(&group.key.pk, &test.msg, &test.sig);
            let valid = test.result == TestResult::Valid;
            assert_eq!(found, valid, "{}: {}", test.tc_id, test.comment);
            count += 1;
        }
    }
    assert!(count > 100, "{count} vectors");
}

#[test]
fn sealed_bytes_agree() {
    let set = aead::TestSet::load(aead::TestName::AesGcm).unwrap();
    let ours = |group: &&aead::TestGroup| {
        (group.key_size, group.nonce_size, group.tag_size) == (256, 96, 128)
    };
    let mut count = 0;
    for group in set.test_groups.iter().filter(ours) {
        for test in &group.tests {
            let key = <[u8; 32]>::try_from(&test.key[..]).unwrap();
            // The form that binds no key id is the cipher itself.
            let sealed = [&[1], &test.nonce[..], &test.ct, &test.tag].concat();
            let opened = SealingKey::new(FIRST, key).open(&test.aad, &sealed);
            let valid = test.result == TestResult::Valid;
            assert_eq!(opened.is_ok(), valid, "{}: {}", test.tc_id, test.comment);
            if let Ok(opened) = opened {
                assert_eq!(opened[..], test.pt[..], "{}", test.tc_id);
            }
            count += 1;
        }
    }
    assert!(count > 50, "{count} vectors");
}
