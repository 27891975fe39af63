//! References that payers are asked to quote, and that tell what they paid for.
