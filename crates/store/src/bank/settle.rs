//! Judging lines and applying what is safe.

use super::book::Books;
use super::{METHOD, SOURCE, advice, debits, payouts, size, teach};
use crate::db::{Db, Tx, statements};
use crate::error::{Result, StoreError};
use crate::moment::Moment;
use crate::params;
use crate::payments::{self, Incoming, Recorded, Settled, record_as_named, record_settled};
use formats::statement::Line;
use receivables::allocation::{InvoiceRef, RemittanceLine};
use receivables::currency::Currency;
use receivables::id::{BankLineId, CustomerId, InvoiceId, PaymentId, PayoutId, StatementId};
use receivables::intake::CustomerRef;
use receivables::matching::{Book, Candidate, Credit, Fit, Payer, Verdict, together};
use receivables::money::Money;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

statements! {
    RECEIVED = "SELECT json_object('id', id, 'content', json(content), 'times', times) FROM bank_lines
        WHERE status = 'received' AND id > ?1 ORDER BY id LIMIT ?2";
    /// What lines that wait for a person are likeliest for: no other line is matched to that meanwhile.
    HELD = "SELECT json_extract(candidates, '$[0]') FROM bank_lines
        WHERE status = 'review' AND currency = ? AND candidates <> '[]'";
    STILL = "SELECT id FROM bank_lines WHERE id IN (SELECT value FROM json_each(?)) AND status = 'received'";
    BALANCES = "SELECT json_array(id, balance_minor) FROM invoices WHERE id IN (SELECT value FROM json_each(?))";
    SAVE = "UPDATE bank_lines SET status = j.value->>'status', candidates = j.value->'candidates',
            why = j.value->>'why', payment_id = j.value->>'payment', payout_id = j.value->>'payout',
            times = times + (j.value->>'payment' IS NOT NULL), decided_by = j.value->>'by', decided_at = ?1
        FROM json_each(?2) AS j WHERE bank_lines.id = j.value->>'id'";
    COUNTS = "SELECT json_array(status, count(*)) FROM bank_lines
        WHERE statement_id IN (SELECT value FROM json_each(?)) GROUP BY status";
}

/// Lines that are judged at once: making a book costs as much as judging some thousand lines, and each line is kept with
/// its candidates until all books were asked, a kilobyte or two.
const JUDGED: u32 = 10_000;
/// Lines of one transaction: the write lock is held for some tens of milliseconds.
const APPLIED: usize = 500;

/// How lines stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Applied, or known for what they are.
    pub matched: i64,
    /// For a person to look at.
    pub review: i64,
    /// No money of a customer.
    pub ignored: i64,
    /// Not judged yet.
    pub received: i64,
}

/// How the lines of statements stand.
pub async fn counts(db: &Db, statements: &[StatementId]) -> Result<Counts> {
    let rows: Vec<(String, i64)> = db
        .list(COUNTS, params![serde_json::to_string(statements)?])
        .await?;
    let mut counts = Counts::default();
    for (status, number) in rows {
        match status.as_str() {
            "matched" => counts.matched = number,
            "review" => counts.review = number,
            "ignored" => counts.ignored = number,
            _ => counts.received = number,
        }
    }
    Ok(counts)
}

#[derive(Deserialize)]
pub(super) struct Received {
    pub(super) id: BankLineId,
    pub(super) content: Line,
    times: i64,
}

/// What is decided about a line.
#[derive(Serialize)]
pub(super) struct Decided<'a> {
    pub(super) id: &'a BankLineId,
    pub(super) status: &'static str,
    pub(super) candidates: &'a [Candidate],
    pub(super) why: String,
    pub(super) payment: Option<PaymentId>,
    pub(super) payout: Option<PayoutId>,
    pub(super) by: &'a str,
}

/// Saves what is decided.
pub(super) async fn save(tx: &Tx<'_>, moment: Moment, decided: &[Decided<'_>]) -> Result<()> {
    if decided.is_empty() {
        return Ok(());
    }
    tx.run(SAVE, params![moment.ms(), serde_json::to_string(decided)?])
        .await
}

/// Who decides when nobody does.
const SELF: &str = "dunlin";

