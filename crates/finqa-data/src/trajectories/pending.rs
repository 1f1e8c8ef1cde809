//! Episodes that wait to become one batch.

use finqa_core::trajectory::EpisodeRecord;

/// Episodes of a batch: the unit in which other programs read.
const BATCH_EPISODES: usize = 4096;
/// Bytes of text from which a batch ends early: a column of a batch holds at most 2 GiB.
const BATCH_BYTES: usize = 128 << 20;

/// Episodes that wait to become one batch, as many as a batch may hold.
#[derive(Default)]
pub(super) struct Pending {
    episodes: Vec<EpisodeRecord>,
    bytes: usize,
}

impl Pending {
    /// Adds an episode; whether the batch is full.
    pub(super) fn push(&mut self, episode: EpisodeRecord) -> bool {
        self.bytes += text_bytes(&episode);
        self.episodes.push(episode);
        self.episodes.len() >= BATCH_EPISODES || self.bytes >= BATCH_BYTES
    }

    pub(super) fn is_empty(&self) -> bool {
        self.episodes.is_empty()
    }

    pub(super) fn episodes(&self) -> &[EpisodeRecord] {
        &self.episodes
    }

    /// Puts them in order of start: recorders hand over finished ones, a reader of files expects that order.
    pub(super) fn sort(&mut self) {
        self.episodes.sort_by_key(|episode| episode.episode);
    }

    pub(super) fn clear(&mut self) {
        self.episodes.clear();
        self.bytes = 0;
    }
}

/// Roughly what an episode takes in a batch: that of the texts that may be long.
fn text_bytes(episode: &EpisodeRecord) -> usize {
    let long = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let turns = episode.turns.iter().map(|turn| {
        let messages = turn.messages.iter().map(|m| m.content.len() + 64);
        turn.action.len() + turn.tool_calls.len() + messages.sum::<usize>()
    });
    let calls = episode.calls.iter().map(|call| long(&call.error) + 64);
    let criteria = episode.criteria.iter().map(|c| c.reason.len() + 64);
    episode.prompt.len()
        + episode.question.len()
        + long(&episode.submission)
        + long(&episode.truth)
        + turns.sum::<usize>()
        + calls.sum::<usize>()
        + criteria.sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_full_by_its_episodes_or_by_its_bytes() {
        let mut pending = Pending::default();
        let full = (0..BATCH_EPISODES).position(|_| pending.push(EpisodeRecord::default()));
        assert_eq!(full, Some(BATCH_EPISODES - 1));
        pending.clear();
        assert!(pending.is_empty());
        // A long text counts wherever it stands.
        let long = "x".repeat(BATCH_BYTES / 2);
        for episode in [
            EpisodeRecord {
                prompt: long.clone(),
                ..EpisodeRecord::default()
            },
            EpisodeRecord {
                submission: Some(long),
                ..EpisodeRecord::default()
            },
        ] {
            assert!(!pending.push(EpisodeRecord::default()));
            assert!(!pending.push(episode.clone()));
            assert!(pending.push(episode));
            pending.clear();
        }
    }
}
