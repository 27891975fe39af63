//! What a line says, looked up: which invoices it names, and who may have paid.

use std::collections::{BTreeMap, BTreeSet};

use super::book::{Book, NAMESAKES, Target};
use super::names::Name;
use super::text::{Found, Text, nearly};
use super::{Credit, Evidence};
use crate::allocation::plain;

/// Invoices of one amount: a price that so many pay says nothing about who paid.
const CROWD: usize = 64;

/// Invoices of a debtor that are looked at where the line names none: the longest due.
pub(super) const OPEN: usize = 200;

/// Debtors that are looked at for one line.
const DEBTORS: usize = 60;

/// That a line names an invoice.
pub(super) struct Mention {
    pub(super) invoice: usize,
    pub(super) evidence: Evidence,
    /// In which text, and where; none for a reference as a whole.
    pub(super) place: Option<(usize, Found)>,
    pub(super) quote: String,
}

impl Mention {
    pub(super) fn overlaps(&self, other: &Mention) -> bool {
        match (&self.place, &other.place) {
            (Some((text, one)), Some((same, two))) => text == same && one.overlaps(two),
            _ => false,
        }
    }
}

/// Everything that a line says, looked up.
pub(super) struct Scene<'a> {
    pub(super) book: &'a Book,
    pub(super) credit: &'a Credit,
    pub(super) mentions: Vec<Mention>,
    /// What was announced under a reference that the line has.
    pub(super) announced: Vec<(usize, String)>,
    /// Words that may be numbers, with a slip or cut.
    pub(super) tokens: Vec<String>,
    /// Who may have paid, as its account and its name tell.
    pub(super) payers: BTreeMap<usize, Vec<Evidence>>,
    /// Whether the account is known at all.
    pub(super) is_known: bool,
    /// Invoices that owe just the amount, and whether they are too many to tell anything.
    pub(super) owing: Vec<usize>,
    pub(super) crowd: bool,
}

