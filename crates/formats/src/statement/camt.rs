//! ISO 20022 `camt.053` (statement) and `camt.054` (notification), versions 02 to 08.
//!
//! Shape: the frame of the document is read as one tree, each entry (`Ntry`) as a small one of its own, so that a
//! document of thirty megabytes needs the memory of its largest entry. The versions differ in where a name or a status
//! stands, and are otherwise read alike: paths are tried in turn.
//!
//! An entry that the bank booked as a batch becomes one line a transaction where their amounts add up to the entry's;
//! else it stays one line. The sign is that of `CdtDbtInd`: a reversal (`RvslInd`) says what the entry is, not which way
//! the money went.
//!
//! Refused: other messages and versions; amounts in another currency than the account's; what [`crate::xml`] refuses.
//!
//! Source: ISO 20022 message definition reports, Bank-to-Customer Cash Management, of 2009 (02) to 2019 (08).

use chrono::NaiveDate;

use super::{Balance, Batch, Booking, Format, Line, Party, Problems, Statement};
use super::{account, kept, reference};
use crate::xml::{self, Element, Namespaces, Pieces};
use receivables::currency::Currency;
use receivables::fields::{FieldError, kinds};
use receivables::limits;
use receivables::money::Money;

const NAMESPACES: Namespaces = &[];
const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:";
/// The versions that are read.
const VERSIONS: std::ops::RangeInclusive<u8> = 2..=8;

/// What is named differently in the two messages.
struct Names {
    format: Format,
    message: &'static str,
    body: &'static str,
    statement: &'static str,
}

const MESSAGES: &[Names] = &[
    Names {
        format: Format::Camt053,
        message: "camt.053.001.",
        body: "BkToCstmrStmt",
        statement: "Stmt",
    },
    Names {
        format: Format::Camt054,
        message: "camt.054.001.",
        body: "BkToCstmrDbtCdtNtfctn",
        statement: "Ntfctn",
    },
];

/// Reads a document; every problem at once.
pub fn read(bytes: &[u8]) -> Result<Vec<Statement>, Vec<FieldError>> {
    let one = |error| vec![error];
    let text = xml::decode(bytes).map_err(one)?;
    let pieces = Pieces::of(text, "Ntry").map_err(one)?;
    let frame = xml::tree(&pieces.frame).map_err(one)?;
    let root = frame.root_element();
    let names = names(root.tag_name().namespace().unwrap_or_default()).map_err(one)?;
    let root = Element::root(root, NAMESPACES);
    let mut problems = Problems::default();
    let (mut statements, mut at, mut lines) = (Vec::new(), 0usize, 0usize);
    let bodies = root.all(names.body);
    for element in bodies.flat_map(|body| body.all(names.statement).collect::<Vec<_>>()) {
        let head = head(&element, names.format, &mut problems);
        let entries = element.all("Ntry").count();
        let mut statement = head;
        for number in 1..=entries {
            let place = format!("{}/Ntry[{number}]", element.path());
            if let (Some(statement), Some(document)) = (&mut statement, pieces.document(at)) {
                let path = format!("{}/{}/Ntry", names.body, names.statement);
                match xml::tree(&document) {
                    Ok(tree) => {
                        let found = Element::root(tree.root_element(), NAMESPACES).find(&path);
                        let read = found.map(|ntry| entry(&ntry, statement, &place, &mut problems));
                        lines = lines.saturating_add(read.as_ref().map_or(0, Vec::len));
                        statement.lines.extend(read.unwrap_or_default());
                    }
                    Err(error) => problems.note(place, "malformed_xml", error.detail),
                }
            }
            at = at.saturating_add(1);
            if lines > limits::STATEMENT_LINES {
                problems.note(
                    "",
                    "too_many_lines",
                    format!("the document has more than {} lines", limits::STATEMENT_LINES),
                );
                return problems.finish(Vec::new());
            }
        }
        if let Some(statement) = statement {
            statements.push((element.path().to_owned(), statement));
        }
    }
    problems.finish(statements)
}

fn names(namespace: &str) -> Result<&'static Names, FieldError> {
    let message = namespace.strip_prefix(NAMESPACE).unwrap_or_default();
    let known = MESSAGES.iter().find(|names| {
        let version = message
            .strip_prefix(names.message)
            .filter(|version| version.len() == 2 && version.bytes().all(|b| b.is_ascii_digit()));
        version
            .and_then(|version| version.parse().ok())
            .is_some_and(|version: u8| VERSIONS.contains(&version))
    });
    known.ok_or_else(|| {
        let shown: String = namespace.chars().take(limits::SLUG).collect();
        let detail =
            format!("camt.053 and camt.054 of versions 02 to 08 are read, not the namespace {shown:?}");
        FieldError::new("/", "unsupported_document", detail)
    })
}

