//! A month of bank lines, with what is true of each: made of a seed, so that whoever doubts a figure makes it again.
//!
//! A creditor with two series of numbers (one goes back to a system that was replaced: digits only) and customers from
//! sole traders to groups; how many invoices one has open falls off steeply. A quarter of all invoices are for one of
//! sixteen prices of a subscription and so equal to many others. Names are drawn from short lists, so that namesakes
//! come by themselves, as they do. Of 72 in 100 customers an account is known from before.
//!
//! Shares of the kinds: [`KINDS`]. They are Dunlin's own assumption; nobody publishes such counts. What is published is
//! what becomes of lines elsewhere: rule-based software matches 60 to 75 in 100 without a person where remittances
//! come by mail, 85 and more where they come in fields of their own (transformance.ai, "Straight-through processing",
//! 2026), and three of four teams stay under 60 (AFP, after highradius.com). The month here is that of a creditor
//! whose invoices ask for a reference and whose payers mostly give one: 69 lines of 100 name what they pay so that it
//! can be read, whole or in parts, and pay just that.
//!
//! Who says nothing pays what is due for longest (§ 366(2) BGB): of several invoices of one amount, and where the money
//! is less than any of them. That is the truth of such lines.
//!
//! A bank writes the text in lines of 27 characters (MT940, field 86) or 35 (as SEPA banks print it) on three of ten
//! lines, and cuts words at their ends; on the others in one.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{Days, NaiveDate};
use receivables::allocation::Rules;
use receivables::currency::Currency;
use receivables::fields::Fields;
use receivables::id::{CustomerId, InvoiceId};
use receivables::matching::{
    Book, Candidate, Contents, Credit, Debtor, Deduction, Fit, Owed, Payer, Share, Verdict,
};
use receivables::money::Money;
use receivables::reference::Key;

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// One invoice, its number as printed.
    Number,
    /// One invoice, by the RF or QR reference that was printed on it.
    Structured,
    /// Several invoices, all named.
    Merged,
    /// One invoice, its number spaced, glued to a word or with `O` for `0`.
    Untidy,
    /// One invoice, a slip of the keys in its number.
    Typo,
    /// One invoice, the number of its order.
    Order,
    /// One invoice, only the digits at the end of its number.
    LastDigits,
    /// One invoice, and not a word about it.
    Nothing,
    /// Several invoices, and not a word about them.
    MergedNothing,
    /// One invoice with its number, less the discount that was on offer.
    Discount,
    /// One invoice with its number, less what banks kept: from abroad.
    BankCharge,
    /// One invoice with its number, a few cents off.
    Cents,
    /// One invoice with its number, less a tax that was withheld; no discount is on offer that might be the same.
    Withheld,
    /// A part of one invoice, with its number.
    Part,
    /// A part of one invoice, with nothing.
    PartNothing,
    /// One invoice with its number, and more than it is.
    TooMuch,
    /// An invoice that was paid before.
    Again,
    /// One invoice with its number, from an account and under a name that nobody knows, or that are another customer's.
    Stranger,
    /// One invoice with its number, paid in another currency.
    OtherCurrency,
    /// No customer's: interest, a refund of taxes, a supplier's.
    Unrelated,
}

/// How many of a thousand lines are of a kind.
pub(crate) const KINDS: [(Kind, u64); 20] = [
    (Kind::Number, 520),
    (Kind::Structured, 80),
    (Kind::Merged, 60),
    (Kind::Untidy, 45),
    (Kind::Typo, 40),
    (Kind::Order, 20),
    (Kind::LastDigits, 10),
    (Kind::Nothing, 60),
    (Kind::MergedNothing, 20),
    (Kind::Discount, 30),
    (Kind::BankCharge, 15),
    (Kind::Cents, 10),
    (Kind::Withheld, 7),
    (Kind::Part, 18),
    (Kind::PartNothing, 5),
    (Kind::TooMuch, 6),
    (Kind::Again, 10),
    (Kind::Stranger, 25),
    (Kind::OtherCurrency, 4),
    (Kind::Unrelated, 15),
];

