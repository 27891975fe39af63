//! What the bank says against what the ledger says, for a time: every difference, each named.

use crate::db::{Db, statements};
use crate::error::Result;
use crate::params;
use chrono::NaiveDate;
use receivables::bank::{self, Ends, Gap};
use receivables::currency::Currency;
use receivables::money::Money;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

statements! {
    STATEMENT_ENDS = "SELECT json_object('account', account, 'currency', currency, 'number', number, 'page', page,
            'from', from_on, 'opening_minor', opening_minor, 'to', to_on, 'closing_minor', closing_minor)
        FROM bank_statements WHERE opening_minor IS NOT NULL AND closing_minor IS NOT NULL";
    ENDS_OF_ACCOUNT = "SELECT json_object('account', account, 'currency', currency, 'number', number, 'page', page,
            'from', from_on, 'opening_minor', opening_minor, 'to', to_on, 'closing_minor', closing_minor)
        FROM bank_statements WHERE account = ? AND currency = ? AND opening_minor IS NOT NULL
            AND closing_minor IS NOT NULL";
    MOVED = "SELECT json_array(account, currency, status, count(*), sum(amount_minor)) FROM bank_lines
        WHERE booked_on BETWEEN ?1 AND ?2 GROUP BY account, currency, status";
    BANK_CASH = "SELECT json_array(currency, sum(amount_minor)) FROM bank_lines
        WHERE booked_on BETWEEN ?1 AND ?2 AND amount_minor > 0 AND payment_id IS NOT NULL GROUP BY currency";
    /// What a bank's line took back is on that line; what a person reversed is on none.
    LEDGER_CASH = "SELECT json_array(p.currency, sum(p.amount_minor - iif(EXISTS (SELECT 1 FROM bank_lines l
            WHERE l.payment_id = p.id AND l.amount_minor < 0), 0, p.reversed_minor))) FROM payments p
        WHERE p.received_on BETWEEN ?1 AND ?2 AND +p.source = 'bank' GROUP BY p.currency";
    UNMATCHED = "SELECT json_object('code', 'line_unmatched', 'on', booked_on, 'refers_to', id, 'currency', currency,
            'bank_minor', amount_minor, 'why', coalesce(why, 'It was not judged yet.')) FROM bank_lines
        WHERE booked_on BETWEEN ?1 AND ?2 AND status IN ('received', 'review') ORDER BY booked_on, id LIMIT ?3";
    OFF = "SELECT json_object('code', iif(p.amount_minor <> l.amount_minor, 'amount_differs', 'taken_back_without_bank'),
            'on', l.booked_on, 'refers_to', p.id, 'currency', l.currency, 'bank_minor', l.amount_minor,
            'ledger_minor', p.amount_minor - p.reversed_minor, 'why',
            iif(p.amount_minor <> l.amount_minor, 'The payment is not what the line is.',
                'The payment was reversed here, and no line of the bank takes it back.'))
        FROM bank_lines l JOIN payments p ON p.id = l.payment_id
        WHERE l.booked_on BETWEEN ?1 AND ?2 AND l.amount_minor > 0
            AND (p.amount_minor <> l.amount_minor OR (p.reversed_minor > 0 AND NOT EXISTS (SELECT 1 FROM bank_lines d
                WHERE d.payment_id = p.id AND d.amount_minor < 0)))
        ORDER BY l.booked_on, l.id LIMIT ?3";
    UNCONFIRMED = "SELECT json_object('code', 'payment_without_line', 'on', p.received_on, 'refers_to', p.id,
            'currency', p.currency, 'ledger_minor', p.amount_minor,
            'why', 'A transfer is on record that no statement has.') FROM payments p
        WHERE p.received_on BETWEEN ?1 AND ?2 AND p.method = 'bank_transfer' AND p.source <> 'bank'
        ORDER BY p.received_on, p.id LIMIT ?3";
    PAYOUTS_MISSING = "SELECT json_object('code', 'payout_missing', 'on', arrives_on, 'refers_to', id,
            'currency', currency, 'ledger_minor', net_minor,
            'why', 'The ' || provider || ' payout ' || reference || ' is on no statement.') FROM payouts
        WHERE arrives_on BETWEEN ?1 AND ?2 AND line_id IS NULL AND net_minor <> 0 ORDER BY arrives_on, id LIMIT ?3";
    PAYOUT_ITEMS_OFF = "SELECT json_object('code', 'payout_item_differs', 'on', o.arrives_on, 'refers_to', o.id,
            'currency', o.currency, 'bank_minor', x.gross_minor, 'ledger_minor',
            iif(x.gross_minor < 0, -(p.refunded_minor + p.reversed_minor), p.amount_minor),
            'why', iif(p.id IS NULL, 'No ' || o.provider || ' payment ' || x.reference || ' is on record.',
                'The ' || o.provider || ' payment ' || x.reference || ' is on record with another amount.'))
        FROM payouts o CROSS JOIN payout_items x ON x.payout_id = o.id
        LEFT JOIN payments p ON p.source = o.provider AND p.reference = x.reference
        WHERE o.arrives_on BETWEEN ?1 AND ?2 AND x.gross_minor <> 0 AND (p.id IS NULL OR p.currency <> o.currency
            OR (x.gross_minor > 0 AND p.amount_minor <> x.gross_minor)
            OR (x.gross_minor < 0 AND p.refunded_minor + p.reversed_minor < -x.gross_minor))
        ORDER BY o.arrives_on, o.id, x.position LIMIT ?3";
    NOT_PAID_OUT = "SELECT json_object('code', 'payment_not_paid_out', 'on', p.received_on, 'refers_to', p.id,
            'currency', p.currency, 'ledger_minor', p.amount_minor,
            'why', 'No payout of ' || p.source || ' has this payment.') FROM payments p
        WHERE p.received_on BETWEEN ?1 AND ?2 AND EXISTS (SELECT 1 FROM payouts o WHERE o.provider = p.source)
            AND NOT EXISTS (SELECT 1 FROM payout_items x JOIN payouts o ON o.id = x.payout_id
                WHERE x.reference = p.reference AND o.provider = p.source)
        ORDER BY p.received_on, p.id LIMIT ?3";
}

