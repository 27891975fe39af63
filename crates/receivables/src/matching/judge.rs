//! Who may have paid what: candidates, how strong each is, and whether the strongest is safe.

use std::collections::{BTreeMap, BTreeSet};

use super::book::{Book, NAMESAKES, Target};
use super::fit::{Fitted, fit};
use super::names::Name;
use super::text::{Found, Text, nearly, same_series};
use super::{AnnouncedBy, CANDIDATES, Candidate, Credit, Evidence, Fit, Reason, Share, Verdict, subset};
use crate::allocation::plain;
use crate::money::{Money, MoneyError};

/// How far ahead of the next candidate one has to be to be matched automatically.
const MARGIN: i32 = 15;

/// Invoices of one amount: a price that so many pay says nothing about who paid.
const CROWD: usize = 64;

/// Invoices of a debtor that are looked at where the line names none: the longest due.
const OPEN: usize = 200;

/// Debtors that are looked at for one line.
const DEBTORS: usize = 60;

impl Evidence {
    /// How much it counts. What is left over for the amount ([`amount_points`]) and the payer makes a hundred.
    const fn points(self) -> i32 {
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
    fn is_sure(self) -> bool {
        matches!(
            self,
            Evidence::Reference | Evidence::Number | Evidence::NumberInParts | Evidence::Announced
        )
    }
}

fn amount_points(fit: Fit) -> i32 {
    match fit {
        Fit::Exact => 30,
        Fit::Discount => 28,
        Fit::Tolerance => 24,
        Fit::BankCharge => 22,
        Fit::Withholding => 14,
        Fit::Over | Fit::Short | Fit::OnAccount => 0,
    }
}

/// That a line names an invoice.
struct Mention {
    invoice: usize,
    evidence: Evidence,
    /// In which text, and where; none for a reference as a whole.
    place: Option<(usize, Found)>,
    quote: String,
}

impl Mention {
    fn overlaps(&self, other: &Mention) -> bool {
        match (&self.place, &other.place) {
            (Some((text, one)), Some((same, two))) => text == same && one.overlaps(two),
            _ => false,
        }
    }
}

/// Everything that a line says, looked up.
struct Scene<'a> {
    book: &'a Book,
    credit: &'a Credit,
    mentions: Vec<Mention>,
    /// What was announced under a reference that the line has.
    announced: Vec<(usize, String)>,
    /// Words that may be numbers, with a slip or cut.
    tokens: Vec<String>,
    /// Who may have paid, as its account and its name tell.
    payers: BTreeMap<usize, Vec<Evidence>>,
    /// Whether the account is known at all.
    is_known: bool,
    /// Invoices that owe just the amount, and whether they are too many to tell anything.
    owing: Vec<usize>,
    crowd: bool,
}

/// A candidate with what decides about it.
struct Judged {
    candidate: Candidate,
    raw: i32,
    /// How surely the line names all its invoices; none where it does not.
    named: Option<Evidence>,
    /// Whether the policy lets its difference go, or there is none.
    is_settled: bool,
    /// Whether there is no other way in which the payer's invoices come to the amount.
    is_only: bool,
}

impl Judged {
    fn has(&self, code: Evidence) -> bool {
        self.candidate.reasons.iter().any(|reason| reason.code == code)
    }