/// Judges lines that are `received`, as many as there is time for: `go_on` is asked between transactions. Answers how
/// many were judged, and whether some are left.
pub async fn settle(db: &Db, moment: Moment, go_on: impl Fn() -> bool) -> Result<(usize, bool)> {
    let (mut judged, mut after) = (0usize, String::new());
    loop {
        let page: Vec<Received> = db.list(RECEIVED, params![after.as_str(), JUDGED]).await?;
        let Some(last) = page.last() else { break };
        after = last.id.to_string();
        let mut by_currency: BTreeMap<Currency, Vec<Received>> = BTreeMap::new();
        for line in page {
            by_currency
                .entry(line.content.amount.currency())
                .or_default()
                .push(line);
        }
        for (currency, lines) in by_currency {
            let done = of_currency(db, moment, currency, &lines, &go_on).await?;
            judged = judged.saturating_add(done);
            if done < lines.len() && !go_on() {
                return Ok((judged, true));
            }
        }
    }
    Ok((judged, false))
}

/// A line as the matching rule sees it.
pub(super) fn credit(line: &Line) -> Credit {
    let ends = line.end_to_end.iter();
    Credit {
        amount: line.amount,
        booked_on: line.booked_on,
        references: line.references.iter().chain(ends).cloned().collect(),
        text: line.text.lines().map(str::to_owned).collect(),
        payer: Payer {
            account: line.party.account.clone(),
            name: line.party.name.clone(),
        },
        charges: line
            .charges
            .filter(|charges| charges.currency() == line.amount.currency()),
    }
}

/// Money that came in and that a customer may have sent.
fn may_be_a_payment(line: &Line) -> bool {
    line.amount.is_positive() && line.return_reason.is_none() && !line.reversal
}

async fn of_currency(
    db: &Db,
    moment: Moment,
    currency: Currency,
    lines: &[Received],
    go_on: &impl Fn() -> bool,
) -> Result<usize> {
    let credits: Vec<Option<Credit>> = lines
        .iter()
        .map(|line| may_be_a_payment(&line.content).then(|| credit(&line.content)))
        .collect();
    let asked: Vec<&Credit> = credits.iter().flatten().collect();
    let verdicts = judged(db, moment, currency, &asked).await?;
    let awaited = payouts::awaited(db, currency).await?;
    let (mut done, mut verdicts) = (0usize, verdicts.into_iter());
    for (batch, credits) in lines.chunks(APPLIED).zip(credits.chunks(APPLIED)) {
        if !go_on() {
            break;
        }
        let judged: Vec<Judged<'_>> = batch
            .iter()
            .zip(credits)
            .map(|(line, credit)| {
                let payout = awaited.of(&line.content);
                let verdict = credit.as_ref().and_then(|_| verdicts.next());
                Judged {
                    line,
                    verdict,
                    payout,
                }
            })
            .collect();
        db.transaction(async |tx: &Tx<'_>| apply(tx, moment, &judged).await)
            .await?;
        done = done.saturating_add(batch.len());
    }
    Ok(done)
}

/// What each line is for, by one book after the other.
async fn judged(db: &Db, moment: Moment, currency: Currency, credits: &[&Credit]) -> Result<Vec<Verdict>> {
    let mut verdicts: Vec<Verdict> = credits.iter().map(|_| Verdict::Unknown).collect();
    if credits.is_empty() {
        return Ok(verdicts);
    }
    let mut books = Books::of(db, moment, currency, credits).await?;
    let held: Vec<Candidate> = db.list(HELD, params![currency.code()]).await?;
    let mut first = true;
    while let Some(contents) = books.next().await? {
        let mut book = Book::of(contents);
        held.iter().for_each(|candidate| book.hold(candidate));
        for (verdict, credit) in verdicts.iter_mut().zip(credits) {
            let here = book.judge(credit);
            match &here {
                Verdict::Automatic(candidate) => book.take(candidate),
                Verdict::Review(candidates) => {
                    candidates
                        .first()
                        .into_iter()
                        .for_each(|candidate| book.hold(candidate));
                }
                Verdict::Unknown => {}
            }
            let before = std::mem::replace(verdict, Verdict::Unknown);
            *verdict = match first {
                true => here,
                false => together([before, here]),
            };
        }
        first = false;
    }
    Ok(verdicts)
}

/// A line and what it seems to be.
struct Judged<'a> {
    line: &'a Received,
    verdict: Option<Verdict>,
    payout: Option<PayoutId>,
}

