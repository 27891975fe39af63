//! What the law grants a creditor who is paid late.
//!
//! Shape: a [`Profile`] stands for a law; [`profile_of`] picks that of the customer's country, unless the
//! policy names one. [`Profile::interest`] and [`Profile::fixed_sum`] say what it grants against a debtor,
//! or why nothing; [`claim`] puts both together with their sources, for one invoice and one day. The laws are
//! a table, [`Profile::law`].
//!
//! What bounds it: this is what the creditor may claim at least, on the debtor country's law and on the
//! facts that a ledger has (dates and amounts). Whether a debt is within a law (a business purchase, a
//! supplier registered as a small enterprise in India) is for the policy's author to know. Refused: business-only items
//! against a consumer; a fixed sum on a debt in another currency than the law's, since nothing here converts.
//!
//! Source: the statute of each [`Profile`], cited at its row of the table and in each [`Claim`].

use chrono::NaiveDate;
use serde::Serialize;

use super::ChargeError;
use super::day_count::DayCount;
use super::history::History;
use super::interest::{self, Accrued, AfterPrincipal, Compounding, Fixing, Rate, Terms};
use super::percent::Percent;
use super::rates::{Rates, Series};
use crate::calendar;
use crate::country::Country;
use crate::intake::CustomerKind;
use crate::money::Money;
use crate::names::names;

/// A law on late payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// Directive 2011/7/EU, at its minimum: a member's own law may grant more.
    Eu,
    /// Germany.
    De,
    /// The United Kingdom.
    Gb,
    /// India, for suppliers that are micro or small enterprises.
    In,
    /// None: the law grants nothing that Dunlin knows of.
    None,
}

/// Members of the European Union. Source: Treaty on European Union, Article 52, without the United Kingdom.
const MEMBERS: &[&str] = &[
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT",
    "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// The law that applies to a customer: what the policy chose, else that of the customer's country.
///
/// Source: Dunlin's own rule. The law of a contract follows from its terms; the debtor's country is the best
/// guess a ledger can make.
pub fn profile_of(country: Country, chosen: Option<Profile>) -> Profile {
    chosen.unwrap_or_else(|| match country.code() {
        "DE" => Profile::De,
        "GB" => Profile::Gb,
        "IN" => Profile::In,
        code if MEMBERS.contains(&code) => Profile::Eu,
        _ => Profile::None,
    })
}

/// A debt, as far as a law asks about it.
#[derive(Clone, Debug)]
pub struct Debt<'a> {
    /// Whether the debtor is a business.
    pub kind: CustomerKind,
    /// The debtor's country.
    pub country: Country,
    /// The invoice's date, taken for the day on which goods or services were accepted.
    pub issued_on: NaiveDate,
    /// Its due date.
    pub due_on: NaiveDate,
    /// Its principal, as it stood each day.
    pub history: &'a History,
}

/// What may be claimed for one invoice, by the close of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// By which law; `None` for interest as agreed.
    pub profile: Option<Profile>,
    /// Interest.
    pub interest: Option<Accrued>,
    /// The fixed sum for the costs of recovery, once an invoice.
    pub compensation: Option<Money>,
    /// Where the law says so.
    pub citations: Vec<&'static str>,
    /// Why something is not claimed, and on which assumption something is.
    pub notes: Vec<&'static str>,
}

/// What a law grants: points above the reference rate by kind of debtor, and a fixed sum by size of debt.
struct Law {
    citations: &'static [&'static str],
    times: u8,
    /// Points above the reference rate, in hundredths, against a business.
    business: i32,
    /// The same against a consumer, where the law grants any.
    consumer: Option<i32>,
    fixing: Fixing,
    compounding: Compounding,
    day_count: DayCount,
    /// In which currency the fixed sum is.
    currency: &'static str,
    /// The fixed sum in minor units for debts of so many minor units and more, the smallest first.
    fixed: &'static [(i64, i64)],
}

/// Directive 2011/7/EU: interest without a reminder from the day after the due date (Article 3(1), (3)), at
/// the reference rate and at least eight points, simple (Article 2(6)); the reference rate of a semester is
/// that in force on its first day (Article 3(2)); EUR 40 for each transaction paid late (Article 6(1), (2);
/// Court of Justice, C-585/20, 20 October 2022: for each invoice). It does not say how days become a part of
/// a year: actual/actual is the count by which a calendar year bears neither more nor less than a year's rate.
/// It governs transactions between undertakings and with public bodies (Article 2(1)), never with consumers.
const EU: Law = Law {
    citations: &[
        "Directive 2011/7/EU, Articles 2(6), 2(7) and 3: reference rate and eight percentage points, simple",
        "Directive 2011/7/EU, Article 6(1) and (2): EUR 40",
    ],
    times: 1,
    business: 800,
    consumer: None,
    fixing: Fixing::EachDay,
    compounding: Compounding::Simple,
    day_count: DayCount::ActualActual,
    currency: "EUR",
    fixed: &[(0, 4_000)],
};

