//! Others' software, which tests compare with.

#[path = "../../../tests/harness/partner.rs"]
#[expect(
    dead_code,
    reason = "the harness of the whole app also runs Node and scripts of its own"
)]
pub(crate) mod partner;