impl<'a> Judged<'a> {
    fn decided(
        &self,
        status: &'static str,
        candidates: &'a [Candidate],
        why: impl Into<String>,
    ) -> Decided<'a> {
        Decided {
            id: &self.line.id,
            status,
            candidates,
            why: why.into(),
            payment: None,
            payout: None,
            by: SELF,
        }
    }
}

/// The reference of a line's next payment: its id, with a count where it was matched before.
pub(super) fn payment_reference(id: &BankLineId, times: i64) -> String {
    match times {
        0 => id.to_string(),
        _ => format!("{id}/{}", times.saturating_add(1)),
    }
}

/// The payment that a line is for a candidate.
pub(super) fn incoming(id: &BankLineId, times: i64, line: &Line, candidate: &Candidate) -> Incoming {
    // Where something is deducted or let go, the rules of allocation say what each invoice gets.
    let exact = !matches!(candidate.fit, Fit::Discount | Fit::Tolerance | Fit::BankCharge);
    let remittance = candidate.shares.iter().map(|share| RemittanceLine {
        invoice: InvoiceRef::Id(share.invoice.clone()),
        amount: exact.then_some(share.amount),
    });
    Incoming {
        source: SOURCE.to_owned(),
        reference: payment_reference(id, times),
        customer: Some(CustomerRef::Id(candidate.customer.clone())),
        amount: line.amount,
        received_on: line.booked_on,
        method: METHOD.to_owned(),
        remittance: remittance.collect(),
    }
}

/// Why, in a sentence: the reasons of a candidate.
pub(super) fn said(candidate: &Candidate) -> String {
    let reasons: Vec<&str> = candidate
        .reasons
        .iter()
        .map(|reason| reason.detail.as_str())
        .collect();
    match reasons.is_empty() {
        true => "The bank's line is for this.".to_owned(),
        false => format!("Score {}: {}.", candidate.score, reasons.join("; ")),
    }
}

async fn apply(tx: &Tx<'_>, moment: Moment, judged: &[Judged<'_>]) -> Result<()> {
    let ids: Vec<&BankLineId> = judged.iter().map(|judged| &judged.line.id).collect();
    let rows = tx.rows(STILL, params![serde_json::to_string(&ids)?]).await?;
    let still = rows
        .iter()
        .map(|row| row.text(0).map(str::to_owned))
        .collect::<Result<BTreeSet<_>>>()?;
    let judged: Vec<&Judged<'_>> = judged
        .iter()
        .filter(|judged| still.contains(judged.line.id.as_str()))
        .collect();
    let mut balances = balances(tx, &judged).await?;
    let (mut decided, mut settled, mut settling) = (Vec::new(), Vec::new(), Vec::new());
    let mut paid = Vec::new();
    for judged in judged {
        let line = &judged.line.content;
        match &judged.verdict {
            _ if judged.payout.is_some() => {
                let mut known = judged.decided("matched", &[], "A payout of a payment provider.");
                known.payout = judged.payout.clone();
                payouts::arrived(tx, judged.payout.as_ref(), &judged.line.id).await?;
                decided.push(known);
            }
            Some(Verdict::Automatic(candidate)) => {
                match take(candidate, &mut balances) {
                    // Somebody was faster, and the book is out of date: the next one judges it.
                    false => {}
                    true if is_plain(candidate) => {
                        settled.push(Settled {
                            incoming: incoming(&judged.line.id, judged.line.times, line, candidate),
                            customer: candidate.customer.clone(),
                            parts: candidate
                                .shares
                                .iter()
                                .map(|share| (share.invoice.clone(), share.amount))
                                .collect(),
                            why: said(candidate),
                        });
                        settling.push((judged, candidate));
                    }
                    true => {
                        let payment = record(tx, moment, judged.line, candidate).await?;
                        let candidates = std::slice::from_ref(candidate);
                        let mut done = judged.decided("matched", candidates, said(candidate));
                        done.payment = Some(payment.clone());
                        decided.push(done);
                        paid.push((candidate, payment));
                    }
                }
            }
            Some(Verdict::Review(candidates)) => {
                let why = "It is not safe to say for what it is.";
                decided.push(judged.decided("review", candidates, why));
            }
            Some(Verdict::Unknown) => {
                decided.push(judged.decided("review", &[], "Nothing on it tells whose it is."));
            }
            None => decided.push(debits::judge(tx, moment, judged.line, SELF).await?),
        }
    }
    let payments = record_settled(tx, moment, &settled).await?;
    for ((judged, candidate), payment) in settling.into_iter().zip(payments) {
        let mut done = judged.decided("matched", std::slice::from_ref(candidate), said(candidate));
        done.payment = Some(payment.clone());
        decided.push(done);
        paid.push((candidate, payment));
    }
    save(tx, moment, &decided).await?;
    advice::used(tx, &paid).await
}

