//! The lines of the four tables.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::books::Books;
use super::items::{CUSTOM_ITEM, CUSTOM_WORDS, Item, Kind, LINES, Line};
use super::report::{Filing, Span, end_of, is_first, month_end};
use super::{FilingFiles, FilingsWritten, draw_of};

const SUB: &str = "adsh\tcik\tname\tsic\tcountryba\tstprba\tcityba\tzipba\tbas1\tbas2\tbaph\tcountryma\tstprma\tcityma\t\
zipma\tmas1\tmas2\tcountryinc\tstprinc\tein\tformer\tchanged\tafs\twksi\tfye\tform\tperiod\tfy\tfp\tfiled\taccepted\t\
prevrpt\tdetail\tinstance\tnciks\taciks";
const NUM: &str = "adsh\ttag\tversion\tddate\tqtrs\tuom\tsegments\tcoreg\tvalue\tfootnote";
const PRE: &str = "adsh\treport\tline\tstmt\tinpth\trfile\ttag\tversion\tplabel\tnegating";
const TAG: &str = "tag\tversion\tcustom\tabstract\tdatatype\tiord\tcrdr\ttlabel\tdoc";

/// Statements in the order of their reports.
const STATEMENTS: [&str; 4] = ["BS", "IS", "CI", "CF"];

pub(super) struct Sink<'a, W> {
    files: &'a mut FilingFiles<W>,
    pub(super) written: FilingsWritten,
    /// Taxonomy years whose standard tags were written.
    taxonomies: BTreeSet<i64>,
    line: String,
}

impl<'a, W: Write> Sink<'a, W> {
    pub(super) fn new(files: &'a mut FilingFiles<W>) -> io::Result<Self> {
        writeln!(files.sub, "{SUB}")?;
        writeln!(files.num, "{NUM}")?;
        writeln!(files.pre, "{PRE}")?;
        writeln!(files.tag, "{TAG}")?;
        Ok(Self {
            files,
            written: FilingsWritten::default(),
            taxonomies: BTreeSet::new(),
            line: String::with_capacity(256),
        })
    }

    pub(super) fn finish(self, num_companies: u64) -> io::Result<FilingsWritten> {
        let FilingFiles { sub, num, pre, tag } = self.files;
        for file in [sub, num, pre, tag] {
            file.flush()?;
        }
        Ok(FilingsWritten {
            num_companies,
            ..self.written
        })
    }

    /// Everything about one filing.
    pub(super) fn filing(&mut self, books: &Books, filing: &Filing) -> io::Result<()> {
        let (year, month) = end_of(books, filing.last);
        let adsh = format!(
            "{:010}-{:02}-{:06}",
            books.cik,
            filing.filed / 10_000 % 100,
            filing.number + 1
        );
        let fiscal_year = books.first_year - 2 + filing.year() as i64;
        let fp = ["Q1", "Q2", "Q3", "FY"][filing.last % 4];
        let fye = month_end(2023, books.end_month) % 10_000;
        writeln!(
            self.files.sub,
            "{adsh}\t{}\t{}\t{}\tUS\t\t\t\t\t\t\tUS\t\t\t\t\t\tUS\tDE\t\t\t\t1-LAF\t0\t{fye:04}\t{}\t{}\t{fiscal_year}\t\
             {fp}\t{}\t\t{}\t1\t{}-{}.htm\t1\t",
            books.cik,
            books.name,
            books.sic,
            filing.form,
            month_end(year, month),
            filing.filed,
            u8::from(filing.amended_later),
            books.prefix,
            month_end(year, month),
        )?;
        self.written.num_filings += 1;
        let taxonomy = format!("us-gaap/{fiscal_year}");
        self.standard_tags(fiscal_year, &taxonomy)?;
        if let Some(custom) = books.custom {
            let word = CUSTOM_WORDS[custom];
            let label = spaced(word);
            writeln!(
                self.files.tag,
                "{word}\t{adsh}\t1\t0\tmonetary\tD\tD\t{label}\t"
            )?;
            self.written.num_tags += 1;
        }
        self.presentation(books, &adsh, &taxonomy)?;
        self.facts(books, filing, &adsh, &taxonomy)
    }

    fn standard_tags(&mut self, year: i64, version: &str) -> io::Result<()> {
        if !self.taxonomies.insert(year) {
            return Ok(());
        }
        for (_, line) in LINES.iter().enumerate().filter(|(i, _)| is_first(*i)) {
            let (datatype, iord) = match line.kind {
                Kind::Instant => ("monetary", "I"),
                Kind::Flow => ("monetary", "D"),
                Kind::PerShare => ("perShare", "D"),
                Kind::Shares => ("shares", "D"),
            };
            let label = spaced(line.tag);
            writeln!(
                self.files.tag,
                "{}\t{version}\t0\t0\t{datatype}\t{iord}\tD\t{label}\t",
                line.tag
            )?;
            self.written.num_tags += 1;
        }
        Ok(())
    }

