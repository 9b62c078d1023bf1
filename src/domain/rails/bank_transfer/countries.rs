//! Lists of countries: of all (ISO 3166-1), and of those whose banks SEPA reaches.

/// The codes of ISO 3166-1 (alpha-2) with a blank between: all 249 that are assigned.
const ALL: &str = "\
AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT \
BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH \
ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT \
HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS \
LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI \
NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG \
SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG \
UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// Members of the European Economic Area, by the country of an IBAN.
const EEA: &str = "\
AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK";

/// Countries outside of the European Economic Area whose banks SEPA reaches, by the country of an
/// IBAN (EPC409-09, EPC list of SEPA scheme countries).
const SEPA_BEYOND: &str = "AD AL CH GB GI MC MD ME MK RS SM VA";

fn holds(list: &str, code: &str) -> bool {
    list.split(' ').any(|known| known == code)
}

/// Whether this is a country's code.
pub(super) fn is_country(code: &str) -> bool {
    holds(ALL, code)
}

/// Whether a country is of the European Economic Area.
pub(super) fn is_in_eea(code: &str) -> bool {
    holds(EEA, code)
}

/// Whether SEPA reaches the banks of a country.
pub(super) fn is_in_sepa(code: &str) -> bool {
    is_in_eea(code) || holds(SEPA_BEYOND, code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lists_are_whole() {
        let codes: Vec<&str> = ALL.split(' ').collect();
        assert_eq!(codes.len(), 249);
        assert!(codes.is_sorted_by(|a, b| a < b));
        assert_eq!(EEA.split(' ').count(), 30);
        let sepa = EEA.split(' ').chain(SEPA_BEYOND.split(' '));
        assert!(sepa.into_iter().all(is_country));
        for (code, known) in [("CH", true), ("CHF", false), ("", false), ("AD AE", false)] {
            assert_eq!(is_country(code), known, "{code}");
        }
        assert!(is_in_sepa("CH") && is_in_sepa("DE") && !is_in_sepa("US"));
    }
}