/// Gives its invoices just what the line brings, and needs no rule for the rest: there is none.
fn is_plain(candidate: &Candidate) -> bool {
    candidate.fit == Fit::Exact && candidate.on_account.is_zero()
}

async fn balances(tx: &Tx<'_>, judged: &[&Judged<'_>]) -> Result<BTreeMap<InvoiceId, i64>> {
    let invoices: BTreeSet<&InvoiceId> = judged
        .iter()
        .filter_map(|judged| match &judged.verdict {
            Some(Verdict::Automatic(candidate)) => Some(candidate.shares.iter().map(|share| &share.invoice)),
            _ => None,
        })
        .flatten()
        .collect();
    let rows: Vec<(InvoiceId, i64)> = tx
        .list(BALANCES, params![serde_json::to_string(&invoices)?])
        .await?;
    Ok(rows.into_iter().collect())
}

/// Takes what a candidate gives off what its invoices owe; false where they do not owe it any more.
fn take(candidate: &Candidate, balances: &mut BTreeMap<InvoiceId, i64>) -> bool {
    let rest = |balances: &BTreeMap<InvoiceId, i64>, invoice: &InvoiceId, minor: i64| {
        let owed = balances.get(invoice).copied().unwrap_or_default();
        owed.checked_sub(minor).filter(|rest| *rest >= 0)
    };
    let shares = &candidate.shares;
    if shares
        .iter()
        .any(|share| rest(balances, &share.invoice, share.amount.minor()).is_none())
    {
        return false;
    }
    for share in shares {
        if let Some(rest) = rest(balances, &share.invoice, share.amount.minor()) {
            balances.insert(share.invoice.clone(), rest);
        }
    }
    true
}

/// Records the payment that a line is for a candidate, under the rules of allocation.
async fn record(tx: &Tx<'_>, moment: Moment, line: &Received, candidate: &Candidate) -> Result<PaymentId> {
    let incoming = incoming(&line.id, line.times, &line.content, candidate);
    recorded(record_as_named(tx, moment, &incoming).await?)
}

/// The payment's id; a line of ours cannot be refused, since its customer was just read.
pub(super) fn recorded(recorded: Recorded) -> Result<PaymentId> {
    match recorded {
        Recorded::Accepted(id) => Ok(id),
        other => Err(StoreError::Host(format!(
            "a bank line's payment was not taken: {other:?}"
        ))),
    }
}

/// Remembers the payer of a line that a person has matched.
pub(super) async fn learn(tx: &Tx<'_>, moment: Moment, line: &Line, customer: &CustomerId) -> Result<()> {
    let party = &line.party;
    teach(
        tx,
        moment,
        party.account.as_deref(),
        customer,
        party.name.as_deref(),
    )
    .await
}

/// Takes a payment that came back off the books.
pub(super) async fn take_back(
    tx: &Tx<'_>,
    moment: Moment,
    payment: &payments::Standing,
    line: &Line,
    reason: &str,
) -> Result<Money> {
    payments::take_back(
        tx,
        moment,
        payment,
        size(line.amount)?,
        payments::Cause::Bounce,
        reason,
    )
    .await
}
