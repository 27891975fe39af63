//! Whether two names are one: banks write them in capitals, without accents, cut to a line; people leave out the
//! legal form and turn the words round.
//!
//! Source: Dunlin's own; the legal forms are those that the register of each country prints behind a name.

/// Legal forms and forms of address, as they stand after [`words`] has folded them.
const NOT_NAMES: &[&str] = &[
    "AB",
    "AG",
    "AND",
    "APS",
    "AS",
    "BHD",
    "BV",
    "BVBA",
    "CO",
    "COMPANY",
    "CORP",
    "CORPORATION",
    "CV",
    "DR",
    "EI",
    "EIRL",
    "EK",
    "ET",
    "EURL",
    "EV",
    "FRAU",
    "GBR",
    "GESELLSCHAFT",
    "GMBH",
    "HB",
    "HERR",
    "INC",
    "INCORPORATED",
    "KB",
    "KFT",
    "KG",
    "KGAA",
    "KK",
    "LDA",
    "LIMITED",
    "LLC",
    "LLP",
    "LTD",
    "LTDA",
    "M",
    "MADAME",
    "MBH",
    "ME",
    "MME",
    "MONSIEUR",
    "MR",
    "MRS",
    "MS",
    "NV",
    "OG",
    "OHG",
    "OO",
    "OU",
    "OY",
    "OYJ",
    "PLC",
    "PRIVATE",
    "PROF",
    "PTE",
    "PTY",
    "PVT",
    "SA",
    "SAGL",
    "SARL",
    "SAS",
    "SASU",
    "SCI",
    "SCS",
    "SDN",
    "SE",
    "SL",
    "SLU",
    "SNC",
    "SP",
    "SPA",
    "SPRL",
    "SR",
    "SRL",
    "SRO",
    "UAB",
    "UG",
    "UND",
    "VOF",
    "Y",
    "Z",
    "ZOO",
];

/// Letters with their accents, and what banks make of them. What is written with two letters where accents are not to
/// be had (`ue` for `ü`) becomes one again in [`words`].
const ACCENTS: &[(&str, &str)] = &[
    ("ÀÁÂÃÅĀĂĄ", "A"),
    ("ÄÆ", "AE"),
    ("ÇĆĈĊČ", "C"),
    ("ĎĐÐ", "D"),
    ("ÈÉÊËĒĔĖĘĚ", "E"),
    ("ĜĞĠĢ", "G"),
    ("ĤĦ", "H"),
    ("ÌÍÎÏĨĪĬĮİ", "I"),
    ("Ĵ", "J"),
    ("Ķ", "K"),
    ("ĹĻĽĿŁ", "L"),
    ("ÑŃŅŇŊ", "N"),
    ("ÒÓÔÕŌŎŐ", "O"),
    ("ÖØŒ", "OE"),
    ("ŔŖŘ", "R"),
    ("ŚŜŞŠȘ", "S"),
    ("ẞß", "SS"),
    ("ŢŤŦȚ", "T"),
    ("ÙÚÛŨŪŬŮŰŲ", "U"),
    ("Ü", "UE"),
    ("Ŵ", "W"),
    ("ÝŶŸ", "Y"),
    ("ŹŻŽ", "Z"),
    ("Þ", "TH"),
];

/// The fewest letters of a word by which a name is found: shorter ones are in too many.
const WORD: usize = 4;

/// The fewest letters that are left of a word that was cut off.
const CUT: usize = 2;

/// A name as it is compared: its words in alphabetical order, without accents, legal forms and forms of address.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Name(Vec<String>);

impl Name {
    /// None where nothing is left of it.
    pub(super) fn of(text: &str) -> Option<Name> {
        let all = words(text);
        let mut kept: Vec<String> = all
            .iter()
            .filter(|word| NOT_NAMES.binary_search(&word.as_str()).is_err())
            .cloned()
            .collect();
        // Somebody is called `Company Ltd`.
        if kept.is_empty() {
            kept = all;
        }
        kept.sort_unstable();
        kept.dedup();
        (!kept.is_empty()).then_some(Name(kept))
    }

    /// The words by which it is found.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .map(String::as_str)
            .filter(|word| word.chars().count() >= WORD)
    }

    /// Whether it is like another: all words of the shorter are in the longer, the last perhaps cut off, and they are
    /// at least half of them.
    pub(super) fn is_like(&self, other: &Name) -> bool {
        let (short, long) = match self.0.len() <= other.0.len() {
            true => (self, other),
            false => (other, self),
        };
        let same = |a: &str, b: &str| {
            let is_cut =
                a.chars().count() >= CUT && b.starts_with(a) || b.chars().count() >= CUT && a.starts_with(b);
            a == b || is_cut
        };
        let held = short.0.iter().all(|a| long.0.iter().any(|b| same(a, b)));
        held && short.words().next().is_some() && long.0.len() <= short.0.len().saturating_mul(2)
    }
}

/// The words of a name in capitals, without accents. Dots stand within abbreviations (`S.A.R.L.`) and divide nothing.
fn words(text: &str) -> Vec<String> {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_uppercase) {
        match ACCENTS.iter().find(|(accented, _)| accented.contains(c)) {
            Some((_, letters)) => plain.push_str(letters),
            None if c == '.' || c == '\'' || c == '’' => {}
            None if c.is_alphanumeric() => plain.push(c),
            None => plain.push(' '),
        }
    }
    plain
        .split_whitespace()
        .map(|word| word.replace("AE", "A").replace("OE", "O").replace("UE", "U"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_folded() {
        assert!(NOT_NAMES.is_sorted_by(|a, b| a < b));
        for form in NOT_NAMES {
            assert_eq!(words(form), [*form]);
        }
    }

    #[test]
    fn names_are_one_whatever_the_bank_makes_of_them() {
        let same = [
            ("Müller & Söhne GmbH", "MUELLER SOEHNE"),
            ("Müller & Söhne GmbH", "Muller und Sohne G.m.b.H."),
            ("Café Lumière S.A.R.L.", "SARL CAFE LUMIERE"),
            ("Acme Widgets Ltd.", "ACME WIDGETS LIMITED"),
            ("Bengt Åkesson", "AKESSON, BENGT"),
            ("Weiß KG", "WEISS"),
            ("Łódź Sp. z o.o.", "LODZ SP Z OO"),
            ("Dr. Anna Schmidt", "Frau Anna Schmidt"),
            ("O'Neill Inc", "ONEILL"),
        ];
        for (one, other) in same {
            assert_eq!(Name::of(one), Name::of(other), "{one} | {other}");
        }
        let differ = [
            ("Müller GmbH", "Möller GmbH"),
            ("Acme One", "Acme Two"),
            ("Meier", "Meyer"),
        ];
        for (one, other) in differ {
            assert_ne!(Name::of(one), Name::of(other), "{one} | {other}");
            assert!(!Name::of(one).unwrap().is_like(&Name::of(other).unwrap()));
        }
        assert_eq!(Name::of("Company Ltd"), Name::of("COMPANY LTD"));
        assert_eq!(Name::of(" - "), None);
    }

    #[test]
    fn names_that_are_cut_or_longer_are_alike() {
        let alike = |one: &str, other: &str| Name::of(one).unwrap().is_like(&Name::of(other).unwrap());
        assert!(alike(
            "Schornsteinfegermeister Huber",
            "SCHORNSTEINFEGERMEI HUBER"
        ));
        assert!(alike("Müller Bau GmbH", "Müller GmbH"));
        assert!(!alike("Müller Bau Verwaltung Holding", "Müller"));
        assert!(!alike("Bau AG", "Ed AG"));
    }
}