    fn fits_exactly(&self) -> bool {
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

impl<'a> Scene<'a> {
    fn of(book: &'a Book, credit: &'a Credit) -> Scene<'a> {
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
    fn debtors(&self) -> Vec<usize> {
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

    fn knows(&self, debtor: usize, evidence: Evidence) -> bool {
        self.payers
            .get(&debtor)
            .is_some_and(|known| known.contains(&evidence))
    }

    /// The candidates of one debtor.
    fn of_debtor(&self, debtor: usize) -> Result<Vec<Judged>, MoneyError> {
        let Some(account) = self.book.debtors.get(debtor) else {
            return Ok(Vec::new());
        };
        let currency = self.credit.amount.currency();
        let is_open = |at: &usize| {
            let owed = self.book.invoices.get(*at);
            owed.is_some_and(|owed| owed.balance.is_positive() && owed.balance.currency() == currency)
        };
        let open: Vec<usize> = account.invoices.iter().copied().filter(is_open).collect();
        // A name that is cut off is one only where few are like it.
        let is_like = self.knows(debtor, Evidence::NameAlike) && self.payers.len() <= CANDIDATES;
        let is_payer = is_like || self.knows(debtor, Evidence::Account) || self.knows(debtor, Evidence::Name);
        let mut out = Out {
            scene: self,
            debtor,
            judged: Vec::new(),
            nearly: self.nearly_named(debtor, &open),
        };
        // Amounts are soon met by chance: not by somebody whose name is another.
        if self.credit.payer.name.is_some() && !self.speaks_for(debtor) && out.nearly.is_empty() {
            return Ok(Vec::new());
        }
        for (at, quote) in &self.announced {
            if account.announced.contains(at) {
                out.announced(*at, &open, Evidence::Reference, quote)?;
            }
        }
        if !self.payers.get(&debtor).is_none_or(Vec::is_empty) {
            out.advised(&account.announced, &open)?;
        }
        let sure = |at: &usize| {
            self.mentions
                .iter()
                .any(|m| m.invoice == *at && m.evidence != Evidence::Digits)
        };
        let faint =
            |at: &usize| self.mentions.iter().any(|m| m.invoice == *at) || out.nearly.contains_key(at);
        let named: Vec<usize> = open.iter().copied().filter(sure).collect();
        let faintly: Vec<usize> = open.iter().copied().filter(faint).collect();
        out.named(&named, &open)?;
        if faintly.len() > named.len() {
            out.named(&faintly, &open)?;
        }
        out.by_amount(&open, is_payer)?;
        if is_payer && !out.judged.iter().any(Judged::fits_exactly) {
            out.nearly_fitting(&open)?;
        }
        out.on_account(is_payer, &open)?;
        Ok(out.judged)
    }

    /// Whether the line names something of a debtor, or its payer is known as one.
    fn speaks_for(&self, debtor: usize) -> bool {
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
    fn nearly_named(&self, debtor: usize, open: &[usize]) -> BTreeMap<usize, (Evidence, String)> {
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

/// The candidates of one debtor, as they are found.
struct Out<'s, 'a> {
    scene: &'s Scene<'a>,
    debtor: usize,
    judged: Vec<Judged>,
    nearly: BTreeMap<usize, (Evidence, String)>,
}

impl Out<'_, '_> {
    /// What was announced: a link's or an advice's invoices, for what it says of each.
    fn announced(&mut self, at: usize, open: &[usize], by: Evidence, quote: &str) -> Result<(), MoneyError> {
        let book = self.scene.book;
        let Some(announced) = book.announced.get(at) else {
            return Ok(());
        };
        let amount = self.scene.credit.amount;
        let said = match announced.kind {
            AnnouncedBy::Link => format!("the reference of a payment link, {quote}"),
            AnnouncedBy::Provider => format!("a payment provider's reference, {quote}"),
            AnnouncedBy::Advice => format!("the remittance advice {quote}"),
        };
        let is_named = |at: &&usize| {
            let id = book.invoices.get(**at).map(|owed| &owed.id);
            announced.shares.is_empty() || announced.shares.iter().any(|(wanted, _)| Some(wanted) == id)
        };
        let which: Vec<usize> = open.iter().filter(is_named).copied().collect();
        let mut shares = Vec::new();
        for (invoice, wanted) in &announced.shares {
            let balance = book.invoice_of(invoice).filter(|at| which.contains(at));
            let Some(owed) = balance.and_then(|at| book.invoices.get(at)) else {
                continue;
            };
            let wanted = wanted.filter(|wanted| wanted.currency() == amount.currency());
            let given = wanted.unwrap_or(owed.balance).checked_min(owed.balance)?;
            if given.is_positive() {
                shares.push(Share {
                    invoice: invoice.clone(),
                    amount: given,
                });
            }
        }
        let sum = Money::checked_sum(amount.currency(), shares.iter().map(|share| share.amount))?;
        let all_open = shares.len() == announced.shares.len();
        let fitted = match all_open && sum == amount && !shares.is_empty() {
            // As it was announced, in part too.
            true => Fitted {
                fit: Fit::Exact,
                shares,
                on_account: Money::zero(amount.currency()),
                short: Money::zero(amount.currency()),
                is_settled: true,
            },
            false if which.is_empty() => on_account(amount),
            false => match book.debtors.get(self.debtor) {
                Some(account) => fit(book, account, self.scene.credit, &which)?,
                None => return Ok(()),
            },
        };
        let reason = Reason {
            code: by,
            points: by.points(),
            detail: format!("The line has {said}."),
        };
        self.push(fitted, Some(by), vec![reason], true);
        Ok(())
    }

    /// Advices of this debtor that come to the amount, whatever the line says.
    fn advised(&mut self, announced: &[usize], open: &[usize]) -> Result<(), MoneyError> {
        for at in announced {
            let is_said = self.scene.announced.iter().any(|(said, _)| said == at);
            let Some(one) = self.scene.book.announced.get(*at) else {
                continue;
            };
            if !is_said && one.kind == AnnouncedBy::Advice && one.total == Some(self.scene.credit.amount) {
                let quote = one
                    .references
                    .first()
                    .map_or("of this amount", String::as_str)
                    .to_owned();
                self.announced(*at, open, Evidence::Announced, &quote)?;
            }
        }
        Ok(())
    }

    /// What the line names, and what it may mean by that.
    fn named(&mut self, named: &[usize], open: &[usize]) -> Result<(), MoneyError> {
        if named.is_empty() {
            return Ok(());
        }
        let fit = self.offer(named, true)?;
        let amount = self.scene.credit.amount.minor();
        if matches!(fit, Some(Fit::Exact | Fit::Discount)) {
            return Ok(());
        }
        if named.len() > 1 {
            for set in self.sums(named, amount).0 {
                self.offer(&set, false)?;
            }
        }
        if fit == Some(Fit::Over) {
            let owed = self.scene.owed(named);
            let others: Vec<usize> = open.iter().copied().filter(|at| !named.contains(at)).collect();
            for more in self.sums(&others, amount.saturating_sub(owed)).0 {
                let together: Vec<usize> = named.iter().copied().chain(more).collect();
                self.offer(&together, false)?;
            }
        }
        Ok(())
    }

    /// Invoices that owe the amount, alone or together.
    fn by_amount(&mut self, open: &[usize], is_payer: bool) -> Result<(), MoneyError> {
        let credit = self.scene.credit;
        let wanted = (credit.amount.currency(), credit.amount.minor());
        let comes_to = |at: &usize| self.scene.book.amounts_of(*at).contains(&wanted);
        let alone: Vec<usize> = open.iter().copied().filter(comes_to).collect();
        // Whether the amount can be made in another way is asked only of who is known to pay.
        let (sets, complete) = match is_payer {
            true => self.sums(open, credit.amount.minor()),
            false => (Vec::new(), false),
        };
        let is_only = complete && sets.len().max(alone.len()) == 1;
        for at in alone.iter().take(CANDIDATES) {
            self.offer(&[*at], is_only)?;
        }
        let whole = |set: &Vec<usize>| is_payer && set.len() == open.len();
        for set in sets.iter().filter(|set| set.len() > 1) {
            self.offer(set, is_only && whole(set))?;
        }
        Ok(())
    }

    /// Where nothing comes to the amount: what comes near, or the longest due.
    fn nearly_fitting(&mut self, open: &[usize]) -> Result<(), MoneyError> {
        let scene = self.scene;
        let Some(account) = scene.book.debtors.get(self.debtor) else {
            return Ok(());
        };
        let mut near = 0usize;
        for at in open.iter().take(OPEN) {
            let fitted = fit(scene.book, account, scene.credit, &[*at])?;
            if near < CANDIDATES && !matches!(fitted.fit, Fit::Short | Fit::Over) {
                near = near.saturating_add(1);
                self.offer(&[*at], false)?;
            }
        }
        if near == 0 && !open.is_empty() && !self.judged.iter().any(|one| !one.candidate.shares.is_empty()) {
            self.offer(open, false)?;
        }
        Ok(())
    }

    /// What names an invoice that takes no such money, and what a payer sends who owes nothing.
    fn on_account(&mut self, is_payer: bool, open: &[usize]) -> Result<(), MoneyError> {
        let scene = self.scene;
        let currency = scene.credit.amount.currency();
        let of_debtor = |mention: &&Mention| {
            scene.book.debtor_of(mention.invoice) == Some(self.debtor) && mention.evidence.is_sure()
        };
        let mut reasons = Vec::new();
        for mention in scene.mentions.iter().filter(of_debtor) {
            let Some(owed) = scene.book.invoices.get(mention.invoice) else {
                continue;
            };
            let (code, detail) = if owed.balance.currency() != currency {
                let detail = format!(
                    "The line names {}, which is owed in {}.",
                    owed.number,
                    owed.balance.currency()
                );
                (Evidence::OtherCurrency, detail)
            } else if !owed.balance.is_positive() {
                (
                    Evidence::NotOpen,
                    format!("The line names {}, which owes nothing any more.", owed.number),
                )
            } else {
                continue;
            };
            if reasons.iter().all(|reason: &Reason| reason.code != code) {
                reasons.push(Reason {
                    code,
                    points: code.points(),
                    detail,
                });
            }
        }
        if !reasons.is_empty() || is_payer && open.is_empty() {
            self.push(on_account(scene.credit.amount), None, reasons, false);
        }
        Ok(())
    }

    /// The sets of some invoices that come to an amount, and whether there are no others.
    fn sums(&self, of: &[usize], target: i64) -> (Vec<Vec<usize>>, bool) {
        let balances: Vec<i64> = of
            .iter()
            .filter_map(|at| self.scene.book.invoices.get(*at))
            .map(|owed| owed.balance.minor())
            .collect();
        let found = subset::sums(&balances, target);
        let places = |set: &Vec<usize>| set.iter().filter_map(|at| of.get(*at).copied()).collect();
        (found.solutions.iter().map(places).collect(), found.complete)
    }

    /// Makes a candidate of some open invoices.
    fn offer(&mut self, which: &[usize], is_only: bool) -> Result<Option<Fit>, MoneyError> {
        let scene = self.scene;
        let Some(account) = scene.book.debtors.get(self.debtor) else {
            return Ok(None);
        };
        let fitted = fit(scene.book, account, scene.credit, which)?;
        let kind = fitted.fit;
        let mut reasons: Vec<Reason> = Vec::new();
        let mut weakest: Option<Evidence> = None;
        let mut all_named = true;
        for at in which {
            let mention = scene.mentions.iter().find(|mention| mention.invoice == *at);
            let near = self.nearly.get(at);
            let (evidence, quote) = match (mention, near) {
                (Some(mention), _) => (mention.evidence, &mention.quote),
                (None, Some((evidence, quote))) => (*evidence, quote),
                (None, None) => {
                    all_named = false;
                    continue;
                }
            };
            if weakest.is_none_or(|weakest| evidence.points() < weakest.points()) {
                weakest = Some(evidence);
            }
            let number = scene
                .book
                .invoices
                .get(*at)
                .map_or("", |owed| owed.number.as_str());
            match reasons.iter_mut().find(|reason| reason.code == evidence) {
                Some(reason) => {
                    reason.detail.truncate(reason.detail.trim_end_matches('.').len());
                    reason.detail.push_str(&format!(", {number}."));
                }
                None => reasons.push(Reason {
                    code: evidence,
                    points: 0,
                    detail: said(evidence, quote, number),
                }),
            }
        }
        // As strong as its weakest; half, where some are not named at all.
        let points = weakest.map_or(0, Evidence::points);
        let points = if all_named {
            points
        } else {
            points.checked_div(2).unwrap_or(0)
        };
        if let Some(reason) = reasons.iter_mut().find(|reason| Some(reason.code) == weakest) {
            reason.points = points;
        }
        self.push(fitted, weakest.filter(|_| all_named), reasons, is_only);
        Ok(Some(kind))
    }

    /// Adds a candidate, with what amount and payer say of it.
    fn push(&mut self, fitted: Fitted, named: Option<Evidence>, mut reasons: Vec<Reason>, is_only: bool) {
        let scene = self.scene;
        let Some(account) = scene.book.debtors.get(self.debtor) else {
            return;
        };
        let many = fitted.shares.len() > 1 && named.is_none();
        let points = match amount_points(fitted.fit) {
            points if many => points.saturating_sub(8).max(0),
            // An amount alone is soon met by chance.
            points if named.is_none() && !scene.payers.contains_key(&self.debtor) => {
                points.checked_div(2).unwrap_or(0)
            }
            points => points,
        };
        reasons.push(Reason {
            code: Evidence::Amount,
            points,
            detail: fits(&fitted, scene.credit.amount),
        });
        let payer = &scene.credit.payer;
        let name = payer.name.as_deref().unwrap_or_default();
        let known = scene.payers.get(&self.debtor);
        for (place, evidence) in known.into_iter().flatten().enumerate() {
            let detail = match evidence {
                Evidence::Account => "The payer's account has paid for this customer before.".to_owned(),
                Evidence::Name => format!("The payer's name, {name}, is the customer's."),
                _ => format!("The payer's name, {name}, is like the customer's."),
            };
            // The name adds little to an account that is known.
            let points = match place {
                0 => evidence.points(),
                _ => evidence.points().checked_div(3).unwrap_or(0),
            };
            reasons.push(Reason {
                code: *evidence,
                points,
                detail,
            });
        }
        if scene.is_known && !scene.knows(self.debtor, Evidence::Account) {
            reasons.push(Reason {
                code: Evidence::OtherAccount,
                points: Evidence::OtherAccount.points(),
                detail: "The payer's account is known for another customer.".to_owned(),
            });
        }
        reasons.extend(self.names_other(&fitted.shares));
        let raw = reasons
            .iter()
            .fold(0i32, |sum, reason| sum.saturating_add(reason.points));
        reasons.sort_by_key(|reason| (std::cmp::Reverse(reason.points), reason.code));
        self.judged.push(Judged {
            candidate: Candidate {
                customer: account.id.clone(),
                shares: fitted.shares,
                on_account: fitted.on_account,
                short: fitted.short,
                fit: fitted.fit,
                score: u32::try_from(raw.clamp(0, 100)).unwrap_or(0),
                reasons,
            },
            raw,
            named,
            is_settled: fitted.is_settled,
            is_only,
        });
    }

    /// That the line names what these shares are not for: another invoice, or a number of their series that nobody
    /// knows.
    fn names_other(&self, shares: &[Share]) -> Option<Reason> {
        let scene = self.scene;
        let paid: Vec<usize> = shares
            .iter()
            .filter_map(|share| scene.book.invoice_of(&share.invoice))
            .collect();
        if paid.is_empty() {
            return None;
        }
        // What names another may be a slip for one of these.
        let is_slip = |quote: &str| {
            let token = plain(quote);
            let mut near = self.nearly.iter().filter(|(at, _)| paid.contains(at));
            near.any(|(_, (_, written))| *written == token)
        };
        let ours = || {
            scene
                .mentions
                .iter()
                .filter(|mention| paid.contains(&mention.invoice))
        };
        let is_other = |mention: &&Mention| {
            mention.evidence.is_sure()
                && !paid.contains(&mention.invoice)
                && !ours().any(|our| our.overlaps(mention))
                && !is_slip(&mention.quote)
        };
        let other = scene
            .mentions
            .iter()
            .find(is_other)
            .map(|mention| mention.quote.clone());
        let stranger = || {
            let numbers = || paid.iter().filter_map(|at| scene.book.plain.get(*at));
            let is_theirs = |token: &String| {
                numbers().any(|number| token == number || nearly(token, number).is_some())
                    || ours().any(|our| plain(&our.quote) == *token)
            };
            let strangers = scene
                .tokens
                .iter()
                .filter(|token| numbers().any(|number| same_series(token, number)));
            strangers.into_iter().find(|token| !is_theirs(token)).cloned()
        };
        other.or_else(stranger).map(|quote| Reason {
            code: Evidence::NamesOther,
            points: Evidence::NamesOther.points(),
            detail: format!("The line names {quote} too."),
        })
    }
}

impl Scene<'_> {
    fn owed(&self, which: &[usize]) -> i64 {
        let balances = which.iter().filter_map(|at| self.book.invoices.get(*at));
        balances.fold(0i64, |sum, owed| sum.saturating_add(owed.balance.minor()))
    }
}

fn on_account(amount: Money) -> Fitted {
    Fitted {
        fit: Fit::OnAccount,
        shares: Vec::new(),
        on_account: amount,
        short: Money::zero(amount.currency()),
        is_settled: false,
    }
}

fn said(evidence: Evidence, quote: &str, number: &str) -> String {
    match evidence {
        Evidence::Reference => format!("The line has a reference, {quote}, that means {number}."),
        Evidence::Number => format!("The line names {number}."),
        Evidence::NumberInParts => format!("The line has {quote}, which is {number} in parts."),
        Evidence::Order => format!("The line names the order {quote}, which {number} bills."),
        Evidence::Digits => format!("The line has {quote}, digits of {number}."),
        _ => format!("The line has {quote}, which may be a slip for {number}."),
    }
}

fn fits(fitted: &Fitted, amount: Money) -> String {
    let Fitted {
        on_account, short, ..
    } = fitted;
    match fitted.fit {
        Fit::Exact => format!("{amount} is what is owed."),
        Fit::Discount => format!("{amount} is what is owed, less {short} early-payment discount."),
        Fit::Tolerance if on_account.is_positive() => {
            format!("{amount} is {on_account} more than is owed, which is within the tolerance.")
        }
        Fit::Tolerance => format!("{amount} is {short} less than is owed, which is within the tolerance."),
        Fit::BankCharge => format!("{amount} is {short} less than is owed, as banks may have kept it."),
        Fit::Withholding => {
            format!("{amount} is {short} less than is owed, as a tax that is withheld would be.")
        }
        Fit::Short => format!("{amount} is {short} less than is owed."),
        Fit::Over => format!("{amount} is {on_account} more than is owed."),
        Fit::OnAccount => format!("{amount} is for no open invoice."),
    }
}
