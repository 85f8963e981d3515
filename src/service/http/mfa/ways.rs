//! The deliveries by which codes leave. It sends nothing.

use std::sync::Arc;

use crate::service::config::{DeliveryConfig, MfaChannels};
use crate::service::delivery::{Channel, Deliver};

/// How codes leave.
pub struct Ways {
    pub sms: Option<Arc<Way>>,
    pub call: Option<Arc<Way>>,
}

/// A delivery and its name.
pub struct Way {
    /// For log and metrics.
    pub name: String,
    pub delivery: Box<dyn Deliver>,
}

impl Ways {
    /// The ways of these channels, among the deliveries of a configuration.
    #[must_use]
    pub fn new(channels: &MfaChannels, deliveries: &[DeliveryConfig]) -> Self {
        let way = |channel| {
            let name = channels.delivery(channel)?;
            let delivery = deliveries.iter().find(|delivery| delivery.name == *name)?;
            Some(Arc::new(Way { name: name.to_string(), delivery: delivery.way() }))
        };
        Self { sms: way(Channel::Sms), call: way(Channel::Call) }
    }

    /// The way of a channel, if codes leave by it.
    #[must_use]
    pub fn of(&self, channel: Channel) -> Option<Arc<Way>> {
        match channel {
            Channel::Sms => self.sms.clone(),
            Channel::Call => self.call.clone(),
        }
    }
}
