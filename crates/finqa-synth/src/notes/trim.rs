//! Takes old years out of a note.

use crate::note::{Note, Period, Role};

/// Keeps the newest `most` years of the columns up to `latest`; later years and columns without a year stay.
pub(super) fn years(note: &mut Note, latest: i32, most: usize) {
    let year_of = |period: Period| match period {
        Period::Year(y) | Period::YearEnd(y) if y <= latest => Some(y),
        _ => None,
    };
    let mut years: Vec<i32> = note
        .columns
        .iter()
        .filter_map(|c| year_of(c.period))
        .collect();
    years.sort_unstable_by(|a, b| b.cmp(a));
    years.dedup();
    if years.len() <= most {
        return;
    }
    let kept: Vec<bool> = note
        .columns
        .iter()
        .map(|c| year_of(c.period).is_none_or(|y| years[..most].contains(&y)))
        .collect();
    let zero = |note: &Note, r: usize| {
        let row = &note.rows[r];
        row.role == Role::Part && row.cells.iter().all(|c| c.number() == Some(0))
    };
    let before: Vec<bool> = (0..note.rows.len()).map(|r| zero(note, r)).collect();
    keep_columns(note, &kept);
    // What existed only in years that are gone goes with them.
    let mut rows: Vec<bool> = (0..note.rows.len())
        .map(|r| before[r] || !zero(note, r))
        .collect();
    // A total keeps its first part where all of them are zero.
    for sum in &note.sums {
        if sum.parts.iter().all(|p| !rows[p.0])
            && let Some(first) = sum.parts.first()
        {
            rows[first.0] = true;
        }
    }
    keep_rows(note, &rows);
}

fn keep_columns(note: &mut Note, kept: &[bool]) {
    let index = new_indices(kept);
    let mut i = 0;
    note.columns.retain(|_| {
        i += 1;
        kept[i - 1]
    });
    for row in &mut note.rows {
        let mut i = 0;
        row.cells.retain(|_| {
            i += 1;
            kept[i - 1]
        });
    }
    note.column_sums
        .retain(|sum| kept[sum.total] && sum.parts.iter().all(|p| kept[p.0]));
    for sum in &mut note.column_sums {
        sum.total = index[sum.total];
        sum.parts.iter_mut().for_each(|p| p.0 = index[p.0]);
    }
}

/// Rows that go are zero, so that sums need them no more.
fn keep_rows(note: &mut Note, kept: &[bool]) {
    let index = new_indices(kept);
    let mut i = 0;
    note.rows.retain(|_| {
        i += 1;
        kept[i - 1]
    });
    note.sums.retain(|sum| kept[sum.total]);
    for sum in &mut note.sums {
        sum.total = index[sum.total];
        sum.parts.retain(|p| kept[p.0]);
        sum.parts.iter_mut().for_each(|p| p.0 = index[p.0]);
    }
}

fn new_indices(kept: &[bool]) -> Vec<usize> {
    let mut next = 0;
    kept.iter()
        .map(|k| {
            next += usize::from(*k);
            next.saturating_sub(1)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::{Label, year_columns};

    #[test]
    fn old_years_go_with_the_rows_that_only_they_had() {
        let mut note = Note::new("Stem", "topic", year_columns(2024, 3));
        let a = note.part(Label::new("a"), &[1, 2, 3]);
        let b = note.part(Label::new("b"), &[0, 0, 4]);
        let c = note.part(Label::new("c"), &[5, 0, 0]);
        note.total(Label::new("total"), &[(a, 1), (b, 1), (c, 1)]);
        years(&mut note, 2024, 2);
        assert_eq!(note.columns, year_columns(2024, 2));
        let labels: Vec<&str> = note.rows.iter().map(|r| r.label.text.as_str()).collect();
        assert_eq!(labels, ["a", "c", "total"]);
        assert_eq!(note.sums[0].total, 2);
        assert_eq!(note.sums[0].parts, [(0, 1), (1, 1)]);
        assert_eq!(note.violations(), Vec::<String>::new());
    }

    #[test]
    fn years_to_come_stay() {
        let columns = (1..=5)
            .map(|k| crate::note::Column::of(Period::Year(2024 + k)))
            .collect();
        let mut note = Note::new("Stem", "topic", columns);
        note.part(Label::new("a"), &[1, 2, 3, 4, 5]);
        years(&mut note, 2024, 2);
        assert_eq!(note.columns.len(), 5);
    }
}