/// Differences of one kind in one report: beyond this, a person fixes the cause and not the list.
const MOST: u32 = 500;

#[derive(Deserialize)]
struct EndsRow {
    account: String,
    currency: Currency,
    number: Option<u64>,
    page: Option<u64>,
    from: Option<NaiveDate>,
    opening_minor: i64,
    to: Option<NaiveDate>,
    closing_minor: i64,
}

impl EndsRow {
    fn ends(&self) -> Option<Ends> {
        Some(Ends {
            number: self.number,
            page: self.page,
            from: self.from?,
            opening: Money::new(self.opening_minor, self.currency),
            to: self.to?,
            closing: Money::new(self.closing_minor, self.currency),
        })
    }
}

type Accounts = BTreeMap<(String, Currency), Vec<Ends>>;

async fn ends(db: &Db, of: Option<(&str, Currency)>) -> Result<Accounts> {
    let rows: Vec<EndsRow> = match of {
        Some((account, currency)) => {
            db.list(ENDS_OF_ACCOUNT, params![account, currency.code()])
                .await?
        }
        None => db.list(STATEMENT_ENDS, params![]).await?,
    };
    let mut accounts = Accounts::new();
    for row in rows {
        if let Some(ends) = row.ends() {
            accounts
                .entry((row.account, row.currency))
                .or_default()
                .push(ends);
        }
    }
    Ok(accounts)
}

/// What is missing between the statements of an account, or of all.
pub(super) async fn gaps(db: &Db, of: Option<(&str, Currency)>) -> Result<Vec<Gap>> {
    let accounts = ends(db, of).await?;
    Ok(accounts.into_values().flat_map(bank::gaps).collect())
}

/// One account in a report.
#[derive(Debug, Clone, Serialize)]
pub struct AccountView {
    /// The account.
    pub account: String,
    /// Its currency.
    pub currency: Currency,
    /// What the first statement that ends in the time opens with.
    pub opening: Option<Money>,
    /// What the last one closes with.
    pub closing: Option<Money>,
    /// What the lines booked in the time come to.
    pub moved: Money,
    /// By status, what they come to.
    pub matched: Money,
    /// For a person to look at, and not judged yet.
    pub open: Money,
    /// No money of customers.
    pub ignored: Money,
    /// Closing less opening less what moved: nothing, where no line is missing.
    pub unexplained: Option<Money>,
}

/// Money that came from customers over the bank, by the bank and by the ledger.
#[derive(Debug, Clone, Serialize)]
pub struct CashView {
    /// In which currency.
    pub currency: Currency,
    /// What lines brought that are payments.
    pub bank: Money,
    /// What the ledger has of such payments, less what was reversed without the bank.
    pub ledger: Money,
    /// The bank's less the ledger's.
    pub difference: Money,
}

/// Something on which bank and ledger do not agree.
#[derive(Debug, Clone, Serialize)]
pub struct Difference {
    /// `statement_gap`, `line_unmatched`, `amount_differs`, `taken_back_without_bank`, `payment_without_line`,
    /// `payout_missing`, `payout_item_differs` or `payment_not_paid_out`.
    pub code: String,
    /// The day it belongs to.
    pub on: NaiveDate,
    /// The line, payment or payout; of a gap, the account.
    pub refers_to: String,
    /// What the bank, or the provider, says.
    pub bank: Option<Money>,
    /// What the ledger says.
    pub ledger: Option<Money>,
    /// The same in a sentence.
    pub detail: String,
}

/// Bank against ledger for a time.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// Account by account.
    pub accounts: Vec<AccountView>,
    /// Currency by currency.
    pub cash: Vec<CashView>,
    /// Every difference, at most five hundred of a kind.
    pub differences: Vec<Difference>,
}

