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
//! | JSON that a browser shows, keeps or reads across sites | `browser::what_is_no_page_is_not_shown_and_not_kept` |
//! | forms and calls of other sites with a visitor's cookie | `browser::another_site_changes_nothing` |
//! | sessions that are fixed, kept, sent elsewhere or read by scripts | `browser::the_cookie_is_the_consoles_alone` |
//! | open redirects | `browser::nobody_is_led_elsewhere` |

mod browser;
mod headers;
mod privilege;
mod references;
mod scopes;
mod tokens;
mod webhooks;

use crate::harness::say;

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
