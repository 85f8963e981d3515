//! The one way from a guess to its answer: through the state, whichever path it came by (contract 15.2).

use tokio::time::{Instant, timeout_at};

use super::Service;
use crate::reply::Reply;
use crate::service::log::TARGET;
use crate::service::metrics::Verification;
use crate::state::Judgement;
use crate::status::Status;
use crate::verification::{Examination, Guess, MemoryError, Verdict};

/// As many failures in a row as NIST SP 800-63B, section 3.2.2 allows at most.
const MANY_FAILURES: i64 = 100;

/// Answers to what an adapter has examined. The account is for the log.
pub async fn settle(service: &Service, examination: Examination, account: Option<&str>, deadline: Instant) -> Reply {
    match examination {
        Examination::Answer(reply) => {
            // Nothing that could be compared came: the state counts none of it.
            if reply.status == Status::Mismatch {
                service.metrics.verified(Verification::Mismatch);
            }
            reply
        }
        Examination::Guess(guess) => judge(service, guess, account, deadline).await,
        // No path asks for it.
        Examination::Unlock(_) => Reply::of(Err(MemoryError::Absent.into())),
    }
}

async fn judge(service: &Service, guess: Guess, account: Option<&str>, deadline: Instant) -> Reply {
    // Where the time is over, the state may still judge: the guess counts, and nobody learns what it came to.
    let judged = timeout_at(deadline, service.store.judge(&guess)).await;
    match judged.unwrap_or(Err(MemoryError::Late)) {
        Ok(judgement) => {
            record(service, &guess, judgement, account);
            guess.judged(judgement.verdict)
        }
        Err(error) => {
            service.state_failed(error);
            guess.unjudged(error)
        }
    }
}

fn record(service: &Service, guess: &Guess, judgement: Judgement, account: Option<&str>) {
    let result = match judgement.verdict {
        Verdict::Accepted => Verification::Match,
        Verdict::Wrong => Verification::Mismatch,
        Verdict::Replayed | Verdict::ClockWentBack => Verification::Replayed,
        Verdict::Throttled { .. } | Verdict::Locked => Verification::Throttled,
    };
    service.metrics.verified(result);
    if let (Verdict::Accepted, Some(step)) = (judgement.verdict, guess.matched_step()) {
        service.metrics.matched(step.cast_signed().wrapping_sub(guess.current_step().cast_signed()));
    }
    if judgement.verdict == Verdict::Wrong && judgement.failures == MANY_FAILURES {
        tracing::warn!(target: TARGET, account, failures = judgement.failures, "wrong passwords in a row");
    }
}