/// What is true of a line.
#[derive(Clone, Debug)]
pub(crate) struct Truth {
    pub(crate) kind: Kind,
    /// Whose money it is; none: nobody's.
    pub(crate) customer: Option<CustomerId>,
    /// What each invoice gets of it, by id.
    pub(crate) shares: BTreeMap<InvoiceId, i64>,
    /// Whether the invoices are settled by it, whatever is missing.
    pub(crate) settles: bool,
}

/// A line of a bank statement, with what is true of it. Lines are in the order of their days.
pub(crate) struct Line {
    pub(crate) credit: Credit,
    pub(crate) truth: Truth,
}

pub(crate) struct Month {
    pub(crate) contents: Contents,
    pub(crate) lines: Vec<Line>,
}

/// Numbers that look like chance: SplitMix64 (Steele, Lea, Flood, 2014).
pub(crate) struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Less than `bound`.
    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    fn percent(&mut self, chances: u64) -> bool {
        self.below(100) < chances
    }

    fn of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len() as u64) as usize]
    }
}

const FAMILIES: &[&str] = &[
    "Müller",
    "Schmidt",
    "Schneider",
    "Fischer",
    "Weber",
    "Meyer",
    "Wagner",
    "Becker",
    "Schulz",
    "Hoffmann",
    "Koch",
    "Bauer",
    "Richter",
    "Klein",
    "Wolf",
    "Schröder",
    "Neumann",
    "Schwarz",
    "Zimmermann",
    "Krüger",
    "Martin",
    "Bernard",
    "Dubois",
    "Thomas",
    "Robert",
    "Rossi",
    "Russo",
    "Ferrari",
    "García",
    "Fernández",
    "Jansen",
    "de Vries",
    "Novák",
    "Kowalski",
    "Nielsen",
    "Åkesson",
    "O'Brien",
    "Smith",
    "Jones",
    "Patel",
];
const BEGINNINGS: &[&str] = &[
    "Lind", "Berg", "Stein", "Wald", "Brunn", "Eich", "Rosen", "Hart", "Kirch", "Feld", "Mühl", "Ober",
    "Unter", "Alten", "Neu", "Gold", "Silber", "Eisen", "Sand", "Bach", "Winter", "Sommer", "Hag", "Kron",
    "Lauter", "Weiden", "Thal", "Rott", "Schön", "Grün", "Ebers", "Diet", "Gott", "Sieg", "Wald", "Bruck",
    "Ahorn", "Birken", "Buch", "Tann",
];
const ENDINGS: &[&str] = &[
    "ner", "mann", "hofer", "berger", "bauer", "meier", "müller", "huber", "acher", "inger", "stein", "feld",
    "thaler", "maier", "hauser", "eder", "brenner", "holz", "grube", "wirth", "schmidt", "egger", "kamp",
    "horst", "dorf",
];
const GIVEN: &[&str] = &[
    "Anna",
    "Peter",
    "Hans",
    "Maria",
    "Jean",
    "Sophie",
    "Luca",
    "Giulia",
    "Carlos",
    "Lucía",
    "Eva",
    "Jan",
    "Katharina",
    "Michael",
    "Stefan",
    "Ursula",
    "Jürgen",
    "Claudia",
    "Björn",
    "Aoife",
    "James",
    "Priya",
];
const TRADES: &[&str] = &[
    "Bau",
    "Elektro",
    "Logistik",
    "Metallbau",
    "Consulting",
    "Immobilien",
    "Gastronomie",
    "Druck",
    "Holz",
    "Software",
    "Textil",
    "Auto",
    "Garten",
    "Medien",
    "Handel",
    "Transport",
    "Sanitär",
    "Energie",
    "Foods",
    "Systems",
    "Services",
    "Pharma",
    "Optik",
    "Werkzeuge",
];
const FORMS: &[&str] = &[
    "GmbH",
    "GmbH & Co. KG",
    "AG",
    "KG",
    "e.K.",
    "S.A.R.L.",
    "Ltd",
    "B.V.",
    "S.r.l.",
    "SAS",
];
const TOWNS: &[&str] = &[
    "Köln", "Nord", "Süd", "West", "Wien", "Zürich", "Lyon", "Milano", "Berlin", "Ulm",
];
const PRICES: &[i64] = &[
    990, 1_490, 1_990, 2_900, 3_900, 4_900, 5_900, 7_900, 9_900, 11_900, 14_900, 19_900, 24_900, 29_900,
    49_900, 99_900,
];

