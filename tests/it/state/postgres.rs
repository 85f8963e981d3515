//! States in PostgreSQL, each in a schema that ends with its test, and what holds there alone.

use tokio::runtime::Runtime;
use totp_adapter::Verdict;
use totp_adapter::state::{
    Address, Attempt, Begun, CodeHash, Connector, Fingerprint, IdempotencyKey, IssuedToken, Judgement, MfaDestination,
    MfaGuess, MfaId, MfaRequest, MfaSend, Policy, Postgres, Quota, Reservation, Reserved, Salt, TokenHash, Verified,
};
use totp_adapter::verification::MemoryError;

use super::{CodeParameters, NOW, SECRET, guess};
use crate::common::schema::{Schema, runtime};

/// A connection, and what drives it.
pub struct Connected {
    state: Postgres,
    runtime: Runtime,
}

impl Connected {
    pub fn in_schema(schema: &Schema) -> Result<Self, MemoryError> {
        Self::open(&schema.address(""))
    }

    fn open(address: &str) -> Result<Self, MemoryError> {
        let runtime = runtime();
        let connector = Connector::new(Address::parse(address).unwrap(), None);
        let state = runtime.block_on(Postgres::open(&connector))?;
        Ok(Self { state, runtime })
    }

    pub fn salt(&self) -> &Salt {
        self.state.salt()
    }

    pub fn judge(&self, attempts: &[Attempt], policy: Policy) -> Result<Vec<Judgement>, MemoryError> {
        self.runtime.block_on(self.state.judge(attempts, policy))
    }

    pub fn unlock(&self, secret: &Fingerprint) -> Result<(), MemoryError> {
        self.runtime.block_on(self.state.unlock(secret))
    }

    pub fn issue(&self, token: &IssuedToken) -> Result<(), MemoryError> {
        self.runtime.block_on(self.state.issue(std::slice::from_ref(token)))
    }

    pub fn reserve(&self, reservation: &Reservation) -> Result<Reserved, MemoryError> {
        self.runtime.block_on(self.state.reserve(reservation))
    }

    pub fn answer(&self, key: &IdempotencyKey, answer: &[u8], expires: i64) -> Result<(), MemoryError> {
        self.runtime.block_on(self.state.answer(key, answer, expires))
    }

    pub fn release(&self, key: &IdempotencyKey) -> Result<(), MemoryError> {
        self.runtime.block_on(self.state.release(key))
    }

    pub fn client_of(&self, token: &TokenHash, now: i64) -> Result<Option<String>, MemoryError> {
        Ok(self.runtime.block_on(self.state.clients_of(&[(*token, now)]))?.remove(0))
    }

    pub fn begin_mfa(&self, sends: &[MfaSend]) -> Result<Vec<Begun>, MemoryError> {
        self.runtime.block_on(self.state.begin_mfa(sends))
    }

    pub fn void_mfa(&self, id: &MfaId) -> Result<(), MemoryError> {
        self.runtime.block_on(self.state.void_mfa(id))
    }

    pub fn verify_mfa(&self, guesses: &[MfaGuess]) -> Result<Vec<Verified>, MemoryError> {
        self.runtime.block_on(self.state.verify_mfa(guesses))
    }

    pub fn unlock_destination(&self, destination: &MfaDestination) -> Result<(), MemoryError> {
        self.runtime.block_on(self.state.unlock_destination(destination))
    }

    fn check(&self) -> Result<(), MemoryError> {
        self.runtime.block_on(self.state.check())
    }

    fn offer(&self, step: Option<u64>) -> Result<Verdict, MemoryError> {
        let attempt = Attempt::of(&guess(SECRET, CodeParameters::default(), NOW, step), self.salt());
        self.judge(&[attempt], Policy::default()).map(|judgements| judgements[0].verdict)
    }
}

// contract 15.4c, 15.5k: what is no state stays as it is.
#[test]
fn other_schemas_are_refused_and_stay() {
    let Some(schema) = Schema::new() else { return };
    let missing = format!("{}_is_not_there", schema.address(""));
    assert_eq!(Connected::open(&missing).err(), Some(MemoryError::Foreign));
    schema.execute("CREATE TABLE salt (a INT); INSERT INTO salt VALUES (1)");
    assert_eq!(Connected::in_schema(&schema).err(), Some(MemoryError::Foreign));
    assert_eq!(schema.count("SELECT count(*) FROM salt"), 1);
    schema.execute("DROP TABLE salt; CREATE VIEW somebodys AS SELECT 1");
    assert_eq!(Connected::in_schema(&schema).err(), Some(MemoryError::Foreign));
    schema.execute("DROP VIEW somebodys");
    assert!(Connected::in_schema(&schema).is_ok());
    schema.execute("DROP TABLE verifier");
    assert_eq!(Connected::in_schema(&schema).unwrap().offer(None), Err(MemoryError::Damaged));
}

