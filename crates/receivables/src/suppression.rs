//! Addresses that must not be written to, and whom a message goes to instead.
//!
//! Source: Dunlin's own rule; for the spelling of addresses, RFC 5321, section 2.4.

use crate::names::names;
use serde::{Deserialize, Serialize};

/// What speaks against an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// It does not exist: writing to it again harms the sender's name with every mail server.
    Bounce,
    /// Its owner has called a message spam.
    Complaint,
    /// Its owner wants no more messages.
    Unsubscribe,
    /// The provider refuses to write to it and does not say which of these it is.
    Inactive,
    /// Who answers there is not the customer.
    WrongAddress,
}

names! {
    Reason {
        "bounce" => Bounce,
        "complaint" => Complaint,
        "unsubscribe" => Unsubscribe,
        "inactive" => Inactive,
        "wrong_address" => WrongAddress,
    }
}

/// What two spellings of one address have in common. RFC 5321, section 2.4, lets a server tell `Ada@` from `ada@`;
/// none does, and a provider that reports a bounce need not keep our spelling. Of a telephone number the digits count,
/// with the `+` before them (ITU-T E.164), not how people group them.
pub fn key(address: &str) -> String {
    let address = address.trim();
    match address.contains('@') {
        true => address.to_ascii_lowercase(),
        false => {
            let plus = if address.starts_with('+') { "+" } else { "" };
            // The trunk prefix is dialled within its own country alone (ITU-T E.123).
            let address = address.replace("(0)", "");
            let digits = address.chars().filter(char::is_ascii_digit);
            std::iter::once(plus.to_owned())
                .chain(digits.map(String::from))
                .collect()
        }
    }
}

/// Somebody who could be written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The person.
    pub name: String,
    /// The address.
    pub email: String,
    /// What speaks against it.
    pub suppressed: Option<Reason>,
}

/// Whom a message goes to.
#[derive(Debug, PartialEq, Eq)]
pub enum Addressee<'a> {
    /// To this one; those before cannot be written to.
    One(&'a Candidate, &'a [Candidate]),
    /// There are addresses, and none may be written to.
    AllSuppressed(&'a [Candidate]),
    /// There is no address.
    Nobody,
}

/// The first of the candidates, in the creditor's order, who may be written to. A reminder is owed to the customer,
/// not to one of its people: where one cannot be reached the next can.
pub fn addressee(candidates: &[Candidate]) -> Addressee<'_> {
    let free = candidates
        .iter()
        .position(|candidate| candidate.suppressed.is_none());
    let split = free.and_then(|at| candidates.split_at_checked(at));
    match (split, candidates) {
        (Some((passed_over, [one, ..])), _) => Addressee::One(one, passed_over),
        (_, []) => Addressee::Nobody,
        _ => Addressee::AllSuppressed(candidates),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(email: &str, suppressed: Option<Reason>) -> Candidate {
        Candidate {
            name: "Ada".to_owned(),
            email: email.to_owned(),
            suppressed,
        }
    }

    #[test]
    fn the_first_who_may_be_written_to_is() {
        let gone = candidate("gone@x.example", Some(Reason::Bounce));
        let cross = candidate("cross@x.example", Some(Reason::Complaint));
        let (ada, ben) = (candidate("ada@x.example", None), candidate("ben@x.example", None));
        let all = [ada.clone(), ben.clone()];
        assert_eq!(addressee(&all), Addressee::One(&ada, &[]));
        let all = [gone.clone(), ben.clone(), ada.clone()];
        assert_eq!(addressee(&all), Addressee::One(&ben, std::slice::from_ref(&gone)));
        let all = [gone, cross];
        assert_eq!(addressee(&all), Addressee::AllSuppressed(&all));
        assert_eq!(addressee(&[]), Addressee::Nobody);
    }

    #[test]
    fn an_address_is_the_same_in_any_case() {
        assert_eq!(key(" Ada.Braun@Nordwind.Example "), "ada.braun@nordwind.example");
        assert_eq!(key("+46 (8) 123-456"), "+468123456");
        assert_eq!(key("+44 (0)20 7946 0958"), "+442079460958");
        assert_eq!(key("08/123 456"), "08123456");
    }

    #[test]
    fn every_reason_has_its_name() {
        for (name, reason) in Reason::NAMES {
            assert_eq!(reason.as_str(), *name);
            assert_eq!(serde_json::to_value(reason).unwrap(), *name);
        }
    }
}
