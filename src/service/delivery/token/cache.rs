//! The token that is kept, and when it is time for the next one: a machine without a clock, so that tests turn the time. It asks
//! nobody for anything.

use std::time::{Duration, Instant};

use super::super::Confidential;
use super::answer::{Issued, Lifetime};

/// How long before its end a token is renewed: a part of its life, and at most so long.
const MARGIN_PART: u32 = 10;
const MAX_MARGIN: Duration = Duration::from_secs(60);
/// How long the next request waits after a failure, and how long at most after many.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const MAX_WAIT: Duration = Duration::from_secs(30);

/// A token, and which one it is.
#[derive(Clone, Debug)]
pub struct Token {
    serial: u64,
    text: Confidential,
}

impl Token {
    /// The token itself, as it stands behind `Bearer`.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.text.reveal()
    }
}

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Cache {
    kept: Option<CachedToken>,
    /// How many have come.
    serial: u64,
    /// How many requests have failed in a row, and when the next may begin.
    failures: u32,
    not_before: Option<Instant>,
}

#[derive(Debug)]
struct CachedToken {
    token: Token,
    life: Life,
}

#[derive(Debug)]
enum Life {
    /// It serves one delivery.
    Once,
    /// It serves all until then, the end included.
    Until { renewal: Instant, end: Instant },
}

impl Cache {
    /// The token, if one may be used now.
    pub(super) fn take(&mut self, now: Instant) -> Option<Token> {
        let kept = self.kept.take()?;
        match kept.life {
            Life::Once => Some(kept.token),
            Life::Until { end, .. } if now > end => None,
            Life::Until { .. } => {
                let token = kept.token.clone();
                self.kept = Some(kept);
                Some(token)
            }
        }
    }

    /// Whether the token that is kept should be renewed now.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        let is_due = self.kept.as_ref().is_some_and(|kept| match kept.life {
            Life::Once => false,
            Life::Until { renewal, .. } => now >= renewal,
        });
        is_due && self.wait(now).is_zero()
    }

    /// How long the next request has to wait.
    pub(super) fn wait(&self, now: Instant) -> Duration {
        self.not_before.map_or(Duration::ZERO, |then| then.saturating_duration_since(now))
    }

    /// Keeps what came now, in place of what was there.
    pub(super) fn keep(&mut self, issued: Issued, now: Instant) {
        self.serial += 1;
        let token = Token { serial: self.serial, text: issued.token };
        let life = match issued.lifetime {
            Lifetime::OneDelivery => Life::Once,
            Lifetime::For(life) => {
                let margin = (life / MARGIN_PART).min(MAX_MARGIN);
                Life::Until { renewal: now + life.saturating_sub(margin), end: now + life }
            }
        };
        *self = Self { kept: Some(CachedToken { token, life }), serial: self.serial, failures: 0, not_before: None };
    }

    /// Notes that a request has failed now. What is kept stays until its end.
    pub(super) fn fail(&mut self, now: Instant) {
        let wait = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(self.failures)).min(MAX_WAIT);
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(now + wait);
    }

    /// Forgets a token that was not accepted, unless another one has come meanwhile.
    pub(super) fn forget(&mut self, refused: &Token) {
        self.kept.take_if(|kept| kept.token.serial == refused.serial);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issued(name: &str, lifetime: Lifetime) -> Issued {
        Issued { token: Confidential::new(name.to_owned()), lifetime }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn name(cache: &mut Cache, now: Instant) -> Option<String> {
        cache.take(now).map(|token| token.reveal().to_owned())
    }

    // contract 13.1e
    #[test]
    fn a_token_is_due_before_its_end_and_used_to_it() {
        for (life, margin) in [(10, 1), (600, 60), (601, 60), (3600, 60)] {
            let (mut cache, start) = (Cache::default(), Instant::now());
            cache.keep(issued("a", Lifetime::For(seconds(life))), start);
            let renewal = start + seconds(life - margin);
            assert!(!cache.is_due(start + seconds(life - margin - 1)), "{life}");
            assert!(cache.is_due(renewal), "{life}");
            assert!(name(&mut cache, start + seconds(life)).is_some(), "{life}");
            assert_eq!(name(&mut cache, start + seconds(life) + Duration::from_nanos(1)), None, "{life}");
            assert_eq!(name(&mut cache, start), None, "what has ended is gone");
        }
    }

    // contract 13.1d
    #[test]
    fn one_without_a_life_serves_once() {
        let (mut cache, now) = (Cache::default(), Instant::now());
        cache.keep(issued("a", Lifetime::OneDelivery), now);
        assert!(!cache.is_due(now + seconds(9999)));
        assert_eq!(name(&mut cache, now + seconds(9999)).as_deref(), Some("a"));
        assert_eq!(name(&mut cache, now), None);
    }

    // contract 13.1g
    #[test]
    fn waits_double_to_half_a_minute_and_end_with_a_success() {
        let (mut cache, now) = (Cache::default(), Instant::now());
        assert_eq!(cache.wait(now), Duration::ZERO);
        for expected in [1, 2, 4, 8, 16, 30, 30, 30] {
            cache.fail(now);
            assert_eq!(cache.wait(now), seconds(expected));
            assert_eq!(cache.wait(now + seconds(expected)), Duration::ZERO);
        }
        for _ in 0..100 {
            cache.fail(now);
        }
        assert_eq!(cache.wait(now), seconds(30));
        cache.keep(issued("a", Lifetime::For(seconds(60))), now);
        assert_eq!(cache.wait(now), Duration::ZERO);
        cache.fail(now);
        assert_eq!(cache.wait(now), seconds(1));
    }

    // contract 13.1e: what is due and has just failed is left alone for a while, and used meanwhile.
    #[test]
    fn a_renewal_that_failed_waits() {
        let (mut cache, start) = (Cache::default(), Instant::now());
        cache.keep(issued("a", Lifetime::For(seconds(100))), start);
        let due = start + seconds(95);
        cache.fail(due);
        assert!(!cache.is_due(due));
        assert_eq!(name(&mut cache, due).as_deref(), Some("a"));
        assert!(cache.is_due(due + seconds(1)));
    }

    // contract 13.1i
    #[test]
    fn only_the_refused_token_is_forgotten() {
        let (mut cache, now) = (Cache::default(), Instant::now());
        cache.keep(issued("a", Lifetime::For(seconds(60))), now);
        let first = cache.take(now).unwrap();
        cache.keep(issued("b", Lifetime::For(seconds(60))), now);
        cache.forget(&first);
        assert_eq!(name(&mut cache, now).as_deref(), Some("b"));
        let second = cache.take(now).unwrap();
        cache.forget(&second);
        assert_eq!(name(&mut cache, now), None);
    }
}
