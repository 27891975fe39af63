//! Attackers: each thing that somebody might try, tried from outside, and refused.
//!
//! A file an attack surface, a test an attack, each over as many variants as there are doors to try it on. A test
//! counts its attempts as it makes them ([`Tried`]) and says how many there were, so that the number is what was done
//! and not what was meant. `SECURITY.md` says what is defended and against whom.
//!
//! | attack | test |
//! |---|---|
//! | webhooks: a source in the description that nobody attacks | `webhooks::every_source_is_attacked` |
//! | webhooks: unsigned, forged, cut short, changed; another algorithm, version, encoding or header; JWT `none`; an unsigned item beside a signed one; a certificate from elsewhere | `webhooks::only_what_a_source_has_signed_is_believed_and_once` |
//! | webhooks: signed with another source's secret, an old, an empty or a known one | `webhooks::only_what_a_source_has_signed_is_believed_and_once` |
//! | webhooks: too old or ahead of us, where the scheme knows time; said again, at once and days later | `webhooks::only_what_a_source_has_signed_is_believed_and_once` |
//! | webhooks of sources that are not set up | `webhooks::where_nothing_is_set_nobody_is_believed` |
//! | tokens and keys: unknown, expired, revoked and malformed told apart | `tokens::what_is_unknown_expired_revoked_or_no_token_looks_the_same` |
//! | guessing from one address, across restarts, with forged addresses; locking others out by it | `tokens::an_address_that_guesses_is_made_to_wait_and_nobody_else_is` |
//! | guessing from a network of IPv6 addresses | `tokens::a_network_of_addresses_is_one` |
//! | guessing the rest of a token or key from many addresses | `tokens::what_begins_like_a_token_is_guessed_a_few_times_from_wherever` |
//! | guessing a key that somebody has chosen too short | `tokens::a_key_that_can_be_guessed_opens_nothing_while_somebody_guesses` |
//! | timing of comparison: by its structure, no secret is compared with `==` | `privilege::no_secret_is_compared_byte_by_byte` |
//! | every operation without a key, with keys that are none, with each other scope's key | `scopes::every_operation_opens_to_its_scope_and_to_nothing_else` |
//! | a route that asks for nothing | `scopes::what_is_open_to_everybody_is_on_a_list` |
//! | a key that makes itself more, by a new key, a header or the console | `scopes::a_key_makes_no_key_that_may_more` |
//! | a component that is granted more than it needs | `privilege::the_threat_model_says_what_the_manifest_grants`, `privilege::no_component_is_given_what_it_does_not_read` |
//! | a secret that is not marked as one, or has a default | `privilege::secrets_are_marked_as_such` |
//! | another customer's things through one's own payment link | `references::a_payers_link_shows_and_pays_the_payers_own` |
//! | another reader's address through one's own token | `references::a_readers_token_silences_the_readers_own_address` |
//! | ids of another kind, of nobody's, or none, in every path | `references::an_id_of_another_kind_opens_nothing` |
//! | headers that hosts and proxies set, forged into rights | `headers::rights_are_not_had_by_headers` |
//! | `Host` and `X-Forwarded-*` into links, redirects and messages | `headers::links_lead_to_the_deployment_whatever_host_is_named` |
//! | request smuggling, two `Authorization`s, two `Host`s, paths written otherwise, odd methods | `headers::one_request_is_one_request` |
//! | line breaks in values that come out as headers | `headers::no_value_becomes_a_header` |
//! | framing, scripts, inline styles, caches and `Referer`, on every page there is | `browser::every_page_is_guarded` |
//! | a form that ends anywhere but here or, of a payer's, at a provider over https | `browser::every_page_is_guarded`, `browser::a_payer_may_be_sent_on_to_a_provider_and_no_one_else` |
//! | JSON that a browser shows, keeps or reads across sites | `browser::what_is_no_page_is_not_shown_and_not_kept` |
//! | forms and calls of other sites with a visitor's cookie | `browser::another_site_changes_nothing` |
//! | sessions that are fixed, kept, sent elsewhere or read by scripts | `browser::the_cookie_is_the_consoles_alone` |
//! | open redirects | `browser::nobody_is_led_elsewhere` |
//! | mark-up, attribute breakouts, `javascript:`, SVG, template syntax, bidi, NUL and length, in every string of the API, on every page, in mails and in error pages | `markup::whatever_a_field_is_given_is_shown_as_a_text` |
//! | the same on paper: actions, scripts and addresses in a PDF | `markup::paper_says_it_and_does_nothing` |
//! | templates that read what is not theirs, fetch, import, keep, recurse, multiply, or run on | `templates::words_reach_nothing_and_do_not_run_on` |
//! | templates that run on for one customer alone | `templates::words_that_only_run_on_for_somebody_who_owes_much_hold_up_nobody` |
//! | formulas and DDE in cells of every export, whatever it is cut at | `tables::no_cell_of_a_table_is_a_formula_and_each_comes_back_as_it_was`, `tables::the_table_for_an_agency_is_no_formula_either` |
//! | XML bombs, external entities, types, depth, width, namespaces, encodings, at every reader | `xml::every_reader_of_xml_refuses_what_no_business_document_has` |
//! | files and bodies that unpack to more than they are | `xml::nothing_is_unpacked` |
//! | SQL in every parameter, path and document | `sql::no_parameter_is_a_part_of_a_statement`, `sql::sql_in_a_document_is_text`, `sql::statements_are_written_before_the_program_runs` |
//! | bodies over their limit, with a length and without, at every door | `sizes::a_body_is_read_up_to_its_limit_at_every_door`, `sizes::a_body_without_a_length_is_cut_off_at_every_door` |
//! | heads, addresses, depth, members and digits beyond measure | `sizes::heads_and_addresses_have_limits_too`, `sizes::deep_wide_and_long_documents_are_refused_quickly_at_every_door` |
//! | slow and half-open connections, many at a time | `sizes::slow_and_half_open_clients_hold_up_nobody` |
//! | paths in names and ids of documents | `sizes::no_name_and_no_id_is_a_path` |
//! | endpoints inside, in every way of writing an address | `ssrf::no_endpoint_leads_inside`, `ssrf::what_was_stored_when_it_was_allowed_is_judged_again_when_it_is_called` |
//! | addresses in documents and in what SNS says | `ssrf::what_is_only_shown_is_never_fetched` |
//! | pages that a payment provider names and that are none | `ssrf::a_provider_sends_nobody_to_what_is_no_page` |
//! | line breaks, terminal sequences and forged lines in logs and headers | `logs::a_line_of_the_log_is_one_object_whoever_wrote_it`, `logs::what_comes_out_as_a_header_is_one_header` |
//! | secrets in logs, answers, databases and addresses; keys and tokens at rest | `secrets::no_secret_is_anywhere_but_where_it_is_used`, and every app of the suite when it stops |

