//! Regions: the countries and territories that have a numbering plan, by ISO 3166-1.
//!
//! A dialling code is not a region: `+1` is shared by twenty-five of them, whose prices differ a hundredfold.

use std::fmt;

/// Every region with a numbering plan of its own. They are ISO 3166-1's, and AC (Ascension), TA (Tristan da Cunha) and XK (Kosovo), which
/// ISO reserves or leaves to users; a test holds them against the numbering plans. Kept here so that settings can be read without loading those.
const CODES: &str = "\
    AC AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BW BY BZ CA CC CD CF CG CH CI CK \
    CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR \
    GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV \
    LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL \
    PM PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TG TH TJ TK TL TM TN TO \
    TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// A country or territory, by its ISO 3166-1 code of two letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(&'static str);

impl Region {
    /// Reads a code in either letter case. `UK` is not one: ISO's code is `GB`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::all().find(|region| region.0.eq_ignore_ascii_case(text))
    }

    /// The code, in capitals.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.0
    }

    fn all() -> impl Iterator<Item = Self> {
        CODES.split(' ').map(Self)
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_regions_are_those_of_the_numbering_plans() {
        let known: BTreeSet<String> = Region::all().map(|region| region.to_string()).collect();
        assert_eq!(known, super::super::plan::regions());
    }

    #[test]
    fn a_region_is_read_in_either_letter_case_and_nothing_else_is_one() {
        assert_eq!(Region::parse("om").map(Region::as_str), Some("OM"));
        for wrong in ["", "UK", "XX", "OMN", "O", "001", "OM AE", " OM"] {
            assert_eq!(Region::parse(wrong), None, "{wrong:?}");
        }
    }
}
