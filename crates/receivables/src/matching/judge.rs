//! Which candidate is the strongest, and whether it is safe.

use super::book::Book;
use super::names::Name;
use super::scene::Scene;
use super::{CANDIDATES, Candidate, Credit, Evidence, Fit, Share, Verdict};

/// How far ahead of the next candidate one has to be to be matched automatically.
pub(super) const MARGIN: i32 = 15;

impl Evidence {
    /// How much it counts. What is left over for the amount ([`amount_points`]) and the payer makes a hundred.
    pub(super) const fn points(self) -> i32 {
        match self {
            Evidence::Reference | Evidence::Number => 50,
            Evidence::Announced => 45,
            Evidence::NumberInParts => 42,
            Evidence::Order => 40,
            Evidence::Digits => 26,
            Evidence::Slip => 22,
            Evidence::Account => 20,
            Evidence::Name => 14,
            Evidence::NameAlike => 7,
            Evidence::NotOpen => 35,
            Evidence::OtherCurrency => 35,
            Evidence::Amount => 0,
            Evidence::OtherAccount => -10,
            Evidence::NamesOther => -20,
        }
    }

    /// Whether it means an invoice and no other.
    pub(super) fn is_sure(self) -> bool {
        matches!(
            self,
            Evidence::Reference | Evidence::Number | Evidence::NumberInParts | Evidence::Announced
        )
    }
}

pub(super) fn amount_points(fit: Fit) -> i32 {
    match fit {
        Fit::Exact => 30,
        Fit::Discount => 28,
        Fit::Tolerance => 24,
        Fit::BankCharge => 22,
        Fit::Withholding => 14,
        Fit::Over | Fit::Short | Fit::OnAccount => 0,
    }
}

/// A candidate with what decides about it.
pub(super) struct Judged {
    pub(super) candidate: Candidate,
    pub(super) raw: i32,
    /// How surely the line names all its invoices; none where it does not.
    pub(super) named: Option<Evidence>,
    /// Whether the policy lets its difference go, or there is none.
    pub(super) is_settled: bool,
    /// Whether there is no other way in which the payer's invoices come to the amount.
    pub(super) is_only: bool,
}

impl Judged {
    fn has(&self, code: Evidence) -> bool {
        self.candidate.reasons.iter().any(|reason| reason.code == code)
    }

    pub(super) fn fits_exactly(&self) -> bool {
        matches!(self.candidate.fit, Fit::Exact | Fit::Discount)
    }
}

/// What the money of a line is for.
pub(super) fn verdict(book: &Book, credit: &Credit) -> Verdict {
    if !credit.amount.is_positive() {
        return Verdict::Unknown;
    }
    let scene = Scene::of(book, credit);
    let mut judged = Vec::new();
    for debtor in scene.debtors() {
        // Amounts that do not fit 64 bits are no candidates.
        judged.extend(scene.of_debtor(debtor).unwrap_or_default());
    }
    judged.sort_by(|a, b| scene.rank(a).cmp(&scene.rank(b)));
    let mut distinct: Vec<Judged> = Vec::with_capacity(judged.len());
    for one in judged {
        let same = |other: &Judged| {
            other.candidate.customer == one.candidate.customer
                && other.candidate.shares == one.candidate.shares
        };
        if !distinct.iter().any(same) {
            distinct.push(one);
        }
    }
    match distinct.split_first() {
        None => Verdict::Unknown,
        Some((first, others)) if scene.is_safe(first, others) => Verdict::Automatic(first.candidate.clone()),
        Some(_) => Verdict::Review(
            distinct
                .into_iter()
                .take(CANDIDATES)
                .map(|one| one.candidate)
                .collect(),
        ),
    }
}

impl Scene<'_> {
    /// The order of a list: the strongest first; of equals the one with fewer invoices, then that which is due first.
    fn rank(&self, judged: &Judged) -> impl Ord + use<> {
        let candidate = &judged.candidate;
        let first = candidate.shares.first().map(|share| share.invoice.clone());
        let due_on = first
            .as_ref()
            .and_then(|id| self.book.invoice_of(id))
            .and_then(|at| self.book.invoices.get(at))
            .map(|owed| (owed.due_on, owed.number.clone()));
        (
            std::cmp::Reverse(judged.raw),
            candidate.shares.len(),
            due_on,
            candidate.customer.clone(),
            first,
        )
    }

    /// Whether the first candidate may be applied without a person.
    fn is_safe(&self, first: &Judged, others: &[Judged]) -> bool {
        let against = [Evidence::NamesOther, Evidence::NotOpen, Evidence::OtherCurrency];
        if first.candidate.shares.is_empty() || against.iter().any(|code| first.has(*code)) {
            return false;
        }
        let is_held = |share: &Share| {
            let at = self.book.invoice_of(&share.invoice);
            at.is_some_and(|at| self.book.held.contains(&at))
        };
        if first.candidate.shares.iter().any(is_held) {
            return false;
        }
        let next = others.first().map_or(i32::MIN, |next| next.raw);
        if first.raw.saturating_sub(next) < MARGIN {
            return false;
        }
        let is_known = first.has(Evidence::Account);
        let is_payer = is_known || first.has(Evidence::Name);
        let agrees = is_payer || first.has(Evidence::NameAlike);
        let by_reference = match first.named {
            Some(Evidence::Reference) => first.is_settled,
            Some(Evidence::Announced) => first.fits_exactly() && is_payer,
            Some(Evidence::Number) => first.is_settled && self.is_telling(agrees, others),
            Some(Evidence::NumberInParts | Evidence::Order) => {
                first.fits_exactly() && self.is_telling(agrees, others)
            }
            Some(Evidence::Slip | Evidence::Digits) => first.fits_exactly() && is_payer && first.is_only,
            _ => false,
        };
        let by_payer = first.fits_exactly() && first.is_only && (is_known || self.is_unmistakable(first));
        by_reference || by_payer
    }

    /// Whether a number and the amount tell what was paid: not where as much is owed on a number that is but a slip
    /// away, nor, where the payer is not known, where many owe as much or somebody does who may have paid.
    fn is_telling(&self, agrees: bool, others: &[Judged]) -> bool {
        let payers = [Evidence::Account, Evidence::Name, Evidence::NameAlike];
        let may_be_meant = |other: &Judged| {
            let is_near = other.has(Evidence::Slip);
            other.fits_exactly() && (is_near || !agrees && payers.iter().any(|code| other.has(*code)))
        };
        (agrees || !self.crowd) && !others.iter().any(may_be_meant)
    }

    /// Whether the name alone is enough: nobody else has it or owes as much, and no account is known that this is not.
    fn is_unmistakable(&self, first: &Judged) -> bool {
        let name = self.credit.payer.name.as_deref().and_then(Name::of);
        let is_one = name.is_some_and(|name| self.book.with_name(&name).len() == 1);
        let has_no_other = self
            .book
            .place_of(&first.candidate.customer)
            .and_then(|at| self.book.debtors.get(at))
            .is_some_and(|debtor| debtor.accounts.is_empty());
        first.has(Evidence::Name) && is_one && has_no_other && !self.is_known && self.owing.len() == 1
    }
}
