//! The command line of `push` (contract 12.2, 12.3, 13.5): what is delivered, where, and how it is known there.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};

use super::{Files, input_timeout, named};
use totp_adapter::exit_codes::ExitCodes;
use totp_adapter::otp::{
    Algorithm, CodeParameters, Digits, OutOfRangeError, Period, Skew, whole_number, whole_number_in,
};
use totp_adapter::service::delivery::{ContentType, HttpOptions, PUSH_LIMIT, ProxyAddress};
use totp_adapter::service::push::{PushRequest, SkyvernContent, SkyvernRequest, WebhookRequest, WebhookTarget};

/// How long content is sent again and again where nobody says.
const USUAL_GIVE_UP: Duration = Duration::from_secs(60);
/// The fewest seconds that a password still has where nobody says.
const USUAL_MINIMUM_REST: u32 = 10;
/// At most this part of a period, so that short ones have room for a password.
const USUAL_REST_PART: u32 = 3;
/// In the help, below the options of each way.
const LAST: usize = 100;

/// The command line behind `push`.
#[derive(Debug, Args)]
#[command(about = "Deliver a document or a password", disable_help_subcommand = true)]
pub(super) struct PushCommand {
    #[command(subcommand)]
    target: PushTarget,
}

#[derive(Debug, Subcommand)]
enum PushTarget {
    /// Deliver a document to a webhook, authenticated as Verity does it
    #[command(after_help = WEBHOOK_AFTER_HELP)]
    Webhook(Box<WebhookCommand>),
    /// Send Skyvern the current password of a secret, or a text or mail with a code in it
    #[command(after_help = SKYVERN_AFTER_HELP)]
    Skyvern(Box<SkyvernCommand>),
}

const WEBHOOK_AFTER_HELP: &str = "\
The input is sent unchanged. FILE is an authentication object of Verity, a comMethod, or a message UPDATE_COM_METHOD,
whose value is the URL. If FILE asks for a token, nothing is sent without it.

Example:
  totp-adapter push webhook --authentication update-com-method.json < message.json";

const SKYVERN_AFTER_HELP: &str = "\
The input is a <Secret> document, or with --content a text, or with --mail a mail message. With --mail, the identifier is
--identifier, else the first address of Delivered-To, X-Original-To or To.

Exit codes of --exit-code mda, for procmail, Postfix and fetchmail: 0 sent, 64 wrong command line, 65 the mail is refused,
75 try again later, 77 the key is refused.

Examples:
  totp-adapter push skyvern --url https://api.skyvern.com --api-key-file skyvern.key --identifier me@example.org < secret.xml
  totp-adapter push skyvern --url https://api.skyvern.com --api-key-file skyvern.key --mail --exit-code mda < mail.eml";

#[derive(Debug, Args)]
struct WebhookCommand {
    /// URL of the webhook
    #[arg(long, value_name = "URL", required_unless_present = "authentication", value_parser = NonEmptyStringValueParser::new())]
    url: Option<String>,

    /// Authentication for the webhook: JSON of Verity [default: none]
    #[arg(long, value_name = "FILE")]
    authentication: Option<PathBuf>,

    /// Content type of the document [default: application/json]
    #[arg(long, value_name = "TYPE", value_parser = content_type)]
    content_type: Option<ContentType>,

    #[command(flatten)]
    common: CommonArguments,
}

#[derive(Debug, Args)]
struct SkyvernCommand {
    /// URL of the server, with or without /v1/credentials/totp at its end
    #[arg(long, value_name = "BASE", required = true, value_parser = NonEmptyStringValueParser::new())]
    url: Option<String>,

    /// Read the API key from a file
    #[arg(long, value_name = "FILE", required = true)]
    api_key_file: Option<PathBuf>,

    /// Whose code it is (totp_identifier in Skyvern)
    #[arg(long, value_name = "ID", required_unless_present = "mail", value_parser = NonEmptyStringValueParser::new())]
    identifier: Option<String>,

