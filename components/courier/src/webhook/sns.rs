//! Amazon SNS over HTTPS: what it says is signed with a certificate of its own
//! (<https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html>).
//!
//! **Signature version 2** (SHA-256) alone is believed: set the topic's `SignatureVersion` to 2. Version 1 is SHA-1.
//! **Only our topic, only our region's SNS.** Anybody can have SNS sign something of a topic of their own, so the topic must
//! be the one that is configured. The certificate is fetched from `sns_url` and from nowhere else: that it is Amazon's is
//! what TLS says of that host. It is kept for an instance's life, by its address.

use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use rsa::RsaPublicKey;
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::pkcs8::DecodePublicKey;
use rsa::signature::Verifier;
use serde::Deserialize;
use sha2::Sha256;
use std::cell::RefCell;
use web::{Problem, limits, outbound};

/// What SNS posts.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Envelope {
    pub(super) r#type: String,
    pub(super) message_id: String,
    pub(super) topic_arn: String,
    pub(super) message: String,
    timestamp: String,
    signature_version: String,
    signature: String,
    #[serde(rename = "SigningCertURL")]
    signing_cert_url: String,
    #[serde(rename = "SubscribeURL")]
    subscribe_url: Option<String>,
    token: Option<String>,
    subject: Option<String>,
}

thread_local! {
    /// Address and key of the certificate that was used last.
    static KNOWN: RefCell<Option<(String, RsaPublicKey)>> = const { RefCell::new(None) };
}

fn unbelieved(why: &str) -> Problem {
    Problem::unauthorized(format!("This webhook is not believed: {why}."))
}

impl Envelope {
    /// Whether SNS at `url` said it, of the topic that is ours.
    pub(super) async fn verify(&self, url: &str, topic: &str, now: DateTime<Utc>) -> Result<(), Problem> {
        if self.topic_arn != topic {
            return Err(unbelieved("it is of another topic"));
        }
        if self.signature_version != "2" {
            return Err(unbelieved("its signature is not of version 2"));
        }
        if !is_at(&self.signing_cert_url, url) {
            return Err(unbelieved("its certificate is somewhere else"));
        }
        let key = key(&self.signing_cert_url).await?;
        match self.is_signed(&key) {
            true if self.is_recent(now) => Ok(()),
            true => Err(unbelieved("it is more than a day old, or ahead of us")),
            false => Err(unbelieved("its signature is not SNS's")),
        }
    }

    /// SNS goes on delivering for an hour and some, where a topic's delivery policy says so.
    fn is_recent(&self, now: DateTime<Utc>) -> bool {
        let oldest_s = limits::WEBHOOK_RETRIES_H
            .saturating_mul(3_600)
            .saturating_add(limits::WEBHOOK_TOLERANCE_S);
        self.timestamp.parse::<DateTime<Utc>>().is_ok_and(|at| {
            let age_s = now.timestamp().saturating_sub(at.timestamp());
            (-limits::WEBHOOK_TOLERANCE_S..=oldest_s).contains(&age_s)
        })
    }

    fn is_signed(&self, key: &RsaPublicKey) -> bool {
        let signature = BASE64
            .decode(self.signature.as_bytes())
            .ok()
            .and_then(|bytes| Signature::try_from(bytes.as_slice()).ok());
        let Some((text, signature)) = self.to_sign().zip(signature) else {
            return false;
        };
        let key = VerifyingKey::<Sha256>::new(key.clone());
        key.verify(text.as_bytes(), &signature).is_ok()
    }

