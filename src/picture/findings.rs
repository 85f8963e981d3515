//! What the attempts on one picture have found, and what it comes to.

use zeroize::Zeroizing;

use super::error::PictureError;

/// Texts, and what else an answer without one depends on.
#[derive(Default)]
pub(super) struct Findings {
    texts: Vec<Zeroizing<String>>,
    /// The reasons to say why there is no text.
    reasons: Vec<PictureError>,
}

impl Findings {
    /// Adds a text, unless it is there.
    pub fn add_text(&mut self, text: Zeroizing<String>) {
        if !self.texts.contains(&text) {
            self.texts.push(text);
        }
    }

    /// Adds what stands in the way of a text.
    pub fn add_reason(&mut self, reason: PictureError) {
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }

    /// Whether there is a text of this kind.
    pub fn has(&self, is_wanted: &dyn Fn(&str) -> bool) -> bool {
        self.texts.iter().any(|text| is_wanted(text))
    }

    /// The texts, or why there is none: the reason that says most about the codes.
    pub fn into_texts(self) -> Result<Vec<Zeroizing<String>>, PictureError> {
        if !self.texts.is_empty() {
            return Ok(self.texts);
        }
        let by_weight = [
            PictureError::Part,
            PictureError::NoText,
            PictureError::Crowded,
            PictureError::SearchFailed,
            PictureError::OutOfTime,
        ];
        Err(by_weight.into_iter().find(|reason| self.reasons.contains(reason)).unwrap_or(PictureError::NoCode))
    }
}
