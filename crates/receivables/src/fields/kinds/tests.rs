//! What each kind of field takes and refuses.

use serde_json::json;

use super::*;

/// A kind, values it takes, and values it refuses with the code of each.
type Case<'a> = (
    fn(&Value) -> Option<&'static str>,
    &'a [Value],
    &'a [(Value, &'a str)],
);

/// The code of the problem, if there is one.
fn code<T>(result: Result<T, Problem>) -> Option<&'static str> {
    result.err().map(|problem| problem.code)
}

#[test]
fn each_kind_takes_what_it_should_and_refuses_the_rest_by_code() {
    let kinds: [Case<'_>; 11] = [
        (
            |v| code(text(5)(v)),
            &[json!("abcde"), json!("  abc  "), json!("ÄÖÜäö")],
            &[
                (json!(""), "empty"),
                (json!("   "), "empty"),
                (json!("abcdef"), "too_long"),
                (json!("a\nb"), "control_character"),
                (json!("a\u{0}"), "control_character"),
                (json!(5), "wrong_type"),
            ],
        ),
        (
            |v| code(date(v)),
            &[json!("2026-01-20"), json!("2024-02-29")],
            &[
                (json!("2026-02-29"), "invalid_date"),
                (json!("2026-13-01"), "invalid_date"),
                (json!("2026-1-5"), "invalid_date"),
                (json!("20260105"), "invalid_date"),
                (json!("2026-01-05T00:00:00Z"), "invalid_date"),
                (json!("+026-01-05"), "invalid_date"),
                (json!("0001-01-01"), "date_out_of_range"),
                (json!("2926-01-10"), "date_out_of_range"),
            ],
        ),
        (
            |v| code(instant(v)),
            &[
                json!("2026-01-10T09:00:00Z"),
                json!("2026-01-10T09:00:00.5+01:00"),
            ],
            &[
                (json!("2026-01-10"), "invalid_instant"),
                (json!("2026-01-10T09:00:00"), "invalid_instant"),
            ],
        ),
        (
            |v| code(country(v)),
            &[json!("SE")],
            &[(json!("se"), "unknown_country"), (json!("UK"), "unknown_country")],
        ),
        (
            |v| code(time_zone(v)),
            &[json!("Europe/Berlin"), json!("UTC")],
            &[
                (json!("Berlin"), "unknown_time_zone"),
                (json!("CEST"), "unknown_time_zone"),
            ],
        ),
        (
            |v| code(locale(v)),
            &[json!("en"), json!("de-AT"), json!("zh-Hant-TW"), json!("nds")],
            &[
                (json!(""), "invalid_locale"),
                (json!("DE"), "invalid_locale"),
                (json!("de_AT"), "invalid_locale"),
                (json!("de-"), "invalid_locale"),
                (json!("../../etc"), "invalid_locale"),
            ],
        ),
        (
            |v| code(email(v)),
            &[
                json!("lj@buyer.se"),
                json!("a.b+c@x-y.example.org"),
                json!("jörg@bücher.example"),
            ],
            &[
                (json!("lj"), "invalid_email"),
                (json!("lj@se"), "invalid_email"),
                (json!("@buyer.se"), "invalid_email"),
                (json!("a@b@c.se"), "invalid_email"),
                (json!("a@b..se"), "invalid_email"),
                (json!("a@-b.se"), "invalid_email"),
                (json!("a@b.se\r\nBcc: x@y.se"), "invalid_email"),
                (json!("A <a@b.se>"), "invalid_email"),
            ],
        ),
        (
            |v| code(phone(v)),
            &[json!("+46 8 123 456"), json!("23434234"), json!("(0)30/123-45")],
            &[
                (json!("12"), "invalid_phone"),
                (json!("call me"), "invalid_phone"),
                (json!("+1+2345"), "invalid_phone"),
            ],
        ),
        (
            |v| code(url(v)),
            &[
                json!("https://example.org/a.pdf?x=1"),
                json!("http://localhost:3000"),
            ],
            &[
                (json!("javascript:alert(1)"), "invalid_url"),
                (json!("https://"), "invalid_url"),
                (json!("https://user:pw@example.org"), "invalid_url"),
                (json!("https://example.org/a b"), "invalid_url"),
            ],
        ),
        (
            |v| code(money(v)),
            &[json!({"amount": "1.00", "currency": "EUR"})],
            &[
                (json!({"amount": 1, "currency": "EUR"}), "wrong_type"),
                (
                    json!({"amount": "1.001", "currency": "EUR"}),
                    "amount_too_many_digits",
                ),
                (json!({"amount": "1", "currency": "EUX"}), "unknown_currency"),
                (json!({"amount": "1", "currency": "EUR", "x": 1}), "unknown_field"),
                (json!("1.00"), "wrong_type"),
            ],
        ),
        (
            |v| code(positive_money_in(Currency::parse("EUR").unwrap())(v)),
            &[json!("1250.00"), json!({"amount": "1.00", "currency": "EUR"})],
            &[
                (json!("0.00"), "not_positive"),
                (json!("-1"), "not_positive"),
                (json!(1250.0), "wrong_type"),
                (json!({"amount": "1.00", "currency": "USD"}), "currency_mismatch"),
            ],
        ),
    ];
    for (judge, good, bad) in kinds {
        for value in good {
            assert_eq!(judge(value), None, "{value}");
        }
        for (value, expected) in bad {
            assert_eq!(judge(value), Some(*expected), "{value}");
        }
    }
}

#[test]
fn a_date_that_does_not_exist_is_named() {
    let problem = date(&json!("2026-02-30")).unwrap_err();
    assert_eq!(problem.detail, "2026-02-30 does not exist in the calendar");
}