    /// Task that the code is for
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    task_id: Option<String>,

    /// Workflow that the code is for
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    workflow_id: Option<String>,

    /// Workflow run that the code is for
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    workflow_run_id: Option<String>,

    /// Source of the code [default: app; email with --mail; none with --content]
    #[arg(long, value_name = "SOURCE", value_parser = NonEmptyStringValueParser::new())]
    source: Option<String>,

    /// Send the input unchanged: a code, or a text that contains one
    #[arg(long, group = "text")]
    content: bool,

    /// Send the text of a mail message
    #[arg(long, group = "text")]
    mail: bool,

    /// Stop trying to send a text or mail after: 1 to 3600 [default: 60]
    #[arg(long, requires = "text", value_name = "SECONDS", value_parser = give_up, allow_negative_numbers = true)]
    give_up: Option<Duration>,

    /// Wait for the next password if the current one ends within this time [default: 10]
    #[arg(long, conflicts_with = "text", value_name = "SECONDS", value_parser = minimum_rest, allow_negative_numbers = true)]
    minimum_rest: Option<u32>,

    /// Steps after its own during which a password is accepted, and so sent again: 0 to 10 [default: 1]
    #[arg(long, conflicts_with = "text", display_order = LAST, value_name = "STEPS", value_parser = Skew::from_str, allow_negative_numbers = true)]
    skew: Option<Skew>,

    /// Hash function, for secrets issued elsewhere [default: SHA1]
    #[arg(long, conflicts_with = "text", display_order = LAST + 1, value_parser = named::<Algorithm, _>(Algorithm::ALL.map(Algorithm::name)))]
    algorithm: Option<Algorithm>,

    /// Digits of a password, for secrets issued elsewhere [default: 6]
    #[arg(long, conflicts_with = "text", display_order = LAST + 2, value_parser = named::<Digits, _>(Digits::ALL.map(Digits::name)))]
    digits: Option<Digits>,

    /// Length of a time step, for secrets issued elsewhere: 1 to 4294967295 [default: 30]
    #[arg(long, conflicts_with = "text", display_order = LAST + 3, value_name = "SECONDS", value_parser = Period::from_str, allow_negative_numbers = true)]
    period: Option<Period>,

    #[command(flatten)]
    common: CommonArguments,
}

/// What all ways of a delivery have in common, as it was given.
#[derive(Debug, Args)]
pub struct CommonArguments {
    #[command(flatten)]
    http: HttpArguments,

    /// Where to read and write.
    #[command(flatten)]
    pub files: Files,

    /// Give up if the input has not ended by then: 1 to 86400 [default: wait]
    #[arg(long, value_name = "SECONDS", value_parser = input_timeout, allow_negative_numbers = true)]
    pub input_timeout: Option<Duration>,

    /// Exit codes, as in the table of totp-adapter --help, or mda [default: unix]
    #[arg(long, value_name = "CODES", value_parser = named::<ExitCodes, _>(ExitCodes::ALL.map(ExitCodes::name)))]
    pub exit_code: Option<ExitCodes>,
}

/// How other machines are reached, as it was given.
#[derive(Debug, Args)]
struct HttpArguments {
    /// Proxy to other machines [default: none; the environment is ignored]
    #[arg(long, value_name = "URL", value_parser = proxy)]
    proxy: Option<ProxyAddress>,

    /// Certificates in PEM to trust besides the system's
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,

    /// Allow http:// to other machines: anyone on the way can read what is sent
    #[arg(long)]
    insecure_http: bool,
}

/// What is delivered, where to, and how.
#[derive(Debug)]
pub struct PushArguments {
    /// What is delivered where.
    pub request: PushRequest,
    /// How, and with which files.
    pub common: CommonArguments,
}

