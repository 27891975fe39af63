//! What lines are matched against, by everything that a line may say of it.
//!
//! Ordered maps throughout: a look-up costs O(log n), and nothing depends on the order in which things came.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::names::Name;
use super::text::Handle;
use super::{Announced, Candidate, Contents, Credit, Debtor, Fit, Owed, Verdict, judge};
use crate::allocation::{Rules, plain};
use crate::currency::Currency;
use crate::id::{CustomerId, InvoiceId};
use crate::money::Money;
use crate::reference::{Key, Structured};

/// Debtors whose names hold a word: of a word that more have in common, none is found by it alone.
pub(super) const NAMESAKES: usize = 40;

/// What a reference means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    /// An invoice, by a reference that was told to its payer.
    Invoice(usize),
    /// An invoice, by its number.
    Number(usize),
    /// An invoice, by the number of its order.
    Order(usize),
    /// What was announced.
    Announced(usize),
}

/// A debtor and what it owes.
pub(super) struct Account {
    pub(super) id: CustomerId,
    pub(super) names: Vec<Name>,
    pub(super) accounts: BTreeSet<String>,
    pub(super) rules: Arc<Rules>,
    /// Its invoices, those that are due first before others.
    pub(super) invoices: Vec<usize>,
    pub(super) announced: Vec<usize>,
}

/// A number that texts are searched for.
pub(super) struct Searched {
    pub(super) invoice: usize,
    pub(super) is_order: bool,
    pub(super) handle: Handle,
}

/// What lines are matched against, ready to be asked.
///
/// It knows what was put in ([`Contents`]) and nothing else: a verdict is as good as that.
pub struct Book {
    pub(super) invoices: Vec<Owed>,
    /// Numbers of `invoices`, without punctuation.
    pub(super) plain: Vec<String>,
    /// Whose `invoices` are.
    pub(super) owner: Vec<usize>,
    pub(super) debtors: Vec<Account>,
    pub(super) announced: Vec<Announced>,
    pub(super) exact: BTreeMap<String, Vec<Target>>,
    pub(super) searched: BTreeMap<String, Vec<Searched>>,
    keys: BTreeMap<Key, Vec<Target>>,
    amounts: BTreeMap<(Currency, i64), BTreeSet<usize>>,
    accounts: BTreeMap<String, Vec<usize>>,
    names: BTreeMap<Name, Vec<usize>>,
    words: BTreeMap<String, Vec<usize>>,
    pub(super) held: BTreeSet<usize>,
}

impl Book {
    /// Puts the contents in order: once for a batch, in O(n log n).
    pub fn of(contents: Contents) -> Book {
        let Contents {
            mut invoices,
            debtors,
            mut announced,
        } = contents;
        invoices.sort_by(|a, b| a.id.cmp(&b.id));
        invoices.dedup_by(|a, b| a.id == b.id);
        announced
            .sort_by(|a, b| (a.kind, &a.references, &a.customer).cmp(&(b.kind, &b.references, &b.customer)));
        let mut book = Book {
            plain: invoices.iter().map(|owed| plain(&owed.number)).collect(),
            owner: Vec::with_capacity(invoices.len()),
            debtors: gathered(debtors, &invoices, &announced),
            invoices,
            announced,
            exact: BTreeMap::new(),
            searched: BTreeMap::new(),
            keys: BTreeMap::new(),
            amounts: BTreeMap::new(),
            accounts: BTreeMap::new(),
            names: BTreeMap::new(),
            words: BTreeMap::new(),
            held: BTreeSet::new(),
        };
        book.know_debtors();
        book.know_announced();
        book.know_invoices();
        book
    }

    /// What the money on a line is for. Changes nothing.
    pub fn judge(&self, credit: &Credit) -> Verdict {
        judge::verdict(self, credit)
    }

    /// Takes what a candidate gives off what its invoices owe: the next line finds them paid. What is let go beside the
    /// money (a discount, what is within a tolerance) is owed no more either.
    pub fn take(&mut self, candidate: &Candidate) {
        let settles = matches!(candidate.fit, Fit::Discount | Fit::Tolerance | Fit::BankCharge);
        for share in &candidate.shares {
            let Ok(at) = self.invoices.binary_search_by(|owed| owed.id.cmp(&share.invoice)) else {
                continue;
            };
            self.forget_amounts(at);
            if let Some(owed) = self.invoices.get_mut(at) {
                let rest = owed.balance.checked_sub(share.amount);
                let nothing = Money::zero(owed.balance.currency());
                owed.balance = rest
                    .ok()
                    .filter(|rest| !settles && rest.is_positive())
                    .unwrap_or(nothing);
                owed.discounts.clear();
            }
            self.know_amounts(at);
        }
    }

