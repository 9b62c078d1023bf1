//! The text of a static BR Code, by which Pix is paid (Banco Central do Brasil, Manual de Padrões
//! para Iniciação do Pix; EMV QR Code Specification for Payment Systems, merchant-presented mode).

use super::{PixKey, Reference};
use crate::base::money::Money;
use crc::{CRC_16_IBM_3740, Crc};

/// The checksum of EMV QR codes: polynomial 0x1021, initial value 0xFFFF.
const CHECKSUM: Crc<u16> = Crc::<u16>::new(&CRC_16_IBM_3740);

/// Data objects, each an id of two digits, a length of two digits and a value. All values are
/// ASCII and shorter than 100 characters by what settings take: the longest, the account's, is 18
/// characters and a key of at most 77 with its head.
pub(super) fn payload(
    (name, key, city): (&str, &PixKey, &str),
    amount: Money,
    reference: &Reference,
) -> String {
    let account = [
        object("00", "br.gov.bcb.pix"),
        object("01", &key.to_string()),
    ];
    let objects = [
        object("00", "01"),
        object("26", &account.concat()),
        // no category of the merchant
        object("52", "0000"),
        // ISO 4217: the real
        object("53", "986"),
        object("54", &amount.to_string()),
        object("58", "BR"),
        object("59", name),
        object("60", city),
        object("62", &object("05", reference.as_str())),
        // The checksum takes in its own id and length.
        "6304".to_owned(),
    ];
    let text = objects.concat();
    let checksum = CHECKSUM.checksum(text.as_bytes());
    format!("{text}{checksum:04X}")
}

fn object(id: &str, value: &str) -> String {
    format!("{id}{:02}{value}", value.len())
}