struct Customer {
    id: CustomerId,
    name: String,
    account: String,
    /// Indexes into the invoices.
    invoices: Vec<usize>,
}

fn account(chance: &mut Chance) -> String {
    format!(
        "DE{:02}{:018}",
        chance.below(97),
        chance.next() % 1_000_000_000_000_000_000
    )
}

/// A third of all families have one of forty names, as in a telephone book; the others one of a thousand.
fn family(chance: &mut Chance) -> String {
    match chance.percent(33) {
        true => (*chance.of(FAMILIES)).to_owned(),
        false => format!("{}{}", chance.of(BEGINNINGS), chance.of(ENDINGS)),
    }
}

fn name(chance: &mut Chance) -> String {
    let family = family(chance);
    match chance.below(10) {
        0..=1 => format!("{} {family}", chance.of(GIVEN)),
        2 => format!("{family} {}", chance.of(FORMS)),
        3..=6 => format!("{family} {} {}", chance.of(TRADES), chance.of(FORMS)),
        7 => format!("{family} & {} {}", self::family(chance), chance.of(FORMS)),
        _ => format!(
            "{family} {} {} {}",
            chance.of(TRADES),
            chance.of(TOWNS),
            chance.of(FORMS)
        ),
    }
}

/// Euro cents: a quarter are prices, the rest spread evenly over the powers of ten from 20.00 to 20,000.00, a tenth of
/// these round.
fn amount(chance: &mut Chance) -> i64 {
    if chance.percent(25) {
        return *chance.of(PRICES);
    }
    let scale = [2_000u64, 20_000, 200_000][chance.below(3) as usize];
    let minor = scale + chance.below(scale * 9);
    let round = if chance.percent(10) { 1_000 } else { 1 };
    (minor / round * round) as i64
}

pub(crate) fn rules() -> Arc<Rules> {
    let document = serde_json::json!({"under": {"amount": {"EUR": "0.50"}}, "over": {"amount": {"EUR": "0.50"}},
        "bank_charge": {"EUR": "15.00"}});
    let mut fields = Fields::of(&document);
    let rules = Rules::read(&mut fields);
    Arc::new(fields.finish(|| rules).unwrap())
}

fn day(offset: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 6, 1).unwrap() + Days::new(offset)
}

impl Month {
    /// So many lines against so many open invoices.
    pub(crate) fn of(seed: u64, lines: usize, invoices: usize) -> Month {
        let mut chance = Chance(seed);
        let mut ledger = Ledger::of(&mut chance, invoices);
        let contents = ledger.contents();
        let mut made: Vec<Line> = Vec::with_capacity(lines);
        while made.len() < lines {
            let date = day((made.len() * 30 / lines) as u64);
            let mut draw = chance.below(KINDS.iter().map(|(_, share)| share).sum());
            let kind = KINDS.iter().find(|(_, share)| match draw.checked_sub(*share) {
                Some(rest) => {
                    draw = rest;
                    false
                }
                None => true,
            });
            made.extend(ledger.line(&mut chance, kind.unwrap().0, date));
        }
        Month {
            contents,
            lines: made,
        }
    }
}