impl PushArguments {
    /// The files besides the input that are read, each with its option.
    #[must_use]
    pub fn read(&self) -> Vec<(&'static str, PathBuf)> {
        let option = match self.request {
            PushRequest::Webhook(_) => "--authentication",
            PushRequest::Skyvern(_) => "--api-key-file",
        };
        let secret = self.request.secret_file().map(|file| (option, file.to_owned()));
        secret.into_iter().chain(self.common.http.ca_file.clone().map(|file| ("--ca-file", file))).collect()
    }

    /// How other machines are reached.
    #[must_use]
    pub fn http_options(&self) -> HttpOptions {
        let HttpArguments { proxy, ca_file, insecure_http } = &self.common.http;
        HttpOptions { proxy: proxy.clone(), ca_file: ca_file.clone(), insecure_http: *insecure_http, limit: PUSH_LIMIT }
    }
}

impl From<PushCommand> for PushArguments {
    fn from(command: PushCommand) -> Self {
        match command.target {
            PushTarget::Webhook(command) => (*command).into(),
            PushTarget::Skyvern(command) => (*command).into(),
        }
    }
}

impl From<WebhookCommand> for PushArguments {
    fn from(command: WebhookCommand) -> Self {
        let target = match command.authentication {
            Some(file) => WebhookTarget::Authenticated { file, url: command.url },
            None => WebhookTarget::Open { url: command.url.expect("clap asks for one of the two") },
        };
        let content_type = command.content_type.unwrap_or_default();
        let request = PushRequest::Webhook(WebhookRequest { target, content_type });
        Self { request, common: command.common }
    }
}

impl From<SkyvernCommand> for PushArguments {
    fn from(command: SkyvernCommand) -> Self {
        let usual_source = match (command.content, command.mail) {
            (true, _) => None,
            (false, true) => Some("email"),
            (false, false) => Some("app"),
        };
        let source = command.source.clone().or_else(|| usual_source.map(str::to_owned));
        let content = command.content();
        let request = PushRequest::Skyvern(SkyvernRequest {
            url: command.url.expect("clap asks for it"),
            api_key_file: command.api_key_file.expect("clap asks for it"),
            task_id: command.task_id,
            workflow_id: command.workflow_id,
            workflow_run_id: command.workflow_run_id,
            source,
            content,
        });
        Self { request, common: command.common }
    }
}

impl SkyvernCommand {
    fn content(&self) -> SkyvernContent {
        let give_up = self.give_up.unwrap_or(USUAL_GIVE_UP);
        if self.mail {
            return SkyvernContent::Mail { identifier: self.identifier.clone(), give_up };
        }
        let identifier = self.identifier.clone().expect("clap asks for it where no mail has it");
        if self.content {
            return SkyvernContent::Text { identifier, give_up };
        }
        let code = CodeParameters {
            algorithm: self.algorithm.unwrap_or_default(),
            digits: self.digits.unwrap_or_default(),
            period: self.period.unwrap_or_default(),
        };
        let usual_rest = USUAL_MINIMUM_REST.min(code.period.seconds() / USUAL_REST_PART);
        let minimum_rest = self.minimum_rest.unwrap_or(usual_rest);
        SkyvernContent::Password { identifier, code, skew: self.skew.unwrap_or_default(), minimum_rest }
    }
}

fn proxy(text: &str) -> Result<ProxyAddress, OutOfRangeError> {
    ProxyAddress::parse(text).map_err(|error| OutOfRangeError { expected: error.expected() })
}

fn content_type(text: &str) -> Result<ContentType, OutOfRangeError> {
    ContentType::parse(text).ok_or(OutOfRangeError { expected: ContentType::EXPECTED })
}

fn give_up(text: &str) -> Result<Duration, OutOfRangeError> {
    whole_number_in(text, &(1..=3600), "a whole number of seconds from 1 to 3600").map(Duration::from_secs)
}

fn minimum_rest(text: &str) -> Result<u32, OutOfRangeError> {
    whole_number(text, "a whole number of seconds from 0 to less than --period")
}
