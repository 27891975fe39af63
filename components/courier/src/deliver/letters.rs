//! From a queued message to a letter: claimed, with a payment link of its own and a way to have no more, rendered.

use carriers::{Letter, Sender, compose};
use chrono::{Duration, NaiveDate};
use paper::{Creditor, Envelope, PaperError, Printed, addressee, of_message, of_statement};
use receivables::channel::Channel;
use receivables::id::LinkId;
use receivables::money::Money;
use receivables::notice::About;
use receivables::payment_code::{Payee, Transfer, transfer};
use receivables::reference::Key;
use render::{Chosen, MessageContext, Rendered, render_or_shipped};
use store::delivery::{self, Carrier, Claimed, Document};
use store::links::{self, NewLink};
use store::templates::{self, Failure};
use store::unsubscribes::{self, NewToken};
use store::{Db, Tx};
use web::{Cx, Problem, secrets};

/// How long the link in a message works: longer than any step of a policy waits for the next.
const LINK_LASTS: Duration = Duration::days(90);

/// What only the reader of a message knows, and is kept as a hash alone.
pub(super) struct Tokens {
    /// Of its payment link.
    pay: String,
    /// The link itself, of which a transfer's reference is made.
    link: LinkId,
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
                .map(|((link, pay), unsubscribe)| Tokens {
                    pay,
                    link,
                    unsubscribe,
                })
                .collect();
            Ok::<_, Problem>((claim, tokens))
        })
        .await?;
    Ok((claim.examined, claim.claimed.into_iter().zip(tokens).collect()))
}

/// A payment link for each message, in the transaction that claims them. The tokens are known here alone.
async fn make_links(cx: &Cx, tx: &Tx<'_>, claimed: &[Claimed]) -> Result<Vec<(LinkId, String)>, Problem> {
    let moment = cx.moment();
    let expires_at = moment.now.checked_add_signed(LINK_LASTS);
    let expires_at = expires_at.ok_or_else(|| Problem::internal("the calendar has ended"))?;
    let mut tokens = Vec::with_capacity(claimed.len());
    let mut new = Vec::with_capacity(claimed.len());
    for message in claimed {
        let (id, token) = (moment.id(LinkId::from_parts)?, secrets::token()?);
        new.push(NewLink {
            id: id.clone(),
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
        tokens.push((id, token));
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

/// A message made ready.
pub(super) struct Made {
    rendered: Rendered,
    /// Its letter, or the statement with it, as a PDF.
    paper: Option<Vec<u8>>,
    /// Own words that failed for it: the shipped ones took their place.
    pub(super) failure: Option<Failure>,
}

/// What every letter of a run has in common.
pub(super) struct House {
    public_url: String,
    sender: Sender,
    /// Who writes on paper.
    creditor: Creditor,
    /// The words: the shipped ones, with this deployment's own over them.
    words: Chosen,
    /// Which version of each of its own words is in force.
    versions: Vec<(templates::Key, u32)>,
    /// Where a transfer goes; none: no account is set.
    payee: Option<Payee>,
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
        let own = templates::in_force(&cx.db().await?).await?;
        let versions = own.versions.iter().map(|words| (words.key(), words.version));
        Ok(Self {
            creditor: Creditor::read(&name, &address),
            versions: versions.collect(),
            words: compose::words(own),
            payee: web::payee(cx).await?,
            public_url: public_url.trim_end_matches('/').to_owned(),
            sender: Sender {
                name,
                email: cx.required_setting("sender_email").await?,
                reply_to: cx.setting("creditor_email").await?,
            },
            by_case,
        })
    }

    /// The message, rendered with its link and printed.
    pub(super) fn made(&self, message: &Claimed, tokens: &Tokens, dated: NaiveDate) -> Result<Made, Problem> {
        let context = self.context(message, tokens)?;
        let (rendered, failed) = render_or_shipped(&self.words, message.channel, &context)
            .map_err(|error| Problem::internal(format!("message {}: {error}", message.id)))?;
        let failure = failed.map(|failed| {
            let key = templates::Key {
                template: failed.template,
                channel: failed.channel,
                tone: failed.tone,
                locale: failed.locale,
            };
            let version = self.versions.iter().find(|(own, _)| *own == key);
            Failure {
                version: version.map_or(0, |(_, version)| *version),
                key,
                why: failed.why,
            }
        });
        Ok(Made {
            paper: self.paper(message, &rendered, tokens, context, dated)?,
            rendered,
            failure,
        })
    }

    /// Where its reader has no more sent to the address.
    fn unsubscribe(&self, tokens: &Tokens) -> Option<String> {
        let token = tokens.unsubscribe.as_ref();
        token.map(|token| format!("{}/unsubscribe/{token}", self.public_url))
    }

    /// What a letter on paper is printed from, or the statement that a message has with it; nothing for the others. A
    /// letter that is to have a statement with it has it on the pages after its own.
    fn paper(
        &self,
        message: &Claimed,
        rendered: &Rendered,
        tokens: &Tokens,
        mut context: MessageContext,
        dated: NaiveDate,
    ) -> Result<Option<Vec<u8>>, Problem> {
        if message.channel != Channel::Letter && message.statement.is_none() {
            return Ok(None);
        }
        let (to, creditor) = (&message.to, &self.creditor);
        let name = Some(to.name.as_str()).filter(|name| !name.is_empty());
        let envelope = Envelope {
            creditor: creditor.lines.clone(),
            addressee: addressee(&message.customer_name, name, to.postal.as_ref(), creditor.country),
            country: Some(message.country.code().to_owned()),
            dated,
            transfer: self.transfer(context.total, tokens),
        };
        let printed = match (message.channel, &message.about, &message.statement) {
            (Channel::Letter, Some(About::Statement { .. }), _) => statement(&context, &envelope),
            (Channel::Letter, _, None) => paper::letter(&of_message(&context, rendered, &envelope)),
            (Channel::Letter, _, Some(about)) => {
                let letter = of_message(&context, rendered, &envelope);
                context.about = Some(about.clone());
                of_statement(&context, None, &envelope)
                    .and_then(|enclosed| paper::letter_with(&letter, &enclosed))
            }
            (_, _, enclosed) => {
                context.about = enclosed.clone();
                statement(&context, &envelope)
            }
        };
        let printed =
            printed.map_err(|error| Problem::internal(format!("message {}: {error}", message.id)))?;
        Ok(Some(printed.pdf))
    }

    /// How what a message asks for is transferred, as its link's page says; none where no account is set.
    fn transfer(&self, asked: Money, tokens: &Tokens) -> Option<Transfer> {
        transfer(self.payee.as_ref()?, asked, Key::of(tokens.link.as_str())?)
    }

    /// The message as a carrier takes it.
    pub(super) fn letter(&self, mut message: Claimed, made: Made, tokens: &Tokens) -> Letter {
        let mut paper = made.paper;
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
            rendered: made.rendered,
            sender,
        }
    }

    fn context(&self, message: &Claimed, tokens: &Tokens) -> Result<MessageContext, Problem> {
        let house = compose::House {
            creditor_name: &self.sender.name,
            reply_to: self.sender.reply_to.as_deref(),
            pay_url: format!("{}/pay/{}", self.public_url, tokens.pay),
            unsubscribe_url: self.unsubscribe(tokens),
        };
        compose::context(message, house)
    }
}

fn statement(context: &MessageContext, envelope: &Envelope) -> Result<Printed, PaperError> {
    of_statement(context, None, envelope).and_then(|facts| paper::statement(&facts))
}