struct Ledger {
    customers: Vec<Customer>,
    invoices: Vec<Owed>,
    debtors: Vec<Debtor>,
    /// What was settled, with its amount: what somebody pays again.
    paid: Vec<(usize, i64)>,
}

impl Ledger {
    fn of(chance: &mut Chance, count: usize) -> Ledger {
        let (rules, eur, usd) = (
            rules(),
            Currency::parse("EUR").unwrap(),
            Currency::parse("USD").unwrap(),
        );
        let mut ledger = Ledger {
            customers: Vec::new(),
            invoices: Vec::with_capacity(count),
            debtors: Vec::new(),
            paid: Vec::new(),
        };
        while ledger.invoices.len() < count {
            let random: [u8; 8] = chance.next().to_be_bytes();
            let id = CustomerId::from_parts(
                ledger.customers.len() as u64,
                [&random[..], &[0, 0]].concat().try_into().unwrap(),
            );
            let mut customer = Customer {
                id: id.clone(),
                name: name(chance),
                account: account(chance),
                invoices: Vec::new(),
            };
            let many = [1, 1, 1, 2, 2, 3, 4, 6, 10, 30][chance.below(10) as usize];
            let currency = if chance.percent(96) { eur } else { usd };
            // Who has subscribed pays the same price each month.
            let subscribed = chance.percent(20).then(|| *chance.of(PRICES));
            for _ in 0..many {
                let at = ledger.invoices.len();
                let total = Money::new(subscribed.unwrap_or_else(|| amount(chance)), currency);
                let number = match chance.percent(85) {
                    true => format!("INV-2026-{:06}", at + 1),
                    false => format!("4{:06}", at),
                };
                let due_on = day(chance.below(60)) - Days::new(40);
                let two_percent = Deduction {
                    until: day(40),
                    amount: Money::new(total.minor() / 50, currency),
                };
                let random: [u8; 8] = chance.next().to_be_bytes();
                ledger.invoices.push(Owed {
                    id: InvoiceId::from_parts(at as u64, [&random[..], &[1, 1]].concat().try_into().unwrap()),
                    customer: id.clone(),
                    number,
                    orders: chance
                        .percent(30)
                        .then(|| format!("PO{:07}", chance.below(10_000_000)))
                        .into_iter()
                        .collect(),
                    references: Vec::new(),
                    total,
                    balance: total,
                    due_on,
                    discounts: if chance.percent(25) {
                        vec![two_percent]
                    } else {
                        Vec::new()
                    },
                });
                customer.invoices.push(at);
            }
            let known = chance.percent(72).then(|| customer.account.clone());
            ledger.debtors.push(Debtor {
                id,
                names: vec![customer.name.clone()],
                accounts: known.into_iter().collect(),
                rules: Arc::clone(&rules),
            });
            ledger.customers.push(customer);
        }
        ledger.number(chance);
        ledger
    }

    /// Gives the numbers: in the order in which the invoices were made, which is not that of the customers.
    fn number(&mut self, chance: &mut Chance) {
        for at in (1..self.invoices.len()).rev() {
            let other = chance.below(at as u64 + 1) as usize;
            let (one, two) = (
                self.invoices[at].number.clone(),
                self.invoices[other].number.clone(),
            );
            self.invoices[at].number = two;
            self.invoices[other].number = one;
        }
    }

    fn contents(&self) -> Contents {
        Contents {
            invoices: self.invoices.clone(),
            debtors: self.debtors.clone(),
            announced: Vec::new(),
        }
    }

    fn open(&self, customer: usize) -> Vec<usize> {
        let all = self.customers[customer].invoices.iter().copied();
        all.filter(|at| self.invoices[*at].balance.is_positive())
            .collect()
    }

