//! Every seed of the fuzz targets, and everything that fuzzing ever found, through its reader.
#![allow(
    unreachable_pub,
    reason = "the readers are a library of their own; here they are a module"
)]

use std::fs;
use std::path::Path;

#[path = "../../../fuzz/readers.rs"]
mod readers;

#[test]
fn what_was_ever_found_is_read_or_refused() {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    for (name, read) in readers::READERS {
        let mut seeds = 0;
        for folder in ["seeds", "found"] {
            // Not every reader was ever found at fault.
            let Ok(files) = fs::read_dir(fuzz.join(folder).join(name)) else {
                continue;
            };
            for file in files {
                read(&fs::read(file.unwrap().path()).unwrap());
                seeds += 1;
            }
        }
        assert!(seeds > 0, "{name} has no seed");
    }
}
