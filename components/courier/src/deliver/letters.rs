//! From a queued message to a letter: claimed, with a payment link of its own and a way to have no more, rendered.

use carriers::{Letter, Sender};
use chrono::{Duration, NaiveDate};
use paper::{Creditor, Envelope, PaperError, addressee, of_message, of_statement};
use receivables::channel::Channel;
use receivables::id::LinkId;
use receivables::money::Money;
use receivables::notice::About;
use receivables::policy::Attachment;
use render::{Chosen, Line, MessageContext, Own, PromiseLine, Rendered, render_message};
use store::delivery::{self, Carrier, Claimed, Document, Listed};
use store::links::{self, NewLink};
use store::templates;
use store::unsubscribes::{self, NewToken};
use store::{Db, Tx};
use web::{Cx, Problem, secrets};

/// How long the link in a message works: longer than any step of a policy waits for the next.
const LINK_LASTS: Duration = Duration::days(90);

/// What only the reader of a message knows, and is kept as a hash alone.
pub(super) struct Tokens {
    /// Of its payment link.
    pay: String,
    /// With which its reader has no more sent to the address.
    unsubscribe: Option<String>,
}

/// Claims at most `wanted` messages, each with its tokens; answers also how many were due.
pub(super) async fn claim(
    cx: &Cx,
    db: &Db,
    carriers: &[Carrier],
    wanted: usize,
) -> Result<(usize, Vec<(Claimed, Tokens)>), Problem> {
    let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
    let (claim, tokens) = db
        .transaction(async |tx: &Tx<'_>| {
            let claim = delivery::claim(tx, cx.moment(), wanted, carriers).await?;
            let pay = make_links(cx, tx, &claim.claimed).await?;
            let unsubscribe = make_unsubscribes(cx, tx, &claim.claimed).await?;
            let tokens = pay.into_iter().zip(unsubscribe);
            let tokens: Vec<Tokens> = tokens
                .map(|(pay, unsubscribe)| Tokens { pay, unsubscribe })
                .collect();
            Ok::<_, Problem>((claim, tokens))
        })
        .await?;
    Ok((claim.examined, claim.claimed.into_iter().zip(tokens).collect()))
}

/// A payment link for each message, in the transaction that claims them. The tokens are known here alone.
async fn make_links(cx: &Cx, tx: &Tx<'_>, claimed: &[Claimed]) -> Result<Vec<String>, Problem> {
    let moment = cx.moment();
    let expires_at = moment.now.checked_add_signed(LINK_LASTS);
    let expires_at = expires_at.ok_or_else(|| Problem::internal("the calendar has ended"))?;
    let mut tokens = Vec::with_capacity(claimed.len());
    let mut new = Vec::with_capacity(claimed.len());
    for message in claimed {
        let token = secrets::token()?;
        new.push(NewLink {
            id: moment.id(LinkId::from_parts)?,
            token_hash: secrets::hash(&token),
            customer: message.customer.clone(),
            message: Some(message.id.clone()),
            currency: message.currency,
            amount: None,
            allow_partial: true,
            minimum: None,
            expires_at,
            invoices: message
                .overdue
                .iter()
                .chain(&message.upcoming)
                .map(|line| line.id.clone())
                .collect(),
        });
        tokens.push(token);
    }
    links::create(tx, moment, &new).await?;
    Ok(tokens)
}

/// A token for each email with which its reader has no more sent to the address.
async fn make_unsubscribes(
    cx: &Cx,
    tx: &Tx<'_>,
    claimed: &[Claimed],
) -> Result<Vec<Option<String>>, Problem> {
    let mut tokens = Vec::with_capacity(claimed.len());
    let mut new = Vec::new();
    for message in claimed {
        let Some(address) = message
            .to
            .email
            .as_ref()
            .filter(|_| message.channel == Channel::Email)
        else {
            tokens.push(None);
            continue;
        };
        let token = secrets::token()?;
        new.push(NewToken {
            token_hash: secrets::hash(&token),
            message: message.id.clone(),
            customer: message.customer.clone(),
            channel: message.channel,
            address: address.clone(),
        });
        tokens.push(Some(token));
    }
    unsubscribes::create(tx, cx.moment(), &new).await?;
    Ok(tokens)
}

/// What every letter of a run has in common.
pub(super) struct House {
    public_url: String,
    sender: Sender,
    /// Who writes on paper.
    creditor: Creditor,
    /// The words: the shipped ones, with this deployment's own over them.
    words: Chosen,
    /// Whether answers go to an address of the case's own (`reply_to_case`).
    by_case: bool,
}

impl House {
    pub(super) async fn of(cx: &Cx) -> Result<Self, Problem> {
        let by_case = match cx.setting("reply_to_case").await?.as_deref() {
            None | Some("off") => false,
            Some("plus") => true,
            Some(other) => {
                let why = format!("variable reply_to_case: {other:?} is neither off nor plus");
                return Err(Problem::internal(why));
            }
        };
        let public_url = cx.required_setting("public_url").await?;
        let name = cx.required_setting("creditor_name").await?;
        let address = cx.setting("creditor_address").await?.unwrap_or_default();
        Ok(Self {
            creditor: Creditor::read(&name, &address),
            words: words(templates::in_force(&cx.db().await?).await?),
            public_url: public_url.trim_end_matches('/').to_owned(),
            sender: Sender {
                name,
                email: cx.required_setting("sender_email").await?,
                reply_to: cx.setting("creditor_email").await?,
            },
            by_case,
        })
    }

