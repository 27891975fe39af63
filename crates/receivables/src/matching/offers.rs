//! The candidates of one debtor: what of its invoices the money of a line may be for, and how strong each is.

use std::collections::BTreeMap;

use super::fit::{Fitted, fit};
use super::judge::{Judged, amount_points};
use super::scene::{Mention, OPEN, Scene};
use super::text::{nearly, same_series};
use super::{AnnouncedBy, CANDIDATES, Candidate, Evidence, Fit, Reason, Share, subset};
use crate::allocation::plain;
use crate::money::{Money, MoneyError};

impl Scene<'_> {
    /// The candidates of one debtor.
    pub(super) fn of_debtor(&self, debtor: usize) -> Result<Vec<Judged>, MoneyError> {
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
        // What is but like a number needs an amount or a payer that agrees.
        let is_payer = self.payers.contains_key(&debtor);
        let faint = |one: &Judged| matches!(one.named, Some(Evidence::Digits | Evidence::Slip));
        out.judged
            .retain(|one| is_payer || one.fits_exactly() || !faint(one));
        Ok(out.judged)
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
            // Without a word, only what is plainly explained.
            let is_near = fitted.is_settled || fitted.fit == Fit::Withholding;
            if near < CANDIDATES && is_near {
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
