//! The tables, and the constraints that repeat what the domain promises.

/// Their names.
pub(super) const TABLES: &[&str] = &["payments", "operations", "postings", "balances"];

/// Amounts are paise; ids are text. `balances` is kept a driver where an account is, with an empty driver where it is
/// not, so that its key is never null. `cases` are those that are open, as JSON.
pub(super) const MIGRATIONS: &[&str] = &[
    "CREATE TABLE payments (
        booking          TEXT PRIMARY KEY,
        rider            TEXT,
        driver           TEXT,
        status           TEXT CHECK (status IN ('authorising', 'authorised', 'failed', 'expired', 'released',
                             'capturing', 'captured', 'refunding', 'refunded', 'balance_due', 'paid')),
        code             TEXT,
        held             BIGINT NOT NULL CHECK (held >= 0),
        captured         BIGINT NOT NULL CHECK (captured >= 0),
        refunded         BIGINT NOT NULL CHECK (refunded >= 0),
        fee              BIGINT NOT NULL CHECK (fee >= 0),
        payable          BIGINT CHECK (payable >= 0),
        balance          BIGINT NOT NULL,
        cash             BIGINT NOT NULL CHECK (cash >= 0),
        cash_state       TEXT CHECK (cash_state IN ('claimed', 'disputed', 'confirmed', 'withdrawn')),
        cash_confirm_by  TIMESTAMPTZ,
        credit           BIGINT NOT NULL CHECK (credit >= 0),
        cases            TEXT,
        updated_at       TIMESTAMPTZ NOT NULL);
    CREATE INDEX payments_with_case ON payments (booking) WHERE cases IS NOT NULL;
    CREATE TABLE operations (
        operation           TEXT PRIMARY KEY,
        booking             TEXT NOT NULL,
        number              BIGINT NOT NULL,
        kind                TEXT NOT NULL,
        amount              BIGINT NOT NULL CHECK (amount >= 0),
        status              TEXT NOT NULL CHECK (status IN ('open', 'succeeded', 'refused')),
        code                TEXT,
        provider_reference  TEXT,
        attempts            BIGINT NOT NULL,
        requested_at        TIMESTAMPTZ NOT NULL,
        closed_at           TIMESTAMPTZ,
        UNIQUE (booking, number));
    CREATE TABLE postings (
        event    TEXT NOT NULL,
        line     BIGINT NOT NULL,
        booking  TEXT NOT NULL,
        entry    TEXT NOT NULL,
        account  TEXT NOT NULL,
        driver   TEXT NOT NULL,
        amount   BIGINT NOT NULL,
        at       TIMESTAMPTZ NOT NULL,
        PRIMARY KEY (event, line));
    CREATE INDEX postings_by_driver ON postings (driver, booking) WHERE driver <> '';
    CREATE TABLE balances (
        account  TEXT NOT NULL,
        driver   TEXT NOT NULL,
        amount   BIGINT NOT NULL,
        PRIMARY KEY (account, driver));
    CREATE INDEX balances_by_driver ON balances (driver) WHERE driver <> '';",
    // All lines of an entry come in one statement.
    "CREATE FUNCTION entries_sum_to_zero() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM posted GROUP BY event HAVING sum(amount) <> 0) THEN
            RAISE EXCEPTION 'an entry of the journal does not sum to zero' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER entries_sum_to_zero AFTER INSERT ON postings
        REFERENCING NEW TABLE AS posted FOR EACH STATEMENT EXECUTE FUNCTION entries_sum_to_zero();",
];
