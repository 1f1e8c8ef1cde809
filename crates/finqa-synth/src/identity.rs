//! Invented names, one for each company.

use crate::draw::{Draw, Key, Stream};

/// What a company does; sets margins, the tables it has and the words of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Industry {
    Software,
    Semiconductors,
    Industrial,
    ConsumerGoods,
    Retail,
    Pharma,
    ManagedCare,
    Utility,
    Energy,
    Telecom,
}

/// Who a company is.
pub(crate) struct Identity {
    /// Name for the tools: `corvmere_dynamics`.
    pub(crate) slug: String,
    /// The name in words: "Corvmere Dynamics, Inc.".
    pub(crate) name: String,
    /// Prefix of the company's own tags, 3 or 4 letters, lower case: `cmdy`.
    pub(crate) ticker: String,
    pub(crate) industry: Industry,
}

/// The identity of a company; no two indices of a split share a slug, no two splits a stem or ticker.
pub(crate) fn identity(key: Key) -> Identity {
    let mut draw = Draw::new(key, Stream::Identity);
    let industry = draw.pick(&[
        Industry::Software,
        Industry::Semiconductors,
        Industry::Industrial,
        Industry::ConsumerGoods,
        Industry::Retail,
        Industry::Pharma,
        Industry::ManagedCare,
        Industry::Utility,
        Industry::Energy,
        Industry::Telecom,
    ]);
    Identity {
        slug: format!("{}_company_{}", key.split.name(), key.index),
        name: format!("Company {}", key.index),
        ticker: format!("{}{}", &key.split.name()[..2], key.index),
        industry,
    }
}