/// Germany: base rate and nine points where no consumer is party (section 288(2) BGB), five otherwise
/// (section 288(1)); the base rate changes on 1 January and 1 July (section 247(1)) and with it the rate; no
/// interest on interest (section 289); EUR 40 from a debtor who is no consumer (section 288(5)), which counts
/// towards damages for the cost of legal pursuit. Days as under the directive, which section 288 implements.
const DE: Law = Law {
    citations: &[
        "Sections 247, 288(1) and (2) BGB: base rate and nine percentage points, five against consumers",
        "Section 288(5) BGB: EUR 40, not against consumers",
    ],
    times: 1,
    business: 900,
    consumer: Some(500),
    fixing: Fixing::EachDay,
    compounding: Compounding::Simple,
    day_count: DayCount::ActualActual,
    currency: "EUR",
    fixed: &[(0, 4_000)],
};

/// United Kingdom: simple interest (Late Payment of Commercial Debts (Interest) Act 1998, section 1(1)) from
/// the day after the relevant day (section 4), at eight per cent over the official dealing rate of the 31
/// December or 30 June before interest starts to run (section 6, SI 2002/1675, article 4): one rate, fixed for
/// the whole delay. GBP 40 for a debt under 1,000, 70 under 10,000, 100 from there on (section 5A(2)). Both
/// parties act in the course of a business (section 2(1)). A year has 365 days: "Late commercial payments:
/// charging interest and debt recovery", gov.uk.
const GB: Law = Law {
    citations: &[
        "Late Payment of Commercial Debts (Interest) Act 1998, sections 1, 4 and 6, and SI 2002/1675, article 4: \
         Bank Rate and eight per cent, simple",
        "Late Payment of Commercial Debts (Interest) Act 1998, section 5A: GBP 40, 70 or 100",
    ],
    times: 1,
    business: 800,
    consumer: None,
    fixing: Fixing::FirstDay,
    compounding: Compounding::Simple,
    day_count: DayCount::Actual365,
    currency: "GBP",
    fixed: &[(0, 4_000), (100_000, 7_000), (1_000_000, 10_000)],
};

/// India: compound interest with monthly rests at three times the bank rate (Micro, Small and Medium
/// Enterprises Development Act 2006, section 16), from the day after the agreed date, which is at most 45 days
/// after acceptance (section 15). A month bears a twelfth of the year's rate, hence 30/360; a rate that the
/// Reserve Bank changes counts from that day on. No fixed sum. Against consumers: Dunlin's own rule to claim
/// nothing, although section 2(d) calls whoever buys a buyer.
const IN: Law = Law {
    citations: &[
        "Micro, Small and Medium Enterprises Development Act 2006, sections 15 and 16: three times the bank rate, \
         compounded with monthly rests",
    ],
    times: 3,
    business: 0,
    consumer: None,
    fixing: Fixing::EachDay,
    compounding: Compounding::Monthly,
    day_count: DayCount::Thirty360,
    currency: "INR",
    fixed: &[],
};

/// The longest time to pay that may be agreed with a small enterprise in India. Source: Micro, Small and
/// Medium Enterprises Development Act 2006, section 15, proviso.
const IN_LONGEST_TERMS_DAYS: i64 = 45;

const NO_LAW: &str = "no law that Dunlin knows grants interest or a fixed sum here";
const NOT_FROM_CONSUMERS: &str =
    "the law grants this against businesses only, and the customer is a consumer";
const NO_FIXED_SUM: &str = "the law knows no fixed sum";
const OTHER_CURRENCY: &str =
    "the law's fixed sum is in another currency than the debt, and nothing converts it";
const NOT_LATE: &str = "nothing was unpaid after the due date, so no fixed sum is due";
const CONSUMER_IN_DEFAULT: &str = "a consumer is late thirty days after an invoice that says so, or upon a reminder \
                                   (section 286 BGB); interest is counted from the due date on the assumption that \
                                   this date was agreed";

names! {
    Profile {
        "eu" => Eu,
        "de" => De,
        "gb" => Gb,
        "in" => In,
        "none" => None,
    }
}

