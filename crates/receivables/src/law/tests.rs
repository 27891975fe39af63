//! The table of rules, case by case.