fn text(element: &Element<'_, '_>, path: &str) -> Option<String> {
    element.find(path)?.text()
}

fn first(element: &Element<'_, '_>, paths: &[&str]) -> Option<String> {
    paths.iter().find_map(|path| text(element, path))
}

/// A day that is written as a date or as an instant: the civil day is what the bank wrote.
fn day(element: &Element<'_, '_>, path: &str, problems: &mut Problems) -> Option<NaiveDate> {
    let date = element.find(path)?;
    let found = date.find("Dt").or_else(|| date.find("DtTm")).unwrap_or(date);
    let written = found.text()?;
    let day = written
        .split_at_checked(10)
        .map_or(written.as_str(), |(day, _)| day);
    problems.keep(
        found.path(),
        kinds::date_in(day).map_err(|problem| (problem.code, problem.detail)),
    )
}

/// The amount at a path, without a sign, in whatever currency it says.
fn amount(element: &Element<'_, '_>, path: &str) -> Option<Result<Money, (&'static str, String)>> {
    let found = element.find(path)?;
    let written = found.text()?;
    let read = Currency::parse(found.attribute("Ccy").unwrap_or_default())
        .and_then(|currency| Money::parse_exact(written.trim_start_matches('+'), currency))
        .map_err(|error| (error.code(), error.to_string()));
    Some(read)
}

/// What an element's `Amt` comes to, signed by its `CdtDbtInd`, in the account's currency.
fn signed(
    element: &Element<'_, '_>,
    path: &str,
    currency: Currency,
    credit: bool,
    place: &str,
    problems: &mut Problems,
) -> Option<Money> {
    let place = format!("{place}/{path}");
    let Some(read) = amount(element, path) else {
        problems.note(place, "required", "an amount with its currency is required");
        return None;
    };
    let money = problems.keep(&place, read)?;
    if money.currency() != currency {
        let detail = format!("{money} is in another currency than the account, {currency}");
        problems.note(place, "currency_mismatch", detail);
        return None;
    }
    let money = match credit {
        true => Ok(money),
        false => money.checked_neg(),
    };
    problems.keep(&place, money.map_err(|error| (error.code(), error.to_string())))
}

fn credit(element: &Element<'_, '_>) -> Option<bool> {
    match text(element, "CdtDbtInd")?.as_str() {
        "CRDT" => Some(true),
        "DBIT" => Some(false),
        _ => None,
    }
}

/// A statement without its lines.
fn head(element: &Element<'_, '_>, format: Format, problems: &mut Problems) -> Option<Statement> {
    let owner = first(
        element,
        &["Acct/Id/IBAN", "Acct/Id/Othr/Id", "Acct/Id/PrtryAcct/Id"],
    )
    .as_deref()
    .and_then(account);
    if owner.is_none() {
        problems.note(
            format!("{}/Acct/Id", element.path()),
            "required",
            "the account is required",
        );
    }
    // The account's currency is optional in the message; a balance or an entry has one.
    let stated = text(element, "Acct/Ccy").or_else(|| {
        let balance = element.find("Bal/Amt");
        balance.and_then(|amount| amount.attribute("Ccy").map(str::to_owned))
    });
    let place = format!("{}/Acct/Ccy", element.path());
    let currency = match stated {
        Some(code) => {
            let read = Currency::parse(&code).map_err(|error| (error.code(), error.to_string()));
            problems.keep(&place, read)
        }
        None => {
            let detail = "the account states no currency and the statement no balance";
            problems.note(place, "required", detail);
            None
        }
    };
    let currency = currency?;
    let mut balances = Vec::new();
    for balance in element.all("Bal") {
        let kind = text(&balance, "Tp/CdOrPrtry/Cd").unwrap_or_default();
        if !["OPBD", "PRCD", "CLBD", "ITBD"].contains(&kind.as_str()) {
            continue;
        }
        let place = balance.path().to_owned();
        let credit = credit(&balance).unwrap_or(true);
        let amount = signed(&balance, "Amt", currency, credit, &place, problems)?;
        let on = day(&balance, "Dt", problems)?;
        balances.push((kind, Balance { on, amount }));
    }
    let of = |kinds: &[&str]| {
        let found = balances.iter().find(|(kind, _)| kinds.contains(&kind.as_str()));
        found.map(|(_, balance)| *balance)
    };
    // A statement in pages has interim balances between them, in the order of the document.
    let interim: Vec<Balance> = balances
        .iter()
        .filter(|(kind, _)| kind == "ITBD")
        .map(|(_, balance)| *balance)
        .collect();
    let (opening, closing) = (of(&["OPBD"]).or_else(|| of(&["PRCD"])), of(&["CLBD"]));
    let number = |path: &str| text(element, path).and_then(|number| number.parse().ok());
    Some(Statement {
        format,
        id: text(element, "Id").as_deref().and_then(reference),
        account: owner?,
        currency,
        number: number("ElctrncSeqNb").or_else(|| number("LglSeqNb")),
        page: number("StmtPgntn/PgNb"),
        opening: opening.or_else(|| {
            interim
                .first()
                .filter(|_| closing.is_some() || interim.len() > 1)
                .copied()
        }),
        closing: closing.or_else(|| {
            interim
                .last()
                .filter(|_| opening.is_some() || interim.len() > 1)
                .copied()
        }),
        lines: Vec::new(),
    })
}