impl Profile {
    fn law(self) -> Option<&'static Law> {
        match self {
            Profile::Eu => Some(&EU),
            Profile::De => Some(&DE),
            Profile::Gb => Some(&GB),
            Profile::In => Some(&IN),
            Profile::None => None,
        }
    }

    /// Where the law says what it grants.
    pub fn citations(self) -> &'static [&'static str] {
        self.law().map_or(&[], |law| law.citations)
    }

    /// The series of reference rates that it refers to.
    pub fn series(self, country: Country) -> Option<Series> {
        match self {
            Profile::Eu => Some(Series::of_member(country)),
            Profile::De => Some(Series::DeBaseRate),
            Profile::Gb => Some(Series::GbBankRate),
            Profile::In => Some(Series::InBankRate),
            Profile::None => None,
        }
    }

    /// On which terms interest accrues against a debtor, or why none does. What has accrued when the principal
    /// is paid stays owed: it is a debt of its own.
    pub fn interest(self, kind: CustomerKind, country: Country) -> Result<Terms, &'static str> {
        let (Some(law), Some(series)) = (self.law(), self.series(country)) else {
            return Err(NO_LAW);
        };
        let points = match kind {
            CustomerKind::Business => law.business,
            CustomerKind::Consumer => law.consumer.ok_or(NOT_FROM_CONSUMERS)?,
        };
        Ok(Terms {
            rate: Rate::Reference {
                series,
                times: law.times,
                points: Percent::hundredths(points),
                fixing: law.fixing,
            },
            compounding: law.compounding,
            day_count: law.day_count,
            grace_days: 0,
            after_principal: AfterPrincipal::Keep,
        })
    }

    /// The day after which interest begins to accrue: the due date, or in India the end of the longest terms
    /// that may be agreed, if that is earlier.
    pub fn late_after(self, issued_on: NaiveDate, due_on: NaiveDate) -> NaiveDate {
        match self {
            Profile::In => due_on.min(calendar::plus_days(issued_on, IN_LONGEST_TERMS_DAYS)),
            Profile::Eu | Profile::De | Profile::Gb | Profile::None => due_on,
        }
    }

    /// The fixed sum for a debt of a size, which is what was unpaid when it became late; or why there is none.
    pub fn compensation(self, kind: CustomerKind, debt: Money) -> Result<Money, &'static str> {
        let law = self.law().ok_or(NO_LAW)?;
        if law.fixed.is_empty() {
            return Err(NO_FIXED_SUM);
        }
        if kind == CustomerKind::Consumer {
            return Err(NOT_FROM_CONSUMERS);
        }
        if debt.currency().code() != law.currency {
            return Err(OTHER_CURRENCY);
        }
        if !debt.is_positive() {
            return Err(NOT_LATE);
        }
        let reached = law.fixed.iter().rfind(|(least, _)| *least <= debt.minor());
        let sum = reached.ok_or(NO_FIXED_SUM)?.1;
        Ok(Money::new(sum, debt.currency()))
    }

    /// The fixed sum for an invoice by the close of a day, or why there is none.
    pub fn fixed_sum(self, debt: &Debt<'_>, as_of: NaiveDate) -> Result<Money, &'static str> {
        let late_after = self.late_after(debt.issued_on, debt.due_on);
        let unpaid = if late_after < as_of {
            debt.history.at_close_of(late_after)
        } else {
            Money::zero(debt.history.currency())
        };
        self.compensation(debt.kind, unpaid)
    }
}

/// What the law grants for an invoice by the close of `as_of`.
pub fn claim(
    profile: Profile,
    debt: &Debt<'_>,
    as_of: NaiveDate,
    rates: &Rates,
) -> Result<Claim, ChargeError> {
    let mut claim = Claim {
        profile: Some(profile),
        interest: None,
        compensation: None,
        citations: profile.citations().to_vec(),
        notes: Vec::new(),
    };
    match profile.interest(debt.kind, debt.country) {
        Ok(terms) => {
            let late_after = profile.late_after(debt.issued_on, debt.due_on);
            claim.interest = Some(interest::accrue(&terms, debt.history, late_after, as_of, rates)?);
            if debt.kind == CustomerKind::Consumer {
                claim.notes.push(CONSUMER_IN_DEFAULT);
            }
        }
        Err(why) => claim.notes.push(why),
    }
    match profile.fixed_sum(debt, as_of) {
        Ok(sum) => claim.compensation = Some(sum),
        Err(why) if !claim.notes.contains(&why) => claim.notes.push(why),
        Err(_) => {}
    }
    Ok(claim)
}

#[cfg(test)]
mod tests;
