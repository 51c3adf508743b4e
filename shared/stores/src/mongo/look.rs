//! Whether a read model could be opened on a server. Nothing is made or changed there.

use super::{Mongo, MongoError, MongoProjection, MongoReadModel, state::States};
use mongodb::bson::doc;

impl<P: MongoProjection> MongoReadModel<P> {
    /// Whether it could be opened, as far as reading tells: the user is let in, and what stands there is of no later
    /// version.
    ///
    /// # Errors
    /// What [`MongoReadModel::open`] would fail with.
    pub async fn look(db: &Mongo) -> Result<(), MongoError> {
        let states = States::of(db, P::NAME, P::VERSION);
        match states.read().await? {
            Some(found) => states.check(&found),
            None => Ok(()),
        }
    }
}

impl Mongo {
    /// The server's clock, in milliseconds of Unix time; nothing where it does not tell it.
    ///
    /// # Errors
    /// The server says no, or nothing in time.
    pub async fn clock(&self) -> Result<Option<i64>, MongoError> {
        let said = self
            .soon(self.database().run_command(doc! { "hello": 1 }))
            .await?;
        let told = said.get_datetime("localTime").ok();
        Ok(told.map(|time| time.timestamp_millis()))
    }
}
