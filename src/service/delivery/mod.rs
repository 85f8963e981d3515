//! How a message leaves (contract 13.1, 13.2): one trait, and a room for each way. It knows neither the configuration that names
//! a way nor who asks for a delivery.

mod authentication;
mod command;
mod confidential;
mod error;
mod http;
mod json;
mod skyvern;
mod token;
mod webhook;

use crate::named;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

pub use authentication::{Authentication, AuthenticationDocument, AuthenticationError};
pub use command::{CommandTemplate, CommandTemplateError, DeliveryCommand};
pub use confidential::Confidential;
pub use error::{DeliveryError, Failure};
pub use http::{
    EndpointError, EndpointUrl, HttpClient, HttpError, HttpOptions, OptionsError, PinnedCertificate, ProxyAddress,
};
pub use skyvern::{ApiKey, Note, Skyvern, SkyvernError, SkyvernMessage};
pub use token::{Token, TokenError};
pub use webhook::{ContentType, Webhook};

/// How long one delivery may take, from its beginning to the answer, where somebody waits for it (contract 14.3).
pub const SERVICE_LIMIT: Duration = Duration::from_secs(10);
/// The same for `push` (contract 13.1).
pub const PUSH_LIMIT: Duration = Duration::from_secs(30);

/// A message to a person.
#[derive(Clone, Debug)]
pub struct Message {
    /// What names it: an identifier without meaning.
    pub id: String,
    /// The way that it takes to the person.
    pub channel: Channel,
    /// Whom it is for: a telephone number (E.164) or whatever the recipient takes.
    pub to: Confidential,
    /// Whom it is from; none leaves that to the recipient.
    pub from: Option<Confidential>,
    /// What it says.
    pub text: Confidential,
}

/// The way that a message takes to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// A text message.
    Sms,
    /// A call, in which the text is spoken.
    Call,
}

named!(Channel { Sms = "sms", Call = "call" });

/// What became of a message that was accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// The recipient has it.
    Accepted,
    /// The recipient has it, and says that something is odd.
    AcceptedWith(Note),
}

/// A delivery under way.
pub type Delivering<'a> = Pin<Box<dyn Future<Output = Result<Delivered, DeliveryError>> + Send + 'a>>;

/// A way for messages to leave.
pub trait Deliver: Send + Sync {
    /// Delivers a message, within the limit that the way was made with.
    fn deliver<'a>(&'a self, message: &'a Message) -> Delivering<'a>;
}