#[derive(Deserialize)]
struct Row {
    code: String,
    on: NaiveDate,
    refers_to: String,
    currency: Currency,
    #[serde(default)]
    bank_minor: Option<i64>,
    #[serde(default)]
    ledger_minor: Option<i64>,
    why: String,
}

impl Row {
    fn difference(self) -> Difference {
        let money = |minor: Option<i64>| minor.map(|minor| Money::new(minor, self.currency));
        Difference {
            code: self.code,
            on: self.on,
            refers_to: self.refers_to,
            bank: money(self.bank_minor),
            ledger: money(self.ledger_minor),
            detail: self.why,
        }
    }
}

/// Holds the bank's word against the ledger's, for the days from `from` to `to`.
pub async fn report(db: &Db, from: NaiveDate, to: NaiveDate) -> Result<Report> {
    let (first, last) = (from.to_string(), to.to_string());
    let moved: Vec<(String, Currency, String, i64, i64)> =
        db.list(MOVED, params![first.as_str(), last.as_str()]).await?;
    let known = ends(db, None).await?;
    let mut differences = Vec::new();
    for ((account, _), ends) in &known {
        for gap in bank::gaps(ends.clone()) {
            if gap.before >= from && gap.after <= to {
                differences.push(Difference {
                    code: "statement_gap".to_owned(),
                    on: gap.before,
                    refers_to: account.clone(),
                    bank: Some(gap.opening.checked_sub(gap.closing)?),
                    ledger: None,
                    detail: format!("Between {} and {}: {}.", gap.after, gap.before, gap.detail),
                });
            }
        }
    }
    let lists = [
        UNMATCHED,
        OFF,
        UNCONFIRMED,
        PAYOUTS_MISSING,
        PAYOUT_ITEMS_OFF,
        NOT_PAID_OUT,
    ];
    for sql in lists {
        let rows: Vec<Row> = db.list(sql, params![first.as_str(), last.as_str(), MOST]).await?;
        differences.extend(rows.into_iter().map(Row::difference));
    }
    Ok(Report {
        from,
        to,
        accounts: accounts(from, to, &known, &moved)?,
        cash: cash(db, &first, &last).await?,
        differences,
    })
}

fn accounts(
    from: NaiveDate,
    to: NaiveDate,
    known: &Accounts,
    moved: &[(String, Currency, String, i64, i64)],
) -> Result<Vec<AccountView>> {
    let mut keys: Vec<(String, Currency)> = known.keys().cloned().collect();
    keys.extend(
        moved
            .iter()
            .map(|(account, currency, ..)| (account.clone(), *currency)),
    );
    keys.sort();
    keys.dedup();
    let mut views = Vec::with_capacity(keys.len());
    for (account, currency) in keys {
        let of = |statuses: &[&str]| {
            let lines = moved.iter().filter(|(of, in_currency, status, ..)| {
                *of == account && *in_currency == currency && statuses.contains(&status.as_str())
            });
            Money::checked_sum(currency, lines.map(|(.., minor)| Money::new(*minor, currency)))
        };
        let (matched, open, ignored) = (of(&["matched"])?, of(&["received", "review"])?, of(&["ignored"])?);
        let all = Money::checked_sum(currency, [matched, open, ignored])?;
        let mut ends: Vec<Ends> = known
            .get(&(account.clone(), currency))
            .cloned()
            .unwrap_or_default();
        ends.retain(|ends| ends.to >= from && ends.to <= to);
        ends.sort_by_key(|ends| (ends.to, ends.number, ends.page));
        let opening = ends.first().map(|ends| ends.opening);
        let closing = ends.last().map(|ends| ends.closing);
        let unexplained = match (opening, closing) {
            (Some(opening), Some(closing)) => Some(closing.checked_sub(opening)?.checked_sub(all)?),
            _ => None,
        };
        views.push(AccountView {
            account,
            currency,
            opening,
            closing,
            moved: all,
            matched,
            open,
            ignored,
            unexplained,
        });
    }
    Ok(views)
}

async fn cash(db: &Db, from: &str, to: &str) -> Result<Vec<CashView>> {
    let mut sums: BTreeMap<Currency, (i64, i64)> = BTreeMap::new();
    let bank: Vec<(Currency, i64)> = db.list(BANK_CASH, params![from, to]).await?;
    for (currency, minor) in bank {
        sums.entry(currency).or_default().0 = minor;
    }
    let ledger: Vec<(Currency, i64)> = db.list(LEDGER_CASH, params![from, to]).await?;
    for (currency, minor) in ledger {
        sums.entry(currency).or_default().1 = minor;
    }
    sums.into_iter()
        .map(|(currency, (bank, ledger))| {
            let (bank, ledger) = (Money::new(bank, currency), Money::new(ledger, currency));
            Ok(CashView {
                currency,
                bank,
                ledger,
                difference: bank.checked_sub(ledger)?,
            })
        })
        .collect()
}
