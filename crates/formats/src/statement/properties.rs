//! What must hold of every statement: written in any of the formats it reads back as the same, and no bytes do harm.
//!
//! The writers here are the tests' own, after the standards and not after the readers.

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A line as all formats can say it.
#[derive(Clone, Debug)]
struct Said {
    day: u32,
    minor: i64,
    reference: String,
    text: String,
}

fn said() -> impl Strategy<Value = Said> {
    let amounts = prop_oneof![1i64..1_000_000_000, -1_000_000_000i64..0];
    (
        1u32..28,
        amounts,
        "[A-Z0-9]{1,16}",
        "[A-Za-z0-9]{1,12}( [A-Za-z0-9-]{1,12}){0,3}",
    )
        .prop_map(|(day, minor, reference, text)| Said {
            day,
            minor,
            reference,
            text,
        })
}

fn statements() -> impl Strategy<Value = (i64, Vec<Said>)> {
    (-1_000_000i64..1_000_000, vec(said(), 1..12)).prop_map(|(opening, mut lines)| {
        lines.sort_by_key(|line| line.day);
        (opening, lines)
    })
}

fn on(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, day).unwrap()
}

fn digits(minor: i64, point: char) -> String {
    let minor = minor.unsigned_abs();
    format!("{}{point}{:02}", minor / 100, minor % 100)
}

fn closing(opening: i64, lines: &[Said]) -> i64 {
    lines.iter().fold(opening, |sum, line| sum + line.minor)
}

fn camt(opening: i64, lines: &[Said]) -> String {
    let side = |minor: i64| if minor < 0 { "DBIT" } else { "CRDT" };
    let balance = |code: &str, minor: i64| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy='EUR'>{}</Amt><CdtDbtInd>{}</CdtDbtInd>\
             <Dt><Dt>2026-03-01</Dt></Dt></Bal>",
            digits(minor, '.'),
            side(minor)
        )
    };
    let entry = |line: &Said| {
        format!(
            "<Ntry><Amt Ccy='EUR'>{}</Amt><CdtDbtInd>{}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{}</Dt></BookgDt>\
             <AcctSvcrRef>{}</AcctSvcrRef><NtryDtls><TxDtls><RmtInf><Ustrd>{}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>",
            digits(line.minor, '.'),
            side(line.minor),
            on(line.day),
            line.reference,
            line.text
        )
    };
    let entries: String = lines.iter().map(entry).collect();
    format!(
        "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'><BkToCstmrStmt><Stmt><Id>1</Id><Acct><Id><IBAN>DE1</IBAN>\
         </Id></Acct>{}{}{entries}</Stmt></BkToCstmrStmt></Document>",
        balance("OPBD", opening),
        balance("CLBD", closing(opening, lines))
    )
}

fn mt940(opening: i64, lines: &[Said]) -> String {
    let side = |minor: i64| if minor < 0 { "D" } else { "C" };
    let balance =
        |tag: &str, minor: i64| format!(":{tag}:{}260301EUR{}\r\n", side(minor), digits(minor, ','));
    let entry = |line: &Said| {
        let day = on(line.day).format("%y%m%d%m%d");
        let mark = side(line.minor);
        let amount = digits(line.minor, ',');
        format!(
            ":61:{day}{mark}{amount}NTRFNONREF//{}\r\n:86:{}\r\n",
            line.reference, line.text
        )
    };
    let entries: String = lines.iter().map(entry).collect();
    let (opens, closes) = (balance("60F", opening), balance("62F", closing(opening, lines)));
    format!(":20:X\r\n:25:DE1\r\n:28C:1/1\r\n{opens}{entries}{closes}-\r\n")
}

/// One account and one day: BAI2 has no other.
fn bai2(opening: i64, lines: &[Said]) -> String {
    let entry = |line: &Said| {
        let code = if line.minor < 0 { "475" } else { "195" };
        format!(
            "16,{code},{},0,{},,{}\n",
            line.minor.abs(),
            line.reference,
            line.text
        )
    };
    let entries: String = lines.iter().map(entry).collect();
    let closing = closing(opening, lines);
    let total = opening + closing + lines.iter().map(|line| line.minor.abs()).sum::<i64>();
    let count = lines.len() + 2;
    format!(
        "01,A,B,260301,0200,1,80,1,2/\n02,C,A,1,260301,,EUR,2/\n03,DE1,EUR,010,{opening},,,015,{closing},,/\n{entries}\
         49,{total},{count}/\n98,{total},1,{}/\n99,{total},1,{}/\n",
        count + 2,
        count + 4
    )
}

