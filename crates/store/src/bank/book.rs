//! What lines may be for: everything open in a currency, who owes it, what was announced. A few statements for a batch
//! of lines, each page of a bounded size.
//!
//! A book of a hundred thousand invoices would fill an instance. So there are as many books as needed, one after the
//! other, each of some customers with all that they owe; what each says of a line is put together
//! ([`receivables::matching::together`]).

use crate::db::{Db, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use crate::policies;
use chrono::NaiveDate;
use receivables::allocation::Rules;
use receivables::calendar::plus_days;
use receivables::country::Country;
use receivables::currency::Currency;
use receivables::discount::{self, DiscountTerm};
use receivables::id::{CustomerId, InvoiceId, PolicyId};
use receivables::intake::CustomerKind;
use receivables::matching::{Announced, AnnouncedBy, Contents, Credit, Debtor, Deduction, Owed};
use receivables::money::Money;
use receivables::policy::assign::Account;
use receivables::reference::Structured;
use receivables::risk::Band;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

macro_rules! select_owed {
    ($which:literal) => {
        concat!(
            "SELECT json_array(i.id, i.customer_id, i.number, i.content->>'order_number', i.content->>'po_number',
                i.content->>'payment_reference', i.total_minor, i.balance_minor, i.due_on, i.issue_on, json(i.content->'discount'),
                iif(i.content->'discount' IS NULL, 0, (SELECT coalesce(sum(p.amount_minor), 0) FROM postings p
                    WHERE p.invoice_id = i.id AND p.kind = 'credit_note')))
            FROM invoices i ",
            $which
        )
    };
}

statements! {
    OWED = select_owed!("WHERE i.customer_id > ?2 AND i.currency = ?1 AND i.balance_minor > 0
        ORDER BY i.customer_id LIMIT ?3");
    OF_CUSTOMER = select_owed!("WHERE i.customer_id = ?2 AND i.currency = ?1 AND i.balance_minor > 0");
    /// Named, though nothing of them is open: whoever names one of these means no other.
    NAMED = select_owed!("WHERE i.number IN (SELECT value FROM json_each(?)) AND i.balance_minor = 0");
    DEBTORS = "SELECT json_object('id', k.id, 'name', k.name, 'own', k.policy, 'country', k.country, 'kind', k.kind,
            'tags', json(k.tags), 'risk', (SELECT r.band FROM risk_scores r WHERE r.customer_id = k.id),
            'balance_minor', c.balance_minor, 'policy_id', c.policy_id, 'accounts',
            json((SELECT json_group_array(json_array(p.account, p.name)) FROM payer_accounts p
                WHERE p.customer_id = k.id)))
        FROM json_each(?1) AS j JOIN customers k ON k.id = j.value
        LEFT JOIN cases c ON c.customer_id = k.id AND c.currency = ?2";
    /// Customers who owe nothing in the currency, but whose account has paid before.
    PAYERS = "SELECT DISTINCT customer_id FROM payer_accounts WHERE account IN (SELECT value FROM json_each(?))";
    LINKS = "SELECT json_object('id', l.id, 'customer', l.customer_id, 'amount_minor', l.amount_minor, 'invoices',
            json((SELECT json_group_array(x.invoice_id) FROM payment_link_invoices x WHERE x.link_id = l.id)))
        FROM payment_links l WHERE l.id IN (SELECT value FROM json_each(?1)) AND l.currency = ?2";
    LINKS_BY_KEY = "SELECT json_object('id', l.id, 'customer', l.customer_id, 'amount_minor', l.amount_minor, 'invoices',
            json((SELECT json_group_array(x.invoice_id) FROM payment_link_invoices x WHERE x.link_id = l.id)))
        FROM payment_links l WHERE substr(l.id, -16) IN (SELECT value FROM json_each(?1)) AND l.currency = ?2";
    CHECKOUTS = "SELECT json_object('id', c.id, 'customer', l.customer_id, 'amount_minor', c.amount_minor, 'invoices',
            json((SELECT json_group_array(x.invoice_id) FROM payment_link_invoices x WHERE x.link_id = l.id)))
        FROM checkouts c JOIN payment_links l ON l.id = c.link_id
        WHERE c.id IN (SELECT value FROM json_each(?1)) AND c.currency = ?2";
}

/// Invoices of one statement: a megabyte of JSON.
const PAGE: u32 = 5_000;
/// Invoices of one book, but for those of its last customers: about 60 MB of the 128 that an instance has.
const BOOK: usize = 50_000;

#[derive(Clone, Deserialize)]
struct OwedRow(
    InvoiceId,
    CustomerId,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    i64,
    i64,
    NaiveDate,
    NaiveDate,
    Option<Vec<DiscountTerm>>,
    i64,
);

#[derive(Deserialize)]
struct DebtorRow {
    id: CustomerId,
    name: String,
    own: Option<String>,
    country: Country,
    kind: CustomerKind,
    tags: Vec<String>,
    risk: Option<Band>,
    balance_minor: Option<i64>,
    policy_id: Option<PolicyId>,
    accounts: Vec<(String, Option<String>)>,
}