    /// A line of a kind, or none where the customer that was drawn has nothing for it.
    fn line(&mut self, chance: &mut Chance, kind: Kind, date: NaiveDate) -> Option<Line> {
        if kind == Kind::Unrelated {
            return Some(unrelated(chance, date));
        }
        if kind == Kind::Again {
            return self.again(chance, date);
        }
        // Who has more open invoices pays more often.
        let drawn = chance.below(self.invoices.len() as u64) as usize;
        let id = &self.invoices[drawn].customer;
        let customer = self.customers.binary_search_by(|one| one.id.cmp(id)).ok()?;
        let open = self.open(customer);
        let many = match kind {
            Kind::Merged | Kind::MergedNothing => 2 + chance.below(3) as usize,
            _ => 1,
        };
        // What has been due for longest is paid first, mostly.
        let from = match chance.percent(75) {
            true => 0,
            false => chance.below(open.len().saturating_sub(many) as u64 + 1) as usize,
        };
        let mut oldest = open;
        oldest.sort_by_key(|at| (self.invoices[*at].due_on, self.invoices[*at].number.clone()));
        let mut which: Vec<usize> = oldest.iter().copied().skip(from).take(many).collect();
        // Who says nothing pays what is due for longest, by law: of equals, and where he pays a part.
        if matches!(kind, Kind::Nothing | Kind::MergedNothing | Kind::PartNothing) {
            let mut meant = Vec::new();
            for at in &which {
                let is_it = |other: &&usize| {
                    let equal = self.invoices[**other].balance == self.invoices[*at].balance;
                    (kind == Kind::PartNothing || equal) && !meant.contains(*other)
                };
                meant.extend(oldest.iter().find(is_it).copied());
            }
            which = meant;
        }
        if which.len() < many {
            return None;
        }
        let first = self.invoices[which[0]].clone();
        let owed: i64 = which.iter().map(|at| self.invoices[*at].balance.minor()).sum();
        let off = first
            .discounts
            .first()
            .map_or(0, |discount| discount.amount.minor());
        let is_euro = first.balance.currency().code() == "EUR";
        let paid = match kind {
            Kind::Discount if off > 0 && first.balance == first.total => owed - off,
            Kind::BankCharge if owed > 5_000 && is_euro => {
                owed - [500, 750, 1_000, 1_250, 1_500][chance.below(5) as usize]
            }
            Kind::Cents if owed > 100 && is_euro => owed - 1 - chance.below(20) as i64,
            Kind::Withheld if owed > 10_000 && off == 0 => {
                owed - (owed * [1, 2, 10, 15, 20][chance.below(5) as usize] + 50) / 100
            }
            Kind::Part | Kind::PartNothing => owed * (20 + chance.below(60) as i64) / 100,
            Kind::TooMuch => owed + 100 + chance.below(5_000) as i64,
            Kind::OtherCurrency if is_euro => owed * 108 / 100,
            Kind::Discount | Kind::BankCharge | Kind::Cents | Kind::Withheld | Kind::OtherCurrency => {
                return None;
            }
            _ => owed,
        };
        if paid <= 0 {
            return None;
        }
        let settles = matches!(kind, Kind::Discount | Kind::BankCharge | Kind::Cents);
        let mut shares = BTreeMap::new();
        if kind != Kind::OtherCurrency {
            let mut left = paid;
            for at in &which {
                let invoice = &mut self.invoices[*at];
                let given = left.min(invoice.balance.minor());
                left -= given;
                shares.insert(invoice.id.clone(), given);
                let rest = if settles {
                    0
                } else {
                    invoice.balance.minor() - given
                };
                if rest == 0 {
                    self.paid.push((*at, given));
                }
                invoice.balance = Money::new(rest, invoice.balance.currency());
                invoice.discounts.clear();
            }
        }
        let currency = match kind {
            Kind::OtherCurrency => Currency::parse("USD").unwrap(),
            _ => first.balance.currency(),
        };
        let (references, text) = self.words(chance, kind, &which);
        Some(Line {
            credit: Credit {
                amount: Money::new(paid, currency),
                booked_on: date,
                references,
                text,
                payer: self.payer(chance, kind, customer),
                charges: None,
            },
            truth: Truth {
                kind,
                customer: Some(self.customers[customer].id.clone()),
                shares,
                settles,
            },
        })
    }