/// The lines of an entry.
fn entry(ntry: &Element<'_, '_>, statement: &Statement, place: &str, problems: &mut Problems) -> Vec<Line> {
    let currency = statement.currency;
    let Some(credit) = credit(ntry) else {
        problems.note(
            format!("{place}/CdtDbtInd"),
            "required",
            "CRDT or DBIT is required",
        );
        return Vec::new();
    };
    let Some(whole) = signed(ntry, "Amt", currency, credit, place, problems) else {
        return Vec::new();
    };
    let (booked, valued) = (day(ntry, "BookgDt", problems), day(ntry, "ValDt", problems));
    let Some(booked_on) = booked.or(valued) else {
        problems.note(
            format!("{place}/BookgDt"),
            "required",
            "a booking or value date is required",
        );
        return Vec::new();
    };
    let status = first(ntry, &["Sts/Cd", "Sts"]).unwrap_or_else(|| "BOOK".to_owned());
    let mut base = Line::new(booked_on, valued.unwrap_or(booked_on), whole);
    base.booking = match status.as_str() {
        "BOOK" => Booking::Booked,
        _ => Booking::Pending,
    };
    base.reversal = text(ntry, "RvslInd").is_some_and(|word| word == "true" || word == "1");
    base.code = code(ntry);
    base.charges = charges(ntry);
    base.reference = text(ntry, "AcctSvcrRef").as_deref().and_then(reference);
    base.instructed = instructed(ntry, whole);
    let details: Vec<Element<'_, '_>> = ntry
        .all("NtryDtls")
        .flat_map(|details| details.all("TxDtls").collect::<Vec<_>>())
        .collect();
    if let [] | [_] = details.as_slice() {
        let mut line = base;
        if let Some(only) = details.first() {
            let entry = line.reference.clone();
            line = transaction(only, &line, &statement.account);
            line.reference = entry.or(line.reference);
        }
        if line.text.is_empty() {
            line.text = text(ntry, "AddtlNtryInf")
                .and_then(|words| kept(&words, limits::STATEMENT_TEXT))
                .unwrap_or_default();
        }
        return vec![line];
    }
    parts(&details, &base, &statement.account, credit)
}

/// A batch: one line a transaction where they add up, else one for all.
fn parts(details: &[Element<'_, '_>], base: &Line, own: &str, credits: bool) -> Vec<Line> {
    let whole = base.amount;
    let amounts: Option<Vec<Money>> = details
        .iter()
        .map(|details| {
            let read = amount(details, "Amt").or_else(|| amount(details, "AmtDtls/TxAmt/Amt"))?;
            let money = read.ok().filter(|money| money.currency() == whole.currency())?;
            match credit(details).unwrap_or(credits) {
                true => Some(money),
                false => money.checked_neg().ok(),
            }
        })
        .collect();
    let lines = details.iter().map(|details| transaction(details, base, own));
    let of = u32::try_from(details.len()).unwrap_or(u32::MAX);
    match amounts {
        Some(amounts)
            if Money::checked_sum(whole.currency(), amounts.iter().copied())
                .is_ok_and(|sum| sum == whole)
                && amounts.iter().all(|amount| !amount.is_zero()) =>
        {
            let lines = lines.zip(amounts).zip(1u32..);
            lines
                .map(|((mut line, amount), part)| {
                    line.reference = line.reference.filter(|own| Some(own) != base.reference.as_ref());
                    line.batch = Some(Batch {
                        reference: base.reference.clone(),
                        part,
                        of,
                    });
                    line.amount = amount;
                    line
                })
                .collect()
        }
        _ => {
            let mut all = base.clone();
            let mut texts = Vec::new();
            for line in lines {
                all.references.extend(line.references);
                texts.push(line.text);
                texts.extend(line.end_to_end);
                all.return_reason = all.return_reason.or(line.return_reason);
            }
            all.text = kept(&texts.join("\n"), limits::STATEMENT_TEXT).unwrap_or_default();
            vec![all]
        }
    }
}

