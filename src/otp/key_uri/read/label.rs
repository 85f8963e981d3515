//! The path of a key URI: issuer and account, separated by a colon. It does not know which of two issuers counts.

use super::{decoded, visible};

/// The blanks that Google's wiki allows before an account.
const BLANK: u8 = b' ';

/// The names of a label, each none where there is nothing to see.
pub struct LabelNames {
    /// What stands before the separator.
    pub issuer: Option<String>,
    /// What stands behind it, without blanks before it.
    pub account: Option<String>,
    /// The account with the blanks before it, where there are any.
    pub account_as_it_stands: Option<String>,
}

impl LabelNames {
    /// Takes a label apart; `issuer` is the value of the parameter. The separator is the colon behind that issuer, where
    /// the label begins with it; or else the first colon that is not encoded; or else the first one that is.
    pub fn of(label: &str, issuer: Option<&[u8]>) -> Self {
        let whole = decoded(label.as_bytes());
        let behind_issuer = issuer.and_then(|issuer| Some((issuer, whole.strip_prefix(issuer)?.strip_prefix(b":")?)));
        if let Some((issuer, account)) = behind_issuer {
            return Self::behind(issuer, account);
        }
        if let Some((issuer, account)) = label.split_once(':') {
            return Self::behind(&decoded(issuer.as_bytes()), &decoded(account.as_bytes()));
        }
        match whole.iter().position(|byte| *byte == b':') {
            Some(colon) => Self::behind(&whole[..colon], &whole[colon + 1..]),
            None => Self { issuer: None, account: visible(&whole), account_as_it_stands: None },
        }
    }

    /// The names before and behind a separator.
    fn behind(issuer: &[u8], account: &[u8]) -> Self {
        let blanks = account.iter().take_while(|byte| **byte == BLANK).count();
        let as_it_stands = (blanks > 0).then(|| visible(account)).flatten();
        Self { issuer: visible(issuer), account: visible(&account[blanks..]), account_as_it_stands: as_it_stands }
    }
}