#[derive(Deserialize)]
struct AnnouncedRow {
    id: String,
    customer: CustomerId,
    amount_minor: Option<i64>,
    invoices: Vec<InvoiceId>,
}

/// The books of a currency, one after the other.
pub(super) struct Books<'a> {
    db: &'a Db,
    moment: Moment,
    currency: Currency,
    /// The customer that the last book ended with; none after the last.
    after: Option<String>,
    /// What the lines name though nothing of it is open, and what was announced: part of every book.
    named: Vec<OwedRow>,
    announced: Vec<Announced>,
    /// Customers who owe nothing, but whose accounts have paid before.
    payers: BTreeSet<CustomerId>,
}

impl<'a> Books<'a> {
    /// The books for the lines of `credits`, all in one currency.
    pub(super) async fn of(
        db: &'a Db,
        moment: Moment,
        currency: Currency,
        credits: &[&Credit],
    ) -> Result<Books<'a>> {
        let (words, keys) = (
            serde_json::to_string(&words(credits))?,
            serde_json::to_string(&keys(credits))?,
        );
        let mut announced = Vec::new();
        for (sql, named, kind) in [
            (LINKS, &words, AnnouncedBy::Link),
            (LINKS_BY_KEY, &keys, AnnouncedBy::Link),
            (CHECKOUTS, &words, AnnouncedBy::Provider),
        ] {
            let rows: Vec<AnnouncedRow> = db.list(sql, params![named.as_str(), currency.code()]).await?;
            announced.extend(rows.into_iter().map(|row| Announced {
                kind,
                references: vec![row.id],
                customer: row.customer,
                total: row.amount_minor.map(|minor| Money::new(minor, currency)),
                shares: row.invoices.into_iter().map(|invoice| (invoice, None)).collect(),
            }));
        }
        announced.extend(super::advice::announced(db, currency).await?);
        Ok(Books {
            db,
            moment,
            currency,
            after: Some(String::new()),
            named: db.list(NAMED, params![words.as_str()]).await?,
            announced,
            payers: payers(db, credits).await?.into_iter().collect(),
        })
    }

    /// The contents of the next book; none after the last.
    pub(super) async fn next(&mut self) -> Result<Option<Contents>> {
        let Some(from) = self.after.take() else {
            return Ok(None);
        };
        let mut owed = self.rows(&from).await?;
        let until = self.after.clone();
        let here = |customer: &CustomerId| {
            customer.as_str() > from.as_str()
                && until.as_deref().is_none_or(|until| customer.as_str() <= until)
        };
        let announced: Vec<Announced> = self
            .announced
            .iter()
            .filter(|one| here(&one.customer))
            .cloned()
            .collect();
        let mut customers: BTreeSet<CustomerId> = owed.iter().map(|row| row.1.clone()).collect();
        owed.extend(self.named.iter().cloned());
        customers.extend(announced.iter().map(|announced| announced.customer.clone()));
        customers.extend(self.payers.iter().filter(|payer| here(payer)).cloned());
        customers.extend(
            self.named
                .iter()
                .map(|row| row.1.clone())
                .filter(|customer| here(customer)),
        );
        let (debtors, grace) = debtors(self.db, self.moment, self.currency, &customers).await?;
        let mut invoices = Vec::with_capacity(owed.len());
        for row in owed {
            let days = grace.get(&row.1).copied().unwrap_or_default();
            invoices.push(row.owed(self.currency, days)?);
        }
        Ok(Some(Contents {
            invoices,
            debtors,
            announced,
        }))
    }

    /// What whole customers after `from` owe, as much as a book holds; sets where the next one begins.
    async fn rows(&mut self, from: &str) -> Result<Vec<OwedRow>> {
        let (mut owed, mut after): (Vec<OwedRow>, String) = (Vec::new(), from.to_owned());
        loop {
            let parameters = params![self.currency.code(), after.as_str(), PAGE];
            let mut page: Vec<OwedRow> = self.db.list(OWED, parameters).await?;
            if u32::try_from(page.len()).unwrap_or(u32::MAX) < PAGE {
                owed.extend(page);
                return Ok(owed);
            }
            // The last customer may go on behind the page.
            let cut = page.last().map(|row| row.1.clone());
            page.retain(|row| Some(&row.1) != cut.as_ref());
            match (page.last(), cut) {
                (Some(whole), _) => after = whole.1.to_string(),
                (None, Some(large)) => {
                    let parameters = params![self.currency.code(), large.as_str()];
                    page = self.db.list(OF_CUSTOMER, parameters).await?;
                    after = large.to_string();
                }
                (None, None) => return Ok(owed),
            }
            owed.extend(page);
            if owed.len() >= BOOK {
                self.after = Some(after);
                return Ok(owed);
            }
        }
    }
}

