//! What Skyvern receives of a mail message (RFC 5322, MIME): its text and whom it is for. It knows nothing of Skyvern, and every
//! mail is taken for one that somebody made to do harm.

mod flat;
mod html;
mod mend;

use std::borrow::Cow;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use mail_parser::{Address, HeaderName, HeaderValue, Message, MessageParser, MessagePart, PartType};
use thiserror::Error;
use zeroize::Zeroizing;

use super::guard;
use crate::service::delivery::Confidential;

/// The most bytes of a message.
pub const MAX_BYTES: usize = 25 * 1024 * 1024;
/// The most bytes of the text that is sent.
const MAX_TEXT_BYTES: usize = 65_536;
/// The most bytes of an address (RFC 5321, section 4.5.3.1: 64 before the `@`, 255 behind it).
const MAX_ADDRESS_BYTES: usize = 320;
/// How long the reading of one message may take: the largest takes a second, but for those that are made to take hours.
const PATIENCE: Duration = Duration::from_secs(30);
/// Where whom a mail is for stands: what was really delivered to comes before what the sender wrote.
const RECIPIENTS: [&str; 3] = ["Delivered-To", "X-Original-To", "To"];
/// A mail has at least one of these; anything without one is not a mail.
const MARKS: [&str; 8] = ["From", "To", "Date", "Subject", "Received", "Message-ID", "Delivered-To", "Return-Path"];

/// Why a mail cannot be used. It holds nothing of it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MailError {
    /// It is too large.
    #[error("expected a mail of at most 25 MiB")]
    TooLarge,
    /// It is something else.
    #[error("expected a mail message with header fields (RFC 5322)")]
    Form,
    /// It is made so that it cannot be read.
    #[error("the mail cannot be read within {} s", PATIENCE.as_secs())]
    Late,
    /// The reader failed at it.
    #[error("internal error while reading the mail at {0}; please report it")]
    Internal(String),
    /// Its text cannot be decoded.
    #[error("the text of the mail is not encoded as its Content-Transfer-Encoding says")]
    Encoding,
    /// It has pictures and attachments only, or nothing.
    #[error("the mail has no text")]
    NoText,
    /// It does not say whom it is for.
    #[error("the mail has no address in Delivered-To, X-Original-To or To, and --identifier is missing")]
    NoAddress,
}

/// What is used of a mail.
#[derive(Debug)]
pub struct Mail {
    /// Its text, not blank, without blanks around it, cut to the limit.
    pub text: Confidential,
    /// Whom it is for.
    pub address: Option<Confidential>,
}

/// Reads a message.
pub(super) fn read(message: &Zeroizing<Vec<u8>>) -> Result<Mail, MailError> {
    read_within(message, PATIENCE)
}

fn read_within(message: &Zeroizing<Vec<u8>>, patience: Duration) -> Result<Mail, MailError> {
    if message.len() > MAX_BYTES {
        return Err(MailError::TooLarge);
    }
    let message = flat::flat(message);
    guard::install();
    let (sender, receiver) = mpsc::sync_channel(1);
    // It ends with the process where it comes too late; nobody listens then.
    let work = move || drop(sender.send(guard::guarded(|| read_flat(&message))));
    thread::Builder::new().spawn(work).map_err(|_| MailError::Late)?;
    match receiver.recv_timeout(patience) {
        Ok(Ok(mail)) => mail,
        Ok(Err(panicked)) => Err(MailError::Internal(panicked.place)),
        Err(_) => Err(MailError::Late),
    }
}

/// The same on this thread, where a panic is one, without a limit of time.
///
/// # Errors
///
/// [`MailError`] where there is nothing to send.
pub fn read_unguarded(message: &[u8]) -> Result<Mail, MailError> {
    read_flat(&flat::flat(message))
}

fn read_flat(raw: &[u8]) -> Result<Mail, MailError> {
    let message = parse(raw)?;
    let mail = match mend::mended(&message, raw) {
        Ok(None) => mail_of(&message),
        Ok(Some(mended)) => read_sound(&mended),
        Err(error) => Err(error),
    };
    dismantle(message);
    mail
}

fn read_sound(raw: &[u8]) -> Result<Mail, MailError> {
    let message = parse(raw)?;
    let mail = mail_of(&message);
    dismantle(message);
    mail
}

/// Drops a message one level after the other: from within, a deep one would take more stack than there is.
fn dismantle(message: Message<'_>) {
    let mut messages = vec![message];
    while let Some(message) = messages.pop() {
        messages.extend(message.parts.into_iter().filter_map(|part| match part.body {
            PartType::Message(inner) => Some(inner),
            PartType::Text(_)
            | PartType::Html(_)
            | PartType::Binary(_)
            | PartType::InlineBinary(_)
            | PartType::Multipart(_) => None,
        }));
    }
}

fn parse(raw: &[u8]) -> Result<Message<'_>, MailError> {
    RECIPIENTS
        .into_iter()
        .fold(MessageParser::new().with_mime_headers(), |parser, name| parser.header_address(HeaderName::from(name)))
        .parse(raw)
        .ok_or(MailError::Form)
}

fn mail_of(message: &Message<'_>) -> Result<Mail, MailError> {
    if !MARKS.into_iter().any(|name| message.header_values(name).next().is_some()) {
        return Err(MailError::Form);
    }
    let mut text = joined(message.text_bodies());
    if text.trim().is_empty() {
        text = joined(message.html_bodies());
    }
    let text = cut(text.trim()).trim_end();
    if text.is_empty() {
        return Err(MailError::NoText);
    }
    let address = RECIPIENTS.into_iter().find_map(|name| message.header_values(name).find_map(first_address));
    Ok(Mail { text: Confidential::new(text.to_owned()), address: address.map(Confidential::new) })
}

/// The texts of parts, one after the other.
fn joined<'a>(parts: impl Iterator<Item = &'a MessagePart<'a>>) -> Zeroizing<String> {
    let texts: Vec<Cow<'a, str>> = parts
        .filter_map(|part| match &part.body {
            PartType::Text(text) => Some(Cow::Borrowed(&**text)),
            PartType::Html(html) => Some(html::text(html).into()),
            PartType::Binary(_) | PartType::InlineBinary(_) | PartType::Message(_) | PartType::Multipart(_) => None,
        })
        .collect();
    Zeroizing::new(texts.join("\n"))
}

/// As many whole characters as fit into the limit.
fn cut(text: &str) -> &str {
    let fitting = (0..=text.len().min(MAX_TEXT_BYTES)).rev().find(|end| text.is_char_boundary(*end));
    &text[..fitting.unwrap_or(0)]
}

fn first_address(value: &HeaderValue<'_>) -> Option<String> {
    let HeaderValue::Address(addresses) = value else { return None };
    let first = match addresses {
        Address::List(list) => list.iter().find_map(|one| one.address.as_deref()),
        Address::Group(groups) => {
            groups.iter().flat_map(|group| &group.addresses).find_map(|one| one.address.as_deref())
        }
    };
    first.map(str::trim).filter(|address| (1..=MAX_ADDRESS_BYTES).contains(&address.len())).map(str::to_owned)
}

#[cfg(test)]
mod tests;
