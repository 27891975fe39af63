//! The bank: it gathers a day's lines and writes statements (camt.053), whose balances follow one another.

use super::money;
use chrono::NaiveDate;

/// The account that customers pay to.
pub(super) const ACCOUNT: &str = "DE02120300000000202051";

/// A line of a statement.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) cents: i64,
    pub(super) end_to_end: String,
    pub(super) name: String,
    pub(super) iban: String,
    pub(super) text: String,
    /// Why money goes back, where it does.
    pub(super) back: Option<&'static str>,
}

/// One account.
#[derive(Debug, Default)]
pub(super) struct Bank {
    today: Vec<Line>,
    number: u32,
    balance: i64,
    /// All lines that a statement had: how many, and what they came to.
    pub(super) told: u64,
}

impl Bank {
    pub(super) fn book(&mut self, line: Line) {
        self.today.push(line);
    }

    /// The statement of a day, with its number; none where nothing was booked.
    pub(super) fn statement(&mut self, day: NaiveDate) -> Option<(u32, String)> {
        if self.today.is_empty() {
            return None;
        }
        let lines = std::mem::take(&mut self.today);
        self.number += 1;
        self.told += lines.len() as u64;
        let opening = self.balance;
        self.balance += lines.iter().map(|line| line.cents).sum::<i64>();
        let number = self.number;
        let entries: String = lines
            .iter()
            .enumerate()
            .map(|(at, line)| entry(number, at, day, line))
            .collect();
        let document = format!(
            r#"<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><Stmt><Id>{ACCOUNT}-{number}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb><Acct><Id><Othr><Id>{ACCOUNT}</Id></Othr></Id><Ccy>EUR</Ccy></Acct>{}{}{entries}</Stmt></BkToCstmrStmt></Document>"#,
            balance("OPBD", opening, day),
            balance("CLBD", self.balance, day)
        );
        Some((number, document))
    }
}

fn side(cents: i64) -> &'static str {
    if cents < 0 { "DBIT" } else { "CRDT" }
}

fn balance(code: &str, cents: i64, day: NaiveDate) -> String {
    format!(
        r#"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{}</Amt><CdtDbtInd>{}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"#,
        money::text(cents.abs()),
        side(cents)
    )
}

fn entry(number: u32, at: usize, day: NaiveDate, line: &Line) -> String {
    let Line {
        cents,
        end_to_end,
        name,
        iban,
        text,
        back,
    } = line;
    let who = if *cents < 0 { "Cdtr" } else { "Dbtr" };
    let back = back.map_or_else(String::new, |code| {
        format!("<RtrInf><Rsn><Cd>{code}</Cd></Rsn></RtrInf>")
    });
    format!(
        r#"<Ntry><Amt Ccy="EUR">{}</Amt><CdtDbtInd>{}</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>{day}</Dt></BookgDt><AcctSvcrRef>{number}-{at}</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>{end_to_end}</EndToEndId></Refs><RltdPties><{who}><Nm>{name}</Nm></{who}><{who}Acct><Id><IBAN>{iban}</IBAN></Id></{who}Acct></RltdPties><RmtInf><Ustrd>{text}</Ustrd></RmtInf>{back}</TxDtls></NtryDtls></Ntry>"#,
        money::text(cents.abs()),
        side(*cents)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_follow_one_another() {
        let day: NaiveDate = "2026-01-12".parse().unwrap();
        let line = |cents| Line {
            cents,
            end_to_end: "E-1".to_owned(),
            name: "Avocet".to_owned(),
            iban: "DE89370400440532013000".to_owned(),
            text: "R-1".to_owned(),
            back: (cents < 0).then_some("AC04"),
        };
        let mut bank = Bank::default();
        assert!(bank.statement(day).is_none());
        bank.book(line(12_050));
        let (number, first) = bank.statement(day).unwrap();
        assert_eq!(number, 1);
        bank.book(line(-50));
        let (number, second) = bank.statement(day).unwrap();
        assert_eq!((number, bank.told), (2, 2));
        let closing = |document: &str, code: &str| {
            document.contains(&format!(
                "<Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">120.50"
            ))
        };
        assert!(closing(&first, "CLBD") && closing(&second, "OPBD"));
        assert!(second.contains("<Cd>AC04</Cd>") && !first.contains("AC04"));
    }
}
