//! Names of tables, and what belongs together where no statement says so.

/// Word in a tag -> family. The first that fits counts; tags of no family are told apart by their kind.
const FAMILIES: [(&str, &str); 28] = [
    ("Lease", "Leases"),
    ("IncomeTax", "IncomeTaxes"),
    ("TaxBenefit", "IncomeTaxes"),
    ("DeferredTax", "IncomeTaxes"),
    ("ShareBased", "ShareBasedCompensation"),
    ("StockOption", "ShareBasedCompensation"),
    ("DefinedBenefit", "Pensions"),
    ("Pension", "Pensions"),
    ("Goodwill", "GoodwillAndIntangibleAssets"),
    ("Intangible", "GoodwillAndIntangibleAssets"),
    ("PropertyPlant", "PropertyPlantAndEquipment"),
    ("Depreciation", "PropertyPlantAndEquipment"),
    ("Inventor", "Inventories"),
    ("Receivable", "Receivables"),
    ("Debt", "Debt"),
    ("LineOfCredit", "Debt"),
    ("Borrowing", "Debt"),
    ("NotesPayable", "Debt"),
    ("FairValue", "FairValue"),
    ("Derivative", "Derivatives"),
    ("ComprehensiveIncome", "ComprehensiveIncome"),
    ("EarningsPerShare", "EarningsPerShare"),
    ("WeightedAverage", "EarningsPerShare"),
    ("Dividend", "Equity"),
    ("StockRepurchase", "Equity"),
    ("NetCash", "CashFlow"),
    ("Payments", "CashFlow"),
    ("Proceeds", "CashFlow"),
];

/// The family of a tag.
pub(super) fn family(tag: &str, is_instant: bool) -> &'static str {
    FAMILIES.iter().find(|(word, _)| tag.contains(word)).map_or(
        if is_instant {
            "FinancialPosition"
        } else {
            "IncomeAndExpenses"
        },
        |(_, name)| name,
    )
}

/// What a statement of the SEC's layout is called in table names, and its title.
pub(super) fn statement(code: &str) -> Option<(&'static str, &'static str)> {
    Some(match code {
        "BS" => ("BalanceSheet", "Balance sheet"),
        "IS" => ("IncomeStatement", "Income statement"),
        "CI" => (
            "ComprehensiveIncomeStatement",
            "Statement of comprehensive income",
        ),
        "CF" => ("CashFlowStatement", "Cash flow statement"),
        "EQ" => ("StatementOfEquity", "Statement of equity"),
        "SI" => ("ScheduleOfInvestments", "Schedule of investments"),
        "CP" => ("CoverPage", "Cover page"),
        _ => return None,
    })
}

/// A text as part of an SQL name: letters, digits, underscores, no digit first.
pub(super) fn identifier(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.ends_with('_') && !out.is_empty() {
            out.push('_');
        }
    }
    let trimmed = out.trim_end_matches('_').len();
    out.truncate(trimmed);
    if out.is_empty() || out.starts_with(|c: char| c.is_ascii_digit()) {
        out.insert(0, 't');
    }
    out
}

/// A tag as words: "GrossProfit" is "Gross profit", "EBITDAMargin" is "EBITDA margin".
pub(super) fn words(tag: &str) -> String {
    let chars: Vec<char> = tag.chars().collect();
    let mut parts: Vec<String> = vec![String::new()];
    for (i, &c) in chars.iter().enumerate() {
        let next_is_lower = chars.get(i + 1).is_some_and(|n| n.is_lowercase());
        let after_lower = i > 0 && !chars[i - 1].is_uppercase();
        let starts = c.is_uppercase() && (after_lower || next_is_lower) && i > 0;
        if c == '_' || c == '-' || c == ' ' {
            parts.push(String::new());
            continue;
        }
        if starts {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut() {
            part.push(c);
        }
    }
    let parts: Vec<String> = parts.into_iter().filter(|p| !p.is_empty()).collect();
    let shown = parts.iter().enumerate().map(|(i, part)| {
        let is_acronym = part.chars().count() > 1 && part.chars().all(|c| !c.is_lowercase());
        if i == 0 || is_acronym {
            part.clone()
        } else {
            part.to_lowercase()
        }
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// "BusinessSegments" as "business_segments".
pub(super) fn snake(text: &str) -> String {
    identifier(&words(text).to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_become_words_and_names() {
        assert_eq!(words("GrossProfit"), "Gross profit");
        assert_eq!(words("EBITDAMargin"), "EBITDA margin");
        assert_eq!(words("net_sales"), "net sales");
        assert_eq!(snake("BusinessSegments"), "business_segments");
        assert_eq!(identifier("2nd lien: notes"), "t2nd_lien_notes");
        assert_eq!(identifier("—"), "t");
        assert_eq!(family("OperatingLeaseCost", false), "Leases");
        assert_eq!(family("Revenues", false), "IncomeAndExpenses");
        assert_eq!(family("Assets", true), "FinancialPosition");
    }
}
