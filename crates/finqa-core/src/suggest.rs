//! Names that were perhaps meant, for error texts.

/// Candidates that get the exact and slower comparison.
const SHORTLIST: usize = 64;
/// Characters of a name that are compared; longer ones share enough by then.
const MAX_CHARS: usize = 160;
/// Score below which a candidate has too little in common to be named.
const MIN_SCORE: f64 = 0.45;

/// The candidates nearest to `name`, best first, at most `max`; fewer, or none, if little is in common.
///
/// Case and punctuation are ignored. Names share words (`us_gaap_ScheduleOfDebtTableTextBlock` is found by `debt`
/// and by `schedule of debt`), where a word that few candidates have counts more than one that all have, or they
/// share spelling (Jaro-Winkler). All candidates are compared by a cheap measure, 64 by the exact one, so
/// that 10,000 candidates cost some milliseconds. Equal scores keep the order of the candidates.
///
/// # Examples
/// ```
/// use finqa_core::suggest::nearest;
///
/// let tables = ["us_gaap_ScheduleOfDebtTableTextBlock", "us_gaap_ScheduleOfGoodwillTextBlock", "income_statement"];
/// assert_eq!(nearest("debt", tables, 1), ["us_gaap_ScheduleOfDebtTableTextBlock"]);
/// assert_eq!(nearest("Income Statment", tables, 1), ["income_statement"]);
/// assert!(nearest("zzz", tables, 1).is_empty());
/// ```
pub fn nearest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    max: usize,
) -> Vec<&'a str> {
    let wanted = Folded::new(name);
    if wanted.text.is_empty() || max == 0 {
        return Vec::new();
    }
    let wanted_words = words(name);
    let candidates: Vec<(&str, Folded)> = candidates
        .into_iter()
        .map(|c| (c, Folded::new(c)))
        .collect();
    let has = |word: &str, candidate: &Folded| candidate.text.contains(word);
    // A word is worth what it tells: ln(1 + n / frequency).
    let weights: Vec<f64> = wanted_words
        .iter()
        .map(|word| {
            let frequency = candidates.iter().filter(|(_, c)| has(word, c)).count();
            libm::log(1.0 + candidates.len() as f64 / frequency.max(1) as f64)
        })
        .collect();
    let total: f64 = weights.iter().sum();
    let mut scored: Vec<(f64, f64, usize)> = candidates
        .iter()
        .enumerate()
        .map(|(i, (_, candidate))| {
            let shared: f64 = wanted_words
                .iter()
                .zip(&weights)
                .filter(|(word, _)| has(word, candidate))
                .map(|(_, weight)| weight)
                .sum();
            let overlap = if total > 0.0 { shared / total } else { 0.0 };
            (overlap + wanted.similarity(candidate), overlap, i)
        })
        .collect();
    let by_score =
        |a: &(f64, f64, usize), b: &(f64, f64, usize)| b.0.total_cmp(&a.0).then(a.2.cmp(&b.2));
    if scored.len() > SHORTLIST {
        scored.select_nth_unstable_by(SHORTLIST - 1, by_score);
        scored.truncate(SHORTLIST);
    }
    for (score, overlap, i) in &mut scored {
        let candidate = &candidates[*i].1;
        let inside = candidate.text.contains(&wanted.text) || wanted.text.contains(&candidate.text);
        let spelling = strsim::jaro_winkler(&wanted.text, &candidate.text);
        // Jaro-Winkler gives unrelated names about 0.5, so only what is above that says something.
        let spelling = ((spelling - 0.6) / 0.4).max(0.0);
        let length = candidate.text.len().min(wanted.text.len()) as f64
            / candidate.text.len().max(wanted.text.len()).max(1) as f64;
        let related = overlap.max(if inside && candidate.text.len() > 2 {
            0.7
        } else {
            0.0
        });
        *score = related.max(spelling) + 0.2 * spelling + 0.1 * length;
    }
    scored.sort_by(by_score);
    scored
        .into_iter()
        .take_while(|(score, ..)| *score >= MIN_SCORE)
        .take(max)
        .map(|(.., i)| candidates[i].0)
        .collect()
}

/// A name in lower case without punctuation, and the set of its letter pairs.
struct Folded {
    text: String,
    pairs: [u64; 4],
}

impl Folded {
    fn new(name: &str) -> Self {
        let text: String = name
            .chars()
            .take(MAX_CHARS)
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect();
        let mut pairs = [0_u64; 4];
        for pair in text.as_bytes().windows(2) {
            let hash =
                (u32::from(pair[0]) * 31 + u32::from(pair[1])).wrapping_mul(0x9E37_79B1) >> 24;
            pairs[(hash >> 6) as usize] |= 1 << (hash & 63);
        }
        Self { text, pairs }
    }

    /// Letter pairs in common, from 0 to 1.
    fn similarity(&self, other: &Self) -> f64 {
        let count = |f: fn(u64, u64) -> u64| -> u32 {
            self.pairs
                .iter()
                .zip(&other.pairs)
                .map(|(a, b)| f(*a, *b).count_ones())
                .sum()
        };
        f64::from(count(|a, b| a & b)) / f64::from(count(|a, b| a | b).max(1))
    }
}

/// Words of at least three letters or digits, split at punctuation and where `aB` begins a new word; lower case.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut before_lower = false;
    let mut finish = |word: &mut String| {
        let done = std::mem::take(word);
        if done.len() >= 3 && words.len() < 24 && !words.contains(&done) {
            words.push(done);
        }
    };
    for c in name.chars().take(MAX_CHARS) {
        if !c.is_alphanumeric() || (before_lower && c.is_uppercase()) {
            finish(&mut word);
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        before_lower = c.is_lowercase();
    }
    finish(&mut word);
    words
}
