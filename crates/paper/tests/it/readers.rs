//! Software that reads PDFs, as others ship it: poppler's `pdftotext`, `pdfinfo` and `pdftoppm`, `qpdf`, and `zxing-cpp`.
//! Where it is absent a test says so and checks nothing, unless `DUNLIN_PARTNERS=required`.

use std::path::{Path, PathBuf};
use std::process::Command;

const PARTNERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/partners/python");

/// Reads a code off a picture with Python's `zxing-cpp`.
const READ_CODE: &str = "import sys, zxingcpp, PIL.Image as I
for code in zxingcpp.read_barcodes(I.open(sys.argv[1])): print(code.text)";

fn absent(what: &str) {
    assert!(
        std::env::var_os("DUNLIN_PARTNERS").is_none_or(|value| value != "required"),
        "{what} is not installed"
    );
    eprintln!("SKIPPED: {what} is not installed");
}

/// A PDF in a file of its own, which ends with it.
pub(crate) struct Filed(PathBuf);

impl Filed {
    pub(crate) fn new(name: &str, pdf: &[u8]) -> Filed {
        let file = std::env::temp_dir().join(format!("dunlin-paper-{}-{name}.pdf", std::process::id()));
        std::fs::write(&file, pdf).unwrap();
        Filed(file)
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Filed {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let output = match Command::new(program)
        .args(arguments)
        .env("PYTHONPATH", PARTNERS)
        .output()
    {
        Ok(output) => output,
        Err(_) => {
            absent(program);
            return None;
        }
    };
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Some(String::from_utf8(output.stdout).unwrap())
}

/// The text, page after page, each ended by a form feed.
pub(crate) fn text(name: &str, pdf: &[u8]) -> Option<String> {
    let file = Filed::new(name, pdf);
    run("pdftotext", &["-layout", &file.path().to_string_lossy(), "-"])
}

/// What the document says of itself.
pub(crate) fn info(name: &str, pdf: &[u8]) -> Option<String> {
    let file = Filed::new(name, pdf);
    run("pdfinfo", &[&file.path().to_string_lossy()])
}

/// The structure that is read out, one element a line, with its text.
pub(crate) fn structure(name: &str, pdf: &[u8]) -> Option<String> {
    let file = Filed::new(name, pdf);
    run("pdfinfo", &["-struct-text", &file.path().to_string_lossy()])
}

/// The addresses that a press leads to.
pub(crate) fn links(name: &str, pdf: &[u8]) -> Option<String> {
    let file = Filed::new(name, pdf);
    run("pdfinfo", &["-url", &file.path().to_string_lossy()])
}

/// Whether the file is what the standard says.
pub(crate) fn check(name: &str, pdf: &[u8]) {
    let file = Filed::new(name, pdf);
    if let Some(said) = run("qpdf", &["--check", &file.path().to_string_lossy()]) {
        assert!(said.contains("No syntax or stream encoding errors"), "{said}");
    }
}

/// What a camera reads off a page.
pub(crate) fn code(name: &str, pdf: &[u8], page: usize) -> Option<String> {
    if !Path::new(PARTNERS).join("zxingcpp").exists() {
        absent("zxing-cpp: run tests/partners/install");
        return None;
    }
    let file = Filed::new(name, pdf);
    let picture = file.path().with_extension("");
    let (page, picture) = (page.to_string(), picture.to_string_lossy().into_owned());
    let source = file.path().to_string_lossy();
    run(
        "pdftoppm",
        &["-r", "150", "-png", "-singlefile", "-f", &page, &source, &picture],
    )?;
    let picture = format!("{picture}.png");
    let read = run("python3", &["-c", READ_CODE, &picture]);
    let _ = std::fs::remove_file(&picture);
    read.map(|read| read.trim_end().to_owned())
}