    /// That a line which is left for a person may be for a candidate: until it is [released](Book::release), no other
    /// line is matched to its invoices automatically.
    pub fn hold(&mut self, candidate: &Candidate) {
        let places = candidate
            .shares
            .iter()
            .filter_map(|share| self.invoice_of(&share.invoice));
        let places: Vec<usize> = places.collect();
        self.held.extend(places);
    }

    /// That a person has decided on what was [held](Book::hold).
    pub fn release(&mut self, candidate: &Candidate) {
        for share in &candidate.shares {
            if let Some(at) = self.invoice_of(&share.invoice) {
                self.held.remove(&at);
            }
        }
    }

    fn know_debtors(&mut self) {
        for (at, debtor) in self.debtors.iter().enumerate() {
            for account in &debtor.accounts {
                self.accounts.entry(account.clone()).or_default().push(at);
            }
            let names: BTreeSet<&Name> = debtor.names.iter().collect();
            let words: BTreeSet<&str> = names.iter().flat_map(|name| name.words()).collect();
            for word in words {
                self.words.entry(word.to_owned()).or_default().push(at);
            }
            for name in names {
                self.names.entry(name.clone()).or_default().push(at);
            }
        }
    }

    fn know_announced(&mut self) {
        for (at, announced) in self.announced.iter().enumerate() {
            let target = Target::Announced(at);
            for reference in &announced.references {
                self.exact.entry(plain(reference)).or_default().push(target);
                self.keys.extend(
                    Key::of(reference)
                        .filter(|_| is_own(reference))
                        .map(|key| (key, vec![target])),
                );
            }
            if let Ok(owner) = self.debtors.binary_search_by(|d| d.id.cmp(&announced.customer))
                && let Some(debtor) = self.debtors.get_mut(owner)
            {
                debtor.announced.push(at);
            }
        }
    }

    fn know_invoices(&mut self) {
        for at in 0..self.invoices.len() {
            let Some(owed) = self.invoices.get(at) else {
                continue;
            };
            if let Some(key) = Key::of(owed.id.as_str()) {
                self.keys.entry(key).or_default().push(Target::Invoice(at));
            }
            let orders = owed.orders.iter().map(|order| (order, true));
            for (number, is_order) in orders.chain([(&owed.number, false)]) {
                let target = if is_order {
                    Target::Order(at)
                } else {
                    Target::Number(at)
                };
                self.exact.entry(plain(number)).or_default().push(target);
                for (found_by, handle) in Handle::all(number) {
                    self.searched.entry(found_by).or_default().push(Searched {
                        invoice: at,
                        is_order,
                        handle,
                    });
                }
            }
            for reference in &owed.references {
                self.exact
                    .entry(plain(reference))
                    .or_default()
                    .push(Target::Invoice(at));
            }
            if let Ok(owner) = self.debtors.binary_search_by(|d| d.id.cmp(&owed.customer)) {
                self.owner.push(owner);
                if let Some(debtor) = self.debtors.get_mut(owner) {
                    debtor.invoices.push(at);
                }
            }
            self.know_amounts(at);
        }
        let invoices = &self.invoices;
        for debtor in &mut self.debtors {
            debtor.invoices.sort_by_key(|at| {
                invoices
                    .get(*at)
                    .map(|owed| (owed.due_on, &owed.number, &owed.id))
            });
        }
    }

    /// What settles an open invoice: what it owes, and that less each discount.
    pub(super) fn amounts_of(&self, at: usize) -> Vec<(Currency, i64)> {
        let Some(owed) = self.invoices.get(at).filter(|owed| owed.balance.is_positive()) else {
            return Vec::new();
        };
        let reduced = owed
            .discounts
            .iter()
            .filter_map(|discount| owed.balance.checked_sub(discount.amount).ok());
        reduced
            .chain([owed.balance])
            .filter(Money::is_positive)
            .map(|amount| (amount.currency(), amount.minor()))
            .collect()
    }

    fn know_amounts(&mut self, at: usize) {
        for amount in self.amounts_of(at) {
            self.amounts.entry(amount).or_default().insert(at);
        }
    }

    fn forget_amounts(&mut self, at: usize) {
        for amount in self.amounts_of(at) {
            if let Some(all) = self.amounts.get_mut(&amount) {
                all.remove(&at);
            }
        }
    }