    /// An invoice that was paid before, paid again with the same words.
    fn again(&mut self, chance: &mut Chance, date: NaiveDate) -> Option<Line> {
        let settled = self.paid.len() as u64;
        let (at, amount) = *self.paid.get(chance.below(settled) as usize)?;
        let invoice = &self.invoices[at];
        let customer = self
            .customers
            .binary_search_by(|one| one.id.cmp(&invoice.customer))
            .ok()?;
        let (references, text) = self.words(chance, Kind::Number, &[at]);
        Some(Line {
            credit: Credit {
                amount: Money::new(amount, invoice.balance.currency()),
                booked_on: date,
                references,
                text,
                payer: self.payer(chance, Kind::Again, customer),
                charges: None,
            },
            truth: Truth {
                kind: Kind::Again,
                customer: Some(invoice.customer.clone()),
                shares: BTreeMap::new(),
                settles: false,
            },
        })
    }

    /// What the payer wrote, as the bank hands it over.
    fn words(&self, chance: &mut Chance, kind: Kind, which: &[usize]) -> (Vec<String>, Vec<String>) {
        let numbers: Vec<String> = which.iter().map(|at| self.invoices[*at].number.clone()).collect();
        let number = numbers[0].clone();
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let said = match kind {
            Kind::Structured => {
                let key = Key::of(self.invoices[which[0]].id.as_str()).unwrap();
                return match chance.below(4) {
                    0 => (vec![key.qrr()], Vec::new()),
                    1..=2 => (vec![key.rf()], Vec::new()),
                    _ => (Vec::new(), cut(chance, &format!("Referenz {}", key.rf()))),
                };
            }
            Kind::Merged => {
                let joint = [", ", " ", "/", " + ", " und "][chance.below(5) as usize];
                numbers.join(joint)
            }
            Kind::Untidy => match chance.below(5) {
                0 => number.replace('-', " "),
                1 => format!("RECHNUNG{}", number.replace('-', "")),
                2 => number.replacen('0', "O", 2),
                3 => format!("{}DANKE", number.replace('-', "")),
                _ => number.to_lowercase().replace('-', ". "),
            },
            Kind::Typo => typo(chance, &number),
            Kind::Order => match self.invoices[which[0]].orders.first() {
                Some(order) => format!("Bestellung {order}"),
                None => number,
            },
            Kind::LastDigits => digits[digits.len().saturating_sub(6)..].to_owned(),
            Kind::Nothing | Kind::MergedNothing | Kind::PartNothing => {
                let since = format!("offene Posten {:02}.05.2026", 1 + chance.below(28));
                return match chance.below(4) {
                    0 => (Vec::new(), Vec::new()),
                    1 => (vec!["NOTPROVIDED".to_owned()], vec!["Zahlung".to_owned()]),
                    2 => (Vec::new(), cut(chance, "Ihre Rechnung, vielen Dank")),
                    _ => (Vec::new(), cut(chance, &since)),
                };
            }
            _ => number,
        };
        let text = match chance.below(8) {
            0 => said,
            1 => format!("Rechnung {said}"),
            2 => format!(
                "Rg.Nr. {said} vom {:02}.{:02}.2026",
                1 + chance.below(28),
                1 + chance.below(6)
            ),
            3 => format!("Invoice {said}, customer K{:05}", chance.below(100_000)),
            4 => format!("facture no {said} merci"),
            5 => format!("KD-NR {:05} RE {said}", chance.below(100_000)),
            6 => format!("Payment for {said} / your order of {} May", 1 + chance.below(30)),
            _ => format!("SVWZ+{said}"),
        };
        (Vec::new(), cut(chance, &text))
    }