    /// The message, rendered with its link.
    pub(super) fn render(&self, message: &Claimed, tokens: &Tokens) -> Result<Rendered, Problem> {
        let context = self.context(message, tokens)?;
        render_message(&self.words, message.channel, &context)
            .map_err(|error| Problem::internal(format!("message {}: {error}", message.id)))
    }

    /// Where its reader has no more sent to the address.
    fn unsubscribe(&self, tokens: &Tokens) -> Option<String> {
        let token = tokens.unsubscribe.as_ref();
        token.map(|token| format!("{}/unsubscribe/{token}", self.public_url))
    }

    /// What a letter on paper is printed from, or the statement that a message has with it; nothing for the others. What
    /// is to have a statement with it and tells of none does not leave without.
    pub(super) fn paper(
        &self,
        message: &Claimed,
        rendered: &Rendered,
        tokens: &Tokens,
        dated: NaiveDate,
    ) -> Result<Option<Vec<u8>>, Problem> {
        let enclosed = message.attach.contains(&Attachment::Statement);
        if message.channel != Channel::Letter && !enclosed {
            return Ok(None);
        }
        let (to, creditor) = (&message.to, &self.creditor);
        let name = Some(to.name.as_str()).filter(|name| !name.is_empty());
        let envelope = Envelope {
            creditor: creditor.lines.clone(),
            addressee: addressee(&message.customer_name, name, to.postal.as_ref(), creditor.country),
            country: None,
            dated,
            transfer: None,
        };
        let context = self.context(message, tokens)?;
        let printed = match message.about {
            Some(About::Statement { .. }) => {
                of_statement(&context, None, &envelope).and_then(|facts| paper::statement(&facts))
            }
            _ if enclosed => Err(PaperError::NoStatement),
            _ => paper::letter(&of_message(&context, rendered, &envelope)),
        };
        let printed =
            printed.map_err(|error| Problem::internal(format!("message {}: {error}", message.id)))?;
        Ok(Some(printed.pdf))
    }

    /// The message as a carrier takes it.
    pub(super) fn letter(
        &self,
        mut message: Claimed,
        rendered: Rendered,
        mut paper: Option<Vec<u8>>,
        tokens: &Tokens,
    ) -> Letter {
        if message.channel != Channel::Letter {
            message.documents.extend(paper.take().map(|content| Document {
                name: "statement.pdf".to_owned(),
                media_type: "application/pdf".to_owned(),
                content,
            }));
        }
        let mut sender = self.sender.clone();
        if self.by_case {
            let case = format!("{}-{}", message.customer, message.currency.code().to_lowercase());
            sender.reply_to = sender.reply_to.map(|address| carriers::tagged(&address, &case));
        }
        Letter {
            unsubscribe_url: self.unsubscribe(tokens),
            paper,
            message,
            rendered,
            sender,
        }
    }

    fn context(&self, message: &Claimed, tokens: &Tokens) -> Result<MessageContext, Problem> {
        let lines = |listed: &[Listed]| listed.iter().map(line).collect::<Vec<_>>();
        let mut total = Money::zero(message.currency);
        for listed in message.overdue.iter().chain(&message.upcoming) {
            total = total
                .checked_add(listed.asked)
                .map_err(|error| Problem::internal(error.to_string()))?;
        }
        Ok(MessageContext {
            template: message.template.clone(),
            locale: message.locale.clone(),
            creditor_name: self.sender.name.clone(),
            reply_to: self.sender.reply_to.clone(),
            customer_name: message.customer_name.clone(),
            contact_name: Some(message.to.name.clone()),
            overdue: lines(&message.overdue),
            upcoming: lines(&message.upcoming),
            act_on: Some(message.act_on),
            promise: message.promise.as_ref().map(|promise| PromiseLine {
                amount: promise.amount,
                missing: promise.missing,
                promised_on: promise.promised_on,
            }),
            about: message.about.clone(),
            total,
            pay_url: format!("{}/pay/{}", self.public_url, tokens.pay),
            unsubscribe_url: self.unsubscribe(tokens),
            message_id: message.id.to_string(),
        })
    }
}

/// The shipped words with these over them.
fn words(own: templates::InForce) -> Chosen {
    let versions = own.versions.into_iter().map(|version| Own {
        template: version.template,
        channel: version.channel,
        tone: version.tone,
        locale: version.locale,
        blocks: version.blocks,
    });
    Chosen::new(versions, own.tones)
}

fn line(listed: &Listed) -> Line {
    Line {
        number: listed.number.clone(),
        issue_on: listed.issue_on,
        due_on: listed.due_on,
        balance: listed.asked,
        total: listed.total,
        days_overdue: listed.days_overdue,
        charge: listed.charge,
    }
}
