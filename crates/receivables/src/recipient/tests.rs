use super::*;
use crate::intake::ContactRole::{Billing, Escalation, Sales};
use proptest::prelude::*;

fn address(text: &str) -> Address {
    Address {
        text: text.to_owned(),
        suppressed: None,
        proof: None,
        changed: false,
    }
}

fn person(name: &str, role: ContactRole, purposes: &[Purpose]) -> Person {
    Person {
        name: name.to_owned(),
        role,
        purposes: purposes.to_vec(),
        address: Some(address(&format!("{name}@nordwind.example"))),
    }
}

fn wish(purpose: Purpose, to: &[ContactRole]) -> Wish<'_> {
    Wish {
        purpose,
        channel: Channel::Email,
        to,
        released_to: None,
    }
}

fn known() -> Vec<String> {
    vec!["nordwind.example".to_owned()]
}

fn name_of(choice: &Choice<'_>) -> String {
    match choice {
        Choice::To(found) => found.person.name.clone(),
        Choice::Held(found, why, _) => format!("{} held for {}", found.person.name, why.as_str()),
        Choice::AllSuppressed(_) => "all suppressed".to_owned(),
        Choice::Nobody => "nobody".to_owned(),
    }
}

#[test]
fn purpose_first_then_billing_and_escalation_only_where_the_step_says_so() {
    use Purpose::{Collection, Dispute, Statement};
    let all = [
        person("sales", Sales, &[]),
        person("boss", Escalation, &[]),
        person("bill", Billing, &[]),
        person("quarrel", Escalation, &[Dispute]),
        person("books", Billing, &[Statement]),
    ];
    let none: &[&str] = &[];
    let table: &[(Purpose, &[ContactRole], &[&str], &str)] = &[
        (Collection, &[], none, "bill"),
        (Dispute, &[], none, "quarrel"),
        (Statement, &[], none, "books"),
        (Collection, &[Escalation], none, "boss"),
        (Collection, &[Escalation, Billing], none, "boss"),
        (Dispute, &[Escalation], none, "quarrel"),
        (Collection, &[Billing, Escalation], &["bill"], "boss"),
        // Fallbacks are explicit: without `to` nobody but billing is written to.
        (Collection, &[], &["bill"], "nobody"),
        (Dispute, &[], &["quarrel"], "bill"),
        (Collection, &[Billing], &["bill"], "nobody"),
        // Who lists purposes gets nothing else, not even where nobody else is left.
        (Statement, &[], &["books"], "bill"),
        (Collection, &[], &["bill", "boss", "quarrel"], "nobody"),
    ];
    for (purpose, to, gone, expected) in table {
        let left: Vec<Person> = all
            .iter()
            .filter(|person| !gone.contains(&person.name.as_str()))
            .cloned()
            .collect();
        let choice = choose(&left, &wish(*purpose, to), Rules::default(), &known());
        assert_eq!(
            name_of(&choice),
            *expected,
            "{purpose:?} to {to:?} without {gone:?}"
        );
    }
}

#[test]
fn who_may_not_be_written_to_is_passed_over_and_named() {
    let mut first = person("first", Billing, &[]);
    let second = person("second", Billing, &[]);
    if let Some(address) = first.address.as_mut() {
        address.suppressed = Some(Reason::Bounce);
    }
    let people = [first.clone(), second];
    match choose(
        &people,
        &wish(Purpose::Collection, &[]),
        Rules::default(),
        &known(),
    ) {
        Choice::To(found) => {
            assert_eq!((found.person.name.as_str(), found.at), ("second", 1));
            assert_eq!(found.passed_over, [&first]);
        }
        other => panic!("{other:?}"),
    }
    let alone = [first];
    let choice = choose(
        &alone,
        &wish(Purpose::Collection, &[]),
        Rules::default(),
        &known(),
    );
    assert_eq!(name_of(&choice), "all suppressed");
}

