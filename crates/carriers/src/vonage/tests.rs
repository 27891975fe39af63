use super::*;
use receivables::id::MessageId;

#[test]
fn a_text_carries_our_id_and_numbers_without_their_plus() {
    let id = MessageId::from_parts(1_768_291_200_000, [7; 10]);
    assert_eq!(
        text(&id, "+15005550006", "+4930123456", "Grüße"),
        json!({"message_type": "text", "channel": "sms", "to": "4930123456", "from": "15005550006", "text": "Grüße",
            "client_ref": id})
    );
    // A sender by name stays one.
    assert_eq!(text(&id, "Nordwind", "+4930123456", "")["from"], "Nordwind");
}

#[test]
fn an_error_is_known_by_the_end_of_its_type() {
    let said = |kind: &str| Said {
        r#type: Some(kind.to_owned()),
        title: None,
        detail: None,
        message_uuid: None,
        uuid: None,
    };
    assert_eq!(
        code(&said("https://developer.vonage.com/api-errors/messages#1170")),
        Some(1170)
    );
    assert_eq!(
        code(&said("https://developer.nexmo.com/api-errors#low-balance")),
        None
    );
}