// contract 15.5i: a state that was made anew has forgotten what was used, so nobody who knows the old one goes on with it.
#[test]
fn another_state_is_not_the_same() {
    let Some(schema) = Schema::new() else { return };
    let connector = Connector::new(Address::parse(&schema.address("")).unwrap(), None);
    let first = Connected::in_schema(&schema).unwrap();
    let salt = first.salt().clone();
    let reopen = || first.runtime.block_on(Postgres::reopen(&connector, &salt)).err();
    assert_eq!(reopen(), None);
    schema.execute("UPDATE salt SET salt = sha256('another')");
    assert_eq!(reopen(), Some(MemoryError::Damaged));
    schema.execute("DROP TABLE totp_adapter, salt, verifier, aside, token, idempotency, mfa_request, mfa_destination");
    assert_eq!(reopen(), Some(MemoryError::Damaged));
    assert_eq!(schema.count("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()"), 0);
}

// contract 15.4a, 15.5h: one who keeps a row for too long does not make a password match, and the connection serves on.
#[test]
fn a_row_that_stays_locked_is_not_available() {
    let Some(schema) = Schema::new() else { return };
    let state = Connected::in_schema(&schema).unwrap();
    assert_eq!(state.offer(None), Ok(Verdict::Wrong));
    schema.with_client(|runtime, client| {
        runtime.block_on(client.batch_execute("BEGIN; SELECT FROM verifier FOR UPDATE")).unwrap();
        assert_eq!(state.offer(Some(NOW / 30)), Err(MemoryError::Busy));
        runtime.block_on(client.batch_execute("ROLLBACK")).unwrap();
    });
    assert_eq!(state.offer(Some(NOW / 30)), Ok(Verdict::Accepted));
}

// contract 14.4g, 15.5h: so does one who keeps a request or its destination; nothing of the guess has counted.
#[test]
fn a_request_that_stays_locked_is_not_available() {
    let Some(schema) = Schema::new() else { return };
    let state = Connected::in_schema(&schema).unwrap();
    let now = NOW.cast_signed();
    let (code, quota) = (CodeHash::new([1; 32]), Quota::default());
    let destination = MfaDestination::of("+15551234567", state.salt());
    let id = MfaId::from_random([1; 16]);
    let request = MfaRequest { id, destination, code, attempts: 1, expires: now + 60 };
    assert_eq!(state.begin_mfa(&[MfaSend { request, quota, now }]), Ok(vec![Begun::Admitted]));
    let wrong = MfaGuess { id, code: CodeHash::new([2; 32]), quota, now };
    for table in ["mfa_request", "mfa_destination"] {
        schema.with_client(|runtime, client| {
            runtime.block_on(client.batch_execute(&format!("BEGIN; SELECT FROM {table} FOR UPDATE"))).unwrap();
            assert_eq!(state.verify_mfa(&[wrong]), Err(MemoryError::Busy));
            runtime.block_on(client.batch_execute("ROLLBACK")).unwrap();
        });
    }
    assert_eq!(state.verify_mfa(&[MfaGuess { code, ..wrong }, wrong]), Ok(vec![Verified::Match, Verified::Gone]));
}

// contract 15.5h: settings of the database and the role do not change what is decided.
#[test]
fn settings_of_the_session_do_not_matter() {
    let Some(schema) = Schema::new() else { return };
    let settings = "%20-cdefault_transaction_read_only%3Don%20-cdefault_transaction_isolation%3Dserializable";
    let state = Connected::open(&schema.address(settings)).unwrap();
    assert_eq!(state.offer(Some(NOW / 30)), Ok(Verdict::Accepted));
    assert_eq!(state.offer(Some(NOW / 30)), Ok(Verdict::Replayed));
    assert_eq!(state.check(), Ok(()));
}

// contract 15.4a, 15.5h
#[test]
fn who_may_not_write_gets_no_match() {
    let Some(schema) = Schema::new() else { return };
    assert_eq!(Connected::in_schema(&schema).unwrap().offer(None), Ok(Verdict::Wrong));
    let role = format!("{}_reader", schema.name);
    schema.execute(&format!(
        "CREATE ROLE {role}; GRANT USAGE ON SCHEMA {0} TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA {0} TO {role}",
        schema.name
    ));
    let state = Connected::open(&schema.address(&format!("%20-crole%3D{role}"))).unwrap();
    let offered = state.offer(Some(NOW / 30));
    drop(state);
    schema.execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    assert_eq!(offered, Err(MemoryError::Denied));
}

// contract 15.4a, 15.5h: a connection that the other side ends is of no further use, and says so.
#[test]
fn a_connection_that_was_ended() {
    let Some(schema) = Schema::new() else { return };
    let name = &schema.name;
    let state = Connected::open(&schema.address(&format!("&application_name={name}"))).unwrap();
    assert_eq!(state.offer(Some(NOW / 30 - 1)), Ok(Verdict::Accepted));
    schema.execute(&format!(
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = '{name}'"
    ));
    assert_eq!(state.offer(Some(NOW / 30)), Err(MemoryError::Unreachable));
    assert!(state.state.is_closed());
    assert_eq!(Connected::in_schema(&schema).unwrap().offer(Some(NOW / 30)), Ok(Verdict::Accepted));
}
