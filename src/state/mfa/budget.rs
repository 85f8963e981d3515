//! How often a code may be sent to a destination, and how often its codes may be guessed: exact sliding windows (contract 14.3).
//! It does not know who asks, nor what is sent.

use super::Begun;

/// How long a send counts.
const SEND_SECONDS: i64 = 600;
/// How long a wrong guess counts: a day.
const GUESS_SECONDS: i64 = 86_400;

/// How often one destination may be used, whatever its requests are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    sends: u32,
    guesses: u32,
}

impl Quota {
    /// The most of either: as many times are kept of a destination.
    pub const MAX: u32 = 1000;

    /// The most sends within ten minutes, and the most wrong guesses within a day: each 1 to [`Quota::MAX`], or none.
    #[must_use]
    pub const fn new(sends: u32, guesses: u32) -> Option<Self> {
        if matches!((sends, guesses), (1..=Self::MAX, 1..=Self::MAX)) { Some(Self { sends, guesses }) } else { None }
    }

    /// How many sends there may be within ten minutes; those that failed count.
    #[must_use]
    pub const fn sends(self) -> u32 {
        self.sends
    }

    /// How many wrong guesses there may be within a day.
    #[must_use]
    pub const fn guesses(self) -> u32 {
        self.guesses
    }
}

/// 5 sends and 30 guesses.
impl Default for Quota {
    fn default() -> Self {
        Self { sends: 5, guesses: 30 }
    }
}

/// What is kept of a destination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Budget {
    /// When codes were sent to it.
    pub sends: Times,
    /// When wrong codes were offered for it.
    pub guesses: Times,
}

impl Budget {
    /// Counts a send, or says why not.
    pub fn admit(&mut self, quota: Quota, now: i64) -> Begun {
        let sends = self.sends.used_up(quota.sends, SEND_SECONDS, now);
        if let Some(seconds) = sends.max(self.guesses_used_up(quota, now)) {
            return Begun::Limited { seconds };
        }
        self.sends.count(SEND_SECONDS, now);
        Begun::Admitted
    }

    /// How many seconds no guess is looked at; none where one is.
    pub fn guesses_used_up(&self, quota: Quota, now: i64) -> Option<u64> {
        self.guesses.used_up(quota.guesses, GUESS_SECONDS, now)
    }

    /// Counts a wrong guess.
    pub fn count_guess(&mut self, now: i64) {
        self.guesses.count(GUESS_SECONDS, now);
    }

    /// Forgets the wrong guesses.
    pub fn forget_guesses(&mut self) {
        self.guesses = Times::default();
    }

    /// When nothing of it counts any more; 0 where nothing does.
    pub fn expires(&self) -> i64 {
        let end = |times: &Times, seconds| times.0.last().map_or(0, |last: &i64| last.saturating_add(seconds));
        end(&self.sends, SEND_SECONDS).max(end(&self.guesses, GUESS_SECONDS))
    }
}

/// Times in seconds since 1970, the earliest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Times(Vec<i64>);

