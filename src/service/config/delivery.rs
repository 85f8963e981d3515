//! `[[delivery]]`: the ways for messages to leave, by their names (contract 13.1, 13.2). It does not know who sends by them.

mod command;
mod program;
mod skyvern;
mod webhook;

pub use skyvern::SkyvernDelivery;
pub use webhook::WebhookDelivery;

use super::path_name::PathName;
use super::reader::{At, Reader};
use super::section::{Section, Value};
use crate::named;
use crate::service::delivery::{Deliver, DeliveryCommand, EndpointError, HttpClient};

pub(super) const KEYS: &[&str] =
    &["name", "kind", "url", "authentication_file", "insecure_http", "command", "api_key_file"];

/// `[[delivery]]`: a way for messages to leave.
#[derive(Clone, Debug)]
pub struct DeliveryConfig {
    /// `name`: other sections name it so; no other delivery has the same.
    pub name: PathName,
    /// `kind`, with what belongs to it.
    pub kind: DeliveryKind,
}

/// `kind`: how a message leaves. Each has only keys that fit, and was checked when it was read.
#[derive(Clone, Debug)]
pub enum DeliveryKind {
    /// `webhook`: by HTTP, authenticated as Verity does it.
    Webhook(WebhookDelivery),
    /// `command`: by a program of the operator, in the folder of the configuration.
    Command(DeliveryCommand),
    /// `skyvern`: to a server of Skyvern.
    Skyvern(SkyvernDelivery),
}

/// A delivery as far as it can be read: its name counts as known, whatever else is wrong with it.
pub(super) struct NamedDelivery {
    pub name: PathName,
    pub at: At,
    pub delivery: Option<DeliveryConfig>,
}

/// Why a file cannot be used when it is read again.
pub(super) struct RereadError {
    /// The key that names it.
    pub key: &'static str,
    pub reason: String,
}

impl DeliveryConfig {
    /// The way itself, with the limit of a delivery that somebody waits for
    /// ([`SERVICE_LIMIT`](crate::service::delivery::SERVICE_LIMIT)). Several made of one delivery share its connections and tokens.
    #[must_use]
    pub fn way(&self) -> Box<dyn Deliver> {
        match &self.kind {
            DeliveryKind::Webhook(delivery) => Box::new(delivery.webhook().clone()),
            DeliveryKind::Command(command) => Box::new(command.clone()),
            DeliveryKind::Skyvern(delivery) => Box::new(delivery.server().clone()),
        }
    }

    /// The same with the keys and secrets that its file has now.
    pub(super) fn reread(&self) -> Result<Self, RereadError> {
        let kind = match &self.kind {
            DeliveryKind::Webhook(delivery) => DeliveryKind::Webhook(delivery.reread()?),
            DeliveryKind::Command(command) => DeliveryKind::Command(command.clone()),
            DeliveryKind::Skyvern(delivery) => DeliveryKind::Skyvern(delivery.reread()?),
        };
        Ok(Self { name: self.name.clone(), kind })
    }
}

/// The sections in the order of the file. Without a client only their keys are checked.
pub(super) fn read(value: &Value<'_, '_>, client: Option<&HttpClient>, reader: &mut Reader<'_>) -> Vec<NamedDelivery> {
    let mut read: Vec<NamedDelivery> = Vec::new();
    for section in value.sections(KEYS, reader) {
        let name = PathName::read(&section, "name", reader);
        if let Some((name, at)) = &name
            && read.iter().any(|earlier| earlier.name == *name)
        {
            reader.wrong(*at, "delivery.name is the name of an earlier section");
        }
        let kind = KindName::read(&section, reader).and_then(|kind| kind.delivery(&section, client, reader));
        if let Some((name, at)) = name {
            let delivery = kind.map(|kind| DeliveryConfig { name: name.clone(), kind });
            read.push(NamedDelivery { name, at, delivery });
        }
    }
    read
}

/// Notes deliveries that nothing leaves by: a section may have been forgotten.
pub(super) fn warn_of_unnamed(
    deliveries: &[NamedDelivery],
    is_named: impl Fn(&PathName) -> bool,
    reader: &mut Reader<'_>,
) {
    for delivery in deliveries.iter().filter(|delivery| !is_named(&delivery.name)) {
        reader.warn(delivery.at, "no section names this delivery: nothing leaves by it".to_owned());
    }
}

/// The name of a kind.
#[derive(Clone, Copy)]
enum KindName {
    Webhook,
    Command,
    Skyvern,
}

named!(parsed KindName { Webhook = "webhook", Command = "command", Skyvern = "skyvern" });

impl KindName {
    /// The keys that it may have, beside those of all deliveries.
    const fn keys(self) -> &'static [&'static str] {
        match self {
            Self::Webhook => &["url", "authentication_file", "insecure_http"],
            Self::Command => &["command"],
            Self::Skyvern => &["url", "api_key_file", "insecure_http"],
        }
    }

    fn read(section: &Section<'_, '_>, reader: &mut Reader<'_>) -> Option<Self> {
        let value = section.required("kind", Self::EXPECTED, reader)?;
        let text = value.text(Self::EXPECTED, reader)?;
        let kind = text.parse().ok();
        if kind.is_none() {
            value.expected(Self::EXPECTED, reader);
        }
        kind
    }

    fn delivery(
        self,
        section: &Section<'_, '_>,
        client: Option<&HttpClient>,
        reader: &mut Reader<'_>,
    ) -> Option<DeliveryKind> {
        self.check_keys(section, reader);
        match self {
            Self::Webhook => {
                webhook::read(section, &allowing(section, client?, reader), reader).map(DeliveryKind::Webhook)
            }
            Self::Command => command::read(section, reader).map(DeliveryKind::Command),
            Self::Skyvern => {
                skyvern::read(section, &allowing(section, client?, reader), reader).map(DeliveryKind::Skyvern)
            }
        }
    }

    /// Notes keys that belong to other kinds.
    fn check_keys(self, section: &Section<'_, '_>, reader: &mut Reader<'_>) {
        for key in KEYS.iter().filter(|key| !self.keys().contains(key)) {
            let kinds = Self::ALL.into_iter().filter(|kind| kind.keys().contains(key));
            let kinds: Vec<_> = kinds.map(Self::name).collect();
            // Keys that belong to no kind belong to all.
            if let Some(value) = section.value(key).filter(|_| !kinds.is_empty()) {
                let (name, kinds) = (value.name(), kinds.join(" or "));
                reader.absent(value.at, format!("{name} is only for delivery.kind {kinds}"));
            }
        }
    }
}

/// The client, with what `insecure_http` allows. Where that is neither true nor false, it is the only mistake.
fn allowing(section: &Section<'_, '_>, client: &HttpClient, reader: &mut Reader<'_>) -> HttpClient {
    let insecure_http = section.value("insecure_http").map(|value| value.boolean(reader).unwrap_or(true));
    client.with_insecure_http(insecure_http.unwrap_or(false))
}

/// Reads the address under `url`.
fn endpoint<T>(
    value: &Value<'_, '_>,
    read: impl FnOnce(&str) -> Result<T, EndpointError>,
    reader: &mut Reader<'_>,
) -> Option<T> {
    let text = value.text(EndpointError::Form.expected(), reader)?;
    read(text).map_err(|error| value.expected(error.expected(), reader)).ok()
}
