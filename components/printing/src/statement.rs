//! A customer's statement of account on paper.

use chrono::{Months, NaiveDate};
use paper::{Account, Sheet, StatementPaper, addressee};
use receivables::aging::Aging;
use receivables::fields::kinds;
use receivables::id::CustomerId;
use receivables::money::Money;
use receivables::notice::Entry;
use render::Language;
use std::collections::BTreeMap;
use store::views::{self, StatementView};
use store::{Db, drafts};
use web::{Cx, Problem, Reply, Scope};

fn unknown() -> Problem {
    Problem::not_found("There is no customer with that id.")
}

fn day(query: &BTreeMap<String, String>, name: &str) -> Result<Option<NaiveDate>, Problem> {
    let day = query.get(name).map(|text| kinds::date_in(text)).transpose();
    day.map_err(|problem| Problem::bad_request(format!("`{name}`: {}.", problem.detail)))
}

/// `GET /v1/customers/{id}/statement.pdf?from=&to=`. Without `to`, until today; without `from`, a month.
pub(crate) async fn print(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["from", "to"])?;
    let today = cx.moment().now.date_naive();
    let to = day(&query, "to")?.unwrap_or(today);
    let from = day(&query, "from")?.unwrap_or(to.checked_sub_months(Months::new(1)).unwrap_or(to));
    if from > to {
        return Err(Problem::bad_request("`from` lies after `to`."));
    }
    let id = CustomerId::parse(id).map_err(|_| unknown())?;
    let db = cx.db().await?;
    let whom = drafts::whom(&db, &id).await?.ok_or_else(unknown)?;
    let mut accounts = Vec::new();
    for view in views::statement(&db, &id, from, to).await? {
        let aging = match to >= today {
            true => Some(aging(&db, &id, &view, to).await?),
            // How old a balance was on a day that is past is not kept.
            false => None,
        };
        accounts.push(account(view, aging));
    }
    let creditor = crate::creditor(cx).await?;
    let name = whom.contact_name.as_deref();
    let paper = StatementPaper {
        language: Language::of(&whom.locale),
        sheet: Sheet::of(Some(whom.country.code())),
        addressee: addressee(&whom.name, name, whom.postal.as_ref(), creditor.country),
        creditor: creditor.lines,
        dated: today,
        reference: id.to_string(),
        from,
        to,
        accounts,
        pay_url: None,
        qr: None,
        transfer: None,
    };
    crate::reply(cx, &format!("statement-{to}.pdf"), paper::statement(&paper))
}

fn account(view: StatementView, aging: Option<Aging>) -> Account {
    let entries = view.postings.into_iter().map(|line| Entry {
        on: line.value_on,
        what: line.kind,
        number: line.invoice_number,
        amount: line.amount,
    });
    Account {
        opening: view.opening,
        entries: entries.collect(),
        closing: view.closing,
        aging,
    }
}

/// How old what is owed is. What is on account counts against what is not yet due, so that all of it is the closing
/// balance.
async fn aging(db: &Db, id: &CustomerId, view: &StatementView, to: NaiveDate) -> Result<Aging, Problem> {
    let currency = view.closing.currency();
    let mut amounts = drafts::open(db, id, currency).await?;
    let mut rest = view.closing;
    for (_, minor) in &amounts {
        rest = rest.checked_sub(Money::new(*minor, currency)).map_err(internal)?;
    }
    amounts.push((to, rest.minor()));
    Aging::of(currency, amounts, to).map_err(internal)
}

fn internal(error: impl std::fmt::Display) -> Problem {
    Problem::internal(error.to_string())
}
