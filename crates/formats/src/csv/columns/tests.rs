use super::*;
use proptest::prelude::*;

#[test]
fn a_column_of_amounts_is_read_as_a_whole() {
    use DecimalMark::{Comma, Point};
    type Case<'a> = (&'a [&'a str], Result<Option<DecimalMark>, &'a str>);
    let cases: [Case<'_>; 16] = [
        (&["1.234,56", "17,00"], Ok(Some(Comma))),
        (&["1,234.56", "17.00"], Ok(Some(Point))),
        // Three digits after the only separator: the other cells settle it.
        (&["1.234", "17,5"], Ok(Some(Comma))),
        (&["1.234", "17.5"], Ok(Some(Point))),
        (&["1.234.567"], Ok(Some(Comma))),
        (&["12,34,567.00"], Ok(Some(Point))),
        (&["0,125", "1.234"], Ok(Some(Comma))),
        (&["1234,567"], Ok(Some(Comma))),
        (&["1.234"], Err("decimal_ambiguous")),
        (&["1,234", "5,678"], Err("decimal_ambiguous")),
        (&["100", "7"], Ok(None)),
        (&[], Ok(None)),
        (&["1,50", "1.50"], Err("decimal_conflict")),
        (&["free of charge", "1,50"], Ok(Some(Comma))),
        (&["1'234.50"], Ok(Some(Point))),
        (&["1 234,50", "1\u{202f}234"], Ok(Some(Comma))),
    ];
    for (cells, expected) in cases {
        let found = decimal_mark(cells.iter().copied()).map_err(|problem| problem.code);
        assert_eq!(found, expected, "{cells:?}");
    }
}

#[test]
fn an_amount_comes_out_in_plain_digits_or_not_at_all() {
    use DecimalMark::{Comma, Point};
    let cases = [
        ("1.234,56", Some(Comma), Ok("1234.56")),
        ("1,234.56", Some(Point), Ok("1234.56")),
        ("12,34,567.00", Some(Point), Ok("1234567.00")),
        ("1'234.50", Some(Point), Ok("1234.50")),
        ("1\u{a0}234,5", Some(Comma), Ok("1234.5")),
        ("-17,00", Some(Comma), Ok("-17.00")),
        ("\u{2212} 17,00", Some(Comma), Ok("-17.00")),
        ("+17", None, Ok("17")),
        ("12.50", Some(Comma), Err("amount_not_decimal")),
        ("1.23.456", Some(Comma), Err("amount_not_decimal")),
        ("1.2345", Some(Comma), Err("amount_not_decimal")),
        ("12.50", None, Ok("12.50")),
        ("1.234", None, Err("decimal_ambiguous")),
        ("1e5", Some(Point), Err("amount_not_decimal")),
        ("", Some(Point), Err("amount_not_decimal")),
        ("12,", Some(Comma), Err("amount_not_decimal")),
        ("EUR 12", Some(Comma), Err("amount_not_decimal")),
    ];
    for (cell, mark, expected) in cases {
        let found = amount(cell, mark);
        assert_eq!(
            found.as_deref().map_err(|problem| problem.code),
            expected,
            "{cell} {mark:?}"
        );
    }
}

#[test]
fn a_column_of_dates_is_read_as_a_whole() {
    type Case<'a> = (&'a [&'a str], Result<Option<&'a str>, &'a str>);
    let cases: [Case<'_>; 11] = [
        (&["2026-01-31"], Ok(Some("YYYY-MM-DD"))),
        (&["20260131"], Ok(Some("YYYYMMDD"))),
        (&["31.01.2026", "1.2.2026"], Ok(Some("DD.MM.YYYY"))),
        (&["03/04/2026"], Err("date_ambiguous")),
        (
            &["03/04/2026", "31/04/2026", "30/04/2026"],
            Ok(Some("DD/MM/YYYY")),
        ),
        (&["03/04/2026", "04/30/2026"], Ok(Some("MM/DD/YYYY"))),
        (&["13/04/2026", "04/13/2026"], Err("date_conflict")),
        (&["03-04-2026"], Err("date_ambiguous")),
        (&["soon", "2026-01-31"], Ok(Some("YYYY-MM-DD"))),
        (&["soon"], Ok(None)),
        (&[], Ok(None)),
    ];
    for (cells, expected) in cases {
        let found = date_format(cells.iter().copied()).map_err(|problem| problem.code);
        let found = found.map(|format| format.map(|format| format.to_string()));
        assert_eq!(
            found.as_ref().map(Option::as_deref).map_err(|code| *code),
            expected,
            "{cells:?}"
        );
    }
}

#[test]
fn a_format_reads_what_it_says() {
    let cases = [
        ("DD.MM.YYYY", "3.4.2026", Ok("2026-04-03")),
        ("MM/DD/YYYY", "03/04/2026", Ok("2026-03-04")),
        ("dd.mm.yy", "31.12.26", Ok("2026-12-31")),
        ("YYYYMMDD", "20260131", Ok("2026-01-31")),
        ("YYYYMMDD", "2026013é", Err("invalid_date")),
        ("DD.MM.YYYY", "31.02.2026", Err("invalid_date")),
        ("DD.MM.YYYY", "2026-01-31", Err("invalid_date")),
        ("DD.MM.YYYY", "1.1.1", Err("invalid_date")),
    ];
    for (format, cell, expected) in cases {
        let found = DateFormat::parse(format).unwrap().read(cell);
        let found = found.map(|day| day.to_string()).map_err(|problem| problem.code);
        assert_eq!(
            found.as_deref().map_err(|code| *code),
            expected,
            "{format} {cell}"
        );
    }
    for bad in [
        "",
        "DD.MM",
        "DD.MM.YYYY.DD",
        "MM.MM.YYYY",
        "DDMMYY",
        "D M Y",
        "DD/MM/JJJJ",
    ] {
        assert_eq!(
            DateFormat::parse(bad).unwrap_err().code,
            "invalid_date_format",
            "{bad}"
        );
    }
}

proptest! {
    #[test]
    fn an_amount_is_read_as_it_was_written(minor in -1_000_000_000i64..1_000_000_000, comma: bool, grouped: bool) {
        let mark = if comma { DecimalMark::Comma } else { DecimalMark::Point };
        let whole = (minor.abs() / 100).to_string();
        let mut text = String::new();
        for (at, digit) in whole.chars().enumerate() {
            if grouped && at > 0 && (whole.len() - at).is_multiple_of(3) {
                text.push(mark.grouping());
            }
            text.push(digit);
        }
        let sign = if minor < 0 { "-" } else { "" };
        let written = format!("{sign}{text}{}{:02}", mark.mark(), minor.abs() % 100);
        let plain = format!("{sign}{whole}.{:02}", minor.abs() % 100);
        prop_assert_eq!(decimal_mark([written.as_str()].into_iter()), Ok(Some(mark)));
        prop_assert_eq!(amount(&written, Some(mark)), Ok(plain));
    }

    #[test]
    fn no_cell_makes_it_panic(cell in any::<String>()) {
        let _ = amount(&cell, None);
        let _ = decimal_mark([cell.as_str()].into_iter());
        let _ = date_format([cell.as_str()].into_iter());
        let _ = DateFormat::parse(&cell);
    }
}
