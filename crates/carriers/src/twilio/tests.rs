use super::*;
use receivables::id::MessageId;

fn twilio(channel: Channel, from: &str) -> Twilio {
    Twilio {
        url: String::new(),
        authorization: String::new(),
        from: from.to_owned(),
        hooks: "https://pay.example/webhooks/twilio".to_owned(),
        channel,
    }
}

fn id() -> MessageId {
    MessageId::from_parts(1_768_291_200_000, [7; 10])
}

#[test]
fn a_text_says_where_its_status_goes_and_who_sends_it() {
    let expected = |sender: &str, from: &str| {
        form([
            ("To", "+4930123456".to_owned()),
            (sender, from.to_owned()),
            ("Body", "Grüße & Dank".to_owned()),
            (
                "StatusCallback",
                format!("https://pay.example/webhooks/twilio?message={}", id()),
            ),
        ])
    };
    for (sender, from) in [
        ("From", "+15005550006"),
        ("From", "Nordwind"),
        ("MessagingServiceSid", "MG0123456789abcdef0123456789abcdef"),
    ] {
        let text = twilio(Channel::Sms, from).text(&id(), "+4930123456".to_owned(), "Grüße & Dank");
        assert_eq!(text, expected(sender, from));
    }
}

#[test]
fn a_call_has_its_page_and_is_told_to_no_machine() {
    let call = twilio(Channel::Voice, "+15005550006").call(&id(), "+4930123456".to_owned(), "t0ken");
    let field = |name: &str| {
        call.iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    assert_eq!(
        field("Url"),
        Some("https://pay.example/webhooks/twilio/voice/t0ken")
    );
    assert_eq!(field("MachineDetection"), Some("Enable"));
    assert_eq!(field("Method"), Some("POST"));
    assert_eq!(field("From"), Some("+15005550006"));
    let status = format!("https://pay.example/webhooks/twilio?message={}", id());
    assert_eq!(field("StatusCallback"), Some(status.as_str()));
}

/// <https://www.twilio.com/docs/api/errors>
#[test]
fn errors_mean_what_twilio_says_they_do() {
    for (code, expected) in [
        (20003, Meaning::Setup),
        (20429, Meaning::Later),
        (21211, Meaning::Inactive),
        (21606, Meaning::Setup),
        (21610, Meaning::Inactive),
        (21614, Meaning::Inactive),
        // The body is too long; whatever else there is.
        (21617, Meaning::Refused),
        (99999, Meaning::Refused),
    ] {
        assert_eq!(meaning(code), expected, "{code}");
    }
    let mut codes: Vec<i64> = MEANINGS.iter().map(|(code, _)| *code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), MEANINGS.len(), "a code stands twice");
}
