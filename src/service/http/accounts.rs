//! Accounts over HTTP (contract 11.3): the operations on secrets that stay on the server.

use std::borrow::Cow;
use std::sync::Arc;

use axum::http::StatusCode;
use percent_encoding::percent_decode_str;

use super::answer::Answer;
use super::query;
use super::refusal::Refusal;
use super::route::{Call, Routes};
use super::upload::UploadError;
use super::x4::{X4Error, endpoint, of_reply, valid_until, with_adapter, with_code};
use super::{Service, verification};
use crate::account::{Account, AccountOperation, AccountParameters};
use crate::error::Error;
use crate::operation::Input;
use crate::reply::Reply;
use crate::service::account_reader::Found;
use crate::service::accounts::{AccountName, FolderError};
use crate::service::log::TARGET;
use crate::symbol_format::SymbolFormat;
use crate::system;
use crate::xml::DocumentKind;

/// Where the operations are served.
const PATHS: [(AccountOperation, &str); 3] = [
    (AccountOperation::GeneratePassword, "/accounts/{name}/GeneratePassword"),
    (AccountOperation::VerifyPassword, "/accounts/{name}/VerifyPassword"),
    (AccountOperation::GenerateAuthenticatorQRCode, "/accounts/{name}/GenerateAuthenticatorQRCode"),
];

/// Adds the paths of accounts, where there is a folder of them.
#[must_use]
pub fn routes(routes: Routes) -> Routes {
    let Some(callers) = routes.callers_of_operations().filter(|_| routes.has_accounts()) else { return routes };
    PATHS.into_iter().fold(routes, |routes, (operation, path)| {
        routes.with(endpoint(path, callers.clone()), move |service, call| operate(operation, service, call))
    })
}

async fn operate(operation: AccountOperation, service: Arc<Service>, call: Call) -> Answer {
    let Some(name) = name(call.head.uri.path()) else { return of_folder(&FolderError::Unknown, None) };
    let answer = match &*account(&service, &name).await {
        Ok(account) => match respond(operation, &service, account, &name, call).await {
            Ok(answer) => answer,
            Err(error) => error.into(),
        },
        // What is the name of nothing may be a secret that somebody put in the wrong place.
        Err(FolderError::Unknown) => return of_folder(&FolderError::Unknown, None),
        Err(error) => of_folder(error, Some(&name)),
    };
    Answer { account: Some(name.as_str().to_owned()), ..answer }
}

/// The name in a path.
fn name(path: &str) -> Option<AccountName> {
    let segment = path.split('/').nth(2)?;
    AccountName::parse(&percent_decode_str(segment).decode_utf8().unwrap_or(Cow::Borrowed("")))
}

/// The account as it is now.
pub(super) async fn account(service: &Service, name: &AccountName) -> Found {
    match &service.accounts {
        Some(accounts) => accounts.read(name).await,
        None => Arc::new(Err(FolderError::Unknown)),
    }
}

async fn respond(
    operation: AccountOperation,
    service: &Service,
    account: &Account,
    name: &AccountName,
    call: Call,
) -> Result<Answer, X4Error> {
    let (names, format) = parameters(operation, call.head.uri.query())?;
    let parameters = AccountParameters { skew: service.skew, ..names };
    let deadline = call.upload.deadline();
    let input = match operation {
        AccountOperation::VerifyPassword => {
            let input = Input::Document(DocumentKind::Password);
            call.upload.read(input.max_bytes()).await.map_err(|error| X4Error::of_upload(error, input))?
        }
        AccountOperation::GeneratePassword | AccountOperation::GenerateAuthenticatorQRCode => {
            call.upload.read(0).await.map_err(of_needless_upload)?
        }
    };
    let time = system::time();
    let valid_until = match operation {
        AccountOperation::GeneratePassword => time.map(|time| valid_until(time, account.code_parameters().period)),
        AccountOperation::VerifyPassword | AccountOperation::GenerateAuthenticatorQRCode => None,
    };
    let examine = |adapter: &mut crate::adapter::Adapter<'_>| {
        adapter.examine_account(account, name.as_str(), operation, &parameters, &input)
    };
    let reply = verification::settle(service, with_adapter(time, examine), Some(name.as_str()), deadline).await;
    Ok(of_reply(reply, format).with_success_header(valid_until))
}

/// What a query may say: how the QR code is labelled and drawn, and nothing else.
fn parameters(
    operation: AccountOperation,
    query: Option<&str>,
) -> Result<(AccountParameters, SymbolFormat), query::QueryError> {
    match operation {
        AccountOperation::GenerateAuthenticatorQRCode => query::of_account_symbol(query),
        AccountOperation::GeneratePassword | AccountOperation::VerifyPassword => {
            query::of_nothing(query)?;
            Ok((AccountParameters::default(), SymbolFormat::default()))
        }
    }
}

/// A body where none belongs is the wrong document, however long it is.
fn of_needless_upload(error: UploadError) -> X4Error {
    match error {
        UploadError::TooLarge { .. } | UploadError::Refused(Refusal::Encoding) => X4Error::Error(Error::Input),
        UploadError::Refused(refusal) => X4Error::Refused(refusal),
    }
}

fn of_folder(error: &FolderError, name: Option<&AccountName>) -> Answer {
    let code = match error {
        FolderError::Unknown => StatusCode::NOT_FOUND,
        FolderError::Account(_)
        | FolderError::Read(_)
        | FolderError::Kind
        | FolderError::Internal
        | FolderError::TooLarge => {
            // The line of the request has the kind of the cause only.
            let (account, cause) = (name.map(AccountName::as_str), error.to_string());
            tracing::error!(target: TARGET, account, cause, "account not available");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    };
    with_code(code, Reply::error(&error.to_string()), SymbolFormat::default())
}