#[test]
fn a_new_address_elsewhere_is_held_until_somebody_has_looked() {
    let strange = "ada@nordw1nd.example";
    let hold = Rules::default();
    let warn = Rules {
        unknown_domain: UnknownDomain::Warn,
        ..hold
    };
    let verify = Rules {
        verify_first: true,
        ..hold
    };
    /// Address, changed, proof, released, rules, expected.
    type Row<'a> = (&'a str, bool, Option<Proof>, bool, Rules, &'a str);
    let table: &[Row<'_>] = &[
        (strange, true, None, false, hold, "ada held for changed_address"),
        (strange, true, None, false, warn, "ada"),
        (strange, true, None, true, hold, "ada"),
        (strange, true, Some(Proof::Hand), false, hold, "ada"),
        (strange, true, Some(Proof::Click), false, hold, "ada"),
        // The billing system's own record, and a new address at home, are not doubted.
        (strange, false, None, false, hold, "ada"),
        ("new@nordwind.example", true, None, false, hold, "ada"),
        ("new@Mail.Nordwind.example", true, None, false, hold, "ada"),
        // No part of a label is a domain of its own.
        (
            "ada@notnordwind.example",
            true,
            None,
            false,
            hold,
            "ada held for changed_address",
        ),
        (
            "ada@nordwind.example",
            false,
            None,
            false,
            verify,
            "ada held for unverified",
        ),
        (
            "ada@nordwind.example",
            false,
            Some(Proof::Delivery),
            false,
            verify,
            "ada",
        ),
    ];
    for (text, changed, proof, released, rules, expected) in table {
        let mut ada = person("ada", Billing, &[]);
        ada.address = Some(Address {
            text: (*text).to_owned(),
            suppressed: None,
            proof: *proof,
            changed: *changed,
        });
        let people = [ada];
        let wish = Wish {
            released_to: released.then_some(*text),
            ..wish(Purpose::Collection, &[])
        };
        let choice = choose(&people, &wish, *rules, &known());
        assert_eq!(
            name_of(&choice),
            *expected,
            "{text} changed {changed} {proof:?} {rules:?}"
        );
        if let Choice::To(found) = choice {
            let warned = *changed && *rules == warn;
            assert_eq!(found.warning.is_some(), warned, "{text}");
        }
    }
}

#[test]
fn what_is_known_of_nothing_holds_nothing_up() {
    let mut ada = person("ada", Billing, &[]);
    if let Some(address) = ada.address.as_mut() {
        address.changed = true;
    }
    let people = [ada];
    let choice = choose(&people, &wish(Purpose::Collection, &[]), Rules::default(), &[]);
    assert_eq!(name_of(&choice), "ada");
}

#[test]
fn letters_are_not_held_for_what_only_an_email_can_prove() {
    let mut ada = person("ada", Billing, &[]);
    if let Some(address) = ada.address.as_mut() {
        address.changed = true;
        address.text = "Kai 1, 20457 Hamburg".to_owned();
    }
    let people = [ada];
    let rules = Rules {
        verify_first: true,
        ..Rules::default()
    };
    let wish = Wish {
        channel: Channel::Letter,
        ..wish(Purpose::Collection, &[])
    };
    assert_eq!(name_of(&choose(&people, &wish, rules, &known())), "ada");
}

#[test]
fn every_name_is_read_back() {
    for (name, proof) in Proof::NAMES {
        assert_eq!(serde_json::to_value(proof).unwrap(), *name);
    }
    for (name, held) in HeldFor::NAMES {
        assert_eq!(serde_json::to_value(held).unwrap(), *name);
        assert_eq!(HeldFor::parse(name), Some(*held));
    }
}

proptest! {
    /// Whatever the contacts: nobody suppressed, of sales, without an address or not meant by the wish is written to;
    /// and with an address that may be written to nobody is given up.
    #[test]
    fn the_choice_is_always_one_that_may_be_written_to(
        people in prop::collection::vec((0..3_usize, 0..4_usize, any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()), 0..6),
        purpose in 0..3_usize,
        to in 0..4_usize,
    ) {
        let purposes = [Purpose::Collection, Purpose::Dispute, Purpose::Statement];
        let people: Vec<Person> = people.iter().enumerate().map(|(at, (role, listed, there, suppressed, changed, home))| {
            let domain = if *home { "nordwind.example" } else { "elsewhere.example" };
            Person {
                name: at.to_string(),
                role: [Billing, Escalation, Sales][*role],
                purposes: purposes.get(*listed).copied().into_iter().collect(),
                address: there.then(|| Address {
                    text: format!("{at}@{domain}"),
                    suppressed: suppressed.then_some(Reason::Bounce),
                    proof: None,
                    changed: *changed,
                }),
            }
        }).collect();
        let to: &[ContactRole] = [&[] as &[ContactRole], &[Billing], &[Escalation], &[Billing, Escalation]][to];
        let wish = wish(purposes[purpose], to);
        let fits = |person: &Person| {
            let named = person.purposes.contains(&wish.purpose);
            let role = if to.is_empty() { named || person.role == Billing } else { to.contains(&person.role) };
            person.role != Sales && role && (named || person.purposes.is_empty()) && person.address.is_some()
        };
        let free = |person: &&Person| fits(person) && person.address.as_ref().is_some_and(|address| address.suppressed.is_none());
        match choose(&people, &wish, Rules::default(), &known()) {
            Choice::To(found) | Choice::Held(found, ..) => {
                prop_assert!(free(&found.person));
                prop_assert_eq!(&people[found.at], found.person);
                prop_assert!(found.passed_over.iter().all(|person| fits(person) && !free(person)));
            }
            Choice::AllSuppressed(all) => {
                prop_assert!(!all.is_empty() && !people.iter().any(|person| free(&person)));
            }
            Choice::Nobody => prop_assert!(!people.iter().any(fits)),
        }
    }
}
