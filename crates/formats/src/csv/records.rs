//! A stream of bytes, cut into records as it comes.
//!
//! Shape: bytes are pushed into a [`Splitter`] in whatever pieces they come, and records are taken out of it, each with
//! the number of its first line and the offset at which it ends, so that a reader can go on from there another time.
//! In NDJSON a record is a line; in CSV it goes on over the line breaks within quotes.
//!
//! Bounds: a record is at most so many bytes; one that is longer is cut off, told as such, and read past. A quote that
//! is opened and not closed within a record's length would swallow the rest of the file: then the line on which it
//! stands is told as a record of its own, and reading goes on at the next line. Memory: one record and the piece that
//! was pushed last.
//!
//! Source: RFC 4180, section 2, and what spreadsheets write beside it: bare line feeds, bare carriage returns.

use receivables::limits;

/// What keeps a record from being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is longer than a record may be; its beginning is kept.
    TooLong,
    /// A quote is opened on its line and never closed.
    Unclosed,
}

/// A record: its text without the line's end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The number of its first line in the file, from 1.
    pub line: u32,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// How many bytes of the stream end with it, the line's end included.
    pub end: u64,
    /// What is wrong with it, where something is.
    pub fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A cell begins here.
    Cell,
    /// Within a cell without quotes, or after the closing one.
    Plain,
    /// Within quotes.
    Quoted,
    /// After a quote within quotes: it closes them, or stands for itself.
    Quote,
}

/// How records end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// With the line.
    Lines,
    /// With the line, unless that is within quotes; a cell begins after this delimiter or, while it is not known, any.
    Csv(Option<u8>),
}

/// Cuts a stream into records.
#[derive(Clone, Debug)]
pub struct Splitter {
    form: Form,
    most: usize,
    buffer: Vec<u8>,
    /// Where the record begins in the buffer, and how far it has been looked at.
    start: usize,
    at: usize,
    state: State,
    /// Bytes of the stream before the buffer.
    passed: u64,
    line: u32,
    ended: bool,
    /// A record that was cut off, whose rest is being passed over.
    cut: Option<Record>,
    unclosed_left: u32,
}

/// What an open CSV file may be divided by.
pub(crate) const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

impl Splitter {
    /// For a stream that begins with the line `line` after `passed` bytes: 1 and 0, or where a reader left off.
    pub fn new(form: Form, line: u32, passed: u64) -> Splitter {
        Splitter {
            form,
            most: match form {
                Form::Lines => limits::LINE_BYTES,
                Form::Csv(_) => limits::CSV_RECORD,
            },
            buffer: Vec::new(),
            start: 0,
            at: 0,
            state: State::Cell,
            passed,
            line,
            ended: false,
            cut: None,
            unclosed_left: limits::CSV_UNCLOSED,
        }
    }

    /// Says what divides the cells of the records to come.
    pub fn divided_by(&mut self, delimiter: u8) {
        self.form = Form::Csv(Some(delimiter));
    }

    /// Adds a piece of the stream.
    pub fn push(&mut self, piece: &[u8]) {
        if self.start > 0 {
            let rest = self.buffer.split_off(self.start.min(self.buffer.len()));
            self.passed = self.passed.saturating_add(count(self.start));
            self.at = self.at.saturating_sub(self.start);
            self.start = 0;
            self.buffer = rest;
        }
        self.buffer.extend_from_slice(piece);
    }

    /// Says that the stream has ended.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// The number of the line with which the next record begins.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// The next record, if the stream has brought one.
    pub fn record(&mut self) -> Option<Record> {
        loop {
            let Some(byte) = self.buffer.get(self.at).copied() else {
                return self.at_the_edge();
            };
            let quoted = self.state == State::Quoted;
            let width = match byte {
                b'\n' if !quoted => Some(1),
                b'\r' if !quoted && self.form != Form::Lines => {
                    match (self.buffer.get(self.at.saturating_add(1)), self.ended) {
                        (Some(b'\n'), _) => Some(2),
                        (Some(_), _) | (None, true) => Some(1),
                        (None, false) => return None,
                    }
                }
                _ => None,
            };
            if let Some(width) = width {
                return Some(self.finish(self.at, self.at.saturating_add(width), None));
            }
            self.state = self.after(byte);
            self.at = self.at.saturating_add(1);
            if self.at.saturating_sub(self.start) > self.most
                && let Some(record) = self.too_long()
            {
                return Some(record);
            }
        }
    }

    /// Where the cursor is after a byte that ends nothing.
    fn after(&self, byte: u8) -> State {
        let Form::Csv(delimiter) = self.form else {
            return State::Plain;
        };
        let divides = delimiter.map_or(DELIMITERS.contains(&byte), |delimiter| delimiter == byte);
        match (self.state, byte) {
            // What was cut off is passed over to its line's end.
            _ if self.cut.is_some() => State::Plain,
            (State::Cell, b'"') if self.unclosed_left > 0 => State::Quoted,
            (State::Quoted, b'"') => State::Quote,
            (State::Quoted, _) | (State::Quote, b'"') => State::Quoted,
            _ if divides => State::Cell,
            _ => State::Plain,
        }
    }

    /// All that is there has been looked at.
    fn at_the_edge(&mut self) -> Option<Record> {
        let rest = self.start < self.buffer.len();
        if !self.ended || !(rest || self.cut.is_some()) {
            return None;
        }
        if self.state == State::Quoted
            && let Some(record) = self.first_line()
        {
            return Some(record);
        }
        let end = self.buffer.len();
        Some(self.finish(end, end, None))
    }

    /// The record so far is longer than one may be.
    fn too_long(&mut self) -> Option<Record> {
        if self.cut.is_some() {
            self.start = self.at;
            return None;
        }
        if self.state == State::Quoted
            && let Some(record) = self.first_line()
        {
            return Some(record);
        }
        self.cut = Some(Record {
            line: self.line,
            bytes: self.slice(self.start, self.at.saturating_sub(1)),
            end: 0,
            fault: Some(Fault::TooLong),
        });
        self.state = State::Plain;
        self.start = self.at;
        None
    }

    /// The first line of what an open quote has swallowed, if that is more than one.
    fn first_line(&mut self) -> Option<Record> {
        let swallowed = self.buffer.get(self.start..self.at)?;
        let length = swallowed.iter().position(|byte| *byte == b'\n')?;
        self.unclosed_left = self.unclosed_left.saturating_sub(1);
        let end = self.start.saturating_add(length);
        Some(self.finish(end, end.saturating_add(1), Some(Fault::Unclosed)))
    }

    /// The record up to `end`; the next one begins at `next`.
    fn finish(&mut self, end: usize, next: usize, fault: Option<Fault>) -> Record {
        let offset = self.passed.saturating_add(count(next));
        let record = match self.cut.take() {
            Some(cut) => Record { end: offset, ..cut },
            None => {
                let mut bytes = self.slice(self.start, end);
                if bytes.last() == Some(&b'\r') {
                    bytes.pop();
                }
                Record {
                    line: self.line,
                    bytes,
                    end: offset,
                    fault,
                }
            }
        };
        let breaks = record.bytes.iter().filter(|byte| **byte == b'\n').count();
        let lines = u32::try_from(breaks).unwrap_or(u32::MAX).saturating_add(1);
        self.line = self.line.saturating_add(lines);
        self.start = next;
        self.at = next;
        self.state = State::Cell;
        record
    }

    fn slice(&self, from: usize, to: usize) -> Vec<u8> {
        self.buffer.get(from..to).unwrap_or_default().to_vec()
    }
}

fn count(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
