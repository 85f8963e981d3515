use std::path::PathBuf;

use super::*;

fn rows(table: &str) -> Result<Vec<Result<BatchInput, String>>, String> {
    let mut manifest = Manifest::new(table.as_bytes(), true).map_err(|error| error.to_string())?;
    Ok(std::iter::from_fn(|| manifest.next_row()).map(|row| row.map_err(|error| error.to_string())).collect())
}

// contract 6.1f, 6.1h
#[test]
fn columns_in_any_order_and_further_ones() {
    let table = "\u{feff}account,department,input,output,status,issuer\r\n\"Doe, \"\"Joe\"\"\",7,a b.xml,,1,\r\n\r\n,,c.xml,x/y.png,-1,X4\n";
    let first =
        BatchInput { file: Some("a b.xml".into()), account: Some("Doe, \"Joe\"".to_owned()), ..BatchInput::default() };
    let second = BatchInput {
        file: Some("c.xml".into()),
        output: Some("x/y.png".into()),
        issuer: Some("X4".to_owned()),
        ..BatchInput::default()
    };
    assert_eq!(rows(table), Ok(vec![Ok(first), Ok(second)]));
    assert_eq!(rows("input"), Ok(vec![]));
}

// contract 6.1g: GenerateSecret needs no column for the input.
#[test]
fn a_table_without_inputs() {
    let mut manifest = Manifest::new(&b"account\nme\n"[..], false).unwrap();
    let row = BatchInput { account: Some("me".to_owned()), ..BatchInput::default() };
    assert_eq!(manifest.next_row().unwrap().unwrap(), row);
    assert!(manifest.next_row().is_none());
    for table in ["", "name\n", "name;city\n"] {
        assert!(matches!(Manifest::new(table.as_bytes(), false), Err(ManifestError::Header)), "{table}");
    }
    for (table, separator) in [("issuer;account\nX4;me\n", "semicolons"), ("name\tinput\n", "tabs")] {
        let error = Manifest::new(table.as_bytes(), false).err().unwrap();
        assert!(matches!(error, ManifestError::Separator(found) if found == separator), "{table}");
    }
}

// contract 6.1k: a column of that name in another table than a report is about something else.
#[test]
fn the_status_of_a_report() {
    let failed =
        |table: &str| -> Vec<bool> { rows(table).unwrap().into_iter().map(|row| row.unwrap().has_failed).collect() };
    for header in ["input,output,status,description", "input,output,status,description,issuer,account"] {
        let names = if header.ends_with("account") { ",," } else { "" };
        let table = format!("{header}\na,a,1,{names}\nb,b,-1,x{names}\nc,c,403,{names}\nd,,,{names}\n");
        assert_eq!(failed(&table), [false, true, true, true]);
    }
    for header in ["input,status", "input,output,status", "output,input,status,description", "status,input,x,y"] {
        let cells = header.replace("status", "active").replace("output", "").replace("input", "a.xml");
        assert_eq!(failed(&format!("{header}\n{cells}\n")), [false], "{header}");
    }
}

// contract 6.1j: what a spreadsheet leaves below its table.
#[test]
fn rows_without_content() {
    let table = "input,account\n,\na.xml,\n,,,\n\n\"\", \t\n\"\"\nb.xml,me\n,\n";
    let inputs: Vec<_> = rows(table).unwrap().into_iter().map(|row| row.unwrap().file.unwrap()).collect();
    assert_eq!(inputs, [PathBuf::from("a.xml"), PathBuf::from("b.xml")]);
}

// contract 6.1h: also where the table has changed since it was looked at.
#[test]
fn a_row_that_is_no_text() {
    let mut manifest = Manifest::new(&b"input\na.xml\n\xf6.xml\nb.xml\n"[..], true).unwrap();
    assert!(manifest.next_row().unwrap().is_ok());
    let error = manifest.next_row().unwrap().unwrap_err().to_string();
    assert!(error.starts_with("wrong manifest: the table seems to be in windows-1252"), "{error}");
    assert!(manifest.next_row().is_none());
}

// contract 6.1i: the rows behind a quotation mark that is not closed are nobody's.
#[test]
fn quotation_marks() {
    for table in ["", "a", "a\n", "a\n\"b\"", "a\n\"b\nc\"\n", "a\n5\" b\n", "a\n\"b\"\"c\"\n\n", "a\nb\"\n"] {
        assert!(check_quotes(table.as_bytes()).is_ok(), "{table:?}");
    }
    for (table, line) in [("\"", 1), ("a\n\"b\nc\nd\n", 2), ("a\nb\n\"c\"\"", 3), ("a\r\nb\r\n,\"c\r\n", 3)] {
        assert!(
            matches!(check_quotes(table.as_bytes()), Err(ManifestError::Quote { line: found }) if found == line),
            "{table:?}"
        );
    }
    // One that is too long is told when it is read.
    assert!(check_quotes(format!("a\n\"{}", "x\n".repeat(MAX_RECORD_BYTES)).as_bytes()).is_ok());
}

#[test]
fn wrong_headers() {
    for table in ["", "\n", "a.xml\n", "Input\n", "input,output,input\n", "input\0"] {
        assert!(rows(table).unwrap_err().starts_with("wrong manifest: the first row must name"), "{table}");
    }
}

// contract 6.3a: the next row is not worse for it.
#[test]
fn wrong_rows() {
    let table = "input,account\na.xml\nb.xml,me,you\n,me\nd.xml,me\n";
    for table in [table.to_owned(), table.replace('\n', "\r\n")] {
        let got = rows(&table).unwrap();
        let errors: Vec<_> = got[..3].iter().map(|row| row.as_ref().unwrap_err().as_str()).collect();
        assert_eq!(
            errors,
            [
                "wrong manifest: expected 2 columns in line 2, found 1",
                "wrong manifest: expected 2 columns in line 3, found 3",
                "wrong manifest: the column input is empty in line 4",
            ]
        );
        assert!(got[3].is_ok() && got.len() == 4);
    }
}

#[test]
fn a_row_without_an_end_is_not_kept() {
    let table = format!("input\na.xml\n\"{}", "x\n".repeat(MAX_RECORD_BYTES));
    let got = rows(&table).unwrap();
    assert_eq!(got.len(), 2);
    assert_eq!(
        got[1].as_ref().unwrap_err(),
        "wrong manifest: a row from line 3 on is longer than 131072 bytes (is a quotation mark missing?); the rows after it \
         are left out"
    );
    assert!(rows(&"x".repeat(2 * MAX_RECORD_BYTES)).unwrap_err().contains("from line 1 on"));
}