    fn presentation(&mut self, books: &Books, adsh: &str, taxonomy: &str) -> io::Result<()> {
        for (report, statement) in STATEMENTS.iter().enumerate() {
            let lines = LINES.iter().filter(|l| l.statement == *statement);
            for (number, line) in lines.enumerate() {
                let (tag, version) = named(books, line, adsh, taxonomy);
                let label = if version == adsh {
                    spaced(tag)
                } else {
                    line.label.to_owned()
                };
                writeln!(
                    self.files.pre,
                    "{adsh}\t{}\t{}\t{statement}\t0\tH\t{tag}\t{version}\t{label}\t{}",
                    report + 2,
                    number + 1,
                    u8::from(line.negating)
                )?;
                self.written.num_presented += 1;
            }
        }
        Ok(())
    }

    fn facts(
        &mut self,
        books: &Books,
        filing: &Filing,
        adsh: &str,
        taxonomy: &str,
    ) -> io::Result<()> {
        let mut draw = draw_of(books.key, 1000 + filing.number);
        for (_, line) in LINES.iter().enumerate().filter(|(i, _)| is_first(*i)) {
            let (tag, version) = named(books, line, adsh, taxonomy);
            for span in filing.spans(line.statement, line.kind) {
                let quarters = if line.kind == Kind::Instant {
                    0
                } else {
                    span.quarters
                };
                let amount = if line.kind == Kind::Instant {
                    books.quarters[span.last()][line.item as usize]
                } else {
                    books.flow(line.item, span.start, span.quarters)
                        - filing.restatement(books, line.item, span)
                };
                // A note may leave a value open.
                let is_missing = line.statement.is_empty() && draw.chance(2);
                let at = (end_of(books, span.last()), quarters);
                let value = (!is_missing).then_some(amount);
                self.fact(adsh, (tag, version), at, "", (value, line.kind, books.unit))?;
            }
        }
        for (axis, members, regions) in [
            ("BusinessSegments", &books.segments, false),
            ("Geographical", &books.regions, true),
        ] {
            for span in filing.spans("IS", Kind::Flow) {
                self.sales_by(
                    books,
                    filing,
                    adsh,
                    taxonomy,
                    (axis, members, regions),
                    span,
                )?;
            }
        }
        Ok(())
    }

    fn sales_by(
        &mut self,
        books: &Books,
        filing: &Filing,
        adsh: &str,
        taxonomy: &str,
        (axis, members, regions): (&str, &[&str], bool),
        span: Span,
    ) -> io::Result<()> {
        let total = books.flow(Item::Revenue, span.start, span.quarters)
            - filing.restatement(books, Item::Revenue, span);
        let parts = books.sales_by(regions, span.start, total);
        let tag = (revenue_tag(), taxonomy);
        let at = (end_of(books, span.last()), span.quarters);
        for (member, part) in members.iter().zip(parts) {
            let segment = format!("{axis}={member};");
            self.fact(
                adsh,
                tag,
                at,
                &segment,
                (Some(part), Kind::Flow, books.unit),
            )?;
        }
        Ok(())
    }

    fn fact(
        &mut self,
        adsh: &str,
        (tag, version): (&str, &str),
        ((year, month), quarters): ((i64, u32), usize),
        segments: &str,
        (value, kind, unit): (Option<i64>, Kind, i64),
    ) -> io::Result<()> {
        use std::fmt::Write as _;
        let uom = match kind {
            Kind::Instant | Kind::Flow => "USD",
            Kind::PerShare => "USD/shares",
            Kind::Shares => "shares",
        };
        let date = month_end(year, month);
        self.line.clear();
        // A String takes every write.
        let _ = write!(
            self.line,
            "{adsh}\t{tag}\t{version}\t{date}\t{quarters}\t{uom}\t{segments}\t\t"
        );
        if let Some(value) = value {
            let sign = if value < 0 { "-" } else { "" };
            let size = value.unsigned_abs();
            let _ = match kind {
                Kind::Instant | Kind::Flow => write!(self.line, "{}.0000", value * unit),
                Kind::Shares => write!(self.line, "{}.0000", value * 1000),
                Kind::PerShare => {
                    write!(self.line, "{sign}{}.{:02}00", size / 100, size % 100)
                }
            };
        }
        self.line.push_str("\t\n");
        self.files.num.write_all(self.line.as_bytes())?;
        self.written.num_facts += 1;
        Ok(())
    }
}

/// Tag and version of a line in a filing: a company's own tag has the filing's number for version.
fn named<'a>(
    books: &Books,
    line: &Line,
    adsh: &'a str,
    taxonomy: &'a str,
) -> (&'static str, &'a str) {
    match books.custom {
        Some(custom) if line.item == CUSTOM_ITEM => (CUSTOM_WORDS[custom], adsh),
        _ => (line.tag, taxonomy),
    }
}

/// "GrossProfit" as "Gross Profit".
fn spaced(tag: &str) -> String {
    let mut out = String::with_capacity(tag.len() + 8);
    for c in tag.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push(' ');
        }
        out.push(c);
    }
    out
}

fn revenue_tag() -> &'static str {
    let mut lines = LINES.iter();
    lines
        .find(|l| l.item == Item::Revenue)
        .map_or("Revenues", |line| line.tag)
}