impl<'a> Scene<'a> {
    pub(super) fn of(book: &'a Book, credit: &'a Credit) -> Scene<'a> {
        let whole = credit.references.iter().map(std::slice::from_ref);
        let texts: Vec<Text> = whole.chain([credit.text.as_slice()]).map(Text::of).collect();
        let mut scene = Scene {
            book,
            credit,
            mentions: Vec::new(),
            announced: Vec::new(),
            tokens: texts.iter().flat_map(Text::tokens).collect(),
            payers: BTreeMap::new(),
            is_known: false,
            owing: book.owing(credit.amount).take(CROWD.saturating_add(1)).collect(),
            crowd: false,
        };
        scene.crowd = scene.owing.len() > CROWD;
        for reference in &credit.references {
            scene.hears(reference);
        }
        for (at, text) in texts.iter().enumerate() {
            scene.reads(at, text);
        }
        scene.settle_mentions();
        scene.recognise();
        scene
    }

    /// A reference as a whole.
    fn hears(&mut self, reference: &str) {
        for target in self.book.exact.get(&plain(reference)).into_iter().flatten() {
            let evidence = match target {
                Target::Invoice(_) | Target::Announced(_) => Evidence::Reference,
                Target::Number(_) => Evidence::Number,
                Target::Order(_) => Evidence::Order,
            };
            self.means(*target, evidence, reference);
        }
    }

    /// Whatever stands in a text.
    fn reads(&mut self, at: usize, text: &Text) {
        for structured in text.structured() {
            for target in self.book.meant_by(&structured) {
                self.means(target, Evidence::Reference, &structured.printed());
            }
        }
        for word in text.words() {
            for target in self.book.exact.get(&plain(&word)).into_iter().flatten() {
                if matches!(target, Target::Invoice(_) | Target::Announced(_)) {
                    self.means(*target, Evidence::Reference, &word);
                }
            }
        }
        for window in text.windows() {
            for searched in self.book.searched.get(&window.folded).into_iter().flatten() {
                let Some(found) = text.judge(&window, &searched.handle) else {
                    continue;
                };
                let evidence = match (searched.is_order, found.evidence) {
                    (true, Evidence::Number | Evidence::NumberInParts) => Evidence::Order,
                    (true, _) => continue,
                    (false, evidence) => evidence,
                };
                self.mentions.push(Mention {
                    invoice: searched.invoice,
                    evidence,
                    quote: text.quote(&found),
                    place: Some((at, found)),
                });
            }
        }
    }

    fn means(&mut self, target: Target, evidence: Evidence, quote: &str) {
        match target {
            Target::Announced(at) => self.announced.push((at, quote.to_owned())),
            Target::Invoice(invoice) | Target::Number(invoice) | Target::Order(invoice) => {
                self.mentions.push(Mention {
                    invoice,
                    evidence,
                    place: None,
                    quote: quote.to_owned(),
                });
            }
        }
    }

    /// Keeps of each invoice what names it best, and drops what the same characters mean more surely.
    fn settle_mentions(&mut self) {
        self.mentions.sort_by(|a, b| {
            (b.evidence.points(), a.invoice, &a.quote).cmp(&(a.evidence.points(), b.invoice, &b.quote))
        });
        let mut kept: Vec<Mention> = Vec::with_capacity(self.mentions.len());
        for mention in std::mem::take(&mut self.mentions) {
            let is_worse = kept.iter().any(|better| {
                better.invoice == mention.invoice
                    || better.evidence.points() > mention.evidence.points() && better.overlaps(&mention)
            });
            if !is_worse {
                kept.push(mention);
            }
        }
        self.mentions = kept;
        self.announced.sort();
        self.announced.dedup_by_key(|(at, _)| *at);
    }

    /// Who the payer is known as.
    fn recognise(&mut self) {
        let payer = &self.credit.payer;
        let account = payer.account.as_deref().unwrap_or_default();
        let with_account = match account.is_empty() {
            true => &[],
            false => self.book.with_account(account),
        };
        self.is_known = !with_account.is_empty();
        for debtor in with_account {
            self.payers.entry(*debtor).or_default().push(Evidence::Account);
        }
        let Some(name) = payer.name.as_deref().and_then(Name::of) else {
            return;
        };
        let namesakes = self.book.with_name(&name);
        // A name that too many have recognises nobody, but agrees with what else is found.
        let mut by_name: BTreeSet<usize> = match namesakes.len() <= NAMESAKES {
            true => namesakes.iter().copied().collect(),
            false => BTreeSet::new(),
        };
        by_name.extend(self.book.with_name_like(&name));
        by_name.extend(self.payers.keys().copied());
        let named = self.mentions.iter().map(|mention| mention.invoice);
        let found = named.chain(self.owing.iter().copied());
        by_name.extend(found.filter_map(|at| self.book.debtor_of(at)));
        for debtor in by_name {
            let names = self
                .book
                .debtors
                .get(debtor)
                .map_or(&[][..], |debtor| &debtor.names);
            let evidence = match names.contains(&name) {
                true => Evidence::Name,
                false if names.iter().any(|other| other.is_like(&name)) => Evidence::NameAlike,
                false => continue,
            };
            self.payers.entry(debtor).or_default().push(evidence);
        }
    }

    /// Everyone of whom something speaks, each once, the likeliest first and no more than are worth a look.
    pub(super) fn debtors(&self) -> Vec<usize> {
        let named = self
            .mentions
            .iter()
            .filter_map(|mention| self.book.debtor_of(mention.invoice));
        let announced = self.announced.iter().filter_map(|(at, _)| {
            let announced = self.book.announced.get(*at)?;
            self.book.place_of(&announced.customer)
        });
        let payers = |wanted: Evidence| {
            let all = self
                .payers
                .iter()
                .filter(move |(_, known)| known.contains(&wanted));
            all.map(|(debtor, _)| *debtor)
        };
        // A price that many pay tells nothing of who paid.
        let owing = self.owing.iter().filter(|_| !self.crowd);
        let owing = owing.filter_map(|at| self.book.debtor_of(*at));
        let mut seen = BTreeSet::new();
        announced
            .chain(named)
            .chain(payers(Evidence::Account))
            .chain(payers(Evidence::Name))
            .chain(owing)
            .chain(payers(Evidence::NameAlike))
            .filter(|debtor| seen.insert(*debtor))
            .take(DEBTORS)
            .collect()
    }

    pub(super) fn knows(&self, debtor: usize, evidence: Evidence) -> bool {
        self.payers
            .get(&debtor)
            .is_some_and(|known| known.contains(&evidence))
    }

    /// Whether the line names something of a debtor, or its payer is known as one.
    pub(super) fn speaks_for(&self, debtor: usize) -> bool {
        let named = self
            .mentions
            .iter()
            .any(|mention| self.book.debtor_of(mention.invoice) == Some(debtor));
        let of_debtor = |at: &usize| {
            let announced = self.book.announced.get(*at);
            announced.and_then(|announced| self.book.place_of(&announced.customer)) == Some(debtor)
        };
        let announced = self.announced.iter().any(|(at, _)| of_debtor(at));
        named || announced || self.payers.contains_key(&debtor)
    }

    /// Open invoices of which the line has the number but for a slip.
    pub(super) fn nearly_named(&self, debtor: usize, open: &[usize]) -> BTreeMap<usize, (Evidence, String)> {
        let speaks = self.payers.contains_key(&debtor);
        let worth = open
            .iter()
            .filter(|at| speaks || self.owing.contains(at))
            .take(OPEN);
        let mut found = BTreeMap::new();
        for at in worth {
            let Some(number) = self.book.plain.get(*at) else {
                continue;
            };
            let near = self
                .tokens
                .iter()
                .filter_map(|token| nearly(token, number).map(|evidence| (evidence, token.clone())))
                .min_by_key(|(evidence, _)| std::cmp::Reverse(evidence.points()));
            if let Some(near) = near {
                found.insert(*at, near);
            }
        }
        found
    }

    /// What some invoices owe.
    pub(super) fn owed(&self, which: &[usize]) -> i64 {
        let balances = which.iter().filter_map(|at| self.book.invoices.get(*at));
        balances.fold(0i64, |sum, owed| sum.saturating_add(owed.balance.minor()))
    }
}
