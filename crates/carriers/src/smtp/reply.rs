//! What a mail server answers (RFC 5321, section 4.2), read as it comes.

/// Bytes of one answer, however many lines: RFC 5321, section 4.5.3.1.5, says 512 a line.
const MOST: usize = 16 << 10;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// `250`, ...
    pub(crate) code: u16,
    /// Its lines, without the code.
    pub(crate) lines: Vec<String>,
}

impl Reply {
    /// Code and words, in one line.
    pub(crate) fn words(&self) -> String {
        format!("{} {}", self.code, self.lines.join(" "))
    }

    /// The enhanced code (RFC 3463), where there is one: `5.1.1`.
    pub(crate) fn enhanced(&self) -> Option<&str> {
        let word = self.lines.first()?.split(' ').next()?;
        let mut parts = word.split('.');
        let number = |part: Option<&str>| part.is_some_and(|part| part.parse::<u16>().is_ok());
        let three = number(parts.next()) && number(parts.next()) && number(parts.next());
        (three && parts.next().is_none()).then_some(word)
    }
}

/// Makes answers of bytes.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    bytes: Vec<u8>,
    lines: Vec<String>,
    taken: usize,
}

impl Reader {
    /// More of what came.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next answer, once it is whole.
    ///
    /// # Errors
    /// In words, where it is none, or more than an answer can be.
    pub(crate) fn next(&mut self) -> Result<Option<Reply>, String> {
        while let Some(end) = self.bytes.iter().position(|byte| *byte == b'\n') {
            let rest = self.bytes.split_off(end.saturating_add(1));
            let line = std::mem::replace(&mut self.bytes, rest);
            self.taken = self.taken.saturating_add(line.len());
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end_matches(['\r', '\n']);
            let code = line.get(..3).and_then(|code| code.parse::<u16>().ok());
            let Some(code) = code.filter(|code| (200..600).contains(code)) else {
                return Err(format!("no answer of a mail server: {line:?}"));
            };
            self.lines.push(line.get(4..).unwrap_or_default().to_owned());
            match line.as_bytes().get(3) {
                Some(b'-') => {}
                None | Some(b' ') => {
                    self.taken = 0;
                    let lines = std::mem::take(&mut self.lines);
                    return Ok(Some(Reply { code, lines }));
                }
                Some(_) => return Err(format!("no answer of a mail server: {line:?}")),
            }
        }
        match self.taken.saturating_add(self.bytes.len()) > MOST {
            true => Err("an answer without an end".to_owned()),
            false => Ok(None),
        }
    }
}
