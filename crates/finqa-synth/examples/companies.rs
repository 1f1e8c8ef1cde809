//! Prints companies as JSON, one a line: `companies SEED SPLIT FIRST COUNT [CONFIG_JSON]`.
//!
//! Splits are train, val, eval290 and reason79; CONFIG_JSON is an object of knobs (`{"label_style": "original"}`).

use std::error::Error;
use std::io::{BufWriter, Write as _};

use finqa_synth::{Generator, SplitName, SynthConfig};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [seed, split, first, count, config @ ..] = args.as_slice() else {
        return Err("usage: companies SEED SPLIT FIRST COUNT [CONFIG_JSON]".into());
    };
    let split = SplitName::ALL
        .into_iter()
        .find(|s| s.name() == split.as_str())
        .ok_or_else(|| {
            format!("no split is called {split:?}; there are train, val, eval290 and reason79")
        })?;
    let config = match config {
        [] => SynthConfig::default(),
        [json] => SynthConfig::from_json(json)?,
        [_, more, ..] => return Err(format!("unexpected argument {more:?}").into()),
    };
    let generator = Generator::new(seed.parse()?, config)?;
    let first: u32 = first.parse()?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    for index in first..first + count.parse::<u32>()? {
        serde_json::to_writer(&mut out, &generator.tables(split, index))?;
        out.write_all(b"\n")?;
    }
    out.flush()?;
    Ok(())
}