    /// Who paid, as the bank tells it.
    fn payer(&self, chance: &mut Chance, kind: Kind, customer: usize) -> Payer {
        let own = &self.customers[customer];
        if kind == Kind::Stranger {
            let other = chance.of(&self.customers);
            // A parent, a tax adviser, a spouse: half of them are customers too.
            return match chance.percent(50) {
                true => Payer {
                    account: Some(other.account.clone()),
                    name: Some(other.name.clone()),
                },
                false => Payer {
                    account: Some(account(chance)),
                    name: Some(name(chance)),
                },
            };
        }
        // A customer has other accounts too.
        let account = match chance.below(20) {
            0 => None,
            1 => Some(account(chance)),
            _ => Some(own.account.clone()),
        };
        let banks: String = own.name.to_uppercase();
        let plain = banks
            .replace('Ä', "AE")
            .replace('Ö', "OE")
            .replace('Ü', "UE")
            .replace('Å', "A")
            .replace('Í', "I");
        let name = match chance.below(20) {
            0 => None,
            1 => own
                .name
                .split_once(' ')
                .map(|(first, rest)| format!("{rest} {first}")),
            2..=3 => Some(plain.chars().take(18).collect()),
            4..=9 => Some(plain),
            10 => Some(chance.of(FAMILIES).to_string()),
            _ => Some(own.name.clone()),
        };
        Payer { account, name }
    }
}

fn unrelated(chance: &mut Chance, date: NaiveDate) -> Line {
    let (who, what) = *chance.of(&[
        ("Finanzamt Köln-Mitte", "Umsatzsteuer 05/2026 StNr 215/"),
        ("Sparkasse", "Habenzinsen Q2 Konto "),
        ("Stadtwerke", "Guthaben Vertrag 77"),
        ("Telekom", "Erstattung Kundenkonto "),
        ("Büro Depot SE", "Retoure 2026-"),
    ]);
    let what = format!("{what}{:06}", chance.below(1_000_000));
    Line {
        credit: Credit {
            amount: Money::new(
                2_000 + chance.below(500_000) as i64,
                Currency::parse("EUR").unwrap(),
            ),
            booked_on: date,
            references: Vec::new(),
            text: cut(chance, &what),
            payer: Payer {
                account: Some(account(chance)),
                name: Some(who.to_owned()),
            },
            charges: None,
        },
        truth: Truth {
            kind: Kind::Unrelated,
            customer: None,
            shares: BTreeMap::new(),
            settles: false,
        },
    }
}

/// A slip of the keys among the digits: another digit, two that changed places, one lost, one twice.
fn typo(chance: &mut Chance, number: &str) -> String {
    let mut chars: Vec<char> = number.chars().collect();
    let digits: Vec<usize> = (0..chars.len())
        .filter(|at| chars[*at].is_ascii_digit())
        .collect();
    let at = digits[digits.len() - 1 - chance.below(5) as usize];
    match chance.below(4) {
        0 => chars[at] = char::from(b'0' + chance.below(10) as u8),
        1 => chars.swap(at, at - 1),
        2 => drop(chars.remove(at)),
        _ => chars.insert(at, chars[at]),
    }
    chars.into_iter().collect()
}

/// As a bank hands a text over.
fn cut(chance: &mut Chance, text: &str) -> Vec<String> {
    let width = match chance.below(10) {
        0 => 35,
        1..=2 => 27,
        _ => return vec![text.to_owned()],
    };
    let chars: Vec<char> = text.chars().collect();
    let lines = chars.chunks(width).map(|line| line.iter().collect::<String>());
    lines.map(|line| line.trim().to_owned()).collect()
}

