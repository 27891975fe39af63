use super::*;
use proptest::prelude::*;

/// The records of a file that comes in pieces of so many bytes: line, text, fault.
fn records(form: Form, file: &[u8], piece: usize) -> Vec<(u32, String, Option<Fault>)> {
    let mut splitter = Splitter::new(form, 1, 0);
    let mut found = Vec::new();
    let mut take = |splitter: &mut Splitter| {
        while let Some(record) = splitter.record() {
            let text = String::from_utf8_lossy(&record.bytes).into_owned();
            found.push((record.line, text, record.fault));
        }
    };
    for piece in file.chunks(piece.max(1)) {
        splitter.push(piece);
        take(&mut splitter);
    }
    splitter.end();
    take(&mut splitter);
    found
}

fn texts(form: Form, file: &str) -> Vec<(u32, String)> {
    let whole = records(form, file.as_bytes(), usize::MAX);
    assert_eq!(records(form, file.as_bytes(), 1), whole, "in pieces: {file:?}");
    whole
        .into_iter()
        .map(|(line, text, fault)| {
            assert_eq!(fault, None, "{file:?}");
            (line, text)
        })
        .collect()
}

#[test]
fn records_end_with_their_lines_unless_these_are_quoted() {
    let csv = Form::Csv(Some(b','));
    let cases: [(&str, &[(u32, &str)]); 9] = [
        ("a,b\r\n1,2\r\n", &[(1, "a,b"), (2, "1,2")]),
        ("a,b\n1,2", &[(1, "a,b"), (2, "1,2")]),
        ("a,b\r1,2\r", &[(1, "a,b"), (2, "1,2")]),
        ("a,\"x\r\ny\",c\nnext", &[(1, "a,\"x\r\ny\",c"), (3, "next")]),
        ("\"a\"\"\n\",1\n2", &[(1, "\"a\"\"\n\",1"), (3, "2")]),
        // A quote within a cell that did not begin with one is a character.
        ("5\" pipe,1\n2", &[(1, "5\" pipe,1"), (2, "2")]),
        ("a\n\nb", &[(1, "a"), (2, ""), (3, "b")]),
        ("", &[]),
        ("\n", &[(1, "")]),
    ];
    for (file, expected) in cases {
        let found = texts(csv, file);
        let found: Vec<(u32, &str)> = found.iter().map(|(line, text)| (*line, text.as_str())).collect();
        assert_eq!(found, expected, "{file:?}");
    }
    // Which delimiter it is decides where a quote opens.
    assert_eq!(texts(Form::Csv(Some(b';')), "a,\"b\nc").len(), 2);
    assert_eq!(texts(Form::Lines, "{\"a\":\"\n\"}\r\n").len(), 2);
}

#[test]
fn an_unclosed_quote_costs_its_own_line_and_no_other() {
    let rest = "C-1,100\n".repeat(20_000);
    for file in [format!("1,\"open\n{rest}"), "1,\"open\n2,3\n".to_owned()] {
        let found = records(Form::Csv(Some(b',')), file.as_bytes(), 4_096);
        assert_eq!(found[0], (1, "1,\"open".to_owned(), Some(Fault::Unclosed)));
        assert!(found[1..].iter().all(|(_, _, fault)| fault.is_none()));
        assert_eq!(found.len(), file.lines().count());
    }
    // However many there are, the time is bounded: afterwards each line is a record, and its cells say what is wrong.
    let block = format!("1,\"open\n{}", "C-1,100\n".repeat(9_000));
    let many = block.repeat(130);
    let found = records(Form::Csv(Some(b',')), many.as_bytes(), 1 << 16);
    assert_eq!(found.len(), many.lines().count());
    let unclosed = found.iter().filter(|(_, _, fault)| fault.is_some()).count();
    assert_eq!(unclosed, usize::try_from(limits::CSV_UNCLOSED).unwrap());

    // Whoever goes on in the middle of them has looked for as many.
    let csv = Form::Csv(Some(b','));
    let mut whole = Splitter::new(csv, 1, 0);
    whole.push(many.as_bytes());
    whole.end();
    let before: Vec<Record> = std::iter::from_fn(|| whole.record()).take(500_000).collect();
    let at = usize::try_from(before.last().unwrap().end).unwrap();
    let mut resumed =
        Splitter::new(csv, whole.line(), before.last().unwrap().end).looking_for(whole.unclosed_left());
    resumed.push(&many.as_bytes()[at..]);
    resumed.end();
    assert!(whole.unclosed_left() > 0 && whole.unclosed_left() < limits::CSV_UNCLOSED);
    assert!(std::iter::from_fn(|| whole.record()).eq(std::iter::from_fn(|| resumed.record())));
}

#[test]
fn what_is_too_long_is_cut_off_and_read_past() {
    let digits = "7".repeat(1_000_000);
    for form in [Form::Csv(Some(b',')), Form::Csv(None), Form::Lines] {
        let most = match form {
            Form::Lines => limits::LINE_BYTES,
            Form::Csv(_) => limits::CSV_RECORD,
        };
        let long = digits.repeat(2);
        let file = format!("a,b\n1,{long}\n3,4\n");
        let found = records(form, file.as_bytes(), 1_000);
        assert_eq!(found.len(), 3, "{form:?}");
        assert_eq!((found[1].0, found[1].2), (2, Some(Fault::TooLong)));
        assert_eq!(found[1].1.len(), most);
        assert_eq!(found[2], (3, "3,4".to_owned(), None));
        // The last line of a file, and one in quotes.
        for tail in [format!("1,{long}"), format!("1,\"{long}\"\n3,4")] {
            let found = records(form, tail.as_bytes(), 1_000);
            assert_eq!(found[0].2, Some(Fault::TooLong), "{form:?}");
        }
    }
}

proptest! {
    #[test]
    fn pieces_make_no_difference_and_no_byte_is_lost(
        file in "[a\",;\r\n]{0,60}", piece in 1usize..7, form in prop_oneof![
            Just(Form::Lines), Just(Form::Csv(None)), Just(Form::Csv(Some(b',')))],
    ) {
        let whole = records(form, file.as_bytes(), usize::MAX);
        prop_assert_eq!(&records(form, file.as_bytes(), piece), &whole);
        let kept: usize = whole.iter().map(|(_, text, _)| text.len()).sum();
        let breaks = file.bytes().filter(|b| matches!(b, b'\r' | b'\n')).count();
        prop_assert!(kept + breaks >= file.len() && kept <= file.len());
    }

    #[test]
    fn reading_goes_on_from_the_end_of_any_record(file in "[a\",\r\n]{0,60}", after in 0usize..5) {
        let csv = Form::Csv(Some(b','));
        let mut whole = Splitter::new(csv, 1, 0);
        whole.push(file.as_bytes());
        whole.end();
        let all: Vec<Record> = std::iter::from_fn(|| whole.record()).collect();
        let Some(last) = all.get(after) else { return Ok(()) };
        let next = all.get(after + 1).map_or(last.line, |record| record.line);
        let mut resumed = Splitter::new(csv, next, last.end);
        resumed.push(&file.as_bytes()[usize::try_from(last.end).unwrap()..]);
        resumed.end();
        let rest: Vec<Record> = std::iter::from_fn(|| resumed.record()).collect();
        prop_assert_eq!(rest.as_slice(), &all[after + 1..]);
    }

    #[test]
    fn no_bytes_make_it_panic(file: Vec<u8>, piece in 1usize..40) {
        records(Form::Csv(None), &file, piece);
        records(Form::Lines, &file, piece);
    }
}