/// A transaction's own words over those of its entry.
fn transaction(details: &Element<'_, '_>, base: &Line, own: &str) -> Line {
    let mut line = base.clone();
    let refer = |path: &str| text(details, path).as_deref().and_then(reference);
    line.reference = refer("Refs/AcctSvcrRef");
    line.end_to_end = refer("Refs/EndToEndId");
    line.mandate = refer("Refs/MndtId");
    line.code = code(details).or_else(|| base.code.clone());
    line.charges = charges(details).or(base.charges);
    line.instructed = instructed(details, base.amount).or(base.instructed);
    line.return_reason = first(details, &["RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry"])
        .or_else(|| details.find("RtrInf").map(|_| "MS03".to_owned()))
        .as_deref()
        .and_then(reference);
    line.party = party(details, base.amount.is_positive(), own);
    let mut words = Vec::new();
    if let Some(remittance) = details.find("RmtInf") {
        words.extend(remittance.all("Ustrd").filter_map(|part| part.text()));
        for structured in remittance.all("Strd") {
            let found = structured.find("CdtrRefInf");
            let found = found.and_then(|info| first(&info, &["Ref", "CdtrRef"]));
            line.references.extend(found.as_deref().and_then(reference));
            for document in structured.all("RfrdDocInf") {
                let found = first(&document, &["Nb", "RfrdDocNb"]);
                line.references.extend(found.as_deref().and_then(reference));
            }
            words.extend(structured.all("AddtlRmtInf").filter_map(|part| part.text()));
        }
    }
    if words.is_empty() {
        words.extend(text(details, "AddtlTxInf"));
    }
    line.text = kept(&words.join("\n"), limits::STATEMENT_TEXT).unwrap_or_default();
    line
}

/// Who is on the other side: who paid us, whom we paid. In a return the sides are those of the payment that comes back,
/// so the side that is not our account is taken.
fn party(details: &Element<'_, '_>, credit: bool, own: &str) -> Party {
    let side = |who: &str| {
        let parties = details.find("RltdPties");
        let held = |path: &str| {
            parties
                .as_ref()
                .and_then(|parties| text(parties, &format!("{who}{path}")))
        };
        let named = |path: &str| held(path).and_then(|name| kept(&name, limits::NAME));
        let agent = details.find(&format!("RltdAgts/{who}Agt/FinInstnId"));
        let bank = agent.and_then(|agent| first(&agent, &["BICFI", "BIC", "ClrSysMmbId/MmbId"]));
        Party {
            name: named("/Pty/Nm").or_else(|| named("/Nm")),
            account: held("Acct/Id/IBAN")
                .or_else(|| held("Acct/Id/Othr/Id"))
                .as_deref()
                .and_then(account),
            bank: bank.as_deref().and_then(account),
        }
    };
    let (debtor, creditor) = (side("Dbtr"), side("Cdtr"));
    let (likely, other) = match credit {
        true => (debtor, creditor),
        false => (creditor, debtor),
    };
    let unusable = likely.account.as_deref() == Some(own) || likely == Party::default();
    match unusable {
        true => other,
        false => likely,
    }
}

/// `PMNT-RCDT-ESCT`, or the bank's own code.
fn code(element: &Element<'_, '_>) -> Option<String> {
    let domain = element.find("BkTxCd/Domn");
    let codes = domain.and_then(|domain| {
        let parts = [
            text(&domain, "Cd")?,
            text(&domain, "Fmly/Cd")?,
            text(&domain, "Fmly/SubFmlyCd")?,
        ];
        Some(parts.join("-"))
    });
    codes
        .or_else(|| text(element, "BkTxCd/Prtry/Cd"))
        .as_deref()
        .and_then(reference)
}

/// What banks kept: a total where there is one, else the charges one by one; what is in another currency is left out.
fn charges(element: &Element<'_, '_>) -> Option<Money> {
    let total = amount(element, "Chrgs/TtlChrgsAndTaxAmt").and_then(Result::ok);
    if total.is_some() {
        return total;
    }
    let mut sum: Option<Money> = None;
    for charge in element.all("Chrgs") {
        let records: Vec<_> = charge.all("Rcrd").collect();
        let each = match records.as_slice() {
            [] => vec![amount(&charge, "Amt")],
            records => records.iter().map(|record| amount(record, "Amt")).collect(),
        };
        for money in each.into_iter().flatten().filter_map(Result::ok) {
            sum = match sum {
                None => Some(money),
                Some(sum) => sum.checked_add(money).ok().or(Some(sum)),
            };
        }
    }
    sum.filter(|sum| !sum.is_zero())
}

/// What was instructed, where that differs from what arrived.
fn instructed(element: &Element<'_, '_>, arrived: Money) -> Option<Money> {
    let money = amount(element, "AmtDtls/InstdAmt/Amt")?.ok()?;
    let same = money == arrived || arrived.checked_neg().is_ok_and(|arrived| money == arrived);
    (!same).then_some(money)
}