fn table(lines: &[Said]) -> String {
    let row = |line: &Said| {
        let sign = if line.minor < 0 { "-" } else { "" };
        let amount = digits(line.minor, ',');
        format!(
            "{};{sign}{amount};{};\"{}\"\r\n",
            on(line.day).format("%d.%m.%Y"),
            line.reference,
            line.text
        )
    };
    let rows: String = lines.iter().map(row).collect();
    format!("Tag;Betrag;Ref;Text\r\n{rows}")
}

fn mapping() -> csv::Mapping {
    csv::Mapping::parse(
        &json!({"account": "DE1", "currency": "EUR", "decimal": "comma", "date_format": "DD.MM.YYYY",
        "columns": {"Tag": "booked_on", "Betrag": "amount", "Ref": "reference", "Text": "text"}}),
    )
    .unwrap()
}

type Told = (NaiveDate, i64, Option<String>, String);

fn told(statement: &Statement) -> Vec<Told> {
    let lines = statement.lines.iter();
    lines
        .map(|line| {
            (
                line.booked_on,
                line.amount.minor(),
                line.reference.clone(),
                line.text.clone(),
            )
        })
        .collect()
}

fn meant(lines: &[Said]) -> Vec<Told> {
    let lines = lines.iter();
    lines
        .map(|line| {
            (
                on(line.day),
                line.minor,
                Some(line.reference.clone()),
                line.text.clone(),
            )
        })
        .collect()
}

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same((opening, lines) in statements()) {
        for document in [camt(opening, &lines), mt940(opening, &lines)] {
            let read = read(document.as_bytes());
            prop_assert!(read.is_ok(), "{read:?}\n{document}");
            let statement = &read.unwrap()[0];
            prop_assert_eq!(told(statement), meant(&lines));
            prop_assert_eq!(statement.opening.unwrap().amount.minor(), opening);
            prop_assert_eq!(statement.closing.unwrap().amount.minor(), closing(opening, &lines));
        }
        let days: Vec<Said> = lines.iter().map(|line| Said { day: 1, ..line.clone() }).collect();
        let statement = read(bai2(opening, &days).as_bytes()).unwrap();
        prop_assert_eq!(told(&statement[0]), meant(&days));
        let statement = csv::read(table(&lines).as_bytes(), &mapping()).unwrap();
        prop_assert_eq!(told(&statement[0]), meant(&lines));
    }

    /// Whatever is cut off the end of a document, the rest is refused or is the whole: no line is lost in silence.
    #[test]
    fn a_document_that_is_cut_off_is_refused((opening, lines) in statements(), cut in 0usize..2_000) {
        for document in [camt(opening, &lines), bai2(opening, &lines)] {
            let end = document.len() - (cut % document.len()).max(3);
            prop_assert!(read(&document.as_bytes()[..end]).is_err(), "{}", &document[..end]);
        }
    }

    /// Two lines of one statement never have one key.
    #[test]
    fn keys_are_distinct_and_follow_from_the_statement_alone((opening, lines) in statements(), twice in any::<bool>()) {
        let mut lines = lines;
        if twice {
            lines.push(lines[lines.len() - 1].clone());
        }
        let document = camt(opening, &lines);
        let (one, other) = (read(document.as_bytes()).unwrap(), read(document.as_bytes()).unwrap());
        let keys = one[0].keys();
        let distinct: std::collections::BTreeSet<&String> = keys.iter().collect();
        prop_assert_eq!(distinct.len(), lines.len());
        prop_assert_eq!(&keys, &other[0].keys());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes);
        let _ = csv::read(&bytes, &mapping());
        let _ = crate::remittance::email(&bytes);
        let _ = crate::remittance::csv(&bytes, None);
        let _ = crate::remittance::xml(&bytes);
    }

    /// Near to what is right: a document with one piece replaced by anything.
    #[test]
    fn no_slip_makes_it_panic((opening, lines) in statements(), at in 0usize..4_000, slip in "\\PC{0,6}|[0-9,/:?<>+]{0,4}") {
        for document in [camt(opening, &lines), mt940(opening, &lines), bai2(opening, &lines), table(&lines)] {
            let start = at % document.len();
            let end = (start + slip.len()).min(document.len());
            let slipped = format!("{}{slip}{}", &document[..start], &document[end..]);
            let _ = read(slipped.as_bytes());
            let _ = csv::read(slipped.as_bytes(), &mapping());
            let _ = mt940::read(&slipped);
            let _ = bai2::read(&slipped);
            let _ = crate::remittance::email(slipped.as_bytes());
        }
    }
}
