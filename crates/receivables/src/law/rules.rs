//! The table of rules: an id that activities name, a plain sentence, and the text it stands in.
//!
//! Source: each rule's own citation.

use crate::template::Purpose;
use serde::Serialize;

/// Where a rule is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// [`super::may_contact`] asks it before each contact.
    Contact,
    /// The words of a message keep it: its template and what is added to it when it is sent.
    Words,
    /// What is on record keeps it: nothing is deleted before its time.
    Record,
}

/// A rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// What activities and answers call it.
    pub id: &'static str,
    /// What it says, in one plain sentence.
    pub text: &'static str,
    /// Where it is written.
    pub citation: &'static str,
    /// What keeps it.
    pub kept: Kept,
}

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident = $kept:ident $id:literal, $text:literal, $citation:literal;)+) => {
        $($(#[$doc])* pub static $name: Rule = Rule { id: $id, text: $text, citation: $citation, kept: Kept::$kept };)+

        /// Every rule, in the order in which they are asked.
        pub static ALL: &[&Rule] = &[$(&$name),+];
    };
}

rules! {
    /// Nobody but the attorney.
    ATTORNEY = Contact "attorney",
        "While an attorney represents the customer, nobody but the attorney is contacted.",
        "15 U.S.C. 1692c(a)(2); 12 CFR 1006.6(b)(2); outside the United States and for businesses Dunlin's own";
    /// The customer demanded that contact cease.
    CEASE = Contact "cease",
        "Who has demanded in writing that contact cease hears no more about the debt, but for the answer to a dispute and \
         the notice of a remedy that is taken.",
        "15 U.S.C. 1692c(c); 12 CFR 1006.6(c), 1006.38(d)(2)";
    /// The same, where no law has it.
    CEASE_PAPER = Contact "cease_paper",
        "Who has demanded that contact cease gets letters only, since a creditor must be able to demand payment.",
        "Dunlin's own; Regulation (EU) 2016/679, article 21(1)";
    /// No third parties.
    THIRD_PARTY = Contact "third_party",
        "Nobody but the consumer and its attorney is told of the debt.",
        "15 U.S.C. 1692c(b); 12 CFR 1006.6(d)(1)";
    /// A place that does not suit.
    PLACE = Contact "inconvenient_place",
        "The customer is not contacted at a place, or at an address, of which it has said that it does not suit.",
        "15 U.S.C. 1692c(a)(1), (3); 12 CFR 1006.6(b)(1)(ii), 1006.6(b)(3), 1006.14(h)(1)";
    /// Consent was taken back.
    REVOKED = Contact "consent_revoked",
        "Who has taken consent back, by STOP or any other reasonable means, is not contacted that way until it is given \
         again.",
        "47 CFR 64.1200(a)(10); 12 CFR 1006.14(h)(1); Regulation (EU) 2016/679, article 7(3)";
    /// Consent was never given.
    CONSENT = Contact "consent_missing",
        "Text messages and calls by a machine need consent that was given before.",
        "47 U.S.C. 227(b)(1); 47 CFR 64.1200(a)(1), 64.1200(f)(9)";
    /// The validation notice comes first.
    VALIDATION = Contact "validation_notice",
        "A debt collector gives the validation notice with its first communication, or before it asks for payment again.",
        "15 U.S.C. 1692g(a); 12 CFR 1006.34(a)(1)";
    /// Hours in the United States.
    HOURS_US = Contact "hours_us",
        "Consumers are contacted from 8:00 to 21:00 at their place, by email and text message too; where the region and a \
         telephone number say different places, only when it is so in all of them.",
        "15 U.S.C. 1692c(a)(1); 12 CFR 1006.6(b)(1)(i) and comment 6(b)(1)(i)-2";
    /// Hours in India.
    HOURS_IN = Contact "hours_in",
        "Borrowers are contacted from 8:00 to 19:00.",
        "Reserve Bank of India, RBI/2022-23/108, DOR.ORG.REC.65/21.04.158/2022-23 of 12 August 2022, paragraph 3";
    /// Hours that the creditor chose, or defaults.
    HOURS = Contact "hours",
        "Calls and text messages, and to consumers also email, keep to the hours that are set for the kind of customer.",
        "Dunlin's own default, which can be set; in the United Kingdom FCA Handbook, CONC 7.9.4R, in the Union Directive \
         2005/29/EC, articles 8 and 9(a)";
    /// Days of rest.
    REST_DAY = Contact "rest_day",
        "Nobody is called or sent text messages on a weekend or a public holiday of their region.",
        "Dunlin's own default; in the Union Directive 2005/29/EC, article 9(a)";
    /// Times that do not suit.
    TIME = Contact "inconvenient_time",
        "The customer is not contacted at times of which it has said that they do not suit.",
        "15 U.S.C. 1692c(a)(1); 12 CFR 1006.6(b)(1)(i); elsewhere Dunlin's own";
    /// Seven calls in seven days.
    CALLS = Contact "calls_7_in_7",
        "No more than seven calls are placed within seven days in a row; Dunlin counts all debts of a customer together.",
        "12 CFR 1006.14(b)(2)(i)(A)";
    /// Seven days after a conversation.
    CONVERSATION = Contact "days_after_conversation",
        "After a conversation no call is placed for seven days, the day of the conversation being the first.",
        "12 CFR 1006.14(b)(2)(i)(B)";
    /// How often.
    FREQUENCY = Contact "frequency",
        "A customer is asked to pay no more often within seven days than is set for its kind.",
        "Dunlin's own default, which can be set; in the United Kingdom FCA Handbook, CONC 7.9.2R, in the Union Directive \
         2005/29/EC, annex I, point 26";
    /// No hour suits all rules.
    NO_HOUR = Contact "no_common_hour",
        "Within the next sixty days there is no time at which all rules agree; it is asked again when something changes.",
        "Dunlin's own";
    /// Opt-out in every electronic message.
    OPT_OUT = Words "opt_out",
        "Every email and text message says how to have no more of them, simply and free of charge.",
        "12 CFR 1006.6(e)";
    /// What a commercial email needs.
    CAN_SPAM = Words "can_spam",
        "An email says truly who sends it, with a postal address and a way to unsubscribe that is kept within ten business \
         days.",
        "15 U.S.C. 7704(a)(1) to (5); 16 CFR 316.3 and 316.5";
    /// One click.
    ONE_CLICK = Words "one_click",
        "An email can be unsubscribed from with one click, without a page in between.",
        "RFC 2369, section 3.2; RFC 8058, section 3";
    /// Who calls, and what for.
    MEANINGFUL = Words "disclosure",
        "A message says on whose behalf it comes, and a debt collector that it is one.",
        "15 U.S.C. 1692e(11); 12 CFR 1006.18(e)";
    /// Records.
    RECORDS = Record "records_3_years",
        "What shows how a debt was collected is kept until three years after the last collection activity.",
        "12 CFR 1006.100(a)";
    /// Records of the books.
    BOOKS = Record "books",
        "What the books stand on is kept: a person's name and addresses leave them, amounts, dates and numbers stay.",
        "Regulation (EU) 2016/679, articles 17(3)(b) and (e)";
}

/// The rule of that id.
pub fn find(id: &str) -> Option<&'static Rule> {
    ALL.iter().copied().find(|rule| rule.id == id)
}

/// Whether a message of that purpose asks for money. An answer to what the customer itself has done (an order, a payment,
/// a dispute) does not; what it has to say is said once.
///
/// Source: Dunlin's own rule.
pub fn asks(purpose: Purpose) -> bool {
    matches!(
        purpose,
        Purpose::Reminder
            | Purpose::Collection
            | Purpose::Agreement
            | Purpose::Statement
            | Purpose::Service
            | Purpose::Document
    )
}