impl Times {
    /// The times in these bytes; none where they are not such.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (times, []) = bytes.as_chunks() else { return None };
        let times: Vec<i64> = times.iter().map(|time| i64::from_be_bytes(*time)).collect();
        times.is_sorted().then_some(Self(times))
    }

    /// The bytes: eight for each.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|time| time.to_be_bytes()).collect()
    }

    /// In how many seconds fewer than so many will count; none where that is so now.
    fn used_up(&self, limit: u32, counted_for: i64, now: i64) -> Option<u64> {
        // Once the earliest of the last so many does not count, there is room for one.
        let place = self.0.len().checked_sub(usize::try_from(limit).ok()?)?;
        let end = self.0.get(place)?.saturating_add(counted_for);
        (end > now).then(|| end.abs_diff(now))
    }

    /// Counts one now, and forgets those that count no more.
    fn count(&mut self, counted_for: i64, now: i64) {
        self.0.retain(|time| time.saturating_add(counted_for) > now);
        // A clock that went back leaves some that are later.
        let place = self.0.partition_point(|time| *time <= now);
        self.0.insert(place, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_111_111_109;

    fn quota(sends: u32, guesses: u32) -> Quota {
        Quota::new(sends, guesses).unwrap()
    }

    fn limited(seconds: u64) -> Begun {
        Begun::Limited { seconds }
    }

    #[test]
    fn ranges_are_exact() {
        assert_eq!(Quota::new(5, 30), Some(Quota::default()));
        assert_eq!(Quota::new(1, 1000).map(|quota| (quota.sends(), quota.guesses())), Some((1, 1000)));
        for (sends, guesses) in [(0, 1), (1, 0), (1001, 1), (1, 1001), (u32::MAX, u32::MAX)] {
            assert_eq!(Quota::new(sends, guesses), None);
        }
    }

    // contract 14.3c: the window slides, and nothing is counted that is refused.
    #[test]
    fn sends_are_free_again_one_by_one() {
        let mut budget = Budget::default();
        for after in [0, 10, 20] {
            assert_eq!(budget.admit(quota(3, 1), NOW + after), Begun::Admitted);
        }
        assert_eq!(budget.admit(quota(3, 1), NOW + 20), limited(580));
        assert_eq!(budget.admit(quota(3, 1), NOW + 599), limited(1));
        assert_eq!(budget.admit(quota(3, 1), NOW + 600), Begun::Admitted);
        assert_eq!(budget.admit(quota(3, 1), NOW + 600), limited(10));
        assert_eq!(budget.expires(), NOW + 1200);
        // With another limit, all that were made count.
        assert_eq!(budget.admit(quota(1, 1), NOW + 600), limited(600));
        assert_eq!(budget.admit(quota(2, 1), NOW + 600), limited(20));
        assert_eq!(budget.admit(quota(4, 1), NOW + 600), Begun::Admitted);
    }

    // contract 14.3d: while no code is looked at, none is sent.
    #[test]
    fn without_guesses_there_is_no_send() {
        let mut budget = Budget::default();
        assert_eq!(budget.admit(quota(1, 2), NOW), Begun::Admitted);
        budget.count_guess(NOW + 1);
        assert_eq!(budget.guesses_used_up(quota(1, 2), NOW + 1), None);
        budget.count_guess(NOW + 2);
        assert_eq!(budget.guesses_used_up(quota(1, 2), NOW + 2), Some(86_399));
        assert_eq!(budget.admit(quota(1, 2), NOW + 2), limited(86_399));
        assert_eq!(budget.admit(quota(1, 3), NOW + 2), limited(598));
        assert_eq!(budget.admit(quota(1, 2), NOW + 86_401), Begun::Admitted);
        budget.forget_guesses();
        assert_eq!(budget.expires(), NOW + 86_401 + 600);
    }

    #[test]
    fn what_is_kept_has_a_bound() {
        let mut budget = Budget::default();
        let most = quota(Quota::MAX, Quota::MAX);
        let admitted = (0..5000).filter(|after| budget.admit(most, NOW + after / 10) == Begun::Admitted);
        assert_eq!(admitted.count(), 1000);
        assert_eq!(budget.sends.to_bytes().len(), 8000);
        assert_eq!(Times::from_bytes(&budget.sends.to_bytes()), Some(budget.sends));
    }

    // A clock that goes back, and times beyond those of anybody, lose no count and stop nothing.
    #[test]
    fn every_time_is_one() {
        let mut budget = Budget::default();
        for now in [NOW, NOW - 1000, NOW + 5, i64::MAX, i64::MIN, 0] {
            assert_eq!(budget.admit(quota(9, 9), now), Begun::Admitted);
            assert!(Times::from_bytes(&budget.sends.to_bytes()).is_some());
        }
        assert_eq!(budget.admit(quota(1, 1), i64::MIN), limited(i64::MAX.abs_diff(i64::MIN)));
        assert_eq!(budget.expires(), i64::MAX);
    }

    #[test]
    fn bytes_that_are_no_times() {
        assert_eq!(Times::from_bytes(&[]), Some(Times::default()));
        assert_eq!(Times::from_bytes(&[0; 7]), None);
        assert_eq!(Times::from_bytes(&[0; 16]).map(|times| times.0), Some(vec![0, 0]));
        assert_eq!(Times::from_bytes(&[0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), None);
    }
}