impl OwedRow {
    fn owed(self, currency: Currency, grace_days: u32) -> Result<Owed> {
        let OwedRow(
            id,
            customer,
            number,
            order,
            purchase,
            quoted,
            total,
            balance,
            due_on,
            issue_on,
            terms,
            credited,
        ) = self;
        let (total, credited) = (Money::new(total, currency), Money::new(credited, currency));
        let terms = terms.unwrap_or_default();
        let offers = discount::offers(&terms, total.checked_add(credited)?, issue_on)?;
        let discounts = offers.into_iter().filter(|offer| offer.amount.is_positive());
        Ok(Owed {
            id,
            customer,
            number,
            orders: order.into_iter().chain(purchase).collect(),
            references: quoted.into_iter().collect(),
            total,
            balance: Money::new(balance, currency),
            due_on,
            discounts: discounts
                .map(|offer| Deduction {
                    until: plus_days(offer.until, i64::from(grace_days)),
                    amount: offer.amount,
                })
                .collect(),
        })
    }
}

/// Whatever in the lines may be the number of something, as it stands there.
fn words(credits: &[&Credit]) -> BTreeSet<String> {
    let texts = credits
        .iter()
        .flat_map(|credit| credit.references.iter().chain(&credit.text));
    let words = texts.flat_map(|text| {
        let split = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '(' | ')' | '+'));
        split.chain([text.as_str()])
    });
    words
        .map(|word| word.trim_matches(['.', '-', '/']))
        .filter(|word| {
            word.len() <= receivables::limits::NUMBER && word.contains(|c: char| c.is_ascii_digit())
        })
        .map(str::to_owned)
        .collect()
}

/// The keys of the structured references in the lines: an RF or QRR that Dunlin has made ends in that of an id.
fn keys(credits: &[&Credit]) -> BTreeSet<String> {
    let texts = credits
        .iter()
        .flat_map(|credit| credit.references.iter().chain(&credit.text));
    let mut keys = BTreeSet::new();
    for text in texts {
        let plain: String = text.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        let plain = plain.to_ascii_uppercase();
        let within = plain
            .match_indices("RF")
            .filter_map(|(at, _)| plain.get(at..)?.get(..MADE));
        let read = within.chain([plain.as_str()]).filter_map(Structured::read);
        keys.extend(read.filter_map(|read| Some(read.key()?.to_string())));
    }
    keys
}

/// Characters of an RF that Dunlin has made: `RF`, two check digits and a key.
const MADE: usize = 20;

async fn payers(db: &Db, credits: &[&Credit]) -> Result<Vec<CustomerId>> {
    let accounts: BTreeSet<String> = credits
        .iter()
        .filter_map(|credit| credit.payer.account.as_deref())
        .map(super::account_key)
        .collect();
    let rows = db
        .rows(PAYERS, params![serde_json::to_string(&accounts)?])
        .await?;
    rows.into_iter()
        .map(|row| crate::customers::decode_id(row.text(0)?))
        .collect()
}

/// The customers with their policies' rules, and the days of grace that these give for a discount.
async fn debtors(
    db: &Db,
    moment: Moment,
    currency: Currency,
    customers: &BTreeSet<CustomerId>,
) -> Result<(Vec<Debtor>, BTreeMap<CustomerId, u32>)> {
    let mut rows: Vec<DebtorRow> = Vec::new();
    let ids: Vec<&CustomerId> = customers.iter().collect();
    for page in ids.chunks(usize::try_from(PAGE).unwrap_or(usize::MAX)) {
        let page = serde_json::to_string(page)?;
        rows.extend(
            db.list::<DebtorRow>(DEBTORS, params![page, currency.code()])
                .await?,
        );
    }
    let pinned: BTreeSet<&PolicyId> = rows.iter().filter_map(|row| row.policy_id.as_ref()).collect();
    let book = policies::Book::load(db, moment, &pinned).await?;
    // One copy of each version's rules, however many customers are under it.
    let mut shared: BTreeMap<PolicyId, Arc<Rules>> = BTreeMap::new();
    let (mut debtors, mut grace) = (Vec::with_capacity(rows.len()), BTreeMap::new());
    for row in rows {
        let account = Account {
            own: row.own,
            country: row.country,
            kind: row.kind,
            risk: row.risk,
            tags: row.tags,
            balance: Money::new(row.balance_minor.unwrap_or_default(), currency),
        };
        let version = book.ruling(&account, row.policy_id.as_ref())?.version;
        let rules = shared
            .entry(version.id.clone())
            .or_insert_with(|| Arc::new(version.policy.cash.clone()));
        if rules.discount_grace_days > 0 {
            grace.insert(row.id.clone(), rules.discount_grace_days);
        }
        let (mut names, mut accounts) = (vec![row.name], Vec::new());
        for (account, name) in row.accounts {
            accounts.push(account);
            names.extend(name);
        }
        debtors.push(Debtor {
            id: row.id,
            names,
            accounts,
            rules: Arc::clone(rules),
        });
    }
    Ok((debtors, grace))
}