mod browser;
mod fields;
mod headers;
mod logs;
mod markup;
mod page;
mod privilege;
mod references;
mod scopes;
mod secrets;
mod sizes;
mod sql;
mod ssrf;
mod tables;
mod templates;
mod tokens;
mod webhooks;
mod xml;

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use url::form_urlencoded;

use crate::harness::{App, say};

/// Counts attempts, and says how many there were when the test is through with them.
pub(crate) struct Tried {
    what: &'static str,
    count: usize,
}

impl Tried {
    pub(crate) const fn of(what: &'static str) -> Self {
        Self { what, count: 0 }
    }

    /// One more attempt, which was refused.
    pub(crate) const fn one(&mut self) {
        self.count += 1;
    }

    /// The number so far.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }
}

impl Drop for Tried {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            say(&format!("ATTACKS TRIED: {:5} {}", self.count, self.what));
        }
    }
}

/// Sends a request as it is written and answers what comes back, until the other side has had enough.
pub(crate) fn raw(app: &App, request: &str) -> String {
    let mut stream = TcpStream::connect(app.address()).expect("a connection");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a limit");
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    String::from_utf8_lossy(&answer).into_owned()
}

/// Posts a form, also with fields that the description does not know; answers the status, where it leads, and the page.
pub(crate) fn posted(app: &App, path: &str, fields: &[(&str, &str)]) -> (String, Option<String>, String) {
    let path = path.replace(&app.url(), "");
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let answer = raw(
        app,
        &format!(
            "POST {path} HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{form}",
            form.len()
        ),
    );
    let (head, page) = answer.split_once("\r\n\r\n").expect("an answer");
    let status = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let location = head
        .lines()
        .find_map(|line| line.strip_prefix("location: ").map(str::to_owned));
    (status, location, page.to_owned())
}
