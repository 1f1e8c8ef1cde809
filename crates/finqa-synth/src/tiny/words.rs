//! The words of the small world; each means one thing.

/// What a table is about.
#[derive(Debug)]
pub(super) struct Topic {
    /// Names that its table goes by.
    pub(super) tables: [&'static str; 4],
    /// Items that belong to it and to no other.
    pub(super) items: [&'static str; 4],
}

/// Names of the key column.
pub(super) const KEYS: [&str; 4] = ["year", "fy", "period", "yr"];
/// What stands behind the items of a table.
pub(super) const SUFFIXES: [&str; 4] = ["", "_k", "_m", "_usd"];

/// All topics.
pub(super) const TOPICS: [Topic; 8] = [
    Topic {
        tables: ["debt", "loans", "borrowings", "credit"],
        items: ["notes", "bonds", "mortgage", "overdraft"],
    },
    Topic {
        tables: ["cost", "expense", "spending", "outlay"],
        items: ["freight", "wages", "rent", "repairs"],
    },
    Topic {
        tables: ["sales", "revenue", "turnover", "orders"],
        items: ["retail", "export", "online", "service"],
    },
    Topic {
        tables: ["tax", "levy", "duties", "charges"],
        items: ["federal", "state", "local", "customs"],
    },
    Topic {
        tables: ["assets", "property", "holdings", "estate"],
        items: ["land", "plant", "tools", "vehicles"],
    },
    Topic {
        tables: ["stock", "inventory", "goods", "supplies"],
        items: ["raw", "parts", "finished", "packaging"],
    },
    Topic {
        tables: ["staff", "people", "workforce", "crew"],
        items: ["engineers", "clerks", "drivers", "managers"],
    },
    Topic {
        tables: ["cash", "funds", "treasury", "money"],
        items: ["deposits", "bills", "coins", "transfers"],
    },
];
