//! The zones of telephone numbers against another's: the Python package `phonenumbers`.

use super::places::of_number;
use crate::oracles::partner;
use std::collections::BTreeSet;

/// Each area code of North America and each country code, with exchanges of every thousand: wherever the package says that
/// a number lies, so do we. We may say more, since a code's numbers are not told apart.
#[test]
fn numbers_lie_where_an_independent_library_has_them() {
    let Some(package) = partner::Partner::python("phonenumbers") else {
        return;
    };
    let mut numbers = Vec::new();
    for area in 200..1000 {
        for exchange in [200, 234, 345, 456, 555, 678, 789, 890, 999] {
            numbers.push(format!("+1{area}{exchange}0100"));
        }
    }
    for code in 20..1000 {
        for rest in ["12345678", "31234567", "512345678", "71234567", "9012345678"] {
            numbers.push(format!("+{code}{rest}"));
        }
    }
    let input = serde_json::to_string(&numbers).unwrap();
    let answer = package.run("phone_zones.py", &[], &input);
    let theirs: Vec<Vec<String>> = serde_json::from_str(&answer).unwrap();
    assert_eq!(theirs.len(), numbers.len());
    let (mut compared, mut missing) = (0, Vec::new());
    for (number, theirs) in numbers.iter().zip(theirs) {
        let ours = of_number(number);
        let ours: BTreeSet<&str> = ours.iter().map(|zone| zone.name()).collect();
        compared += usize::from(!theirs.is_empty());
        if !theirs.iter().all(|zone| ours.contains(zone.as_str())) {
            missing.push(format!("{number}: {theirs:?}, not {ours:?}"));
        }
    }
    assert!(compared > 8_000, "{compared}");
    assert!(missing.is_empty(), "{missing:#?}");
}