    /// What a structured reference means: by the key that is in it, as one that the billing system made, or by the
    /// number that it was made of.
    pub(super) fn meant_by(&self, reference: &Structured) -> Vec<Target> {
        let by_key = reference.key().and_then(|key| self.keys.get(&key));
        let as_told = self.exact.get(reference.as_str());
        let by_number = match reference {
            Structured::Rf(_) => self.exact.get(reference.body()),
            Structured::Qrr(_) => None,
        };
        let found = by_key.or(as_told).or(by_number);
        found.cloned().unwrap_or_default()
    }

    /// The invoices that owe an amount, or as much with their discount deducted.
    pub(super) fn owing(&self, amount: Money) -> impl Iterator<Item = usize> {
        let all = self.amounts.get(&(amount.currency(), amount.minor()));
        all.into_iter().flatten().copied()
    }

    /// The debtors that have paid from an account.
    pub(super) fn with_account(&self, account: &str) -> &[usize] {
        self.accounts.get(&account_of(account)).map_or(&[], Vec::as_slice)
    }

    /// The debtors of a name.
    pub(super) fn with_name(&self, name: &Name) -> &[usize] {
        self.names.get(name).map_or(&[], Vec::as_slice)
    }

    /// The debtors of a name that is like it.
    pub(super) fn with_name_like(&self, name: &Name) -> BTreeSet<usize> {
        let is_like = |at: &usize| {
            let debtor = self.debtors.get(*at);
            debtor.is_some_and(|debtor| debtor.names.iter().any(|other| other.is_like(name)))
        };
        // Banks cut names: a word is looked for by how it begins.
        let beginning = |word: &str| {
            let from = word.to_owned();
            let begins = from.clone();
            self.words
                .range(from..)
                .take_while(move |(other, _)| other.starts_with(&begins))
                .flat_map(|(_, all)| all.iter().copied())
                .take(NAMESAKES.saturating_add(1))
                .collect::<BTreeSet<usize>>()
        };
        let words = name.words().map(beginning);
        let found = words.filter(|found| found.len() <= NAMESAKES);
        found.flatten().filter(is_like).collect()
    }

    pub(super) fn debtor_of(&self, invoice: usize) -> Option<usize> {
        self.owner.get(invoice).copied()
    }

    pub(super) fn place_of(&self, customer: &CustomerId) -> Option<usize> {
        self.debtors.binary_search_by(|d| d.id.cmp(customer)).ok()
    }

    pub(super) fn invoice_of(&self, id: &InvoiceId) -> Option<usize> {
        self.invoices.binary_search_by(|owed| owed.id.cmp(id)).ok()
    }
}

/// Whether a reference is an id of Dunlin's own, and not one that ends in the same letters by chance.
fn is_own(reference: &str) -> bool {
    reference
        .split_once('_')
        .is_some_and(|(prefix, body)| prefix.len() == 3 && body.len() == 26)
}

/// An account as it is compared: banks write an IBAN with spaces and without.
pub(super) fn account_of(text: &str) -> String {
    plain(text)
}

/// Every debtor once, by id, those included that only their invoices and announcements tell of.
fn gathered(debtors: Vec<Debtor>, invoices: &[Owed], announced: &[Announced]) -> Vec<Account> {
    let mut all: BTreeMap<CustomerId, Account> = BTreeMap::new();
    let blank = |id: &CustomerId, rules: Arc<Rules>| Account {
        id: id.clone(),
        names: Vec::new(),
        accounts: BTreeSet::new(),
        rules,
        invoices: Vec::new(),
        announced: Vec::new(),
    };
    for debtor in debtors {
        let entry = all
            .entry(debtor.id.clone())
            .or_insert_with(|| blank(&debtor.id, Arc::clone(&debtor.rules)));
        entry
            .names
            .extend(debtor.names.iter().filter_map(|name| Name::of(name)));
        let accounts = debtor.accounts.iter().map(|account| account_of(account));
        entry
            .accounts
            .extend(accounts.filter(|account| !account.is_empty()));
    }
    let others = invoices.iter().map(|owed| &owed.customer);
    let rules = Arc::new(Rules::default());
    for id in others.chain(announced.iter().map(|one| &one.customer)) {
        if !all.contains_key(id) {
            all.insert(id.clone(), blank(id, Arc::clone(&rules)));
        }
    }
    all.into_values().collect()
}