    /// The text that is signed: names and values, each on a line of its own, in alphabetical order.
    fn to_sign(&self) -> Option<String> {
        let subscribe = self.subscribe_url.as_deref().zip(self.token.as_deref());
        let pairs: Vec<(&str, Option<&str>)> = match self.r#type.as_str() {
            "Notification" => vec![
                ("Message", Some(&self.message)),
                ("MessageId", Some(&self.message_id)),
                ("Subject", self.subject.as_deref()),
                ("Timestamp", Some(&self.timestamp)),
                ("TopicArn", Some(&self.topic_arn)),
                ("Type", Some(&self.r#type)),
            ],
            "SubscriptionConfirmation" | "UnsubscribeConfirmation" => {
                let (url, token) = subscribe?;
                vec![
                    ("Message", Some(&self.message)),
                    ("MessageId", Some(&self.message_id)),
                    ("SubscribeURL", Some(url)),
                    ("Timestamp", Some(&self.timestamp)),
                    ("Token", Some(token)),
                    ("TopicArn", Some(&self.topic_arn)),
                    ("Type", Some(&self.r#type)),
                ]
            }
            _ => return None,
        };
        let lines = pairs
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name}\n{}\n", value?)));
        Some(lines.collect())
    }

    /// Says yes to SNS's question whether it may write to us. Believed it must be before.
    pub(super) async fn confirm(&self, url: &str) -> Result<(), Problem> {
        let there = self.subscribe_url.as_deref().filter(|there| is_at(there, url));
        let there = there.ok_or_else(|| unbelieved("where to confirm it is somewhere else"))?;
        let answer = outbound::get(there, &[], limits::FETCH_TIMEOUT_S).await?;
        match answer.status {
            200..=299 => Ok(()),
            status => Err(Problem::provider(
                "SNS did not confirm the subscription.",
                format!("sns: {status}"),
            )),
        }
    }
}

/// Whether an address is one of the host `base` (scheme and host, no path).
fn is_at(address: &str, base: &str) -> bool {
    let base = base.trim_end_matches('/');
    let rest = address.strip_prefix(base);
    !base.is_empty() && rest.is_some_and(|rest| rest.starts_with('/') || rest.starts_with("/?"))
}

/// The key of the certificate at an address.
async fn key(address: &str) -> Result<RsaPublicKey, Problem> {
    let known = KNOWN.with_borrow(|known| {
        let (at, key) = known.as_ref()?;
        (at == address).then(|| key.clone())
    });
    if let Some(key) = known {
        return Ok(key);
    }
    let answer = outbound::get(address, &[], limits::FETCH_TIMEOUT_S).await?;
    let text = std::str::from_utf8(&answer.body).unwrap_or_default();
    let key = (answer.status == 200).then(|| key_of(text)).flatten();
    let key = key.ok_or_else(|| {
        Problem::provider(
            "SNS's certificate could not be read.",
            format!("sns: {}", answer.status),
        )
    })?;
    KNOWN.with_borrow_mut(|known| *known = Some((address.to_owned(), key.clone())));
    Ok(key)
}

/// The RSA key of a certificate in PEM (RFC 7468; RFC 5280, section 4.1).
fn key_of(pem: &str) -> Option<RsaPublicKey> {
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
    let (base64, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let base64: String = base64.split_ascii_whitespace().collect();
    let der = BASE64.decode(base64.as_bytes()).ok()?;
    // Certificate, its first member, and of that one, after version, number, algorithm, issuer, validity and subject, the
    // key.
    let (_, certificate, _) = element(&der)?;
    let (_, mut body, _) = element(certificate)?;
    if body.first() == Some(&0xa0) {
        body = element(body)?.2;
    }
    for _ in 0..5 {
        body = element(body)?.2;
    }
    let (key, _, _) = element(body)?;
    RsaPublicKey::from_public_key_der(key).ok()
}

/// The first element of DER (X.690, section 8.1): all of it, its content, what follows it.
fn element(der: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let first = usize::from(*der.get(1)?);
    let (head, length) = match first {
        0..=0x7f => (2, first),
        0x81..=0x84 => {
            let count = first.checked_sub(0x80)?;
            let head = count.checked_add(2)?;
            let bytes = der.get(2..head)?;
            let length = bytes.iter().try_fold(0_usize, |length, byte| {
                length.checked_mul(256)?.checked_add(usize::from(*byte))
            });
            (head, length?)
        }
        _ => return None,
    };
    let end = head.checked_add(length)?;
    Some((der.get(..end)?, der.get(head..end)?, der.get(end..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate and signatures that OpenSSL made (`openssl req -x509 -newkey rsa:2048`, `openssl dgst -sha256 -sign`):
    /// the strings to sign are as Amazon's documentation has them.
    const PEM: &str = include_str!("sns/test.pem");
    const NOTIFICATION: &str = include_str!("sns/notification.json");
    const SUBSCRIPTION: &str = include_str!("sns/subscription.json");

    fn read(text: &str) -> Envelope {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn what_openssl_signed_is_believed_and_nothing_else() {
        let key = key_of(PEM).unwrap();
        for text in [NOTIFICATION, SUBSCRIPTION] {
            assert!(read(text).is_signed(&key), "{text}");
            let changed: [fn(&mut Envelope); 5] = [
                |envelope| envelope.message.push('x'),
                |envelope| envelope.message_id.push('x'),
                |envelope| envelope.timestamp.push('x'),
                |envelope| envelope.topic_arn.push('x'),
                |envelope| envelope.signature = BASE64.encode(&[0; 256]),
            ];
            for change in changed {
                let mut envelope = read(text);
                change(&mut envelope);
                assert!(!envelope.is_signed(&key));
            }
        }
        let mut with_subject = read(NOTIFICATION);
        with_subject.subject = Some("x".to_owned());
        assert!(!with_subject.is_signed(&key));
        let mut without_token = read(SUBSCRIPTION);
        without_token.token = None;
        assert!(!without_token.is_signed(&key));
    }

    #[test]
    fn what_was_signed_long_ago_is_somebody_else_s_to_tell() {
        let envelope = read(NOTIFICATION);
        for (now, recent) in [
            ("2026-01-13T08:00:00Z", true),
            ("2026-01-14T08:05:00Z", true),
            ("2026-01-14T08:05:01Z", false),
            ("2026-01-13T07:54:59Z", false),
        ] {
            assert_eq!(envelope.is_recent(now.parse().unwrap()), recent, "{now}");
        }
    }

    #[test]
    fn a_certificate_is_read_or_is_none() {
        assert!(key_of(PEM).is_some());
        assert!(key_of("").is_none());
        let (_, rest) = PEM.split_once("-----BEGIN CERTIFICATE-----").unwrap();
        let whole: String = rest.chars().take_while(|letter| *letter != '-').collect();
        for cut in [0, 4, 40, 400, 800] {
            let start: String = whole.trim().chars().take(cut).collect();
            let pem = format!("-----BEGIN CERTIFICATE-----{start}-----END CERTIFICATE-----");
            assert!(key_of(&pem).is_none(), "{cut}");
        }
    }

    #[test]
    fn an_address_is_sns_s_or_another_s() {
        let base = "https://sns.eu-central-1.amazonaws.com";
        for (address, expected) in [
            ("https://sns.eu-central-1.amazonaws.com/cert.pem", true),
            (
                "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription",
                true,
            ),
            (
                "https://sns.eu-central-1.amazonaws.com.evil.example/cert.pem",
                false,
            ),
            (
                "https://sns.eu-central-1.amazonaws.com@evil.example/cert.pem",
                false,
            ),
            ("http://sns.eu-central-1.amazonaws.com/cert.pem", false),
            (
                "https://evil.example/https://sns.eu-central-1.amazonaws.com/",
                false,
            ),
        ] {
            assert_eq!(is_at(address, base), expected, "{address}");
        }
        assert!(!is_at("/cert.pem", ""));
    }
}
