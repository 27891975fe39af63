use super::*;
use serde_json::json;

fn address(value: &serde_json::Value) -> PostalAddress {
    serde_json::from_value(value.clone()).unwrap()
}

#[test]
fn an_address_is_given_as_lob_has_it_and_no_longer_than_it_takes() {
    let to = address(
        &json!({"lines": ["c/o Braun", "Hafenstraße 1", "Hinterhaus"], "postal_code": "10115",
        "city": "Berlin", "country": "DE"}),
    );
    let name = "Vereinigte Norddeutsche Werkzeughandelsgesellschaft";
    assert_eq!(
        fields("Reminder", "adr_1", name, &to),
        [
            ("description", "Reminder"),
            ("to[name]", "Vereinigte Norddeutsche Werkzeughandelsg"),
            ("to[address_line1]", "c/o Braun"),
            ("to[address_line2]", "Hafenstraße 1, Hinterhaus"),
            ("to[address_city]", "Berlin"),
            ("to[address_zip]", "10115"),
            ("to[address_country]", "DE"),
            ("from", "adr_1"),
            ("color", "false"),
            ("use_type", "operational"),
            ("address_placement", "insert_blank_page"),
        ]
        .map(|(name, value)| (name, value.to_owned()))
    );
    let short = address(&json!({"lines": ["1 Main St"]}));
    assert!(
        fields("", "adr_1", "Ada", &short)
            .iter()
            .all(|(name, _)| *name != "to[address_line2]")
    );
}

/// RFC 7578, section 4.
#[test]
fn a_form_with_a_file_has_its_parts_between_boundaries() {
    let body = multipart(
        "b1",
        &[("a", "1".to_owned())],
        ("letter.pdf", "application/pdf", b"%PDF\xff"),
    );
    let expected = b"--b1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n\
        --b1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"letter.pdf\"\r\n\
        Content-Type: application/pdf\r\n\r\n%PDF\xff\r\n--b1--\r\n";
    assert_eq!(body, expected);
}