/// How well a month was matched.
#[derive(Default)]
pub(crate) struct Score {
    pub(crate) lines: usize,
    /// Matched automatically, and rightly.
    pub(crate) right: usize,
    /// Matched automatically to something else, each in words.
    pub(crate) wrong: Vec<String>,
    /// Left for a person with the truth first; unknown, where nobody's money it is.
    pub(crate) first: usize,
    /// Per kind: lines, right, first.
    pub(crate) kinds: BTreeMap<Kind, [usize; 3]>,
    /// What was left, whether the truth was first, and all of it in words.
    pub(crate) left: Vec<(Kind, bool, String)>,
}

impl std::fmt::Display for Score {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let rest = self.lines - self.right - self.wrong.len();
        let (right, first) = (
            self.right * 1_000 / self.lines.max(1),
            self.first * 1_000 / rest.max(1),
        );
        write!(
            f,
            "{} lines: {} automatic ({}.{} %), {} wrong, {rest} for review or unknown, the truth first in {} ({}.{} %)",
            self.lines,
            self.right,
            right / 10,
            right % 10,
            self.wrong.len(),
            self.first,
            first / 10,
            first % 10
        )
    }
}

fn is_true(candidate: &Candidate, truth: &Truth) -> bool {
    let shares = candidate
        .shares
        .iter()
        .map(|share| (share.invoice.clone(), share.amount.minor()));
    let lets_go = matches!(candidate.fit, Fit::Discount | Fit::Tolerance | Fit::BankCharge);
    Some(&candidate.customer) == truth.customer.as_ref()
        && shares.collect::<BTreeMap<_, _>>() == truth.shares
        && lets_go == truth.settles
}

/// Matches a month, and counts.
pub(crate) fn score(month: &Month) -> Score {
    let mut book = Book::of(month.contents.clone());
    let mut score = Score {
        lines: month.lines.len(),
        ..Score::default()
    };
    let mut evening: Vec<(&Line, Verdict)> = Vec::new();
    for (at, line) in month.lines.iter().enumerate() {
        if at > 0 && month.lines[at - 1].credit.booked_on != line.credit.booked_on {
            evening
                .drain(..)
                .for_each(|(line, verdict)| settle(&mut book, line, &verdict));
        }
        let verdict = book.judge(&line.credit);
        let kind = score.kinds.entry(line.truth.kind).or_default();
        kind[0] += 1;
        let words = || format!("{:?}\n{:?}\n{verdict:?}", line.credit, line.truth);
        let is_first = match &verdict {
            Verdict::Automatic(candidate) if is_true(candidate, &line.truth) => {
                score.right += 1;
                kind[1] += 1;
                book.take(candidate);
                continue;
            }
            Verdict::Automatic(_) => {
                score.wrong.push(words());
                false
            }
            Verdict::Review(candidates) => is_true(&candidates[0], &line.truth),
            Verdict::Unknown => line.truth.customer.is_none(),
        };
        score.first += usize::from(is_first);
        kind[2] += usize::from(is_first);
        score.left.push((line.truth.kind, is_first, words()));
        if let Verdict::Review(candidates) = &verdict {
            book.hold(&candidates[0]);
        }
        evening.push((line, verdict));
    }
    score
}

/// What a person does with a line.
fn settle(book: &mut Book, line: &Line, verdict: &Verdict) {
    if let Verdict::Review(candidates) = verdict {
        book.release(&candidates[0]);
    }
    let Some(customer) = line.truth.customer.clone() else {
        return;
    };
    let currency = line.credit.amount.currency();
    let shares = line.truth.shares.iter().map(|(invoice, minor)| Share {
        invoice: invoice.clone(),
        amount: Money::new(*minor, currency),
    });
    book.take(&Candidate {
        customer,
        shares: shares.collect(),
        on_account: Money::zero(currency),
        short: Money::zero(currency),
        fit: if line.truth.settles {
            Fit::Tolerance
        } else {
            Fit::Exact
        },
        score: 0,
        reasons: Vec::new(),
    });
}
